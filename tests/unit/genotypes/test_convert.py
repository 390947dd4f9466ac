"""Files in another format hold the same sites and genotypes, and nothing is lost by a failure."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from app.domain.problem import ProblemError
from app.genotypes.cohort import Cohort
from app.genotypes.convert import convert
from app.genotypes.reading import read_cohort
from app.genotypes.writers.bed import write_bed
from tests.helpers.cohorts import cohort_of_rows
from tests.helpers.small_study import consumer_text, final_report, make_study, vcf_text, zipped

MIXED = """##fileformat=VCFv4.2
##contig=<ID=chr2>
#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\ta\tb\tc
chr2\t500\trs1\tA\tG\t.\tPASS\t.\tGT\t0|1\t1|0\t.|.
chr2\t600\t.\tAT\tA\t9\tq10\tX=1\tGT:DP\t0/1:3\t1/1:4\t./.:0
chrX\t700\t.\tC\tT\t.\tPASS\t.\tGT\t0\t1\t0/1
chr1\t5\t.\tG\t.\t.\tPASS\t.\tGT\t0/0\t0/0\t./.
"""


def read(path: Path, folder: Path) -> Cohort:
    (cohort,) = read_cohort([path], folder)
    return cohort


def records(path: Path) -> list[list[str]]:
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [line.split("\t") for line in text.decode().splitlines() if not line.startswith("##")]


def told(cohort: Cohort) -> list[tuple[object, ...]]:
    names = [cohort.names[int(number)] for number in cohort.chromosome]
    codes = cohort.genotypes(slice(0, len(cohort))).tolist()
    return list(zip(names, cohort.position.tolist(), cohort.refs, cohort.alts, codes, strict=True))


@pytest.mark.parametrize("ending", [".vcf", ".vcf.gz"])
def test_a_vcf_keeps_order_names_phase_and_calls_of_one_allele(tmp_path: Path, ending: str) -> None:
    source, target = tmp_path / "a.vcf", tmp_path / "new" / f"b{ending}"
    source.write_text(MIXED)
    made = convert(source, target)
    assert (made.files, made.sites, made.samples) == ((target,), 4, 3)
    assert [row[:5] + row[9:] for row in records(target)[1:]] == [
        ["chr2", "500", "rs1", "A", "G", "0|1", "1|0", ".|."],
        ["chr2", "600", ".", "AT", "A", "0/1", "1/1", "./."],
        ["chrX", "700", ".", "C", "T", "0", "1", "0/1"],
        ["chr1", "5", ".", "G", ".", "0/0", "0/0", "./."],
    ]
    assert [each.name for each in target.parent.iterdir()] == [target.name]


def test_to_bed_and_back_again(tmp_path: Path) -> None:
    source = tmp_path / "a.vcf"
    source.write_text(vcf_text(make_study(5, samples=6, sites=40)))
    made = convert(source, tmp_path / "set.bed")
    assert sorted(each.name for each in made.files) == ["set.bed", "set.bim", "set.fam"]
    convert(tmp_path / "set.fam", tmp_path / "again.vcf.gz")
    assert told(read(tmp_path / "again.vcf.gz", tmp_path / "1")) == told(read(source, tmp_path / "2"))


def test_one_person_and_a_report_in_an_archive(tmp_path: Path) -> None:
    study = make_study(5, samples=4, sites=30)
    for name, inside in (
        ("person.zip", {"genome.txt": consumer_text(study, "23andme").encode()}),
        ("report.zip", final_report(study)),
    ):
        source, target = tmp_path / name, tmp_path / f"{name}.vcf"
        source.write_bytes(zipped(inside))
        assert convert(source, target).sites == 30
        written = read(target, tmp_path / f"{name}.1")
        before = read(source, tmp_path / f"{name}.2")
        assert (np.asarray(written.packed) == np.asarray(before.packed)).all()
        assert all(ref in set("ACGTN") for ref in written.refs)


def test_alleles_that_a_list_does_not_know_are_written_as_vcf_wants_them(tmp_path: Path) -> None:
    rows = [("1", 5, "a", "A", ".", [0, 0]), ("1", 6, "b", ".", ".", [3, 3])]
    write_bed(cohort_of_rows(tmp_path / "c", ["a", "b"], rows), tmp_path / "x")
    convert(tmp_path / "x.bed", tmp_path / "x.vcf")
    assert [row[3:5] for row in records(tmp_path / "x.vcf")[1:]] == [["A", "."], ["N", "."]]


@pytest.mark.parametrize("name", ["b.pgen", "b.bgen", "b", ".bed", "b.vcf.zip"])
def test_other_endings_are_refused_in_a_sentence(tmp_path: Path, name: str) -> None:
    with pytest.raises(ProblemError, match="does not end in .vcf.gz, .vcf or .bed"):
        convert(tmp_path / "a.vcf", tmp_path / name)


def test_nothing_is_overwritten_and_nothing_half_written_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "a.vcf"
    source.write_text(MIXED)
    with pytest.raises(ProblemError, match="would be overwritten"):
        convert(source, source)
    assert source.read_text() == MIXED
    (tmp_path / "x.bim").write_text("mine")
    with pytest.raises(ProblemError, match="would be overwritten"):
        convert(source, tmp_path / "x.bed")

    def full(*_: object) -> list[bytes]:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("app.genotypes.writers.whole_vcf.lines_of", full)
    with pytest.raises(ProblemError, match="No space left"):
        convert(source, tmp_path / "b.vcf.gz")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.vcf", "x.bim"]


def test_what_holds_no_genotypes_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n")
    with pytest.raises(ProblemError, match="cannot be read"):
        convert(tmp_path / "a.png", tmp_path / "b.vcf")
    (tmp_path / "cut.vcf.gz").write_bytes(gzip.compress(MIXED.encode())[:-30])
    with pytest.raises(ProblemError, match="cannot be read"):
        convert(tmp_path / "cut.vcf.gz", tmp_path / "b.vcf")


@pytest.mark.parametrize("ending", [".vcf", ".bed"])
def test_a_call_with_a_third_allele_is_missing_and_never_another_genotype(
    tmp_path: Path, ending: str
) -> None:
    source, target = tmp_path / "a.vcf", tmp_path / "b" / f"x{ending}"
    calls = "0/0\t0/1\t0/2\t1/2\t2/2\t./."
    names = "a\tb\tc\td\te\tf"
    source.write_text(
        "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t"
        f"{names}\n2\t5\t.\tA\tC,G\t.\t.\t.\tGT\t{calls}\n"
        f"2\t9\t.\tA\tC\t.\t.\t.\tGT\t{calls.replace('2', '1')}\n"
    )
    convert(source, target)
    made = [each[4] for each in told(read(target, tmp_path / "again"))]
    assert made == [[0, 1, 3, 3, 3, 3], [0, 3, 1, 3, 2, 3], [0, 1, 1, 2, 2, 3]]
