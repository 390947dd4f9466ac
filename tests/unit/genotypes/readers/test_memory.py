"""A header that claims the moon gets no memory for it."""

import gzip
import struct
import tracemalloc
from pathlib import Path

import pytest
import zstandard

from app.genotypes.bgzf import BgzfWriter
from app.genotypes.readers.contract import FormatError
from app.genotypes.readers.opening import open_reader
from tests.unit.genotypes.readers.test_bgen import bgen_bytes, block

_HUGE = 0x7FFFFFFF
_MOST = 24 << 20


def refused(folder: Path, name: str) -> tuple[str, int]:
    """The code of the error and the most bytes that were held at once."""
    tracemalloc.start()
    try:
        with pytest.raises(FormatError) as caught:
            for _ in open_reader([folder / name]).batches():
                pass
        return caught.value.code, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def bcf_bytes(text: bytes, records: bytes) -> bytes:
    """A BCF with this header and these records."""
    return b"BCF\x02\x02" + struct.pack("<I", len(text)) + text + records


_BCF_HEADER = (
    b"##fileformat=VCFv4.2\n##contig=<ID=1>\n##FORMAT=<ID=GT,Number=1,Type=String,Description=g>\n"
    b"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ta\0"
)


@pytest.mark.parametrize(
    ("records", "code"),
    [
        (struct.pack("<II", _HUGE, 4), "bcf.record"),
        (struct.pack("<II", 24, 1 << 28), "container.truncated"),
        (
            struct.pack("<II", 33, 6)
            + struct.pack("<iiifHHI", 0, 4, 1, 0.0, 0, 2, 1 << 24 | 1)
            + b"\x07\x17A\x17C\x00\x00\x00\x00"
            + b"\x11\x01\xf1\x13\xff\xff",
            "bcf.record",
        ),
    ],
    ids=["text of a record", "calls of a record", "values of a field"],
)
@pytest.mark.parametrize("packed", [True, False])
def test_bcf(tmp_path: Path, records: bytes, code: str, packed: bool) -> None:
    raw = bcf_bytes(_BCF_HEADER, records)
    if packed:
        with BgzfWriter(tmp_path / "x.bcf") as writer:
            writer.write(raw)
    else:
        (tmp_path / "x.bcf").write_bytes(raw)
    found, memory = refused(tmp_path, "x.bcf")
    assert found == code
    assert memory < _MOST


def test_bcf_header_longer_than_the_file(tmp_path: Path) -> None:
    (tmp_path / "x.bcf").write_bytes(b"BCF\x02\x02" + struct.pack("<I", 1 << 27) + b"##")
    assert refused(tmp_path, "x.bcf")[1] < _MOST


@pytest.mark.parametrize(("variants", "samples"), [(_HUGE, 2), (1, _HUGE), (_HUGE, _HUGE)])
def test_pgen(tmp_path: Path, variants: int, samples: int) -> None:
    for mode in (2, 16):
        (tmp_path / "x.pgen").write_bytes(b"\x6c\x1b" + struct.pack("<BIIB", mode, variants, samples, 0x47))
        (tmp_path / "x.pvar").write_text("#CHROM\tPOS\tID\tREF\tALT\n1\t5\ta\tA\tC\n")
        (tmp_path / "x.psam").write_text("#IID\na\nb\n")
        code, memory = refused(tmp_path, "x.pgen")
        assert code in ("plink2.variants", "plink2.people")
        assert memory < _MOST


def test_bgen_people_and_lengths(tmp_path: Path) -> None:
    good = bgen_bytes([block([2, 2], [False] * 2, False, 8, [1, 0, 0, 1], 2)], 2)
    place = good.rindex(struct.pack("<I", 10 + 2 + 4))
    for at in (8, 12, place - 4, place):
        raw = bytearray(good)
        raw[at : at + 4] = struct.pack("<I", _HUGE)
        (tmp_path / "x.bgen").write_bytes(raw)
        assert refused(tmp_path, "x.bgen")[1] < _MOST


def test_zstandard_that_grows(tmp_path: Path) -> None:
    from app.genotypes.readers.bgen import _unpacked_zstd

    bomb = zstandard.ZstdCompressor().compress(bytes(200 << 20))
    tracemalloc.start()
    with pytest.raises(Exception, match="another length"):
        _unpacked_zstd(bomb, 100)
    assert tracemalloc.get_traced_memory()[1] < _MOST
    tracemalloc.stop()


def test_text_that_grows_without_a_line_end(tmp_path: Path) -> None:
    (tmp_path / "x.fam").write_bytes(gzip.compress(b"a a 0 0 1 " + b"0" * (20 << 20), 9))
    (tmp_path / "x.bed").write_bytes(b"\x6c\x1b\x01\0")
    (tmp_path / "x.bim").write_text("22 a 0 5 A C\n")
    code, memory = refused(tmp_path, "x.bed")
    assert code in ("container.line_too_long", "content.people")
    assert memory < 200 << 20
