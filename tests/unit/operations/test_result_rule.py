"""Results of earlier versions, their exports, archives and copies are under the rule of what was sent."""

from __future__ import annotations

import asyncio
import gzip
import shutil
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app.domain.changes import Noun
from app.domain.export import ExportFormat
from app.domain.export_record import ExportedFiles, ExportRecord
from app.domain.job import Job, JobFile, JobState
from app.domain.problem import Kind, ProblemError, problem
from app.domain.residency import residency_of
from app.domain.result import Result, ResultFile, ResultState
from app.domain.rule_file import RULE_FILE
from app.operations.add_dataset import add_dataset, data_files
from app.operations.desk import Desk
from app.operations.draft_job import JobDraft
from app.operations.earlier_results import remember_results
from app.operations.end_job import forget_job
from app.operations.fetch_file import fetch_file
from app.operations.fetch_results import fetch_results
from app.operations.remove_result import remove_result
from app.operations.residency import rule_for, state_residency
from app.operations.result_rule import keep_rule_of_result
from app.operations.rule_files import rule_file, tighten_rule
from app.operations.submit_job import submit_job
from app.store import jobs, results
from app.store.store import Connection as StoreConnection
from tests.helpers.desk_fixtures import only_job, pass_check
from tests.helpers.fake_family import FakeFamily, write_vcf
from tests.helpers.imputed_files import dose_text, packed, site_lines

AT = datetime(2026, 1, 1, tzinfo=UTC)
SITES = site_lines(sites=20, step=100_000)


class Earlier:
    """A job that ended before results were under rules, its result and an export of that."""

    def __init__(self, desk: Desk, folder: Path, rule: str = "ZA") -> None:
        self.desk = desk
        sent = write_vcf(folder)
        self.folder = folder / "result"
        self.folder.mkdir()
        self.dose = self.folder / "chr20.dose.vcf.gz"
        self.dose.write_bytes(packed(dose_text(SITES), folder))
        with zipfile.ZipFile(self.folder / "chr_20.zip", "w") as archive:
            archive.write(self.dose, self.dose.name)
        self.exported = folder / "exported" / "chr20.bgen"
        self.exported.parent.mkdir()
        self.exported.write_bytes(b"bgen of people")
        self.sample = self.exported.with_suffix(".sample")
        self.sample.write_bytes(b"ID_1 ID_2 missing\n0 0 0\n1 1 0\n")
        (self.dataset_id,) = asyncio.run(add_dataset(desk, (sent,))).ids(Noun.DATASET)
        self.sent = data_files((sent,))
        self.rule = residency_of(rule) if rule else None
        desk.store.write_now(self._write)

    def _write(self, c: StoreConnection) -> None:
        job = Job(
            id="job-1",
            name="Old",
            remote_name="old",
            service_id="fake",
            app_id="a",
            panel_id="p",
            dataset_id=self.dataset_id,
            files=self.sent,
            remote_files=(JobFile(name="chr_20.zip"), JobFile(name="../../etc.zip")),
            state=JobState.SUCCESS,
            created=AT,
            residency=self.rule,
        )
        jobs.save_job(c, job)
        one = ExportedFiles(files=(str(self.exported), str(self.sample)), kept=1, dropped=0, missing=0)
        export = ExportRecord(
            at=AT, folder=str(self.exported.parent), format=ExportFormat.BGEN, sets=(one,), variants=1, kept=1
        )
        file = ResultFile(
            path=self.dose.name, size=self.dose.stat().st_size, sha256="", source="", verified_by=""
        )
        results.save_result(
            c,
            Result(
                id="result-1",
                job_id="job-1",
                folder=str(self.folder),
                state=ResultState.VERIFIED,
                files=(file,),
                started=AT,
                exports=(export,),
            ),
        )

    def rule_of(self, path: Path) -> str:
        found = asyncio.run(rule_for(self.desk, None, data_files((path,))))
        return found.code() if found is not None else ""


ZA = "ZA, this computer"


def test_the_record_of_the_job_tells_the_rule_where_nobody_remembered_it(desk: Desk, tmp_path: Path) -> None:
    old = Earlier(desk, tmp_path)
    for path in (old.dose, old.folder / "chr_20.zip", old.exported, old.sample):
        assert old.rule_of(path) == ZA, path.name
    link = tmp_path / "link.vcf.gz"
    link.symlink_to(old.dose)
    assert old.rule_of(link) == ZA


def test_the_start_puts_earlier_results_under_their_rules_whatever_becomes_of_them(
    desk: Desk, tmp_path: Path
) -> None:
    old = Earlier(desk, tmp_path)
    asyncio.run(remember_results(desk))
    assert rule_file(old.folder) == residency_of("ZA")
    assert rule_file(old.exported.parent) == residency_of("ZA")
    away = tmp_path / "away"
    away.mkdir()
    copies = [
        shutil.copy(each, away / f"my{each.suffix}") for each in (old.folder / "chr_20.zip", old.exported)
    ]
    copies += [shutil.copy(each, away / f"my-{each.name}") for each in (old.dose, old.sample)]
    asyncio.run(remove_result(desk, "result-1", delete_files=True))
    assert not old.dose.exists()
    asyncio.run(forget_job(desk, "job-1"))
    for path in copies:
        assert old.rule_of(Path(path)) == ZA, path
    free = away / "free.vcf.gz"
    free.write_bytes(b"of other people")
    assert old.rule_of(free) == ""


def test_many_earlier_results_are_remembered_by_a_few_writes(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody waits for it, and each write of what is remembered is as long as all that is."""
    (tmp_path / "one").mkdir()
    old = Earlier(desk, tmp_path / "one")
    result = desk.store.read_now(lambda c: results.result(c, "result-1"))
    assert result is not None
    copies: list[Path] = []
    for n in range(30):
        folder = tmp_path / f"result-{n}"
        folder.mkdir()
        copies.append(folder / old.dose.name)
        copies[-1].write_bytes(packed(dose_text(site_lines(sites=3, step=1000 + n)), folder))
        fresh = result.model_copy(update={"id": f"more-{n}", "folder": str(folder), "exports": ()})
        desk.store.write_now(lambda c, fresh=fresh: results.save_result(c, fresh))  # type: ignore[misc]
    written: list[object] = []
    write = desk.store.write

    async def counted(work: Any) -> Any:
        written.append(work)
        return await write(work)

    monkeypatch.setattr(desk.store, "write", counted)
    asyncio.run(remember_results(desk))
    asyncio.run(remember_results(desk))
    assert len(written) == 2
    for path in copies:
        assert rule_file(path.parent) == residency_of("ZA")
        assert old.rule_of(Path(shutil.copy(path, tmp_path / "copy.vcf.gz"))) == ZA


@pytest.mark.parametrize("gone", ["job", "result"])
def test_a_job_that_is_forgotten_before_any_start_leaves_its_rule(
    desk: Desk, tmp_path: Path, gone: str
) -> None:
    old = Earlier(desk, tmp_path)
    asyncio.run(forget_job(desk, "job-1") if gone == "job" else remove_result(desk, "result-1"))
    (old.folder / RULE_FILE).unlink()
    assert old.rule_of(old.dose) == ZA


@pytest.mark.parametrize("gone", ["job", "result"])
def test_a_folder_that_cannot_be_written_keeps_no_record_in_the_list(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gone: str
) -> None:
    """Results may lie on a medium that is only read by now; their rule is remembered all the same."""
    old = Earlier(desk, tmp_path)

    def refused(*_arguments: object) -> None:
        raise problem(Kind.DISK, "The folder cannot be used", "Read-only file system.")

    monkeypatch.setattr("app.operations.result_rule.tighten_rule", refused)
    asyncio.run(forget_job(desk, "job-1") if gone == "job" else remove_result(desk, "result-1"))
    assert old.rule_of(old.dose) == ZA


def test_a_rule_file_of_a_person_in_any_coding_stays(desk: Desk, tmp_path: Path) -> None:
    old = Earlier(desk, tmp_path)
    (old.folder / RULE_FILE).write_bytes("ZÄ".encode("utf-16"))
    (old.folder / "chr_20.zip").unlink()
    asyncio.run(remove_result(desk, "result-1", delete_files=True))
    assert not old.dose.exists()
    assert (old.folder / RULE_FILE).exists()


def test_a_copy_that_is_packed_anew_with_another_header_is_the_same_data(desk: Desk, tmp_path: Path) -> None:
    old = Earlier(desk, tmp_path)
    asyncio.run(remember_results(desk))
    text = gzip.decompress(old.dose.read_bytes())
    other = tmp_path / "other"
    other.mkdir()
    head, lines = text.split(b"\n", 1)
    (other / "plain.vcf").write_bytes(head + b"\n##source=somebody\n" + lines)
    (other / "weak.vcf.gz").write_bytes(gzip.compress(text, 1))
    for name in ("plain.vcf", "weak.vcf.gz"):
        assert old.rule_of(other / name) == ZA, name


def test_a_copy_of_an_earlier_result_is_refused_though_no_window_was_ever_opened(
    desk: Desk, fake: FakeFamily, ready: JobDraft, tmp_path: Path
) -> None:
    """The command line has no start in the background."""
    (tmp_path / "old").mkdir()
    old = Earlier(desk, tmp_path / "old")
    asyncio.run(desk.update_service(ready.service_id, country="US"))
    copy = Path(shutil.copy(old.dose, tmp_path / "copy.vcf.gz"))
    (dataset_id,) = asyncio.run(add_dataset(desk, (copy,))).ids(Noun.DATASET)
    asyncio.run(pass_check(desk, dataset_id))
    with pytest.raises(ProblemError, match="may not go there"):
        asyncio.run(submit_job(desk, ready.model_copy(update={"dataset_id": dataset_id})))
    assert not fake.submissions


def test_a_rule_that_is_stated_of_the_data_later_holds_for_the_earlier_result(
    desk: Desk, tmp_path: Path
) -> None:
    old = Earlier(desk, tmp_path, rule="")
    assert old.rule_of(old.dose) == ""
    asyncio.run(remember_results(desk))
    assert not (old.folder / RULE_FILE).exists()
    asyncio.run(state_residency(desk, old.dataset_id, "EU"))
    for path in (old.dose, old.exported, Path(shutil.copy(old.dose, tmp_path / "copy.vcf.gz"))):
        assert old.rule_of(path) == "EU, this computer"
    asyncio.run(keep_rule_of_result(desk, "result-1"))
    assert rule_file(old.folder) == residency_of("EU")


def test_what_stands_in_a_folder_is_never_loosened_and_a_persons_word_is_not_changed(tmp_path: Path) -> None:
    tighten_rule(residency_of("EU, ZA"), tmp_path)
    tighten_rule(residency_of("ZA, US"), tmp_path)
    assert rule_file(tmp_path) == residency_of("ZA")
    tighten_rule(residency_of("ZA, US"), tmp_path)
    assert rule_file(tmp_path) == residency_of("ZA")
    own = tmp_path / "own"
    own.mkdir()
    (own / RULE_FILE).write_text("US")
    tighten_rule(residency_of("ZA"), own)
    assert (own / RULE_FILE).read_text() == "US"


def test_the_folder_of_a_removed_result_goes_with_its_rule(desk: Desk, tmp_path: Path) -> None:
    old = Earlier(desk, tmp_path)
    (old.folder / "chr_20.zip").unlink()
    asyncio.run(keep_rule_of_result(desk, "result-1"))
    assert (old.folder / RULE_FILE).exists()
    asyncio.run(remove_result(desk, "result-1", delete_files=True))
    assert not old.folder.exists()


def test_the_rule_lies_in_the_folder_before_the_first_byte_is_fetched(
    done: Desk, fake: FakeFamily, ready: JobDraft, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A program that is killed while it fetches leaves no result without it; archives are known when gone."""
    asyncio.run(state_residency(done, ready.dataset_id, "ZA"))
    seen: list[bool] = []

    async def watched(*words: Any, **more: Any) -> Any:
        seen.append(rule_file(words[4]) == residency_of("ZA"))
        return await fetch_file(*words, **more)

    monkeypatch.setattr("app.operations.fetch_results.fetch_file", watched)
    job = asyncio.run(only_job(done))
    asyncio.run(fetch_results(done, job.id))
    assert seen == [True, True]
    result = done.store.read_now(lambda c: results.result_of_job(c, job.id))
    assert result is not None
    assert not list(Path(result.folder).glob("*.zip"))
    copy = tmp_path / "downloaded by hand.zip"
    copy.write_bytes(fake.content["chr_20.zip"])
    found = asyncio.run(rule_for(done, None, data_files((copy,))))
    assert found == residency_of("ZA")
    asyncio.run(remove_result(done, result.id, delete_files=True))
    assert not Path(result.folder).exists()
