"""Files made by hand, with checksums that fit: no claim takes more memory than the file could hold."""

import struct
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from app.domain.problem import ProblemError
from app.imputation.panel_format import layout, site_columns
from app.imputation.panel_format.numbers import BadBlock, Unpacker, pack_bytes, pack_numbers
from app.imputation.panel_format.reader import Panel
from app.imputation.panel_format.site_columns import unpack_positions, unpack_sites
from app.imputation.panel_format.writer import PanelWriter
from tests.unit.imputation.panel_format.panels import packed_panel, some_alleles, some_sites

Numbers = layout.Numbers
MANY = 20_000_000


def refused_cheaply(read: Callable[[], object]) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(BadBlock):
            read()
        assert tracemalloc.get_traced_memory()[1] < MANY / 2
    finally:
        tracemalloc.stop()


def numbers(*values: int) -> bytes:
    return pack_numbers(np.array(values, dtype=np.uint32))


def test_planes_above_all_numbers_may_be_empty() -> None:
    data = bytes([5]) + pack_bytes(b"\x01\x02") + 4 * pack_bytes(b"")
    assert Unpacker(memoryview(data), 100).numbers().tolist() == [1, 2]


def test_a_highest_plane_beyond_32_bits() -> None:
    data = bytes([5]) + 4 * pack_bytes(b"\x81") + pack_bytes(b"\x10")
    with pytest.raises(BadBlock):
        Unpacker(memoryview(data), 100).numbers()


@pytest.mark.parametrize("place", ["steps", "alleles", "alleles' texts", "kinds", "rs", "ids' texts"])
def test_millions_of_what_a_block_has_twice(place: str) -> None:
    bomb = pack_bytes(bytes(MANY))
    lines = pack_bytes(b"\n" * (MANY // 8))
    long, text = bytes([16, 16]), bytes([site_columns._TEXT] * 2)
    begin = numbers(5, 1)
    made = {
        "steps": bytes([1]) + bomb,
        "alleles": begin + bomb,
        "alleles' texts": begin + pack_bytes(long) + lines,
        "kinds": begin + pack_bytes(b"\0\0") + pack_bytes(b"") + bomb,
        "rs": begin + pack_bytes(b"\0\0") + pack_bytes(b"") + pack_bytes(b"\1\1") + bytes([1]) + bomb,
        "ids' texts": begin + pack_bytes(b"\0\0") + pack_bytes(b"") + pack_bytes(text) + numbers() + lines,
    }[place]
    refused_cheaply(lambda: unpack_sites(memoryview(made), 2, "7"))
    if place == "steps":
        refused_cheaply(lambda: unpack_positions(memoryview(made), 2))


@pytest.mark.parametrize("text", [b"A\tC\tG\nA\tT", b"A\nA\tT"], ids=["one more", "none"])
def test_columns_inside_of_an_allele(text: bytes) -> None:
    data = numbers(5, 1) + pack_bytes(bytes([16, 16])) + pack_bytes(text) + pack_bytes(b"\0\0") + 2 * b"\0"
    with pytest.raises(BadBlock, match="texts"):
        unpack_sites(memoryview(data), 2, "7")


def forged_index(path: Path, columns: list[bytes], blocks: int) -> Path:
    """The file with another index, and a checksum that fits."""
    data = path.read_bytes()
    place, _, _, sites, _, end = layout._TAIL.unpack(data[-layout.TAIL_BYTES :])
    index = b"".join(columns)
    fixed = layout._TAIL.pack(place, len(index), blocks, sites, 0, end)[:-12]
    crc = struct.pack("<I", layout.deflate.crc32(index + fixed))
    path.write_bytes(data[:place] + index + fixed + crc + end)
    return path


@pytest.mark.parametrize("claims", ["blocks", "megabases"])
def test_an_index_that_claims_millions(claims: str, tmp_path: Path) -> None:
    path, *_ = packed_panel(tmp_path / "p.hpanel", count=20, size=4)
    bomb = bytes([1]) + pack_bytes(bytes(MANY))
    one = numbers(1)
    if claims == "blocks":
        forged_index(path, [bomb] * 7 + [one], MANY)
    else:
        forged_index(path, [one] * 7 + [bomb], 1)
    data = memoryview(path.read_bytes())
    _, begin = layout.read_head(data)
    refused_cheaply(lambda: layout.read_index(data, begin))
    with pytest.raises(ProblemError, match="damaged"):
        Panel.open(path)


def test_an_index_that_says_other_positions(tmp_path: Path) -> None:
    """A range would be looked for in the wrong blocks: no haplotypes rather than those of other sites."""
    path, *_ = packed_panel(tmp_path / "p.hpanel", count=20, size=4)
    with Panel.open(path) as panel:
        row = panel._rows[0]._replace(last=panel.last + 1)
        per_mb = numbers(*panel.per_mb)
    forged_index(path, [*(numbers(value) for value in row), per_mb], 1)
    with Panel.open(path) as panel:
        for read in (panel.stretch, panel.sites, panel.positions, panel.alt_counts, panel.verify):
            with pytest.raises(ProblemError, match="damaged"):
                read()


def test_a_chromosome_with_a_line_end_in_its_name(tmp_path: Path) -> None:
    with PanelWriter(tmp_path / "p", "7\n7", np.array([2], dtype=np.uint8)) as out:
        out.add(some_sites(3), some_alleles(3, 2))
    with pytest.raises(ProblemError, match="damaged"):
        Panel.open(tmp_path / "p")
