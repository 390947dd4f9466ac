"""Accuracy against a truth, by numbers that can be counted by hand."""

from pathlib import Path

import numpy as np
import pytest

from app.domain.problem import ProblemError
from app.results.accuracy import AccuracyBin, accuracy, imputation_quality_score

COLUMNS = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t"
TRUTH = (
    "##fileformat=VCFv4.2\n"
    + COLUMNS
    + "A\tB\tC\tD\n"
    + "chr1\t1\t.\tA\tC\t.\t.\t.\tGT\t0|0\t0|1\t1|1\t0|0\n"
    + "chr1\t2\t.\tA\tC\t.\t.\t.\tGT\t0|1\t0|1\t0|0\t.|.\n"
    + "chr1\t3\t.\tA\tC\t.\t.\t.\tGT\t0|1\t0|0\t0|0\t0|0\n"
    + "chr1\t4\t.\tA\tC\t.\t.\t.\tGT\t0|1\t0|0\t0|0\t0|0\n"
)
DOSE = (
    "##fileformat=VCFv4.2\n"
    + COLUMNS
    + "X\tD\tC\tB\tA\n"
    + "1\t1\t.\tA\tC\t.\t.\tIMPUTED\tGT:DS\t0|0:0\t0|0:0.1\t1|1:1.8\t0|1:1.1\t0|0:0.2\n"
    + "1\t2\t.\tA\tC\t.\t.\tIMPUTED\tGT:HDS:DS\t0|0:0,0:0\t0|0:0,0:2\t0|0:0,0:0\t0|0:0,0.4:0.4\t0|1:0,1:1\n"
    + "1\t3\t.\tA\tC\t.\t.\tTYPED;IMPUTED\tGT:DS\t0|0:0\t0|0:0\t0|0:0\t0|0:0\t0|0:0\n"
    + "1\t4\t.\tA\tG\t.\t.\tIMPUTED\tGT:DS\t0|0:0\t0|0:0\t0|0:0\t0|0:0\t0|0:0\n"
)


def files(tmp_path: Path, dose: str = DOSE) -> tuple[Path, Path]:
    one, two = tmp_path / "chr1.dose.vcf", tmp_path / "truth.vcf"
    one.write_text(dose)
    two.write_text(TRUTH)
    return one, two


def common(bins: tuple[AccuracyBin, ...]) -> AccuracyBin:
    return bins[-1]


def test_counted_by_hand(tmp_path: Path) -> None:
    dose, truth = files(tmp_path)
    told = accuracy([dose], truth)
    assert (told.samples, told.sites, told.missed) == (4, 2, 1)
    each = common(told.by_maf)
    assert each.sites == 2
    x, y = [0.2, 1.1, 1.8, 0.1, 1.0, 0.4, 0.0], [0, 1, 2, 0, 1, 1, 0]
    assert each.r2 == pytest.approx(np.corrcoef(x, y)[0, 1] ** 2)
    assert each.nonref_concordance == pytest.approx(3 / 4)
    # Site 1 agrees in all; site 2: called 1,0,0 true 1,1,0: (2/3 - 4/9) / (1 - 4/9).
    chance = 1 / 3 * 2 / 3 + 2 / 3 * 1 / 3
    assert each.iqs == pytest.approx((1 + (2 / 3 - chance) / (1 - chance)) / 2)


def test_typed_sites_can_be_named(tmp_path: Path) -> None:
    dose, truth = files(tmp_path)
    assert accuracy([dose], truth, typed=[("1", 1, "A", "C")]).sites == 1


def test_beagle_marks_imputed_records(tmp_path: Path) -> None:
    text = DOSE.replace("TYPED;IMPUTED", "DR2=1;AF=0.1").replace("\tIMPUTED\t", "\tIMP;DR2=0.5;AF=0.1\t")
    dose, truth = files(tmp_path, text)
    assert accuracy([dose], truth).sites == 2


def test_no_variation_and_no_data_give_no_score() -> None:
    same = np.zeros(5, dtype=np.int64)
    assert imputation_quality_score(same, same) is None
    assert imputation_quality_score(same[:0], same[:0]) is None
    assert imputation_quality_score(np.array([0, 1, 2]), np.array([0, 1, 2])) == pytest.approx(1)
    assert imputation_quality_score(np.array([0, 0, 1, 1]), np.array([1, 0, 1, 0])) == pytest.approx(0)


def test_people_and_files_that_do_not_fit(tmp_path: Path) -> None:
    dose, truth = files(tmp_path, DOSE.replace("X\tD\tC\tB\tA", "1\t2\t3\t4\t5"))
    with pytest.raises(ProblemError, match="nobody in common"):
        accuracy([dose], truth)
    dose.write_text(DOSE.replace("1.1", "what"))
    with pytest.raises(ProblemError, match="dose file"):
        accuracy([dose], truth)


def test_each_alt_of_a_site_is_a_site(tmp_path: Path) -> None:
    dose, truth = files(
        tmp_path, DOSE.replace("1\t.\tA\tC\t.\t.\tIMPUTED\tGT:DS", "1\t.\tA\tC,G\t.\t.\tIMPUTED\tGT:DS")
    )
    text = dose.read_text().replace(
        "0|0:0\t0|0:0.1\t1|1:1.8\t0|1:1.1\t0|0:0.2", "0|0:0,0\t0|0:0.1,0\t1|1:1.8,0\t0|1:1.1,0.9\t0|0:0.2,1"
    )
    dose.write_text(text)
    truth.write_text(TRUTH.replace("chr1\t1\t.\tA\tC", "chr1\t1\t.\tA\tC,G"))
    told = accuracy([dose], truth)
    assert (told.sites, told.missed) == (3, 1)  # nobody carries G
    x, y = [0.2, 1.1, 1.8, 0.1, 1.0, 0.4, 0.0], [0, 1, 2, 0, 1, 1, 0]
    assert common(told.by_maf).r2 == pytest.approx(np.corrcoef(x, y)[0, 1] ** 2)


@pytest.mark.parametrize(
    ("old", "new"), [("0|0:0.1\t", "0|0:-1\t"), ("0|0:0.1\t", ""), ("0|0:0.1\t", "0|0:2.5\t")]
)
def test_impossible_and_short_rows_are_told_with_their_line(old: str, new: str, tmp_path: Path) -> None:
    with pytest.raises(ProblemError, match="line 3"):
        accuracy(files(tmp_path, DOSE.replace(old, new))[:1], tmp_path / "truth.vcf")


def test_haploid_people_count_once_in_the_frequency(tmp_path: Path) -> None:
    dose, truth = files(tmp_path)
    truth.write_text(TRUTH.replace("0|0\t0|1\t1|1\t0|0", "0\t1\t0\t0"))
    told = accuracy([dose], truth)
    assert next(each for each in told.by_maf if each.sites and each.maf_from == 0.2).sites >= 1
    truth.write_text(TRUTH.replace("0|0\t0|1\t1|1\t0|0", "0\t0\t0|0\t0|1").replace("chr1\t2", "chr1\t9"))
    assert accuracy([dose], truth).by_maf[-2].sites == 1  # 1 of 6 alleles
    truth.write_text(TRUTH.replace("0|0\t0|1\t1|1\t0|0", "0\t0\t0\t1").replace("chr1\t2", "chr1\t9"))
    assert accuracy([dose], truth).by_maf[-1].sites == 1  # 1 of 4
