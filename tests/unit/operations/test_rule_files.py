"""The file of a rule is found however it is spelled, and what cannot be read of it allows nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from app.cli.work.quick_rule import folder_rules
from app.domain.residency import NOWHERE, residency_of
from app.operations.rule_files import RULE_FILE, rule_file, rules_of_folders, tighten_rule, write_rule


@pytest.mark.parametrize(
    "name",
    [
        RULE_FILE,
        "HAPLODESK-ONLY-TO.TXT",
        "Haplodesk-Only-To.txt",
        "haplodesk-only-to",
        "Haplodesk-only-to.txt.txt",
    ],
)
@pytest.mark.parametrize("old", [False, True], ids=["new folder", "old folder"])
def test_it_is_found_however_it_is_spelled(tmp_path: Path, name: str, old: bool) -> None:
    data = str(tmp_path / "deeper" / "people.vcf.gz")
    assert rules_of_folders([data]) == []
    (tmp_path / name).write_text("DE")
    if old:  # then what it holds is remembered
        os.utime(tmp_path, (1_700_000_000, 1_700_000_000))
    for _ in range(2):
        assert rules_of_folders([data]) == [residency_of("DE")]
        assert folder_rules([data])
    (tmp_path / "other.txt").write_text("a file that is none")
    (tmp_path / name).write_text("ZA")
    assert rules_of_folders([data]) == [residency_of("ZA")]
    (tmp_path / name).unlink()
    assert rules_of_folders([data]) == []


def test_one_that_comes_into_an_old_folder_is_seen(tmp_path: Path) -> None:
    os.utime(tmp_path, (1_700_000_000, 1_700_000_000))
    assert rule_file(tmp_path) is None
    (tmp_path / "Haplodesk-only-to.txt").write_text("DE")
    assert rule_file(tmp_path) == residency_of("DE")


def test_two_of_them_allow_what_both_allow(tmp_path: Path) -> None:
    (tmp_path / RULE_FILE).write_text("DE, FR")
    (tmp_path / f"{RULE_FILE}.txt").write_text("FR, US")
    assert rule_file(tmp_path) == residency_of("FR")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_what_cannot_be_read_allows_nothing(tmp_path: Path) -> None:
    """A share that is away, a pipe that nobody fills, a rule that does not fit."""
    path = tmp_path / RULE_FILE
    path.symlink_to(tmp_path / "away")
    assert rule_file(tmp_path) == NOWHERE
    assert folder_rules([str(tmp_path / "people.vcf")])
    path.unlink()
    os.mkfifo(path)
    assert rule_file(tmp_path) == NOWHERE
    path.unlink()
    path.write_text("DE," + " " * 5000 + "XXX")
    assert rule_file(tmp_path) == NOWHERE


def test_a_rule_of_the_program_stands_beside_one_that_is_spelled_otherwise(tmp_path: Path) -> None:
    other = tmp_path / "Haplodesk-Only-To.txt"
    other.write_text("DE, US")
    if (tmp_path / RULE_FILE).exists():
        pytest.skip("this system ignores upper and lower case")
    tighten_rule(residency_of("DE"), tmp_path)
    assert rule_file(tmp_path) == residency_of("DE")
    assert other.read_text() == "DE, US"
    assert write_rule(residency_of("DE"), tmp_path) == ()
