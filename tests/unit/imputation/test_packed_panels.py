"""Panels of other programs that somebody made by hand: what they claim is not believed."""

import struct
from pathlib import Path

import pytest
import zstandard

from app.genotypes.bgzf import ContainerError
from app.imputation.packed_panels import packed_lines

MANY = 2**31 - 1


def text(word: bytes) -> bytes:
    return struct.pack(">H", len(word)) + word


def bref3(tmp_path: Path, *carriers: int, count: int | None = None) -> list[bytes]:
    """The lines of a panel of two people with one site, A and C; C is carried by some."""
    head = struct.pack(">i", 2055763188) + text(b"program") + struct.pack(">i", 2) + text(b"a") + text(b"b")
    block = struct.pack(">i", 1) + text(b"20") + struct.pack(">H", 1) + struct.pack(">4H", 0, 0, 0, 0)
    site = struct.pack(">iBbbi", 5, 0, 1, 1, -1)
    told = struct.pack(">i", len(carriers) if count is None else count)
    path = tmp_path / "p.bref3"
    path.write_bytes(
        head + block + site + told + struct.pack(f">{len(carriers)}i", *carriers) + struct.pack(">i", 0)
    )
    return list(packed_lines(path, lambda _: None))


def test_carriers(tmp_path: Path) -> None:
    assert bref3(tmp_path, 1, 2)[-1].split(b"\t")[3:5] + bref3(tmp_path, 1, 2)[-1].split(b"\t")[9:] == [
        b"A", b"C", b"0|1", b"1|0",
    ]  # fmt: skip


@pytest.mark.parametrize("carrier", [-1, 4, MANY])
def test_carriers_that_nobody_is(carrier: int, tmp_path: Path) -> None:
    with pytest.raises(ContainerError):
        bref3(tmp_path, 1, carrier)


def test_more_carriers_than_haplotypes(tmp_path: Path) -> None:
    with pytest.raises(ContainerError, match="more carriers"):
        bref3(tmp_path, count=MANY)


@pytest.mark.parametrize("claims", ["header", "record"])
def test_sizes_that_no_memory_has(claims: str, tmp_path: Path) -> None:
    header = (
        b"##fileformat=MVCF\n##contig=<ID=20>\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ta\0"
    )
    size = 2**32 - 1 if claims == "header" else len(header)
    plain = struct.pack("<5sI", b"SAV\x02\x00", size) + header + struct.pack("<II", MANY, MANY)
    path = tmp_path / "p.msav"
    index = struct.pack("<II", 0x184D2A50, 8) + b"s1r\x00" + bytes(4)  # a frame that is skipped
    path.write_bytes(zstandard.ZstdCompressor().compress(plain) + index)
    with pytest.raises(ContainerError, match="no SAV|too long"):
        list(packed_lines(path, lambda _: None))
