"""Genotypes as arrays: rows of every form, regions, damaged files."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.problem import Kind, ProblemError
from app.genotypes.bgzf import BgzfWriter
from app.genotypes.matrix import ABSENT, MISSING, Region, bare_name, matrix_pieces, read_matrix, read_samples

HEADER = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tA\tB\tC\n"


def vcf(*rows: str) -> str:
    return HEADER + "".join(row.replace(" ", "\t") + "\n" for row in rows)


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "a.vcf"
    path.write_bytes(text.encode())
    return path


def test_plain_rows(tmp_path: Path) -> None:
    path = written(tmp_path, vcf("chr1 5 rs1 A C . . . GT 0|1 1|1 .|.", "chr1 9 . G T . . . GT 0/1 1/1 ./."))
    matrix = read_matrix(path)
    assert matrix.samples == ("A", "B", "C")
    assert matrix.haplotypes.tolist() == [[0, 1, 1, 1, MISSING, MISSING]] * 2
    assert matrix.phased.tolist() == [True, False]
    assert matrix.site_keys() == [("1", 5, "A", "C"), ("1", 9, "G", "T")]
    assert matrix.ids.tolist() == ["rs1", "."]
    assert matrix.counts().tolist() == [[1, 2, MISSING]] * 2


@pytest.mark.parametrize(
    ("cells", "expected", "phased"),
    [
        ("GT:DS 0|1:1 1|0:.9 .|.", [0, 1, 1, 0, -1, -1], True),
        ("DS:GT 1:0/1 2:1/1 0", [0, 1, 1, 1, -1, -1], False),
        ("GT 0 1 .", [0, ABSENT, 1, ABSENT, -1, -1], True),
        ("GT 0|10 2|1 0|0", [0, 10, 2, 1, 0, 0], True),
        ("GT 0|. ./1 1/1", [0, -1, -1, 1, 1, 1], True),
        ("GT 0|1 12 0|0", [0, 1, 12, ABSENT, 0, 0], True),
    ],
)
def test_other_rows(cells: str, expected: list[int], phased: bool, tmp_path: Path) -> None:
    matrix = read_matrix(written(tmp_path, vcf("1 5 . A C . . . " + cells)))
    assert matrix.haplotypes[0].tolist() == expected
    assert matrix.phased.tolist() == [phased]


def test_rows_of_both_kinds_keep_their_order(tmp_path: Path) -> None:
    rows = [
        f"1 {i} . A C . . . " + ("GT 0|1 0|0 1|1" if i % 3 else "GT:X 0|1:1 0|0:1 1|1:1")
        for i in range(1, 50)
    ]
    matrix = read_matrix(written(tmp_path, vcf(*rows)))
    assert matrix.positions.tolist() == list(range(1, 50))
    assert (matrix.haplotypes == [0, 1, 0, 0, 1, 1]).all()


@pytest.mark.parametrize("packed", ["plain", "gzip", "bgzf", "windows line ends", "no last line end"])
def test_containers(packed: str, tmp_path: Path) -> None:
    text = vcf("1 5 . A C . . . GT 0|1 1|1 0|0", "1 6 . A C . . . GT 0|0 1|1 0|0").encode()
    path = tmp_path / "a.vcf.gz"
    if packed == "bgzf":
        with BgzfWriter(path) as out:
            out.write(text)
    else:
        path.write_bytes(
            {
                "plain": text,
                "gzip": gzip.compress(text),
                "windows line ends": text.replace(b"\n", b"\r\n"),
                "no last line end": text[:-1],
            }[packed]
        )
    assert read_matrix(path).haplotypes.tolist() == [[0, 1, 1, 1, 0, 0], [0, 0, 1, 1, 0, 0]]
    assert read_samples(path) == ("A", "B", "C")


def test_region_and_positions(tmp_path: Path) -> None:
    rows = [f"{c} {p} . A C . . . GT 0|1 0|0 1|1" for c in ("chr1", "chr2") for p in (5, 10, 15)]
    path = written(tmp_path, vcf(*rows))
    assert read_matrix(path, Region("2", 6, 15)).site_keys() == [("2", 10, "A", "C"), ("2", 15, "A", "C")]
    assert len(read_matrix(path, Region("chr1"), np.array([5, 15, 99]))) == 2
    nothing = read_matrix(path, Region("3"))
    assert nothing.haplotypes.shape == (0, 6)
    assert nothing.samples == ("A", "B", "C")


def test_pieces_are_the_whole(tmp_path: Path) -> None:
    rows = [f"1 {p} . A C . . . GT 0|1 0|0 1|{p % 2}" for p in range(1, 20_001)]
    path = tmp_path / "a.vcf.gz"
    with BgzfWriter(path) as out:
        out.write(vcf(*rows).encode())
    pieces = list(matrix_pieces(path, piece_bytes=100_000))
    assert len(pieces) > 3
    assert sum(map(len, pieces)) == 20_000
    assert np.array_equal(np.concatenate([p.haplotypes for p in pieces]), read_matrix(path).haplotypes)


def test_sites_without_samples(tmp_path: Path) -> None:
    text = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n1\t5\t.\tA\tC\t.\t.\tAF=0.1\n"
    matrix = read_matrix(written(tmp_path, text))
    assert matrix.haplotypes.shape == (1, 0)


@pytest.mark.parametrize(
    "text",
    [
        "rs1\t1\t5\tAG\n",
        HEADER + "1\tfive\t.\tA\tC\t.\t.\t.\tGT\t0|1\t0|1\t0|1\n",
        vcf("1 5 . A C . . . GT 0|1 0|1"),
        vcf("1 5 . A C . . . DS 0.1 0.2 0.3"),
        vcf("1 5 . A C . . . GT 0|x 0|0 0|0"),
        vcf("1 5 . A C . . ."),
        "1\t5\t.\tA\tC\t.\t.\t.\tGT\t0|1\n",
        "",
    ],
)
def test_what_cannot_be_read_is_told(text: str, tmp_path: Path) -> None:
    with pytest.raises(ProblemError, match=r"a\.vcf") as caught:
        read_matrix(written(tmp_path, text))
    assert caught.value.problem.kind is Kind.INPUT


def test_damaged_and_absent_files(tmp_path: Path) -> None:
    path = tmp_path / "cut.vcf.gz"
    with BgzfWriter(path) as out:
        out.write(vcf("1 5 . A C . . . GT 0|1 0|1 0|0").encode())
    path.write_bytes(path.read_bytes()[:-40])
    for bad, kind in ((path, Kind.INPUT), (tmp_path / "none", Kind.DISK), (tmp_path, Kind.DISK)):
        with pytest.raises(ProblemError) as caught:
            read_matrix(bad)
        assert caught.value.problem.kind is kind


CELL = st.sampled_from(["0|0", "0|1", "1|0", "1|1", "0/1", "./.", ".|1", "2|1", "1", ".", "10|0", "0|1:5"])


@given(st.lists(st.tuples(CELL, CELL, CELL), min_size=1, max_size=12))
def test_every_mix_of_cells(rows: list[tuple[str, str, str]]) -> None:
    import tempfile

    text = vcf(*(f"1 {i + 1} . A C . . . GT {' '.join(row)}" for i, row in enumerate(rows)))
    with tempfile.TemporaryDirectory() as folder:
        matrix = read_matrix(written(Path(folder), text))
    for row, alleles in zip(rows, matrix.haplotypes.tolist(), strict=True):
        for number, cell in enumerate(row):
            parts = cell.split(":")[0].replace("/", "|").split("|")
            expected = [MISSING if part == "." else int(part) for part in parts]
            if len(expected) == 1:
                expected.append(MISSING if parts == ["."] else ABSENT)
            assert alleles[2 * number : 2 * number + 2] == expected


def test_bare_names() -> None:
    assert [bare_name(each) for each in ("chr20", "20", "CHRX", "X")] == ["20", "20", "X", "X"]
