"""Packed genotypes never stand for files that have changed since then, and damage is read anew."""

import os
from pathlib import Path

import pytest

from app.domain.finding import CheckReport
from app.domain.problem import ProblemError
from app.genotypes.check import check_files
from app.genotypes.cohort import open_cohort
from app.genotypes.repair.errand import RepairErrand, repair_errand
from app.genotypes.repair.target import RepairChoices
from tests.unit.genotypes.vcf_text import good, names, vcf

NOT_GENOTYPES = b"\x89PNG\r\n\x1a\n" + b"x" * 100


def sites_repaired(path: Path, kept: Path, out: Path) -> int:
    """Repair a file with what a check has packed of it; gives how many sites were read."""
    choices = RepairChoices(chosen=frozenset())
    errand = RepairErrand((str(path),), (str(kept / "0"),), choices=choices)
    return repair_errand(errand, str(out), str(out))[0].outcome.ledger.sites_in


@pytest.mark.parametrize("later", [vcf([], names(4)), NOT_GENOTYPES], ids=["no records", "an image"])
def test_a_check_forgets_what_the_last_one_packed(tmp_path: Path, later: bytes) -> None:
    path, folder = tmp_path / "a.vcf", tmp_path / "kept"
    path.write_bytes(good())
    assert check_files([path], folder=folder).cohort is not None
    (folder / "haplodesk-parts-left").mkdir()

    path.write_bytes(later)
    report = check_files([path], folder=folder)

    assert not report.accepted
    assert report.cohort is None
    assert list(folder.iterdir()) == []


def test_a_repair_reads_a_file_that_changed_after_its_check(tmp_path: Path) -> None:
    path, folder = tmp_path / "a.vcf", tmp_path / "kept"
    path.write_bytes(good(variants=20))
    check_files([path], folder=folder)
    assert sites_repaired(path, folder, tmp_path / "out") == 20

    path.write_bytes(good(variants=10))
    assert sites_repaired(path, folder, tmp_path / "again") == 10
    path.write_bytes(NOT_GENOTYPES)
    with pytest.raises(ProblemError):
        sites_repaired(path, folder, tmp_path / "never")


@pytest.mark.parametrize(
    "damage", [b"", b"[]", b'{"version": 1}', b'{"version": 1, "rows": 3, "samples": 4}']
)
def test_a_damaged_cohort_is_no_fault_of_the_program(tmp_path: Path, damage: bytes) -> None:
    path, folder = tmp_path / "a.vcf", tmp_path / "kept"
    path.write_bytes(good(variants=20))
    check_files([path], folder=folder)
    (folder / "0" / "cohort.json").write_bytes(damage)

    assert sites_repaired(path, folder, tmp_path / "out") == 20


def test_a_cohort_knows_whether_its_files_are_still_the_same(tmp_path: Path) -> None:
    path, folder = tmp_path / "a.vcf", tmp_path / "kept"
    path.write_bytes(good())
    check_files([path], folder=folder)
    origin = open_cohort(folder / "0").origin
    assert origin.is_current

    os.utime(path, ns=(0, 0))
    assert not origin.is_current
    path.unlink()
    assert not origin.is_current


@pytest.mark.skipif(os.name != "posix", reason="names of files are text here")
def test_a_name_that_is_not_utf8_goes_through_a_check(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"S\xff1.vcf")
    try:
        path.write_bytes(good().replace(b"0/1", b"0/7"))
    except OSError:
        pytest.skip("this file system takes UTF-8 only")
    report = check_files([path])
    again = CheckReport.model_validate_json(report.model_dump_json())
    assert again == report
    assert Path(again.files[0].path).is_file()
    assert again.error is not None
    assert "S\ufffd1" in again.error
