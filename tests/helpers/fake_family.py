"""A family of services that lives in memory and obeys `services/contract.py` to the letter.

Faults are set by tests. It knows how many jobs it made, so that a test can say that none was made twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import SecretStr

from app.domain.job import JobFile, JobState
from app.domain.panel import Panel, Population
from app.domain.parameter import Choice, Form, Parameter, ParameterType
from app.domain.problem import Kind, ProblemError, problem
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

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


def fault(kind: Kind, title: str = "A fault") -> ProblemError:
    """A problem as a family raises it."""
    return problem(kind, title, "The test wants it.")


class FakeDownload:
    """Bytes from memory, cut after `cut` bytes if that is given."""

    def __init__(self, content: bytes, offset: int, cut: int | None) -> None:
        self.offset = offset
        self.total: int | None = len(content)
        self.md5: str | None = None
        self.checksum: tuple[str, str] | None = None
        self._content = content
        self._cut = cut

    async def chunks(self) -> AsyncIterator[bytes]:
        """The bytes from the offset on."""
        end = len(self._content) if self._cut is None else self._cut
        for at in range(self.offset, end, 1000):
            yield self._content[at : min(at + 1000, end)]
        if self._cut is not None:
            raise fault(Kind.NO_NETWORK, "The download was cut")


class FakeFamily:
    """One server in memory."""

    name = "fake"
    capabilities = Capabilities()

    def __init__(self) -> None:
        self.remote: dict[str, RemoteJob] = {}
        self.submissions: list[Submission] = []
        self.calls: list[str] = []
        self.maintenance = False
        self.token_valid = True
        self.token_expires = NOW + timedelta(days=30)
        self.before_seal: Exception | None = None
        self.after_seal: Exception | None = None
        self.answer_lost: Exception | None = None
        self.list_fault: Exception | None = None
        self.hidden_looks = 0
        self.hang = asyncio.Event()
        self.sending = asyncio.Event()
        self.hangs_before_seal = False
        self.health_state = HealthState.UP
        self.content: dict[str, bytes] = {}
        self.cuts: list[int] = []
        self.resumable = False
        self.checksums: dict[str, tuple[str, str]] = {}
        self.downloads: list[tuple[str, int]] = []

    async def health(self, connection: Connection) -> Health:
        """The state the test wants."""
        self.calls.append("health")
        return Health(
            service_id=connection.service_id,
            at=NOW,
            state=self.health_state,
            phases=Phases(dns=1, tcp=1, first_byte=2),
        )

    async def verify_token(self, connection: Connection) -> TokenInfo:
        """Good while the test says so."""
        return TokenInfo(
            present=connection.token is not None, valid=self.token_valid, expires=self.token_expires
        )

    async def describe(self, connection: Connection) -> ServerInfo:
        """One application."""
        return ServerInfo(
            name="Fake server",
            generation="cg3",
            apps=(ServiceApp(id="impute@1", name="Impute", version="1"),),
            maintenance=self.maintenance,
            logged_in=connection.token is not None,
        )

    async def form(self, connection: Connection, app_id: str) -> Form:
        """A form with each type that matters."""
        choices = (Choice(key="apps@one", label="One (GRCh37/hg19)"), Choice(key="apps@two", label="Two"))
        populations = (Choice(key="eur", label="EUR"), Choice(key="off", label="Skip"))
        parameters = (
            Parameter(id="refpanel", label="Panel", type=ParameterType.PANEL, choices=choices),
            Parameter(id="files", label="Files", type=ParameterType.FILES),
            Parameter(
                id="population",
                label="Population",
                type=ParameterType.BOUND_CHOICE,
                bound_to="refpanel",
                bound_choices={"apps@one": populations, "apps@two": populations},
            ),
            Parameter(
                id="build",
                label="Build",
                type=ParameterType.CHOICE,
                default="hg19",
                choices=(Choice(key="hg19", label="GRCh37"), Choice(key="hg38", label="GRCh38")),
            ),
            Parameter(id="aesEncryption", label="AES", type=ParameterType.CHECKBOX),
            Parameter(id="meta", label="Meta", type=ParameterType.CHECKBOX),
            Parameter(id="check1", label="I will not re-identify anybody.", type=ParameterType.TERMS),
        )
        return Form(app_id="impute@1", app_name="Impute", parameters=parameters)

    def panels(self, connection: Connection, form: Form, at: datetime) -> tuple[Panel, ...]:
        """The panels of the form."""
        return tuple(
            Panel(
                id=choice.key,
                service_id=connection.service_id,
                app_id=form.app_id,
                name=choice.label,
                populations=(Population(id="eur", name="EUR"),),
                as_of=at,
            )
            for choice in form.parameters[0].choices
        )

    async def submit(self, connection: Connection, submission: Submission, report: Report, seal: Seal) -> str:
        """Make a job once everything has arrived; faults strike where the test wants."""
        self.calls.append("submit")
        self.sending.set()
        report(Progress(done=1, total=2))
        if self.hangs_before_seal:
            await self.hang.wait()
        if self.before_seal is not None:
            raise self.before_seal
        await seal()
        if self.after_seal is not None:
            raise self.after_seal
        remote_id = f"job-{len(self.remote) + 1}"
        self.submissions.append(submission)
        self.remote[remote_id] = RemoteJob(
            remote_id=remote_id, name=submission.remote_name, state=JobState.QUEUED, raw_state=1
        )
        if self.answer_lost is not None:
            raise self.answer_lost
        return remote_id

    async def jobs(self, connection: Connection, *, fresh: bool = False) -> tuple[RemoteJob, ...]:
        """The list; a new job may stay hidden for some looks."""
        self.calls.append("jobs")
        if self.list_fault is not None:
            raise self.list_fault
        if self.hidden_looks > 0:
            self.hidden_looks -= 1
            return ()
        return tuple(job.model_copy(update={"complete": False, "files": ()}) for job in self.remote.values())

    async def job(self, connection: Connection, remote_id: str) -> RemoteJob:
        """One job."""
        self.calls.append(f"job {remote_id}")
        if remote_id not in self.remote:
            raise fault(Kind.NOT_FOUND, "No such job")
        return self.remote[remote_id]

    async def cancel(self, connection: Connection, remote_id: str) -> RemoteJob:
        """Stop it."""
        self.set_state(remote_id, JobState.CANCELLED, 6)
        return self.remote[remote_id]

    async def restart(self, connection: Connection, remote_id: str) -> None:
        """Queue it again."""
        self.set_state(remote_id, JobState.QUEUED, 1)

    @asynccontextmanager
    async def download(
        self, connection: Connection, file: RemoteFile, offset: int, resume: SecretStr | None
    ) -> AsyncIterator[tuple[FakeDownload, SecretStr | None]]:
        """One request; cut where the test wants."""
        self.downloads.append((file.file.name, offset))
        cut = self.cuts.pop(0) if self.cuts else None
        start = offset if resume is not None else 0
        download = FakeDownload(self.content[file.file.name], start, cut)
        download.checksum = self.checksums.get(file.file.name)
        yield download, SecretStr("resume") if self.resumable else None

    async def recognise(self, connection: Connection) -> ServerInfo:
        """It speaks at every address."""
        return await self.describe(connection)

    def job_page(self, connection: Connection, remote_id: str) -> str:
        """An address for people."""
        return f"{connection.base_url}/#!jobs/{remote_id}"

    def set_state(self, remote_id: str, state: JobState, raw: int) -> None:
        """Move a job on."""
        self.remote[remote_id] = self.remote[remote_id].model_copy(update={"state": state, "raw_state": raw})

    def give_files(self, remote_id: str, downloads_left: int = 10) -> None:
        """Put the contents up for download."""
        files = tuple(
            RemoteFile(
                file=JobFile(name=name, size_text=f"{len(data)} bytes", downloads_left=downloads_left),
                locator=SecretStr(f"secret/{name}"),
            )
            for name, data in self.content.items()
        )
        self.remote[remote_id] = self.remote[remote_id].model_copy(update={"files": files})


class FakeRegistry:
    """Knows the one family."""

    def __init__(self, family: FakeFamily) -> None:
        self._family = family

    def family(self, name: str) -> FakeFamily:
        """The family, whatever the name."""
        return self._family

    async def detect(self, base_url: str, *, plain_http_allowed: bool = False) -> FakeFamily:
        """The family, whatever the address."""
        return self._family


def write_vcf(folder: Path, name: str = "cohort.chr20.vcf.gz") -> Path:
    """A file that can be sent; what is in it does not matter here."""
    path = folder / name
    path.write_bytes(b"not looked at")
    return path
