"""A scan made from a cohort says what a scan of the VCF itself says."""

from pathlib import Path

import numpy as np
import pytest

from app.genotypes.from_cohort import scan_of_cohort
from app.genotypes.scan import scan_file
from tests.helpers.cohorts import cohort_of_rows, cohort_of_vcf
from tests.helpers.shared import shared_data


@pytest.mark.parametrize(
    "name", ["multiallelic.vcf", "ok_control.vcf.gz", "dup_records.vcf", "dup_positions_swapped.vcf"]
)
def test_equals_the_scan_of_the_text(tmp_path: Path, name: str) -> None:
    path = shared_data("broken", "made", name)
    wanted = scan_file(path)
    found = scan_of_cohort(cohort_of_vcf(path, tmp_path / "c"))
    assert found.path == wanted.path
    assert found.size == wanted.size
    assert found.chromosomes == wanted.chromosomes
    assert found.header.samples == wanted.header.samples
    for column in ("position", "alleles", "ref", "het", "alt", "missing"):
        assert (getattr(found.sites, column) == getattr(wanted.sites, column)).all(), column
    assert (found.per_sample.het == wanted.per_sample.het).all()
    assert (found.per_sample.missing == wanted.per_sample.missing).all()
    assert found.error is None


def test_rows_of_one_record_are_one_entry(tmp_path: Path) -> None:
    rows = [
        ("1", 5, "a", "A", "C", [0, 1, 2, 3]),
        ("1", 9, "b", "A", "C", [0, 1, 1, 3]),
        ("1", 9, "b", "A", "G", [0, 1, 0, 3]),
    ]
    cohort = cohort_of_rows(tmp_path / "c", list("wxyz"), rows)
    cohort = type(cohort)(**vars(cohort) | {"record": np.array([0, 1, 1])})
    scan = scan_of_cohort(cohort)
    assert len(scan.sites) == 2
    assert scan.sites.het.tolist() == [1, 2]
    assert scan.per_sample.het.tolist() == [0, 2, 1, 0]
    assert scan.per_sample.missing.tolist() == [0, 0, 0, 2]
