"""BED, BIM and FAM are the very bytes that PLINK 2 writes."""

from pathlib import Path

import numpy as np
import pytest

from app.genotypes.writers.bed import write_bed
from tests.helpers.cohorts import cohort_of_rows, cohort_of_vcf
from tests.helpers.read_cohorts import assert_same, read, tool
from tests.helpers.shared import shared_data


def test_bytes_are_those_of_plink2(tmp_path: Path) -> None:
    vcf = shared_data("impute_chr22_eur", "target.core_v1.2.vcf.gz")
    tool("plink2", "--vcf", vcf, "--make-bed", "--out", tmp_path / "theirs")
    written = write_bed(cohort_of_vcf(vcf, tmp_path / "c"), tmp_path / "ours")
    for path in written:
        assert path.read_bytes() == (tmp_path / f"theirs{path.suffix}").read_bytes()
    assert not list(tmp_path.glob("*.part"))


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    codes = np.random.default_rng(5).integers(0, 4, (6, 5))
    rows = [("X", 10 + i, f"rs {i}", "A", "." if i == 2 else "GT", codes[i].tolist()) for i in range(6)]
    cohort = cohort_of_rows(tmp_path / "c", ["a b", "c", "d", "e", "f"], rows, sex=[1, 2, 0, 1, 2])
    bed, _, fam = write_bed(cohort, tmp_path / "x.study")
    again = read(tmp_path / "again", bed)
    assert again.sex == cohort.sex
    assert again.samples[0] == "a_b"
    assert list(again.ids)[3] == "rs_3"
    assert fam.read_text().startswith("0\ta_b\t0\t0\t1\t-9\n")
    assert (np.asarray(again.packed) == np.asarray(cohort.packed)).all()
    assert_same(read(tmp_path / "third", fam), again)


def test_nothing_half_written_stays(tmp_path: Path) -> None:
    cohort = cohort_of_rows(tmp_path / "c", ["a"], [("1", 1, ".", "A", "C", [1])])

    def full_disk(_: object) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        write_bed(cohort, tmp_path / "x", full_disk)
    assert [path.name for path in tmp_path.iterdir()] == ["c"]
