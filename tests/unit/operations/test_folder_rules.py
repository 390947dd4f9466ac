"""What is copied or moved out of a folder under a rule stays under it."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from app.cli.work.glanced_rule import may_be_remembered
from app.domain.changes import Noun
from app.domain.residency import Residency, residency_of
from app.operations.add_dataset import add_dataset, data_files, remove_dataset
from app.operations.desk import Desk
from app.operations.earlier_results import remember_results
from app.operations.folder_rules import remember_folder_rules
from app.operations.residency import rule_for, state_residency
from app.operations.rule_files import RULE_FILE
from tests.helpers.fake_family import write_vcf


@pytest.fixture
def owned(tmp_path: Path) -> Path:
    """A file in the folder of an owner."""
    folder = tmp_path / "owner"
    folder.mkdir()
    (folder / RULE_FILE).write_text("DE")
    return write_vcf(folder)


def rule(desk: Desk, path: Path) -> Residency | None:
    return asyncio.run(rule_for(desk, None, data_files((path,))))


def added(desk: Desk, path: Path) -> str:
    return asyncio.run(add_dataset(desk, (path,))).ids(Noun.DATASET)[0]


@pytest.mark.parametrize("way", [shutil.copy, shutil.move])
@pytest.mark.parametrize("stays", [True, False], ids=["in the list", "removed"])
def test_a_copy_elsewhere_is_under_the_rule_of_the_folder(
    desk: Desk, owned: Path, tmp_path: Path, way: object, stays: bool
) -> None:
    first = added(desk, owned)
    if not stays:
        asyncio.run(remove_dataset(desk, first))
    (tmp_path / "desktop").mkdir()
    copy = tmp_path / "desktop" / "renamed.vcf.gz"
    assert callable(way)
    way(owned, copy)
    assert rule(desk, copy) == residency_of("DE")
    asyncio.run(remember_results(desk))
    assert may_be_remembered(tmp_path / "haplodesk.db", [copy])


def test_the_folder_speaks_for_what_lies_in_it(desk: Desk, owned: Path, tmp_path: Path) -> None:
    added(desk, owned)
    copy = tmp_path / "copy.vcf.gz"
    shutil.copy(owned, copy)
    (owned.parent / RULE_FILE).write_text("DE, FR")
    assert rule(desk, owned) == residency_of("DE, FR")
    assert rule(desk, copy) == residency_of("DE"), "as it was seen last"
    asyncio.run(remember_folder_rules(desk, data_files((owned,))))
    assert rule(desk, copy) == residency_of("DE, FR")
    (owned.parent / RULE_FILE).unlink()
    assert rule(desk, owned) is None
    asyncio.run(remember_folder_rules(desk, data_files((owned,))))
    assert rule(desk, copy) is None


@pytest.mark.parametrize("stated", ["", "DE, US"])
def test_what_is_stated_of_a_copy_or_of_the_file_loosens_nothing(
    desk: Desk, owned: Path, tmp_path: Path, stated: str
) -> None:
    original = added(desk, owned)
    path = tmp_path / "copy.vcf.gz"
    shutil.copy(owned, path)
    copy = added(desk, path)
    for each in (original, copy):
        asyncio.run(state_residency(desk, each, stated))
    for one in (owned, path):
        found = rule(desk, one)
        assert found is not None
        assert found.countries == {"DE"}


def test_what_was_moved_away_is_freed_by_who_says_so(desk: Desk, owned: Path, tmp_path: Path) -> None:
    """The statement stands in the timeline with who made it."""
    added(desk, owned)
    path = tmp_path / "moved.vcf.gz"
    shutil.move(owned, path)
    moved = added(desk, path)
    assert rule(desk, path) == residency_of("DE")
    asyncio.run(state_residency(desk, moved, ""))
    assert rule(desk, path) is None
