"""One endless name of a sample: told, shown short, and no burden on the memory of all others."""

from pathlib import Path

import pytest

from app.genotypes.check import check_files
from app.genotypes.checks.long_names import LONGEST_NAME, shorter
from app.genotypes.figures import FILE, load_figures
from tests.unit.genotypes.vcf_text import names, record, vcf

ENDLESS = "A" * 100_000


@pytest.mark.parametrize("twice", [False, True])
def test_an_endless_name_is_told_and_shown_short(tmp_path: Path, twice: bool) -> None:
    path, folder = tmp_path / "a.vcf", tmp_path / "kept"
    people = [*names(8), ENDLESS, ENDLESS if twice else "B/1"]
    rows = [record(1000 + n, ["0/1", "./."] * 5) for n in range(40)]
    path.write_bytes(vcf(rows, people))
    report = check_files([path], folder=folder)
    (told,) = (each for each in report.findings if each.code == "sample.long_name")
    assert told.where.startswith("column 18")
    assert told.count == 1 + twice
    assert all(len(each.where) < 5 * LONGEST_NAME for each in report.findings)
    shown = load_figures(folder / FILE).samples
    assert shown[8] == shorter(ENDLESS)
    assert shown.itemsize == 4 * LONGEST_NAME


def test_usual_names_stay(tmp_path: Path) -> None:
    path = tmp_path / "a.vcf"
    path.write_bytes(vcf([record(1000, ["0/1"] * 3)], names(3)))
    assert not [each for each in check_files([path]).findings if each.code == "sample.long_name"]
    assert shorter("HG00096") == "HG00096"
