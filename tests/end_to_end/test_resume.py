"""A cut download: resumed for nothing where the server can, else paid for, but never with the last one."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.domain.changes import Noun
from app.domain.job import JobState
from app.domain.problem import Kind, ProblemError
from app.domain.result import Result
from app.operations.add_dataset import add_dataset
from app.operations.fetch_results import fetch_results
from app.operations.submit_job import create_job, submit_job
from app.operations.visit_jobs import visit_jobs
from app.practice.server import PracticeServer
from app.practice.settings import PracticeLimits
from app.store.secrets import MemorySecrets
from tests.end_to_end.conftest import StartServer, World
from tests.end_to_end.program import Program, left_over, running, until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.usefixtures("short_pauses"),
]
ARCHIVE = "chr_20.zip"
CUT_AT = 20_000


async def finished_job(program: Program, server: PracticeServer, world: World) -> str:
    """A job that has ended at the server and whose files were not fetched yet; its id."""
    service_id = await program.add(server)
    dataset_id = (await add_dataset(program.desk, world.data.cohort)).ids(Noun.DATASET)[0]
    draft = await program.draft(service_id, dataset_id, "hg19", skip_check=True)
    job_id = (await submit_job(program.desk, draft)).ids(Noun.JOB)[0]

    async def ended() -> bool:
        await visit_jobs(program.desk, service_id)
        return (await program.desk.job(job_id)).state is JobState.SUCCESS

    await until(ended, "the job has ended")
    return job_id


def used(server: PracticeServer, name: str) -> int:
    """How many downloads of a file were used up."""
    (job,) = server.jobs()
    most = server._context.limits.max_downloads
    return most - next(entry.count for entry in job.results if entry.name == name)


def test_an_object_store_resumes_at_the_same_address(
    world: World, start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server("cg3-s3", quick=True)

    async def play() -> Result:
        async with running(tmp_path / "home", background=False) as program:
            job_id = await finished_job(program, server, world)
            server.faults.set(drop_download_at=CUT_AT, drop_downloads=1)
            await fetch_results(program.desk, job_id)
            return await program.until_verified(job_id)

    result = asyncio.run(play())
    assert used(server, ARCHIVE) == used(server, "chr_22.zip") == 1
    stored = [r for r in server.requests.matching("GET", "/practice-results/") if r.path.endswith(ARCHIVE)]
    assert [r.status for r in stored] == [200, 206]
    assert stored[0].query == stored[1].query, "the same signed address"
    assert 0 < int(stored[1].byte_range.removeprefix("bytes=").rstrip("-")) <= CUT_AT
    assert not any(r.authorised for r in stored)
    assert left_over(Path(result.folder)) == []


def test_a_local_workspace_costs_one_more(world: World, start_server: StartServer, tmp_path: Path) -> None:
    server = start_server("cg3-local", quick=True)

    async def play() -> Result:
        async with running(tmp_path / "home", background=False) as program:
            job_id = await finished_job(program, server, world)
            server.faults.set(drop_download_at=CUT_AT, drop_downloads=1)
            await fetch_results(program.desk, job_id)
            return await program.until_verified(job_id)

    result = asyncio.run(play())
    assert (used(server, ARCHIVE), used(server, "chr_22.zip")) == (2, 1)
    assert not any(r.byte_range for r in server.requests.all())
    assert left_over(Path(result.folder)) == []


def test_the_last_download_is_left_to_the_user(
    world: World, start_server: StartServer, tmp_path: Path
) -> None:
    """Three downloads: two are cut, the third is spent not by the program, but by the user who asks."""
    server = start_server("cg3-local", quick=True, limits=PracticeLimits(max_downloads=3))

    async def play() -> Result:
        async with running(tmp_path / "home", background=False) as program:
            job_id = await finished_job(program, server, world)
            server.faults.set(drop_download_at=CUT_AT, drop_downloads=9)
            with pytest.raises(ProblemError) as caught:
                await fetch_results(program.desk, job_id)
            told = caught.value.problem
            assert told.kind is Kind.NO_NETWORK
            assert f"1 download is left for {ARCHIVE}" in told.what_happened
            assert used(server, ARCHIVE) == 2
            server.faults.clear()
            await fetch_results(program.desk, job_id)
            return await program.until_verified(job_id)

    result = asyncio.run(play())
    assert used(server, ARCHIVE) == 3
    assert left_over(Path(result.folder)) == []


def test_the_scheduler_does_not_spend_the_last_one_either(
    world: World, start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server("cg3-local", quick=True, limits=PracticeLimits(max_downloads=3))
    server.faults.set(drop_download_at=CUT_AT, drop_downloads=99)

    async def play() -> None:
        async with running(tmp_path / "home") as program:
            service_id = await program.add(server)
            dataset_id = (await add_dataset(program.desk, world.data.cohort)).ids(Noun.DATASET)[0]
            draft = await program.draft(service_id, dataset_id, "hg19", skip_check=True)
            job_id = (await create_job(program.desk, draft)).ids(Noun.JOB)[0]

            await stopped(program, job_id)
        secrets = MemorySecrets()  # filled before the start: a sweep without a token ends the tries
        secrets.set(f"token:{service_id}", SecretStr(server.token()))
        async with running(tmp_path / "home", secrets) as program:
            await stopped(program, job_id)

    asyncio.run(play())
    assert used(server, ARCHIVE) == 2


async def stopped(program: Program, job_id: str) -> None:
    """Wait until the fetch has ended before the last download, and let the scheduler sweep some more."""

    async def ended() -> bool:
        found = await program.result(job_id)
        fetching = any(key.startswith("fetch:") for key in program.scheduler._running)
        return found is not None and "1 download is left" in found.problem and not fetching

    await until(ended, "the fetch has stopped before the last download")
    for _ in range(5):
        await program.scheduler.sweep()
        await asyncio.sleep(0.3)
