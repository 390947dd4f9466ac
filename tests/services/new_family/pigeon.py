"""Imputation by carrier pigeon: a service in memory, in a language that no other family speaks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import SecretStr

from app.domain.job import ENDED_STATES, JobFile, JobState
from app.domain.panel import Panel
from app.domain.parameter import VALUE_TYPES, Choice, Form, Parameter, ParameterType
from app.domain.problem import Kind, problem
from app.domain.progress import Progress, Report
from app.domain.service import Health, HealthState, Phases, ServiceApp, TokenInfo
from app.services.contract import (
    Capabilities,
    Connection,
    RemoteFile,
    RemoteJob,
    Seal,
    ServerInfo,
    Submission,
)

APP = "fly"
TOKEN = "corn"
PIECE = 1000


class Loft:
    """The far end: it keeps jobs and files, and counts who asks."""

    def __init__(self) -> None:
        self.jobs: dict[str, RemoteJob] = {}
        self.files: dict[str, dict[str, bytes]] = {}
        self.received: dict[str, bytes] = {}
        self.lists = self.gets = 0
        self.open = True
        self.loses_next_answer = False

    def finish(self, remote_id: str, files: dict[str, bytes]) -> None:
        """Let a job succeed with these files."""
        self.files[remote_id] = files
        told = {"state": JobState.SUCCESS, "ended": datetime.now(UTC)}
        self.jobs[remote_id] = self.jobs[remote_id].model_copy(update=told)


def _read(submission: Submission) -> bytes:
    return b"".join(Path(file.path).read_bytes() for file in submission.files)


class PigeonDownload:
    """Bytes from memory; it cannot go on where it was cut."""

    def __init__(self, content: bytes) -> None:
        self.offset = 0
        self.total: int | None = len(content)
        self.md5: str | None = None
        self._content = content

    async def chunks(self) -> AsyncIterator[bytes]:
        """In small pieces."""
        for at in range(0, len(self._content), PIECE):
            yield self._content[at : at + PIECE]


class Pigeon:
    """A family of `contract.ServiceFamily`."""

    name = "pigeon"
    capabilities = Capabilities(
        passwords=False,
        restart=False,
        why_not={
            "passwords": "A pigeon keeps no secrets.",
            "restart": "A pigeon that is lost stays lost.",
            "delete": "Nothing is ever thrown away in the loft.",
        },
    )

    def __init__(self, loft: Loft) -> None:
        self._loft = loft
        self._last: tuple[datetime, tuple[RemoteJob, ...]] | None = None

    def _fly(self, connection: Connection, *, signed: bool = True) -> None:
        if not self._loft.open:
            raise problem(Kind.NO_NETWORK, "The loft is shut", "No pigeon comes back", "Wait")
        token = connection.token.get_secret_value() if connection.token is not None else ""
        if signed and token != TOKEN:
            raise problem(Kind.SIGN_IN, "No pigeon flies without corn", "The token is not corn", "Bring corn")

    async def recognise(self, connection: Connection) -> ServerInfo:
        """It lives at one address."""
        self._fly(connection, signed=False)
        if "pigeon" not in connection.base_url:
            raise problem(Kind.NOT_FOUND, "There is no loft here", "No pigeon came")
        return ServerInfo(
            name="Loft",
            generation="pigeon",
            apps=(ServiceApp(id=APP, name="Flight", version="1"),),
            logged_in=connection.token is not None,
            country="ZA",
        )

    describe = recognise

    async def health(self, connection: Connection) -> Health:
        """Open or shut."""
        up = self._loft.open
        return Health(
            service_id=connection.service_id,
            at=datetime.now(UTC),
            state=HealthState.UP if up else HealthState.DOWN,
            phases=Phases(tcp=1.0, first_byte=2.0) if up else Phases(),
            status_code=200 if up else None,
            failed_phase=None if up else "tcp",
            detail="" if up else "The loft is shut",
        )

    async def verify_token(self, connection: Connection) -> TokenInfo:
        """Corn is good."""
        self._fly(connection, signed=False)
        if connection.token is None or connection.token.get_secret_value() != TOKEN:
            return TokenInfo(present=connection.token is not None, valid=False)
        ends = datetime.now(UTC) + timedelta(days=30)
        return TokenInfo(present=True, valid=True, expires=ends, username="fancier")

    async def form(self, connection: Connection, app_id: str) -> Form:
        """A panel, files, and a promise."""
        self._fly(connection)
        if app_id != APP:
            raise problem(Kind.NOT_FOUND, "No such flight", f"There is no {app_id}")
        panels = (Choice(key="seeds", label="Seeds (GRCh38)"),)
        parameters = (
            Parameter(id="panel", label="Panel", type=ParameterType.PANEL, choices=panels),
            Parameter(id="letters", label="Files", type=ParameterType.FILES),
            Parameter(id="promise", label="I feed the pigeon.", type=ParameterType.TERMS, required=True),
        )
        return Form(app_id=APP, app_name="Flight", parameters=parameters)

    def panels(self, connection: Connection, form: Form, at: datetime) -> tuple[Panel, ...]:
        """Those of the form."""
        return tuple(
            Panel(id=c.key, service_id=connection.service_id, app_id=form.app_id, name=c.label, as_of=at)
            for parameter in form.of_type(ParameterType.PANEL)
            for c in parameter.choices
        )

    async def submit(self, connection: Connection, submission: Submission, report: Report, seal: Seal) -> str:
        """All bytes first, the job after the seal."""
        form = await self.form(connection, submission.app_id)
        for name in submission.options:
            known = form.parameter(name)
            if known is None or known.type not in VALUE_TYPES:
                raise problem(Kind.INPUT, "The loft does not know an option", f"There is no {name}")
        received = await asyncio.to_thread(_read, submission)
        report(Progress(done=len(received), total=len(received)))
        await seal()
        remote_id = f"ring-{len(self._loft.jobs) + 1}"
        self._loft.received[remote_id] = received
        self._loft.jobs[remote_id] = RemoteJob(
            remote_id=remote_id,
            name=submission.remote_name,
            state=JobState.QUEUED,
            queue_position=0,
            submitted=datetime.now(UTC),
        )
        if self._loft.loses_next_answer:
            self._loft.loses_next_answer = False
            raise problem(Kind.NO_NETWORK, "The pigeon did not come back", "A hawk was seen")
        return remote_id

    async def jobs(self, connection: Connection, *, fresh: bool = False) -> tuple[RemoteJob, ...]:
        """The list, seldom asked for."""
        self._fly(connection)
        now, pause = datetime.now(UTC), timedelta(seconds=connection.limits.min_poll_s)
        if self._last is not None and not fresh and now - self._last[0] < pause:
            return self._last[1]
        self._loft.lists += 1
        found = tuple(job.model_copy(update={"complete": False}) for job in self._loft.jobs.values())
        self._last = (now, found)
        return found

    async def job(self, connection: Connection, remote_id: str) -> RemoteJob:
        """One job with its files."""
        self._fly(connection)
        if remote_id not in self._loft.jobs:
            raise problem(Kind.NOT_FOUND, "No such ring", "No pigeon has it")
        files = tuple(
            RemoteFile(
                file=JobFile(name=name, size_text=f"{len(content)} bytes", downloads_left=-1),
                locator=SecretStr(f"roost-of-{remote_id}/{name}"),
            )
            for name, content in self._loft.files.get(remote_id, {}).items()
        )
        return self._loft.jobs[remote_id].model_copy(update={"files": files})

    async def cancel(self, connection: Connection, remote_id: str) -> RemoteJob:
        """Call it back."""
        job = await self.job(connection, remote_id)
        if job.state not in ENDED_STATES:
            stopped = {"state": JobState.CANCELLED, "ended": datetime.now(UTC)}
            self._loft.jobs[remote_id] = self._loft.jobs[remote_id].model_copy(update=stopped)
        return await self.job(connection, remote_id)

    async def restart(self, connection: Connection, remote_id: str) -> None:
        """Not to be had."""
        raise problem(Kind.REFUSED, "It cannot be sent again", self.capabilities.why_not["restart"])

    @asynccontextmanager
    async def download(
        self, connection: Connection, file: RemoteFile, offset: int, resume: SecretStr | None
    ) -> AsyncIterator[tuple[PigeonDownload, SecretStr | None]]:
        """Always from the start."""
        self._fly(connection)
        self._loft.gets += 1
        remote_id, _, name = file.locator.get_secret_value().removeprefix("roost-of-").partition("/")
        yield PigeonDownload(self._loft.files[remote_id][name]), None

    def job_page(self, connection: Connection, remote_id: str) -> str:
        """For people."""
        return f"{connection.base_url}/rings/{remote_id}"
