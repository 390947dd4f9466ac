"""What engines would drop without a word is turned, counted or listed before they start."""

from pathlib import Path

import numpy as np
import pytest

from app.genotypes.matrix import Region, read_matrix
from app.imputation.aligning import align, match, positions_within
from app.imputation.chunks import plan_chunks
from tests.unit.imputation.vcf import Row, write_vcf


@pytest.mark.parametrize(
    ("alleles", "known", "answer"),
    [
        (("A", "C"), [("A", "C")], (("A", "C"), False, False)),
        (("C", "A"), [("A", "C")], (("A", "C"), True, False)),
        (("T", "G"), [("A", "C")], (("A", "C"), False, True)),
        (("G", "T"), [("A", "C")], (("A", "C"), True, True)),
        (("A", "G"), [("A", "C")], None),
        (("T", "A"), [("A", "T")], None),
        (("A", "T"), [("A", "T")], (("A", "T"), False, False)),
        (("A", "."), [("A", "C")], (("A", "C"), False, False)),
        (("A", "."), [("A", "C"), ("A", "G")], None),
        (("AC", "A"), [("A", "AC")], (("A", "AC"), True, False)),
        (("C", "A"), [("A", "C"), ("G", "T")], None),
    ],
    ids=str,
)
def test_alleles(
    alleles: tuple[str, str], known: list[tuple[str, str]], answer: tuple[object, bool, bool] | None
) -> None:
    assert match(alleles, known) == answer


def test_every_defect_is_met_and_counted(tmp_path: Path) -> None:
    rows: list[Row] = [
        (3000, "A", "C", ["0/1", "1/1"]),
        (1000, "C", "A", ["0/0", "./."]),  # out of order and exchanged
        (2000, "T", "G", ["0/1", "0/0"]),  # the other strand
        (2000, "A", "C", ["0/1", "0/0"]),  # the same site again
        (4000, "A", "T", ["0/1", "0/0"]),  # ambiguous
        (5000, "A", "G", ["0/1", "0/0"]),  # other alleles
        (6000, "A", "C,G", ["0/1", "0/2"]),
        (7000, "A", "C", ["0/1", "0/2"]),  # an allele that ALT does not name
        (9999, "A", "C", ["0/1", "0/0"]),  # not in the panel
    ]
    target = write_vcf(tmp_path / "target.vcf", rows, prefix="T")
    region = Region("20")
    assert positions_within(target, region).tolist() == [row[0] for row in rows]
    known = {p: [("A", "C")] for p in (1000, 2000, 3000, 5000, 6000, 7000)} | {4000: [("T", "A")]}
    chunks = plan_chunks(1000, 8000, 4000, 1500)
    found = align(target, region, "chr20", known, chunks, tmp_path)
    assert found.model_dump(include={"sites", "typed", "exchanged", "flipped", "mismatched"}) == {
        "sites": 9,
        "typed": 4,
        "exchanged": 1,
        "flipped": 1,
        "mismatched": 1,
    }
    assert (found.ambiguous, found.duplicates, found.unusable, found.typed_only) == (1, 1, 1, 1)
    assert (found.missing, found.phased, found.haploid, found.samples) == (2, False, False, 2)
    assert found.lost == 4
    first = read_matrix(tmp_path / "aligned-0.vcf.gz")
    assert dict(zip(first.positions.tolist(), first.haplotypes[:, :2].tolist(), strict=True)) == {
        3000: [0, 1],
        1000: [1, 1],
        2000: [0, 1],
    }
    assert set(first.chromosomes.tolist()) == {"chr20"}
    assert found.per_chunk == (3, 2)
    listed = (tmp_path / "excluded.txt").read_text().splitlines()
    assert [line.split("\t")[-1] for line in listed] == [
        "Duplicate",
        "Ambiguous strand",
        "Other alleles",
        "Several ALT alleles",
    ]
    assert (tmp_path / "typed-only.txt").read_text().split("\t")[2] == "9999"


def test_haploid_calls_stay_haploid(tmp_path: Path) -> None:
    target = write_vcf(tmp_path / "target.vcf", [(1000, "A", "C", ["1", "0|1"])], prefix="T")
    found = align(target, Region("20"), "20", {1000: [("A", "C")]}, plan_chunks(1, 2000), tmp_path)
    assert (found.haploid, found.phased, found.missing) == (True, True, 0)
    assert np.array_equal(read_matrix(tmp_path / "aligned-0.vcf.gz").haplotypes, [[1, -2, 0, 1]])


def test_people_without_a_heterozygous_genotype_are_counted_but_for_those_with_one_allele(
    tmp_path: Path,
) -> None:
    rows: list[Row] = [
        (1000, "A", "C", ["0/0", "0/1", "1", "./."]),
        (2000, "A", "C", ["1/1", "1/1", "0", "1/1"]),
    ]
    target = write_vcf(tmp_path / "target.vcf", rows, prefix="T")
    known = {p: [("A", "C")] for p in (1000, 2000)}
    found = align(target, Region("20"), "20", known, plan_chunks(1000, 2000), tmp_path)
    assert found.never_het == 2
