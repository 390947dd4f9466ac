"""The runner of local jobs when what does the work is killed, fails, or finds the disk full."""

import asyncio
import errno
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app.application import open_desk
from app.domain.job import JobState, StepState
from app.domain.problem import Kind, ProblemError, problem
from app.genotypes.bgzf import ContainerError, ContainerFault
from app.operations import local_job, local_runner
from app.operations.desk import Desk
from app.operations.local_job import LocalOrder, run_local_job
from app.operations.local_output import DRAFT
from app.operations.local_resume import WORK
from app.operations.local_runner import MOST_STARTS, run_local_jobs
from app.services.local.layout import (
    CANCEL,
    JOB,
    OUTPUT,
    PANEL,
    LocalJob,
    LocalPanel,
    OutputFile,
    jobs_folder,
    panels_folder,
    read_job,
    read_steps,
    write_record,
)

pytestmark = pytest.mark.allow_log("^app.operations.local_runner: ")
NOW = datetime(2026, 1, 1, tzinfo=UTC)
MADE = (OutputFile(name="chr20.dose.vcf.gz", size=1, sha256="0"),)
PANEL_HERE = LocalPanel(
    id="p", name="P", build="GRCh37", samples=9, variants=9, chromosomes=("20",), added=NOW
)
SENT = LocalJob(id="j", name="J", app_id="impute", panel_id="p", files=(), submitted=NOW)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setenv("HAPLODESK_KEYRING", "memory")
    opened = open_desk(tmp_path / "home")
    for path, record in (
        (panels_folder(opened.home / "local") / "p" / PANEL, PANEL_HERE),
        (jobs_folder(opened.home / "local") / "j" / JOB, SENT),
    ):
        path.parent.mkdir(parents=True)
        write_record(path, record)
    yield opened
    opened.store.close()


def done(desk: Desk) -> LocalJob:
    asyncio.run(run_local_jobs(desk))
    job = read_job(desk.home / "local", "j")
    assert job is not None
    return job


def working(monkeypatch: pytest.MonkeyPatch, answers: Iterator[str]) -> None:
    """The work's process: how it dies each time; an empty word is success."""

    async def work(*_: Any, **__: Any) -> tuple[OutputFile, ...]:
        if how := next(answers):
            raise problem(Kind.BUG, "The work stopped", "It ended unexpectedly.", details=how)
        return MADE

    monkeypatch.setattr(local_runner, "run_in_process", work)


def test_work_that_is_killed_goes_on(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    working(monkeypatch, iter(["ended by signal SIGKILL", "ended by signal SIGKILL", ""]))
    job = done(desk)
    assert (job.state, job.starts, job.output) == (JobState.SUCCESS, 3, MADE)


def test_work_that_is_killed_again_and_again_is_given_up(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    working(monkeypatch, iter(["ended by signal SIGKILL"] * MOST_STARTS))
    assert done(desk).state is JobState.FAILED
    (step,) = read_steps(desk.home / "local", "j")
    assert "again and again" in step.messages[0].text


def test_a_fault_is_told_at_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    working(monkeypatch, iter(["Traceback: ZeroDivisionError"]))
    job = done(desk)
    assert (job.state, job.starts) == (JobState.FAILED, 1)


def test_the_log_has_no_words_of_an_engine(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def work(*_: Any, **__: Any) -> tuple[OutputFile, ...]:
        raise problem(Kind.REFUSED, "A program failed", "It ended with 1.", details="sample Anna 0|1")

    monkeypatch.setattr(local_runner, "run_in_process", work)
    assert done(desk).state is JobState.FAILED
    assert "A program failed" in caplog.text
    assert "Anna" not in caplog.text


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), Kind.DISK),
        (ContainerError(ContainerFault.TRUNCATED, 7, "x"), Kind.INPUT),
    ],
    ids=["full", "damaged"],
)
def test_a_full_disk_and_a_damaged_file_are_told_as_such(
    error: Exception, kind: Kind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise error

    monkeypatch.setattr(local_job, "check_files", fails)
    folder = jobs_folder(tmp_path) / "j"
    folder.mkdir(parents=True)
    order = LocalOrder(
        job=SENT, panel=PANEL_HERE, folder=folder, panel_folder=tmp_path, memory_mb=1, threads=1
    )
    with pytest.raises(ProblemError) as caught:
        run_local_job(order)
    assert caught.value.problem.kind is kind
    assert read_steps(tmp_path, "j")[0].state is StepState.FAILED


@pytest.mark.parametrize(
    "code",
    [-1073741819, 0xC0000005, 0xC000012D, 0x40010004],
    ids=["signed", "access", "commit", "session"],
)
def test_windows_codes_of_a_killed_process_are_known(
    code: int, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    working(monkeypatch, iter([f"ended with exit code {code} and without an answer", ""]))
    job = done(desk)
    assert (job.state, job.starts) == (JobState.SUCCESS, 2)


def test_a_process_that_ends_by_itself_was_not_killed(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    working(monkeypatch, iter(["ended with exit code 3 and without an answer"]))
    assert done(desk).state is JobState.FAILED


def test_a_job_that_is_cancelled_while_it_writes_leaves_nothing(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = jobs_folder(desk.home / "local") / "j"

    async def work(*_: Any, **__: Any) -> tuple[OutputFile, ...]:
        for name in (OUTPUT, DRAFT, WORK):
            (folder / name / "20").mkdir(parents=True)
        (folder / CANCEL).touch()
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(local_runner, "run_in_process", work)
    assert done(desk).state is JobState.CANCELLED
    assert sorted(each.name for each in folder.iterdir()) == [JOB]


def test_two_programs_on_one_folder_do_each_job_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(4):
        path = jobs_folder(desk.home / "local") / f"j{number}" / JOB
        path.parent.mkdir()
        write_record(path, SENT.model_copy(update={"id": f"j{number}"}))
    began: list[str] = []

    async def work(_: object, order: LocalOrder, **__: Any) -> tuple[OutputFile, ...]:
        began.append(order.job.id)
        await asyncio.sleep(0)
        return MADE

    monkeypatch.setattr(local_runner, "run_in_process", work)
    other = open_desk(desk.home)

    async def both() -> tuple[int, int]:
        return await asyncio.gather(run_local_jobs(desk), run_local_jobs(other))

    try:
        assert sum(asyncio.run(both())) == 5
    finally:
        other.store.close()
    assert sorted(began) == ["j", "j0", "j1", "j2", "j3"]
