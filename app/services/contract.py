"""What a family of services must do, whatever it speaks.

A family is stateless: every call gets a `Connection`. It raises `ProblemError` and nothing else (and lets
`asyncio.CancelledError` through). Secrets travel as `SecretStr` and are never logged or put into a Problem.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol, runtime_checkable

from pydantic import SecretStr

from app.domain.dataset import DataFile
from app.domain.job import JobFile, JobState, JobStep
from app.domain.model import Model
from app.domain.panel import Panel
from app.domain.parameter import Form
from app.domain.problem import Problem
from app.domain.progress import Report
from app.domain.service import Health, Limits, ServiceApp, ServiceFact, TokenInfo


class Connection(Model):
    """How to reach one service: address, token, dialect as found before, and its limits.

    `setup` is what a family needs to know beyond the address, as the user chose it when the service was added
    or changed: a described adapter, a workflow, where a path of the server is seen on this computer. Never a
    secret: such words are in `secrets`, from the keyring. `token` is whatever the service takes to know its
    user: an access token of a sign-in as well.
    """

    service_id: str
    base_url: str
    token: SecretStr | None = None
    generation: str | None = None
    limits: Limits = Limits()
    plain_http_allowed: bool = False
    setup: dict[str, str] = {}
    secrets: dict[str, SecretStr] = {}


class Capabilities(Model):
    """What a family can do; the window explains what it cannot.

    `network`: it is reached over one, so looks have phases, lists a pace, and answers can be lost.
    `passwords`: results come in archives that a password opens. `mends` are codes of findings that make other
    services refuse a file, and that this one sets right by itself. `token_needed` False: it may be used
    without one. `names_in_list` False: its list does not tell the names of jobs, so a job whose answer was
    lost is searched for with `abilities.FindsRuns`. `several_files` False: a job takes one file. `lifts`: its
    servers move positions between GRCh37 and GRCh38 themselves. `why_not` gives the reason for each thing it
    cannot do, by the name of the field; the window shows it where the button would be. What only few families
    can do at all stands in `abilities`.
    """

    network: bool = True
    passwords: bool = True
    token: bool = True
    panels: bool = True
    cancel: bool = True
    restart: bool = True
    delete: bool = False
    downloads: bool = True
    token_needed: bool = True
    names_in_list: bool = True
    several_files: bool = True
    lifts: bool = False
    mends: frozenset[str] = frozenset()
    why_not: dict[str, str] = {}


class ServerInfo(Model):
    """What a service says of itself. `maintenance` True stops submissions; texts are plain.

    `facts` are further things to show, such as versions, engines, protocols and counts of runs, in order.
    `limits` are those that it tells, None where it tells none; `operator` and `country` (two letters) are
    taken where nothing else says them.
    """

    name: str
    generation: str
    apps: tuple[ServiceApp, ...] = ()
    maintenance: bool = False
    maintenance_text: str = ""
    logged_in: bool = False
    username: str | None = None
    facts: tuple[ServiceFact, ...] = ()
    limits: Limits | None = None
    operator: str = ""
    country: str = ""


class Submission(Model):
    """Everything that is sent. `password` None lets the server make one; False options are not sent.

    `rule_text` is for families that write files for the person on this computer: what has to stand in a file
    `RULE_FILE` beside them, before they do; empty where the data are under no rule.
    """

    app_id: str
    remote_name: str
    files: tuple[DataFile, ...]
    files_parameter: str = "files"
    options: dict[str, str | bool] = {}
    password: SecretStr | None = None
    rule_text: str = ""


class RemoteFile(Model):
    """A result file with its way in. `locator` is a secret: never logged, shown or stored."""

    file: JobFile
    locator: SecretStr


class RemoteJob(Model):
    """A job as the server tells it; times in UTC. `name` is the job name we sent, unescaped."""

    remote_id: str
    name: str
    state: JobState
    raw_state: int | None = None
    progress: float | None = None
    step: str = ""
    steps: tuple[JobStep, ...] = ()
    queue_position: int | None = None
    submitted: datetime | None = None
    started: datetime | None = None
    ended: datetime | None = None
    expires: datetime | None = None
    files: tuple[RemoteFile, ...] = ()
    complete: bool = True  # False for a line of a list that leaves out steps and files
    problem: Problem | None = None  # why it failed, where the server tells it in a form of its own


Seal = Callable[[], Awaitable[None]]
"""Awaited after all bytes but the last few have left and before those leave."""


class Download(Protocol):
    """An open download: bytes arrive in order from `offset` on."""

    offset: int
    total: int | None
    md5: str | None

    def chunks(self) -> AsyncIterator[bytes]:
        """The bytes, in pieces of at most 1 MiB."""
        ...


@runtime_checkable
class KnowsChecksum(Protocol):
    """A download of a file whose checksum the service told: its kind by the name of hashlib, and its value.

    One that begins with the file's first byte is compared on its way. After the rest of a file that was cut
    the whole of it is compared by whoever has its first part.
    """

    checksum: tuple[str, str] | None


class ServiceFamily(Protocol):
    """One way of working with a service."""

    name: str
    capabilities: Capabilities

    async def recognise(self, connection: Connection) -> ServerInfo:
        """Look whether an address speaks this family's language; ProblemError (not found) if not."""
        ...

    async def health(self, connection: Connection) -> Health:
        """One cheap anonymous look. Never raises for a service that is down: that is an answer."""
        ...

    async def verify_token(self, connection: Connection) -> TokenInfo:
        """Ask the service whether the token is good; the expiry is read from the token itself."""
        ...

    async def describe(self, connection: Connection) -> ServerInfo:
        """Name, dialect, applications, maintenance."""
        ...

    async def form(self, connection: Connection, app_id: str) -> Form:
        """The parameters of an application."""
        ...

    def panels(self, connection: Connection, form: Form, at: datetime) -> tuple[Panel, ...]:
        """The panels and their populations that a form offers."""
        ...

    async def submit(self, connection: Connection, submission: Submission, report: Report, seal: Seal) -> str:
        """Send the files and return the server's id of the new job. Never retried in here.

        Raises ProblemError; kind `no network` or `busy` after the seal means: the job may exist.
        """
        ...

    async def jobs(self, connection: Connection, *, fresh: bool = False) -> tuple[RemoteJob, ...]:
        """All own jobs in one list request, never two nearer than `limits.min_poll_s` for a server.

        A call that comes too early gets the last answer again. With `fresh` it waits for its turn, and
        the answer was made after the call: so a job that was sealed before is in it, if it exists.
        """
        ...

    async def job(self, connection: Connection, remote_id: str) -> RemoteJob:
        """One job with its steps and files."""
        ...

    async def cancel(self, connection: Connection, remote_id: str) -> RemoteJob:
        """Stop a job."""
        ...

    async def restart(self, connection: Connection, remote_id: str) -> None:
        """Start a job again that the server lost in a restart of its own."""
        ...

    def download(
        self, connection: Connection, file: RemoteFile, offset: int, resume: SecretStr | None
    ) -> AbstractAsyncContextManager[tuple[Download, SecretStr | None]]:
        """Open one result file with one request.

        `offset` > 0 asks for the rest of a file; it is honoured only with `resume`, the short-lived
        address that an earlier call handed out, because a fresh request would use up a download.
        Yields the download and the address for a later resume, None where the server has no such thing.
        The caller must look at `Download.offset`: 0 means that the server sends the file from its start.
        """
        ...

    def job_page(self, connection: Connection, remote_id: str) -> str:
        """The address of the job in the service's own site, for people."""
        ...
