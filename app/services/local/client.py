"""The family of services `local`: this computer, behind the same contract as every other service."""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import shutil
import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from pydantic import SecretStr

from app.domain.job import ENDED_STATES, JobFile, JobState
from app.domain.panel import Panel
from app.domain.parameter import Form, ParameterType
from app.domain.problem import Kind, ProblemError, problem
from app.domain.progress import Progress, Report
from app.domain.rule_file import RULE_FILE
from app.domain.service import Health, HealthState, Phases, TokenInfo
from app.services.contract import (
    Capabilities,
    Connection,
    RemoteFile,
    RemoteJob,
    Seal,
    ServerInfo,
    Submission,
)
from app.services.local.downloads import LocalDownload, open_file
from app.services.local.form import APP, APP_ID, PANEL_FIELD, make_form
from app.services.local.host import FoundEngine, Host
from app.services.local.layout import (
    CANCEL,
    JOB,
    NEW,
    LocalJob,
    jobs_folder,
    read_job,
    read_jobs,
    read_panels,
    read_steps,
    write_record,
)

ADDRESS = "http://this-computer.localhost"
NAME = "This computer"
_RAW = {
    JobState.QUEUED: 1,
    JobState.RUNNING: 2,
    JobState.EXPORTING: 3,
    JobState.SUCCESS: 4,
    JobState.FAILED: 5,
    JobState.CANCELLED: 6,
}
_MENDS = frozenset(
    {
        "chromosome.several",
        "chromosome.prefix",
        "chromosome.mixed_prefix",
        "container.gzip",
        "order.unsorted",
        "order.not_contiguous",
        "site.duplicate",
    }
)
T = TypeVar("T")


class Local:
    """Jobs in a folder. It only reads and writes small files; the runner does the work."""

    name = "local"
    capabilities = Capabilities(
        network=False,
        token=False,
        passwords=False,
        restart=False,
        mends=_MENDS,
        why_not={
            "network": "Everything stays on this computer.",
            "token": "This computer needs no token.",
            "passwords": "Results stay on this computer and are not packed into archives.",
            "restart": "A job that was cut short goes on by itself; one that failed when it is sent again.",
            "delete": "Results are removed with the job's folder.",
        },
    )

    def __init__(self, host: Host | None = None) -> None:
        self._given = host

    @property
    def _host(self) -> Host:
        if self._given is None:
            raise problem(Kind.NOT_FOUND, "No data folder is open", "Local jobs live in the data folder.")
        return self._given

    async def recognise(self, connection: Connection) -> ServerInfo:
        """Only its own address is this computer."""
        if connection.base_url.rstrip("/") != ADDRESS:
            raise problem(Kind.NOT_FOUND, "This is not this computer", f"It is at {ADDRESS}.")
        return await self.describe(connection)

    async def health(self, connection: Connection) -> Health:
        """Whether the folder can be used."""
        began = time.monotonic()
        now = datetime.now(UTC)
        try:
            await self._read(read_panels)
        except ProblemError as error:
            return Health(
                service_id=connection.service_id,
                at=now,
                state=HealthState.DOWN,
                failed_phase="folder",
                detail=error.problem.what_happened,
            )
        spent = 1000 * (time.monotonic() - began)
        return Health(
            service_id=connection.service_id, at=now, state=HealthState.UP, phases=Phases(first_byte=spent)
        )

    async def verify_token(self, connection: Connection) -> TokenInfo:
        """None is needed, so it is as good as there."""
        await self._read(read_panels)
        return TokenInfo(present=True, valid=True, detail=self.capabilities.why_not["token"])

    async def describe(self, connection: Connection) -> ServerInfo:
        """One application."""
        await self._read(read_panels)
        return ServerInfo(name=NAME, generation="local", apps=(APP,), logged_in=True)

    async def form(self, connection: Connection, app_id: str) -> Form:
        """Panels and engines as they are now."""
        if app_id != APP_ID:
            what = f"This computer has no application “{app_id}”"
            raise problem(Kind.NOT_FOUND, "No such application", what)
        return make_form(await self._read(read_panels), await self._engines())

    async def _engines(self) -> tuple[FoundEngine, ...]:
        return await self._host.engines()

    def panels(self, connection: Connection, form: Form, at: datetime) -> tuple[Panel, ...]:
        """The panels that the form offers, with what is known of each."""
        offered = {choice.key for each in form.of_type(ParameterType.PANEL) for choice in each.choices}
        with _told(self._host.folder):
            known = read_panels(self._host.folder)
        return tuple(
            Panel(
                id=each.id,
                service_id=connection.service_id,
                app_id=form.app_id,
                name=each.name,
                build=each.build,
                samples=each.samples,
                variants=each.variants,
                chromosomes=each.chromosomes,
                as_of=at,
                source="this computer",
            )
            for each in known
            if each.id in offered
        )

    async def submit(self, connection: Connection, submission: Submission, report: Report, seal: Seal) -> str:
        """Put a job into the queue. It exists with the renaming of its folder, the last thing done."""
        form = await self.form(connection, submission.app_id)
        self._refuse_unknown(form, submission)
        now = datetime.now(UTC)
        job_id = f"job-{now:%Y%m%d-%H%M%S}-{secrets.token_hex(3)}"
        job = LocalJob(
            id=job_id,
            name=submission.remote_name,
            app_id=APP_ID,
            panel_id=str(submission.options[PANEL_FIELD]),
            files=submission.files,
            options=submission.options,
            submitted=now,
        )
        size = max(1, sum(each.size for each in submission.files))
        report(Progress(done=0, total=size))
        folder = jobs_folder(self._host.folder)
        draft = folder / (NEW + job_id)
        try:
            await self._write(_prepared, draft, job, submission.rule_text)
            await seal()
            report(Progress(done=size, total=size))
            await self._write(os.replace, draft, folder / job_id)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        self._host.wake()
        return job_id

    def _refuse_unknown(self, form: Form, submission: Submission) -> None:
        known = {each.id for each in form.parameters}
        strange = sorted(set(submission.options) - known)
        panels = {choice.key for each in form.of_type(ParameterType.PANEL) for choice in each.choices}
        if strange:
            what = f"This computer knows no parameter “{strange[0]}”"
            raise problem(Kind.INPUT, "Unknown parameter", what, "Leave it out")
        if submission.options.get(PANEL_FIELD) not in panels:
            what = f"There is no panel “{submission.options.get(PANEL_FIELD, '')}” on this computer"
            raise problem(Kind.INPUT, "The panel is not there", what, "Choose another, or add it again")

    async def jobs(self, connection: Connection, *, fresh: bool = False) -> tuple[RemoteJob, ...]:
        """All jobs; wakes the runner where one waits, as after a restart of the computer."""
        found = await self._read(read_jobs)
        if any(job.state not in ENDED_STATES for job in found):
            self._host.wake()
        waiting = [job.id for job in found if job.state is JobState.QUEUED]
        return tuple(self._remote(job, waiting, complete=False) for job in found)

    async def job(self, connection: Connection, remote_id: str) -> RemoteJob:
        """One job with its steps and files."""
        job = await self._known(remote_id)
        waiting: list[str] = []
        if job.state is JobState.QUEUED:
            waiting = [each.id for each in await self._read(read_jobs) if each.state is JobState.QUEUED]
        return self._remote(job, waiting, complete=True)

    async def _known(self, remote_id: str) -> LocalJob:
        job = await self._read(lambda folder: read_job(folder, remote_id))
        if job is None:
            raise problem(Kind.NOT_FOUND, "No such job", f"This computer has no job “{remote_id[:80]}”")
        return job

    def _remote(self, job: LocalJob, waiting: list[str], *, complete: bool) -> RemoteJob:
        files = tuple(
            RemoteFile(
                file=JobFile(
                    name=each.name, group=each.group, size_text=f"{each.size} bytes", downloads_left=-1
                ),
                locator=SecretStr(f"{job.id}/{each.name}"),
            )
            for each in job.output
        )
        return RemoteJob(
            remote_id=job.id,
            name=job.name,
            state=job.state,
            raw_state=_RAW[job.state],
            progress=job.progress,
            step=job.step,
            steps=read_steps(self._host.folder, job.id) if complete or job.state not in ENDED_STATES else (),
            queue_position=waiting.index(job.id) if job.id in waiting else None,
            submitted=job.submitted,
            started=job.started,
            ended=job.ended,
            files=files if complete else (),
            complete=complete,
        )

    async def cancel(self, connection: Connection, remote_id: str) -> RemoteJob:
        """Mark a job; its runner ends it within a second."""
        job = await self._known(remote_id)
        if job.state not in ENDED_STATES:
            await self._write((jobs_folder(self._host.folder) / job.id / CANCEL).touch)
            self._host.wake()
        return await self.job(connection, remote_id)

    async def restart(self, connection: Connection, remote_id: str) -> None:
        """Nothing is ever lost here."""
        await self._known(remote_id)
        raise problem(Kind.REFUSED, "Nothing to start again", self.capabilities.why_not["restart"])

    @contextlib.asynccontextmanager
    async def download(
        self, connection: Connection, file: RemoteFile, offset: int, resume: SecretStr | None
    ) -> AsyncIterator[tuple[LocalDownload, SecretStr | None]]:
        """Read a result file; its bytes are compared with the hash that the runner wrote down."""
        job_id, _, name = file.locator.get_secret_value().partition("/")
        job = await self._known(job_id)
        told = next((each for each in job.output if each.name == name), None)
        if told is None:
            raise problem(Kind.NOT_FOUND, "The file is not there", f"The job has no file “{name}”")
        async with open_file(jobs_folder(self._host.folder) / job_id, told, offset) as download:
            yield download, None

    def job_page(self, connection: Connection, remote_id: str) -> str:
        """An address that names the job; there is no page for people but the program's own."""
        return f"{connection.base_url}/jobs/{remote_id}"

    async def _read(self, what: Callable[[Path], T]) -> T:
        folder = self._host.folder

        def read() -> T:
            with _told(folder):
                return what(folder)

        return await asyncio.to_thread(read)

    async def _write(self, what: Callable[..., object], *args: object) -> None:
        folder = self._host.folder

        def write() -> None:
            with _told(folder):
                what(*args)

        await asyncio.to_thread(write)


def _prepared(draft: Path, job: LocalJob, rule_text: str) -> None:
    """With the rule of its data, which holds for what is imputed there."""
    draft.mkdir(parents=True)
    if rule_text:
        (draft / RULE_FILE).write_text(rule_text, encoding="utf-8")
    write_record(draft / JOB, job)


@contextlib.contextmanager
def _told(folder: Path) -> Iterator[None]:
    """Turn what the disk can raise into a Problem."""
    try:
        yield
    except OSError as error:
        raise problem(
            Kind.DISK,
            "The folder of local jobs cannot be used",
            f"{folder}: {error.strerror or error}",
            "Look at the disk of the data folder",
            subject=str(folder),
        ) from error
    except ValueError as error:
        raise problem(
            Kind.STORE,
            "The folder of local jobs holds something odd",
            f"{folder} has a record that cannot be read",
            "Remove the folder of that job or panel",
            subject=str(folder),
            details=str(error)[:2000],
        ) from error
