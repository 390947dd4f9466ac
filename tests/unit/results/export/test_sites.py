"""Sites as lines, and variants of a BGEN: the extension and Python give the same."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from app.domain.problem import ProblemError
from app.genotypes.readers.byte_stream import ByteStream
from app.genotypes.readers.contract import FormatError
from app.genotypes.texts import Texts
from app.results.export.bgen_blocks import blocks_of, expected
from app.results.export.bgen_file import packed_rows
from app.results.export.bgen_variants import Sites, variants_of, variants_of_sites
from app.results.export.kernel import export_kernel
from app.results.export.rounding import of_haplotypes
from app.results.export.sites import bim_lines, filled_ids, pvar_of_lines, refuse_long_names, site_lines
from tests.helpers.dose_rows import haplotypes

needs_kernel = pytest.mark.skipif(export_kernel() is None, reason="the extension is not built")
SITES: Sites = (
    "chrÄ",
    np.array([1, 9, 10, 999, 248956422], np.int64),
    Texts.of(["rs1", ".", "é", "", "x" * 70_000 + "y"]),
    Texts.of(["A", "ACGT" * 5000, "T", "C", "G"]),
    Texts.of(["<DEL>", "*", ".", "G" * 300, "A"]),
)


@needs_kernel
def test_lines_of_sites_are_the_same() -> None:
    slow = site_lines(*SITES)
    assert slow.splitlines()[1] == b"chr\xc3\x84\t9\t.\t" + b"ACGT" * 5000 + b"\t*"
    assert site_lines(*SITES, export_kernel()) == slow


@needs_kernel
def test_lines_of_a_bim_are_the_same() -> None:
    slow = bim_lines(*SITES)
    assert slow.splitlines()[3] == b"chr\xc3\x84\t\t0\t999\t" + b"G" * 300 + b"\tC"
    assert bim_lines(*SITES, export_kernel()) == slow


@needs_kernel
def test_no_sites_are_no_lines() -> None:
    nothing = ("20", np.zeros(0, np.int64), Texts.of(()), Texts.of(()), Texts.of(()))
    assert site_lines(*nothing) == site_lines(*nothing, export_kernel()) == b""


@needs_kernel
def test_texts_that_end_elsewhere_are_refused() -> None:
    kernel = export_kernel()
    bad = Texts(np.frombuffer(b"AB", np.uint8), np.array([1, 9], np.int64))
    good = Texts.of(["A", "B"])
    with pytest.raises(ValueError, match="ends where there is none"):
        site_lines("20", np.array([1, 2], np.int64), good, bad, good, kernel)


def _short_sites() -> Sites:
    chromosome, position, _, refs, alts = SITES
    return chromosome, position, Texts.of(["rs1", "b", "é", "", "x" * 65_535]), refs, alts


@pytest.mark.parametrize("quick", [False, pytest.param(True, marks=needs_kernel)])
@pytest.mark.parametrize("phased", [False, True])
def test_variants_of_a_bgen_come_back(tmp_path: Path, quick: bool, phased: bool) -> None:
    doses = of_haplotypes(haplotypes(5, 40))
    blocks = blocks_of(doses, phased, None, None)
    made = variants_of_sites(_short_sites(), blocks.shape[1], *packed_rows(blocks, None), None)
    kernel = export_kernel() if quick else None
    again = variants_of_sites(_short_sites(), blocks.shape[1], *packed_rows(blocks, kernel), kernel)
    assert again[0] == made[0]
    assert again[1].tolist() == made[1].tolist()
    path = tmp_path / "x"
    path.write_bytes(made[0] + b"more")
    with ByteStream(path) as stream:
        read = list(variants_of(path, stream, 40, 5, phased, kernel))
        assert stream.take(4) == b"more"
    assert b"".join(lines for lines, _ in read) == site_lines(*_short_sites())
    assert (np.concatenate([dosage for _, dosage in read]) == expected(doses, phased)).all()


@pytest.mark.parametrize("quick", [False, pytest.param(True, marks=needs_kernel)])
@pytest.mark.parametrize("place", [0, 30, 20_100, -4])
def test_a_variant_that_is_cut_or_changed_is_told(tmp_path: Path, quick: bool, place: int) -> None:
    blocks = blocks_of(of_haplotypes(haplotypes(5, 40)), False, None, None)
    data, lengths = variants_of_sites(_short_sites(), blocks.shape[1], *packed_rows(blocks, None), None)
    kernel = export_kernel() if quick else None
    path = tmp_path / "x"
    for raw in (data[: place or 1], _changed(data, place, lengths.tolist())):
        path.write_bytes(raw)
        with ByteStream(path) as stream, pytest.raises(FormatError, match="a record cannot be read"):
            list(variants_of(path, stream, 40, 5, False, kernel))


def _changed(data: bytes, place: int, lengths: list[int]) -> bytes:
    """Another size of the first block, or another letter in the checksum of the last one."""
    raw = bytearray(data)
    first = struct.unpack_from("<I", data, lengths[0] - _packed_of(data, lengths[0]) - 4)[0]
    assert first == 3 * 40 + 10
    at = lengths[0] - _packed_of(data, lengths[0]) - 4 if place != -4 else len(raw) + place
    raw[at] ^= 0xFF
    return bytes(raw)


def _packed_of(data: bytes, length: int) -> int:
    """Bytes of the packed block of the first variant, which is at the end of it."""
    name = struct.unpack_from("<H", data)[0]
    at = 2 * (2 + name) + 2 + len("chrÄ".encode()) + 6
    for _ in range(2):
        at += 4 + struct.unpack_from("<I", data, at)[0]
    return int(struct.unpack_from("<I", data, at)[0]) - 4


@needs_kernel
def test_lines_of_a_pvar_have_names_for_all() -> None:
    kernel = export_kernel()
    assert kernel is not None
    lines = Texts.of(["chr20\t5\t.\tA\tG,T\t9\tPASS\tR2=1;X\tGT\t0|1", "chr20\t7\trs1\tC\tT\t.\t.\t."])
    assert pvar_of_lines(lines, "20", kernel) == (
        b"20\t5\t20:5:A:G,T\tA\tG,T\tPASS\tR2=1;X\n20\t7\trs1\tC\tT\t.\t.\n"
    )
    assert pvar_of_lines(Texts.of(["20\t5\t.\tA\tG\t.\t."]), "20", kernel) is None
    long = "A" * 9000
    assert pvar_of_lines(Texts.of([f"20\t5\t.\t{long}\tG\t.\t.\t.\tGT"]), "20", kernel) is None


def test_names_that_are_made_stay_short() -> None:
    position = np.array([5, 6], np.int64)
    refs, ids = Texts.of(["A" * 900, "A" * 9000]), Texts.of([".", "."])
    made = list(filled_ids("20", position, ids, refs, Texts.of(["C", "C"])))
    other = list(filled_ids("20", position, ids, refs, Texts.of(["C", "G"])))
    assert made[0] == "20:5:" + "A" * 900 + ":C"
    assert made[1].startswith("20:6:")
    assert len(made[1]) == 37
    assert made[1] != other[1]


def test_a_name_that_a_format_cannot_hold_is_refused() -> None:
    refuse_long_names(SITES[2], 70_001, "PGEN", "x.vcf.gz")
    with pytest.raises(ProblemError, match="too long for BGEN"):
        refuse_long_names(SITES[2], 65_535, "BGEN", "x.vcf.gz")
