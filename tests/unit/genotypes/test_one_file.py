"""Files of a chromosome each become one: order, header, refusals; compared with bcftools concat."""

from __future__ import annotations

import gzip
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from app.domain.problem import Kind, ProblemError
from app.genotypes.bgzf import BgzfWriter
from app.genotypes.bgzf_blocks import EOF_MARKER
from app.genotypes.one_file import join_files

HEAD = (
    "##fileformat=VCFv4.2",
    "##fileDate=20261126",
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
)


def write(
    folder: Path, name: str, places: Sequence[tuple[str, int]], people: str = "A\tB", more: str = ""
) -> str:
    """A file with a record for each place."""
    chromosomes = dict.fromkeys(chromosome for chromosome, _ in places)
    lines = [*HEAD, *([more] if more else []), *(f"##contig=<ID={each}>" for each in chromosomes)]
    lines.append(f"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t{people}")
    lines += [f"{c}\t{at}\t.\tA\tC\t.\t.\t.\tGT\t0/1\t1/1" for c, at in places]
    path = folder / name
    with BgzfWriter(path) as out:
        out.write(("\n".join(lines) + "\n").encode())
    return str(path)


def many(chromosome: str, number: int = 3) -> list[tuple[str, int]]:
    return [(chromosome, 100 + each) for each in range(number)]


def read(path: Path) -> tuple[list[str], list[str]]:
    """The lines of the header and of the records."""
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    return [each for each in lines if each[0] == "#"], [each for each in lines if each[0] != "#"]


def test_chromosomes_come_in_their_order(tmp_path: Path) -> None:
    names = ("chrX", "chr10", "chr2", "chr1")
    paths = [write(tmp_path, f"{name}.vcf.gz", many(name)) for name in names]
    out = tmp_path / "all.vcf.gz"
    join_files(paths, str(out))
    head, records = read(out)
    order = dict.fromkeys(line.split("\t")[0] for line in records)
    assert list(order) == ["chr1", "chr2", "chr10", "chrX"]
    assert len(records) == 12
    assert {line for line in head if line.startswith("##contig")} == {f"##contig=<ID={n}>" for n in names}
    assert head[-1].startswith("#CHROM")
    assert sum(line.startswith("##fileDate") for line in head) == 1
    assert out.read_bytes().endswith(EOF_MARKER)


def test_the_same_as_bcftools(tmp_path: Path) -> None:
    if shutil.which("bcftools") is None:
        pytest.skip("bcftools is not installed")
    info = '##INFO=<ID=AC,Number=A,Type=Integer,Description="Count">'
    first = write(tmp_path, "a.vcf.gz", many("1", 70_000))
    second = write(tmp_path, "b.vcf.gz", [*many("2", 5), *many("3", 40_000)], more=info)
    join_files([second, first], str(tmp_path / "ours.vcf.gz"))
    command = ["bcftools", "concat", first, second]
    theirs = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    head, records = read(tmp_path / "ours.vcf.gz")
    assert records == [line for line in theirs if line[0] != "#"]
    assert info in head


def test_a_file_without_a_last_line_end(tmp_path: Path) -> None:
    first, second = (write(tmp_path, f"{n}.vcf.gz", many(n)) for n in ("1", "2"))
    with gzip.open(first, "rb") as file:
        text = file.read()
    Path(first).write_bytes(gzip.compress(text.rstrip(b"\n")))
    join_files([first, second], str(tmp_path / "out.vcf.gz"))
    assert len(read(tmp_path / "out.vcf.gz")[1]) == 6


@pytest.mark.parametrize(
    ("one", "other", "says"),
    [
        ({"places": many("1")}, {"places": many("2"), "people": "B\tA"}, "other samples"),
        ({"places": many("1")}, {"places": many("1")}, "elsewhere too"),
        ({"places": [*many("1"), *many("2"), *many("1")]}, {"places": many("3")}, "elsewhere too"),
        ({"places": many("1")}, {"places": []}, "no VCF"),
    ],
)
def test_what_cannot_be_joined(
    tmp_path: Path, one: dict[str, object], other: dict[str, object], says: str
) -> None:
    paths = [write(tmp_path, f"{n}.vcf.gz", **kind) for n, kind in (("a", one), ("b", other))]  # type: ignore[arg-type]
    with pytest.raises(ProblemError) as caught:
        join_files(paths, str(tmp_path / "out.vcf.gz"))
    assert caught.value.problem.kind is Kind.INPUT
    assert says in caught.value.problem.what_happened
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.vcf.gz", "b.vcf.gz"]


def test_a_damaged_file(tmp_path: Path) -> None:
    first = write(tmp_path, "a.vcf.gz", many("1", 70_000))
    second = write(tmp_path, "b.vcf.gz", many("2"))
    whole = Path(first).read_bytes()
    Path(first).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ProblemError) as caught:
        join_files([first, second], str(tmp_path / "out.vcf.gz"))
    assert caught.value.problem.kind is Kind.INPUT
    assert not (tmp_path / "out.vcf.gz").exists()
