"""Whatever breaks while a job is sent: one job in the end, never two and never none."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.domain.changes import Noun
from app.domain.job import Job, JobState
from app.domain.problem import Kind
from app.operations.add_dataset import add_dataset
from app.operations.change_service import set_token
from app.operations.submit_job import create_job
from app.operations.tasks import TaskKind
from app.practice.server import PracticeServer
from app.store import jobs
from tests.end_to_end.conftest import StartServer
from tests.end_to_end.program import Program, running, until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(600),
    pytest.mark.usefixtures("short_pauses"),
]

Spoil = Callable[[PracticeServer], None]
SUBMIT = "/api/v2/jobs/submit"


@pytest.fixture
def cohort(tmp_path: Path) -> Path:
    """Three megabytes that the quick work of the server does not read."""
    path = tmp_path / "cohort.chr20.vcf.gz"
    path.write_bytes(random.Random(1).randbytes(3_000_000))
    return path


async def sent(program: Program, server: PracticeServer, cohort: Path) -> str:
    """A job that the scheduler is about to send; its id."""
    service_id = await program.add(server)
    dataset_id = (await add_dataset(program.desk, (cohort,))).ids(Noun.DATASET)[0]
    draft = await program.draft(service_id, dataset_id, "hg19", skip_check=True, name="Broken")
    return (await create_job(program.desk, draft)).ids(Noun.JOB)[0]


async def ends_well(program: Program, server: PracticeServer, job_id: str) -> Job:
    """The result comes, from the one job that the server ever had."""
    await program.until_verified(job_id)
    job = await program.desk.job(job_id)
    assert [there.name for there in server.jobs()] == [job.remote_name]
    assert job.remote_id == server.jobs()[0].id
    assert job.problem is None
    return job


def lose_answer(server: PracticeServer) -> None:
    server.faults.drop_answer = 1


def lose_upload(server: PracticeServer) -> None:
    server.faults.set(drop_upload_at=1_000_000, drop_uploads=2)


def bad_gateway(server: PracticeServer) -> None:
    server.faults.set(path=SUBMIT, bad_gateway=2)


def cut_at_once(server: PracticeServer) -> None:
    server.faults.set(path=SUBMIT, drop_connection=2)


def too_busy(server: PracticeServer) -> None:
    server.faults.set(path=SUBMIT, busy=1, retry_after_s=1)


@pytest.mark.parametrize(
    ("spoil", "mode"),
    [
        (lose_answer, "cg3-local"),
        (lose_answer, "cg2"),
        (lose_upload, "cg3-s3"),
        (bad_gateway, "cg3-local"),
        (cut_at_once, "cg2"),
        (too_busy, "cg3-local"),
    ],
)
def test_one_job_comes_of_it(
    spoil: Spoil, mode: str, cohort: Path, start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server(mode, quick=True)

    async def play() -> list[str]:
        async with running(tmp_path / "home") as program:
            spoil(server)
            job_id = await sent(program, server, cohort)
            await ends_well(program, server, job_id)
            return [e.text for e in await program.desk.store.read(lambda c: jobs.events(c, job_id=job_id))]

    told = asyncio.run(play())
    tries = len([r for r in server.requests.matching("POST", SUBMIT) if r.status == 200])
    assert tries == (0 if spoil is lose_answer else 1)
    assert sum("Accepted by the server" in text for text in told) == 1
    if spoil is lose_answer:
        assert len(server.requests.matching("POST", SUBMIT)) == 1, "sent once, found in the list"
    else:
        assert any("Waiting" in text for text in told), told


def test_maintenance_in_the_middle(cohort: Path, start_server: StartServer, tmp_path: Path) -> None:
    """The service closes after the checks and before the upload ends: the job waits and then goes on."""
    server = start_server(quick=True)

    async def play() -> None:
        async with running(tmp_path / "home") as program:
            server.faults.set(path=SUBMIT, delay_s=1.0)
            job_id = await sent(program, server, cohort)
            await until(lambda: uploading(program), "the upload has begun")
            server.faults.maintenance = True
            job = await program.until_state(job_id, JobState.WAITING)
            assert job.problem is not None
            assert job.problem.kind is Kind.BUSY
            assert "maintenance" in job.problem.sentence()
            assert server.jobs() == []
            server.faults.clear()
            await ends_well(program, server, job_id)

    asyncio.run(play())


@pytest.mark.parametrize("why", ["expired", "revoked"])
def test_the_token_ends_while_uploading(
    why: str, cohort: Path, start_server: StartServer, tmp_path: Path
) -> None:
    """The job waits for the user, says so, and goes on by itself when there is a new token."""
    server = start_server(quick=True)

    async def play() -> None:
        async with running(tmp_path / "home") as program:
            server.faults.set(path=SUBMIT, delay_s=1.0)
            job_id = await sent(program, server, cohort)
            await until(lambda: uploading(program), "the upload has begun")
            server.faults.token = why
            job = await program.until_state(job_id, JobState.WAITING)
            assert job.problem is not None
            assert job.problem.kind is Kind.SIGN_IN
            assert "token" in job.problem.sentence().lower()
            assert job.problem.what_you_can_do
            assert server.jobs() == []
            tries = len(server.requests.matching("POST", SUBMIT))
            server.faults.clear()
            await set_token(program.desk, job.service_id, SecretStr(server.new_token()))
            await ends_well(program, server, job_id)
            assert len(server.requests.matching("POST", SUBMIT)) == tries + 1

    asyncio.run(play())


async def uploading(program: Program) -> bool:
    return any(task.kind is TaskKind.UPLOAD for task in program.desk.tasks.running())
