"""A command that starts at once knows whether there can be a rule, and forgets nothing."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.cli.work.glanced_rule import may_be_remembered, note_made
from app.domain.changes import Noun
from app.domain.residency import residency_of
from app.domain.rule_file import RULE_FILE
from app.operations.add_dataset import add_dataset, data_files
from app.operations.change_settings import save_settings
from app.operations.desk import Desk
from app.operations.earlier_results import remember_results
from app.operations.residency import rule_for, state_residency
from tests.helpers.command_line import Cli, FakeProgram
from tests.unit.operations.test_result_rule import Earlier
from tests.unit.results.merging.made_results import made_results


@pytest.fixture
def desk(program: FakeProgram) -> Iterator[Desk]:
    """The desk of a data folder."""
    opened = program.open_desk(program.folder)
    yield opened
    program.close_desk(opened)


def told(desk: Desk, *paths: Path) -> bool:
    return may_be_remembered(desk.home / "haplodesk.db", paths)


def stated(desk: Desk, path: Path, text: str) -> None:
    (dataset_id,) = asyncio.run(add_dataset(desk, (path,))).ids(Noun.DATASET)
    asyncio.run(state_residency(desk, dataset_id, text))


def people(path: Path, name: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    head = f"##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t{name}\n"
    path.write_text(f"{head}20\t1\t.\tA\tC\t.\t.\t.\tGT\t0|1\n")
    return path


def test_it_says_what_the_store_says(desk: Desk, tmp_path: Path) -> None:
    ruled = people(tmp_path / "a" / "ruled.vcf", "one")
    free = people(tmp_path / "b" / "free.vcf", "two")
    assert told(desk, free), "results of earlier versions were not looked at"
    asyncio.run(remember_results(desk))
    assert not told(desk, free)
    stated(desk, ruled, "ZA")
    assert told(desk, ruled)
    assert told(desk, ruled.parent), "a file in a folder"
    copy = people(tmp_path / "c" / "copy.vcf", "one")
    assert told(desk, copy)
    assert not told(desk, free)
    made = people(tmp_path / "d" / "made.vcf", "made")
    assert note_made(desk.home / "haplodesk.db", [made], [free])
    assert not told(desk, made)
    stated(desk, free, "EU")
    assert told(desk, made), "stated of what it was made of, later"
    assert asyncio.run(rule_for(desk, None, data_files((made,)))) == residency_of("EU")


def test_the_record_of_a_result_and_the_settings_count(desk: Desk, tmp_path: Path) -> None:
    old = Earlier(desk, tmp_path)
    asyncio.run(remember_results(desk))
    (old.folder / RULE_FILE).unlink()
    (old.exported.parent / RULE_FILE).unlink()
    desk.store.write_now(lambda c: _forget(c))
    assert told(desk, old.dose)
    assert told(desk, old.exported)
    free = people(tmp_path / "b" / "free.vcf", "two")
    assert not told(desk, free)
    now = asyncio.run(desk.settings())
    asyncio.run(
        save_settings(desk, now.model_copy(update={"data": now.data.model_copy(update={"only_to": "EU"})}))
    )
    assert told(desk, free)


def _forget(c: object) -> None:
    from app.store import settings

    for key in ("residency", "residency_made"):
        settings.set_state(c, key, None)  # type: ignore[arg-type]


@pytest.mark.parametrize("text", ["{", '[{"a": 1}]', "3"])
def test_what_it_cannot_read_may_be_a_rule(desk: Desk, tmp_path: Path, text: str) -> None:
    from app.store import settings

    asyncio.run(remember_results(desk))
    desk.store.write_now(lambda c: settings.set_state(c, "residency", text))
    assert told(desk, people(tmp_path / "b" / "free.vcf", "two"))
    assert may_be_remembered(tmp_path / "no.db", [tmp_path / "x.vcf"])


def test_an_export_is_remembered_without_loading_the_store(
    cli: Cli, program: FakeProgram, tmp_path: Path
) -> None:
    (made,) = made_results(1, people=20)
    folder = made.write(tmp_path / "result")
    desk = program.open_desk(program.folder)
    asyncio.run(remember_results(desk))
    program.close_desk(desk)
    out = tmp_path / "out"
    code = (
        "import sys; from app.__main__ import main; code = main(sys.argv[1:]);"
        "assert 'sqlalchemy' not in sys.modules and 'pydantic' not in sys.modules; sys.exit(code)"
    )
    words = ["--home", str(program.folder), "results", "filter", str(folder), "--out", str(out)]
    ran = subprocess.run(
        [sys.executable, "-c", code, *words], capture_output=True, text=True, check=False, env={**os.environ}
    )
    assert ran.returncode == 0, ran.stderr
    desk = program.open_desk(program.folder)
    try:
        stated(desk, next(Path(folder).glob("*.dose.vcf.gz")), "ZA")
        (dose,) = out.glob("*.vcf.gz")
        assert asyncio.run(rule_for(desk, None, data_files((dose,)))) == residency_of("ZA")
    finally:
        program.close_desk(desk)
