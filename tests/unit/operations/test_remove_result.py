"""A result is forgotten; what lies on the disk goes only where a person says so."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from app.domain.changes import Noun
from app.domain.job import FileState, Job, JobFile, JobState
from app.domain.problem import Kind, ProblemError
from app.domain.result import Result, ResultFile, ResultState
from app.operations.desk import Desk
from app.operations.private_folder import private_folder
from app.operations.remove_result import remove_result
from app.operations.result_ledger import figures_folder
from app.store import jobs, pages, results
from tests.helpers.binding_rights import binding_rights

ALL = ("chr1.dose.vcf.gz", "inner/chr1.info.gz")


@pytest.fixture
def result(desk: Desk, tmp_path: Path) -> Result:
    """One of a job, with an index, books and a file of the user's own."""
    folder = tmp_path / "results" / "job"
    (folder / "inner").mkdir(parents=True)
    for name in (*ALL, "chr1.dose.vcf.gz.tbi"):
        (folder / name).write_bytes(b"12345")
    made = Result(
        id="result-1",
        job_id="job-1",
        folder=str(folder),
        state=ResultState.VERIFIED,
        files=tuple(ResultFile(path=n, size=5, sha256="0", source=n, verified_by="CRC") for n in ALL),
        started=desk.clock.now(),
    )
    desk.store.write_now(lambda c: results.save_result(c, made))
    private_folder(figures_folder(desk, made.id))
    (desk.home / "ledgers" / "result-1.json").write_text("{}")
    return made


def below(folder: Path) -> list[str]:
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


def test_files_stay_and_the_record_and_books_go(desk: Desk, result: Result) -> None:
    changes = asyncio.run(remove_result(desk, result.id))
    assert changes.ids(Noun.RESULT) == (result.id,)
    assert desk.store.read_now(results.results) == ()
    assert desk.store.read_now(lambda c: pages.ids(c, Noun.RESULT)) == []
    assert below(desk.home / "ledgers") == []
    assert not figures_folder(desk, result.id).exists()
    assert below(Path(result.folder)) == sorted([*ALL, "chr1.dose.vcf.gz.tbi"])


def test_the_job_stays_as_it_is_so_nothing_is_fetched_unasked(desk: Desk, result: Result) -> None:
    file = JobFile(name="chr_1.zip", state=FileState.VERIFIED, bytes=5)
    job = Job(
        id="job-1",
        service_id="mis",
        name="one",
        remote_name="one",
        app_id="minimac",
        panel_id="hapmap-2",
        state=JobState.SUCCESS,
        created=desk.clock.now(),
        remote_files=(file,),
    )
    desk.store.write_now(lambda c: jobs.save_job(c, job))
    asyncio.run(remove_result(desk, result.id, delete_files=True))
    assert desk.store.read_now(lambda c: jobs.job(c, "job-1")) == job


def test_files_go_when_asked_with_their_indexes_and_empty_folders(desk: Desk, result: Result) -> None:
    asyncio.run(remove_result(desk, result.id, delete_files=True))
    assert not Path(result.folder).exists()
    assert Path(result.folder).parent.is_dir()


def test_what_a_person_put_there_stays(desk: Desk, result: Result) -> None:
    (Path(result.folder) / "mine.txt").write_text("mine")
    asyncio.run(remove_result(desk, result.id, delete_files=True))
    assert below(Path(result.folder)) == ["mine.txt"]


def test_files_that_were_imported_in_place_are_never_deleted(desk: Desk, result: Result) -> None:
    mine = result.model_copy(update={"in_place": True, "job_id": ""})
    desk.store.write_now(lambda c: results.save_result(c, mine))
    with pytest.raises(ProblemError) as caught:
        asyncio.run(remove_result(desk, result.id, delete_files=True))
    assert caught.value.problem.title == "These files are not the program's own"
    assert desk.store.read_now(lambda c: results.result(c, result.id)) == mine
    asyncio.run(remove_result(desk, result.id))
    assert len(below(Path(result.folder))) == 3


@pytest.mark.allow_log("outside of its folder")
def test_a_path_that_leads_out_of_the_folder_is_left_alone(desk: Desk, result: Result) -> None:
    outside = Path(result.folder).parent / "precious.txt"
    outside.write_text("precious")
    bad = ResultFile(path="../precious.txt", size=5, sha256="0", source="x", verified_by="CRC")
    desk.store.write_now(lambda c: results.save_result(c, result.model_copy(update={"files": (bad,)})))
    asyncio.run(remove_result(desk, result.id, delete_files=True))
    assert outside.read_text() == "precious"


def test_a_result_that_is_fetched_now_is_not_removed(desk: Desk, result: Result) -> None:
    async def both() -> None:
        async with desk.only_one("job-1"):
            await remove_result(desk, result.id, delete_files=True)

    with pytest.raises(ProblemError) as caught:
        asyncio.run(both())
    assert caught.value.problem.kind is Kind.BUSY
    assert len(below(Path(result.folder))) == 3


def test_an_unknown_result_is_told(desk: Desk) -> None:
    with pytest.raises(ProblemError) as caught:
        asyncio.run(remove_result(desk, "result-none"))
    assert caught.value.problem.kind is Kind.NOT_FOUND


def test_files_that_cannot_be_deleted_keep_the_result(desk: Desk, result: Result) -> None:
    folder = Path(result.folder)
    folder.chmod(0o500)
    try:
        with binding_rights(), pytest.raises(ProblemError) as caught:
            asyncio.run(remove_result(desk, result.id, delete_files=True))
    finally:
        folder.chmod(0o700)
    assert caught.value.problem.kind is Kind.DISK
    assert desk.store.read_now(results.results) == (result,)
