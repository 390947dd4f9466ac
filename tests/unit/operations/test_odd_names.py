"""A rule holds for files and folders whose names are no text, as old systems made them."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from pathlib import Path

import pytest

from app.cli.work.glanced_rule import may_be_remembered, note_made
from app.domain.changes import Noun
from app.domain.residency import residency_of
from app.operations.add_dataset import add_dataset, data_files
from app.operations.desk import Desk
from app.operations.earlier_results import remember_results
from app.operations.residency import keep_rule, rule_for, state_residency
from app.operations.rule_files import RULE_FILE, rule_file
from app.store import results
from app.store.store import Connection
from tests.helpers.fake_family import write_vcf
from tests.unit.operations.test_result_rule import Earlier

pytestmark = pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="names are text on this system")


@pytest.fixture(params=["file", "folder"])
def odd(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A file with a name, or in a folder with a name, of another time."""
    name = os.fsdecode(b"caf\xe9")
    folder = tmp_path / (name if request.param == "folder" else "plain")
    folder.mkdir()
    path = folder / (f"{name}.vcf.gz" if request.param == "file" else "people.vcf.gz")
    os.rename(write_vcf(tmp_path), path)
    return path


def test_a_stated_rule_holds_for_it_its_copies_and_what_is_made_of_it(
    desk: Desk, odd: Path, tmp_path: Path
) -> None:
    dataset = asyncio.run(add_dataset(desk, (odd,))).ids(Noun.DATASET)[0]
    copy, made = tmp_path / "copy.vcf.gz", tmp_path / "made.bgen"
    shutil.copy(odd, copy)
    made.write_bytes(b"people")
    asyncio.run(keep_rule(desk, None, data_files((made,)), data_files((odd,))))
    asyncio.run(remember_results(desk))
    asyncio.run(state_residency(desk, dataset, "DE"))
    for each in (odd, copy, made):
        assert asyncio.run(rule_for(desk, None, data_files((each,)))) == residency_of("DE")
        assert may_be_remembered(tmp_path / "haplodesk.db", [each])
    other = tmp_path / "other.bgen"
    other.write_bytes(b"other people")
    assert note_made(tmp_path / "haplodesk.db", [other], [odd])
    assert asyncio.run(rule_for(desk, None, data_files((other,)))) == residency_of("DE")


def test_a_rule_beside_it_holds_for_what_is_copied_out(desk: Desk, odd: Path, tmp_path: Path) -> None:
    (odd.parent / RULE_FILE).write_text("DE")
    asyncio.run(add_dataset(desk, (odd,)))
    copy = tmp_path / "copy.vcf.gz"
    shutil.copy(odd, copy)
    for each in (odd, copy):
        assert asyncio.run(rule_for(desk, None, data_files((each,)))) == residency_of("DE")


def test_a_result_in_a_folder_with_such_a_name_tells_its_rule(desk: Desk, tmp_path: Path) -> None:
    old = Earlier(desk, tmp_path)
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    old.folder.rename(folder)
    moved = folder / old.dose.name

    def write(c: Connection) -> None:
        found = results.result(c, "result-1")
        assert found is not None
        results.save_result(c, found.model_copy(update={"folder": str(folder)}))

    desk.store.write_now(write)
    assert old.rule_of(moved) == "ZA, this computer"
    asyncio.run(remember_results(desk))
    assert may_be_remembered(tmp_path / "haplodesk.db", [moved])
    assert rule_file(folder) == residency_of("ZA")
