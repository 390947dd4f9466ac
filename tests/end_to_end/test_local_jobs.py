"""Jobs on this computer, through the operations of every other job, with the runner as a real process."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable, Coroutine, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest

from app.application import open_desk
from app.domain.changes import Noun
from app.domain.clock import FixedClock
from app.domain.job import Job, JobState, StepState
from app.domain.problem import Kind, ProblemError
from app.domain.settings import LocalImputation
from app.operations.add_dataset import add_dataset
from app.operations.change_settings import save_settings
from app.operations.check_dataset import check_dataset
from app.operations.desk import Desk
from app.operations.draft_job import JobDraft
from app.operations.end_job import cancel_job
from app.operations.exclusive import exclusive_file
from app.operations.fetch_results import fetch_results
from app.operations.local_host import LOCK, ThisComputer
from app.operations.local_panels import add_local_panel, remove_local_panel, this_computer
from app.operations.local_tidy import tidy_local_jobs
from app.operations.submit_job import submit_job
from app.operations.visit_jobs import visit_jobs
from app.services.local.layout import JOB, LocalJob, jobs_folder
from app.store import notices, results, services
from tests.end_to_end.conftest import World
from tests.end_to_end.held_runner import hold

T = TypeVar("T")
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
LIMIT_S = 240.0


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A data folder whose runner ends with the test."""
    monkeypatch.setenv("HAPLODESK_KEYRING", "memory")
    opened = open_desk(tmp_path / "home")
    yield opened
    for child in host(opened)._children:
        child.kill()
        child.wait()
    opened.store.close()


def host(desk: Desk) -> ThisComputer:
    family = desk.registry.family("local")
    found = family._host  # type: ignore[attr-defined]
    assert isinstance(found, ThisComputer)
    return found


def run(what: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(what)


async def sent(desk: Desk, world: World, name: str = "Cohort", **options: str) -> Job:
    """A dataset that is checked and sent to this computer."""
    service = await this_computer(desk)
    assert service is not None
    dataset = (await add_dataset(desk, tuple(world.data.cohort))).ids(Noun.DATASET)[0]
    await check_dataset(desk, dataset, service.id, "practice", None)
    draft = JobDraft(
        name=name,
        dataset_id=dataset,
        service_id=service.id,
        app_id="impute",
        panel_id="practice",
        options={"engine": "builtin", **options},
        override_reason="invented people",
    )
    changes = await submit_job(desk, draft)
    return await desk.job(changes.ids(Noun.JOB)[0])


async def add_panel(desk: Desk, world: World, build: str | None = "GRCh37", *, packed: bool = False) -> None:
    """Packed for all engines of the computer only where that is looked at: it takes most of the time."""
    if not packed:
        settings = await desk.settings()
        bare = settings.local.model_copy(update={"minimac4": "absent", "java": "absent"})
        await save_settings(desk, settings.model_copy(update={"local": bare}))
    await add_local_panel(desk, "Practice", world.data.panel, build, world.data.maps)


async def until(desk: Desk, job: Job, good: Callable[[Job], bool]) -> Job:
    """Look at the list of jobs until something is true, as the scheduler would."""
    end = time.monotonic() + LIMIT_S
    while time.monotonic() < end:
        await visit_jobs(desk, job.service_id)
        job = await desk.job(job.id)
        if good(job):
            return job
        desk.last_lists.clear()
        await asyncio.sleep(0.2)
    raise AssertionError(f"{job.state} {job.step}")


def ended(job: Job) -> bool:
    return job.state in {JobState.SUCCESS, JobState.FAILED, JobState.CANCELLED}


def record(desk: Desk, job: Job) -> LocalJob:
    path = jobs_folder(desk.home / "local") / str(job.remote_id) / JOB
    return LocalJob.model_validate_json(path.read_bytes())


def test_from_submission_to_result(desk: Desk, world: World) -> None:
    async def journey() -> None:
        await add_panel(desk, world, packed=True)
        job = await until(desk, await sent(desk, world), ended)
        assert job.state is JobState.SUCCESS, job.problem
        assert not job.password_set
        assert [step.state for step in job.steps] == [StepState.DONE] * 3
        assert any("were used" in m.text for step in job.steps for m in step.messages)
        assert "Cohort is done" in [n.title for n in await desk.store.read(notices.recent)]
        await fetch_results(desk, job.id)
        (result,) = await desk.store.read(lambda c: results.results(c))
        names = {each.path for each in result.files}
        assert {"chr20.dose.vcf.gz", "chr22.dose.vcf.gz", "run.json"} <= names
        assert result.quality is not None
        panel = (await desk.store.read(services.panels))[0]
        assert (panel.build, panel.chromosomes) == ("GRCh37", ("20", "22"))
        await remove_local_panel(desk, "practice")
        assert not await desk.store.read(services.panels)
        copy = jobs_folder(desk.home / "local") / str(job.remote_id) / "output"
        await tidy_local_jobs(desk)
        assert copy.exists()
        desk.clock = FixedClock(desk.clock.now() + timedelta(days=8))
        await tidy_local_jobs(desk)
        assert not copy.exists()
        assert all((Path(result.folder) / each.path).exists() for each in result.files)

    run(journey())


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="no process groups here")
def test_a_runner_that_is_killed_goes_on_with_what_it_had(
    desk: Desk, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold(monkeypatch, tmp_path / "go", after="work/20/chunk-0.json")

    async def journey() -> None:
        await add_panel(desk, world)
        job = await sent(desk, world)
        folder = jobs_folder(desk.home / "local") / str(job.remote_id)
        first = folder / "work" / "20" / "chunk-0.json"
        async with asyncio.timeout(LIMIT_S):
            while not first.exists():  # noqa: ASYNC110 - another process makes it, and stands still there
                await asyncio.sleep(0.02)
        runner = host(desk)._children[0]
        os.kill(runner.pid, signal.SIGKILL)
        runner.wait()
        assert record(desk, job).state is JobState.RUNNING
        with exclusive_file(desk.home / "local" / LOCK) as free:
            assert free
        (tmp_path / "go").touch()
        job = await until(desk, job, ended)
        assert job.state is JobState.SUCCESS, job.problem
        assert record(desk, job).done_chunks >= 2  # the phase and the dosages of chromosome 20
        assert len(host(desk)._children) == 1
        assert not (folder / "work").exists()

    run(journey())


def test_a_cancelled_job_lets_the_next_one_through(
    desk: Desk, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold(monkeypatch, tmp_path / "go")

    async def journey() -> None:
        await add_panel(desk, world)
        first = await sent(desk, world, "First")
        second = await sent(desk, world, "Second")
        await until(desk, first, lambda job: job.state is JobState.RUNNING)
        with pytest.raises(ProblemError, match="in use"):
            await remove_local_panel(desk, "practice")
        await cancel_job(desk, first.id)
        assert (await desk.job(first.id)).state is JobState.CANCELLED
        (tmp_path / "go").touch()
        second = await until(desk, second, ended)
        assert second.state is JobState.SUCCESS, second.problem
        assert record(desk, first).state is JobState.CANCELLED
        folder = jobs_folder(desk.home / "local") / str(first.remote_id)
        assert not (folder / "work").exists()
        assert not (folder / "output").exists()

    run(journey())


def test_jobs_that_cannot_be_done_say_why(desk: Desk, world: World) -> None:
    async def journey() -> None:
        await add_panel(desk, world)
        settings = await desk.settings()
        small = settings.model_copy(update={"local": LocalImputation(memory_mb=30)})
        await save_settings(desk, small)
        job = await until(desk, await sent(desk, world), ended)
        assert job.state is JobState.FAILED
        assert job.problem is not None
        assert "not enough memory" in job.problem.what_happened
        await save_settings(desk, settings)
        again = await sent(desk, world, "Touched")
        os.utime(world.data.cohort[0], ns=(1, 1))
        touched = await until(desk, again, ended)
        assert touched.problem is not None
        assert "changed" in touched.problem.what_happened

    run(journey())


def test_panels_are_refused_whole(desk: Desk, world: World) -> None:
    async def journey() -> None:
        with pytest.raises(ProblemError, match="twice"):
            await add_local_panel(desk, "Twice", (world.data.panel[0], world.data.panel[0]), "GRCh37")
        await add_panel(desk, world)
        with pytest.raises(ProblemError, match="of that name") as caught:
            await add_panel(desk, world)
        assert caught.value.problem.kind is Kind.INPUT
        assert [p.name for p in (desk.home / "local" / "panels").iterdir()] == ["practice"]

    run(journey())
