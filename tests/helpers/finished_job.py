"""A job that is done at the server in memory, with files to fetch."""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pyzipper
from pydantic import SecretStr

from app.domain.job import Job, JobState
from app.domain.result import Result, ResultState
from app.operations.desk import Desk
from app.operations.draft_job import JobDraft
from app.operations.fetch_results import fetch_results
from app.operations.submit_job import submit_job
from app.operations.visit_jobs import visit_jobs
from app.store import jobs, results
from tests.helpers.desk_fixtures import only_job
from tests.helpers.fake_family import FakeDownload, FakeFamily


def archive(password: SecretStr, member: str = "notes.txt", text: bytes = b"imputed" * 1000) -> bytes:
    """An encrypted ZIP with one file."""
    buffer = io.BytesIO()
    with pyzipper.AESZipFile(
        buffer, "w", compression=zipfile.ZIP_DEFLATED, encryption=pyzipper.WZ_AES
    ) as made:
        made.setpassword(password.get_secret_value().encode())
        made.writestr(member, text)
    return buffer.getvalue()


@pytest.fixture
def done(desk: Desk, fake: FakeFamily, ready: JobDraft) -> Desk:
    """A finished job with an encrypted archive and a report."""
    asyncio.run(submit_job(desk, ready))
    password = fake.submissions[0].password
    assert password is not None
    fake.content = {"chr_20.zip": archive(password), "statistics/snps-excluded.txt": b"none\n"}
    fake.give_files("job-1")
    fake.set_state("job-1", JobState.SUCCESS, 4)
    asyncio.run(visit_jobs(desk, ready.service_id))
    return desk


async def second_job(desk: Desk, fake: FakeFamily, draft: JobDraft, text: bytes) -> Job:
    """Another finished job, whose archive holds a file of the same name with another text."""
    known = {(await only_job(desk)).id}
    await submit_job(desk, draft.model_copy(update={"name": "Second"}))
    password = fake.submissions[1].password
    assert password is not None
    fake.content = {"chr_20.zip": archive(password, text=text)}
    fake.give_files("job-2")
    fake.set_state("job-2", JobState.SUCCESS, 4)
    await visit_jobs(desk, draft.service_id)
    return next(job for job in await desk.store.read(jobs.jobs) if job.id not in known)


def result_of(desk: Desk, job_id: str) -> Result:
    """The record of a job's result."""
    found = desk.store.read_now(lambda c: results.result_of_job(c, job_id))
    assert found is not None
    return found


def fetch(desk: Desk, to: Path | None = None, password: SecretStr | None = None) -> Path:
    """Fetch the result of the only job, as a person does; the folder of the verified result."""
    job = asyncio.run(only_job(desk))
    asyncio.run(fetch_results(desk, job.id, to, password))
    found = result_of(desk, job.id)
    assert found.state is ResultState.VERIFIED
    return Path(found.folder)


class WithoutLength(FakeDownload):
    """A download whose length the server does not tell, and that ends one byte too early without a word."""

    def __init__(self, content: bytes, offset: int, cut: int | None) -> None:
        super().__init__(content, offset, cut)
        self.total = None

    async def chunks(self) -> AsyncIterator[bytes]:
        """All but the last byte."""
        async for chunk in super().chunks():
            yield chunk[:-1]


class WithOtherMd5(FakeDownload):
    """A download with a Content-MD5 header of something else."""

    def __init__(self, content: bytes, offset: int, cut: int | None) -> None:
        super().__init__(content, offset, cut)
        self.md5 = "0" * 32
