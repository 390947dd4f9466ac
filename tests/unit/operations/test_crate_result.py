"""Crates of results of the program, and the proof by what is recorded."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from app.domain.crate import FaultKind
from app.domain.problem import ProblemError
from app.domain.result import Result
from app.operations import judge_result, unpack
from app.operations.crate_result import crate_result, verify_result
from app.operations.desk import Desk
from app.results.crate.crate_files import MADE
from app.store import results
from tests.helpers.desk_fixtures import only_job
from tests.helpers.direct_work import _directly, work_directly
from tests.helpers.fake_family import FakeFamily
from tests.helpers.finished_job import archive, fetch, result_of
from tests.helpers.imputed_files import dose_text, packed, site_lines


@pytest.fixture(autouse=True)
def no_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    work_directly(monkeypatch)
    for module in (judge_result, unpack):
        monkeypatch.setattr(module, "run_in_process", _directly)


@pytest.fixture
def fetched(done: Desk, fake: FakeFamily, tmp_path: Path) -> Result:
    """A fetched result."""
    password = fake.submissions[0].password
    assert password is not None
    fake.content["chr_20.zip"] = archive(
        password, "chr20.dose.vcf.gz", packed(dose_text(site_lines()), tmp_path)
    )
    fetch(done)
    return result_of(done, asyncio.run(only_job(done)).id)


def faults(desk: Desk, result: Result) -> list[tuple[str, FaultKind]]:
    return [(each.path, each.kind) for each in asyncio.run(verify_result(desk, result.id)).faults]


def test_records_prove_a_result_without_a_crate(done: Desk, fetched: Result) -> None:
    assert faults(done, fetched) == []
    dose = Path(fetched.folder) / "chr20.dose.vcf.gz"
    content = bytearray(dose.read_bytes())
    content[100] ^= 1
    dose.write_bytes(content)
    assert faults(done, fetched) == [("chr20.dose.vcf.gz", FaultKind.CHANGED)]
    dose.unlink()
    assert faults(done, fetched) == [("chr20.dose.vcf.gz", FaultKind.MISSING)]


def test_a_crate_tells_of_the_job_and_proves_the_folder(done: Desk, fetched: Result) -> None:
    before = [each for each in Path(fetched.folder).rglob("*") if each.is_file()]
    assert asyncio.run(crate_result(done, fetched.id)) == len(before) + len(MADE)
    told = json.loads((Path(fetched.folder) / "ro-crate-metadata.json").read_bytes())
    known = {each["@id"]: each for each in told["@graph"]}
    assert known["#service"]["name"] == "Fake"
    assert known["#value-population"]["value"] == "eur"
    assert "#person" not in known
    recorded = {each.path: each.sha256 for each in fetched.files}
    assert known["chr20.dose.vcf.gz"]["sha256"] == recorded["chr20.dose.vcf.gz"]
    assert faults(done, fetched) == []
    (Path(fetched.folder) / "more.txt").touch()
    assert faults(done, fetched) == [("more.txt", FaultKind.ADDED)]


def test_a_crate_is_replaced_only_when_that_is_said(done: Desk, fetched: Result) -> None:
    asyncio.run(crate_result(done, fetched.id))
    before = (Path(fetched.folder) / "ro-crate-metadata.json").read_bytes()
    with pytest.raises(ProblemError):
        asyncio.run(crate_result(done, fetched.id))
    assert (Path(fetched.folder) / "ro-crate-metadata.json").read_bytes() == before
    asyncio.run(crate_result(done, fetched.id, person=True, overwrite=True))
    assert done.person() in (Path(fetched.folder) / "ro-crate-metadata.json").read_text()
    assert faults(done, fetched) == []


def test_a_file_that_was_changed_with_its_crate_is_found_by_the_records(done: Desk, fetched: Result) -> None:
    asyncio.run(crate_result(done, fetched.id))
    forged = [each.model_copy(update={"sha256": "0" * 64}) for each in fetched.files[:1]]
    changed = fetched.model_copy(update={"files": (*forged, *fetched.files[1:])})
    asyncio.run(done.store.write(lambda c: results.save_result(c, changed)))
    assert faults(done, fetched) == [(fetched.files[0].path, FaultKind.CHANGED)]
