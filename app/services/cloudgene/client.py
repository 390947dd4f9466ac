"""The calls of the family, generation 2 and 3. Source: cloudgene.md."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from hashlib import sha256
from typing import Any, TypeVar
from urllib.parse import quote

from pydantic import SecretStr

from app.domain.clock import Clock, SystemClock
from app.domain.panel import Panel
from app.domain.parameter import Form
from app.domain.problem import Kind, ProblemError, problem
from app.domain.progress import Report
from app.domain.service import Health, HealthState, TokenInfo
from app.services.catalogue import known_hosts
from app.services.cloudgene import describing, job_reading
from app.services.cloudgene.downloads import OpenDownload, open_download
from app.services.cloudgene.health import health_of
from app.services.cloudgene.problems import (
    border,
    guarded,
    incomplete_list,
    json_of,
    last_border,
    problem_of,
    refuse_failure,
    unreadable,
)
from app.services.cloudgene.reading import text
from app.services.cloudgene.submission import body_of
from app.services.cloudgene.token import expiry, token_headers, username
from app.services.contract import (
    Capabilities,
    Connection,
    RemoteFile,
    RemoteJob,
    Seal,
    ServerInfo,
    Submission,
)
from app.services.plain_text import safe_line
from app.transport.address import origin, refuse_plain_http
from app.transport.client import Looker, Question
from app.transport.limits import Pace
from app.transport.probe import NetworkSense, probe
from app.transport.reply import Reply
from app.transport.upload import Upload, upload

API = "/api/v2"
T = TypeVar("T")
MOST_PAGES = 20
READ_HERE = 200_000
"""Bytes that are read within a few milliseconds."""
LIST_READ_S = 60.0
"""A list of many jobs may take its time; every other look has ten seconds."""
QUEUE_S = 3.0
"""The length of the queue is worth no long wait."""
_NO_DELETE = (
    "This service deletes jobs only for a person who is signed in on its web site. "
    "Open the job there to delete it."
)


class Cloudgene:
    """A family of `contract.ServiceFamily`. One object serves all servers; it keeps only their pace."""

    name = "cloudgene"
    capabilities = Capabilities(lifts=True, why_not={"delete": _NO_DELETE})

    def __init__(
        self,
        pace: Pace | None = None,
        looker: Looker | None = None,
        sense: NetworkSense | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._pace = pace or (looker.pace if looker else Pace())
        self._looker = looker or Looker(self._pace)
        self._sense = sense or NetworkSense(known_hosts())
        self._clock = clock or SystemClock()

    @guarded
    async def recognise(self, connection: Connection) -> ServerInfo:
        """See the contract."""
        reply = await self._ask(connection, "/server", signed=False)
        data = json_of(reply)
        if reply.ok and describing.looks_like_cloudgene(data):
            return describing.server_info(data)
        if reply.status >= 500 or reply.status == 429:
            raise problem_of(reply, origin(connection.base_url))
        raise problem(
            Kind.NOT_FOUND,
            "No imputation service was found at this address",
            f"Something answers there (status {reply.status}), but not as a Cloudgene server does",
            "Copy the address of the service from your browser",
            subject=origin(connection.base_url),
        )

    @guarded
    async def health(self, connection: Connection) -> Health:
        """See the contract."""
        at = self._clock.now()
        server = origin(connection.base_url)
        try:
            refuse_plain_http(connection.base_url, allowed=connection.plain_http_allowed)
            await self._pace.before(server)
            look = await probe(connection.base_url + API + "/server", self._sense)
        except ProblemError as error:
            return health_of(connection.service_id, at, error.problem)
        if look.reply is not None:
            self._pace.note(server, look.reply.status, look.reply.headers)
        found = health_of(connection.service_id, at, look)
        if found.state is HealthState.DOWN:
            self._pace.breaker.failed(server)
        elif found.state is not HealthState.OFFLINE:
            self._pace.breaker.answered(server)
        tells = found.state is HealthState.UP and found.status_code == 200
        return await self._with_queue(connection, found) if tells else found

    async def _with_queue(self, connection: Connection, found: Health) -> Health:
        """How many jobs wait there, where the server tells it to anybody; what fails here says nothing."""
        try:
            reply = await self._ask(connection, "/server/counters", signed=False, attempts=1, read_s=QUEUE_S)
            data = json_of(reply) if reply.ok else None
        except ProblemError:
            return found
        waiting = data.get("waiting") if isinstance(data, dict) else None
        runs = waiting.get("runs") if isinstance(waiting, dict) else None
        known = isinstance(runs, int) and runs >= 0
        return found.model_copy(update={"queue": runs}) if known else found

    @guarded
    async def verify_token(self, connection: Connection) -> TokenInfo:
        """See the contract; only `valid` of the answer is trusted."""
        if connection.token is None or not connection.token.get_secret_value().strip():
            return TokenInfo(detail="No token has been entered")
        headers = token_headers(connection.token)
        secret = next(iter(headers.values()))
        reply = await self._ask(connection, "/tokens/verify", signed=False, form={"token": secret})
        data = self._object(reply)
        message = safe_line(text(data, "message") or text(data, "error"))
        return TokenInfo(
            present=True,
            valid=data.get("valid") is True,
            expires=expiry(secret),
            username=text(data, "username") or username(secret),
            checked=self._clock.now(),
            detail="" if "%s" in message else message,
        )

    @guarded
    async def describe(self, connection: Connection) -> ServerInfo:
        """See the contract. A server hides itself from a revoked token: then it is asked without."""
        signed = connection.token is not None
        reply = await self._ask(connection, "/server", signed=signed)
        if signed and reply.status in {401, 403}:
            reply = await self._ask(connection, "/server", signed=False)
        data = self._object(reply)
        if not describing.looks_like_cloudgene(data):
            raise unreadable(reply, origin(connection.base_url))
        return describing.server_info(data)

    @guarded
    async def form(self, connection: Connection, app_id: str) -> Form:
        """See the contract."""
        reply = await self._ask(connection, f"/server/apps/{quote(app_id, safe='@')}")
        return await _apart(reply, lambda: self._form(reply, app_id))

    def _form(self, reply: Reply, app_id: str) -> Form:
        data = self._object(reply, app_id)
        if not isinstance(data.get("params"), list):
            raise unreadable(reply, app_id)
        return describing.form(data, app_id)

    def panels(self, connection: Connection, form: Form, at: datetime) -> tuple[Panel, ...]:
        """See the contract."""
        with last_border():
            return describing.panels(connection.service_id, form, at)

    async def submit(self, connection: Connection, submission: Submission, report: Report, seal: Seal) -> str:
        """See the contract. What the caller's seal raises comes out again as it was."""
        failures: list[Exception] = []

        async def sealing() -> None:
            try:
                await seal()
            except Exception as error:
                failures.append(error)
                raise

        try:
            return await self._submit(connection, submission, report, sealing)
        except ProblemError:
            if failures:
                raise failures[0] from None
            raise

    @guarded
    async def _submit(
        self, connection: Connection, submission: Submission, report: Report, seal: Seal
    ) -> str:
        """The form is read first: it costs one look and can save a whole upload."""
        form = await self.form(connection, submission.app_id)
        order = Upload(
            url=f"{connection.base_url}{API}/jobs/submit/{quote(submission.app_id, safe='@')}",
            body=body_of(submission, form),
            headers=token_headers(connection.token),
        )
        await self._pace.before(origin(order.url))
        with border(submission.remote_name):
            reply = await upload(order, report, seal)
        self._pace.note(origin(order.url), reply.status, reply.headers)
        return self._new_job(reply, submission.remote_name)

    def _new_job(self, reply: Reply, subject: str) -> str:
        data = self._object(reply, subject)
        job_id = text(data, "id")
        if not job_id:
            raise unreadable(reply, subject)
        return job_id

    @guarded
    async def jobs(self, connection: Connection, *, fresh: bool = False) -> tuple[RemoteJob, ...]:
        """See the contract. A list request is never repeated by itself: that would break its spacing."""
        server = origin(connection.base_url)
        headers = token_headers(connection.token)
        who = (connection.base_url, sha256(repr(headers).encode()).hexdigest())
        return await self._pace.in_turn(
            server, who, connection.limits.min_poll_s, lambda: self._list(connection), fresh=fresh
        )

    @guarded
    async def _list(self, connection: Connection) -> tuple[RemoteJob, ...]:
        """All own jobs. A server that gives a part of them is asked for the others, at the same pace: a
        job that is missing in the list would be taken for one that was never made.
        """
        page = await self._page(connection, "/jobs")
        found = {job.remote_id: job for job in page.jobs}
        while page.number < page.last:
            if page.last > MOST_PAGES:
                raise incomplete_list(len(found), page.count, origin(connection.base_url))
            await self._pace.turn(origin(connection.base_url), connection.limits.min_poll_s)
            following = await self._page(connection, f"/jobs?page={page.number + 1}")
            new = {job.remote_id: job for job in following.jobs if job.remote_id not in found}
            if not new or (following.number, following.count) != (page.number + 1, page.count):
                raise incomplete_list(len(found), page.count, origin(connection.base_url))
            found |= new
            page = following
        return tuple(found.values())

    async def _page(self, connection: Connection, path: str) -> job_reading.Page:
        reply = await self._ask(connection, path, attempts=1, read_s=LIST_READ_S)

        def read() -> job_reading.Page:
            refuse_failure(reply)
            found = job_reading.job_page(json_of(reply))
            if found is None:
                raise unreadable(reply, origin(connection.base_url))
            return found

        return await _apart(reply, read)

    @guarded
    async def job(self, connection: Connection, remote_id: str) -> RemoteJob:
        """See the contract."""
        reply = await self._ask(connection, f"/jobs/{quote(remote_id, safe='')}")
        return await _apart(reply, lambda: self._job(connection, reply, remote_id))

    @guarded
    async def cancel(self, connection: Connection, remote_id: str) -> RemoteJob:
        """See the contract. The server's cancel is a GET that changes something: asked once."""
        reply = await self._ask(connection, f"/jobs/{quote(remote_id, safe='')}/cancel", attempts=1)
        return await _apart(reply, lambda: self._job(connection, reply, remote_id))

    @guarded
    async def restart(self, connection: Connection, remote_id: str) -> None:
        """See the contract."""
        reply = await self._ask(connection, f"/jobs/{quote(remote_id, safe='')}/restart", attempts=1)
        refuse_failure(reply, remote_id)

    def _job(self, connection: Connection, reply: Reply, remote_id: str) -> RemoteJob:
        data = self._object(reply, remote_id)
        if "state" not in data or not text(data, "id"):
            raise unreadable(reply, remote_id)
        return job_reading.job(data, connection.generation or _generation_of(data))

    def download(
        self, connection: Connection, file: RemoteFile, offset: int, resume: SecretStr | None
    ) -> AbstractAsyncContextManager[tuple[OpenDownload, SecretStr | None]]:
        """See the contract."""
        return open_download(connection, file, offset, resume, self._pace)

    def job_page(self, connection: Connection, remote_id: str) -> str:
        """See the contract."""
        return f"{connection.base_url}/index.html#!jobs/{quote(remote_id, safe='')}"

    async def _ask(
        self,
        connection: Connection,
        path: str,
        *,
        signed: bool = True,
        form: Mapping[str, str] | None = None,
        attempts: int = 3,
        read_s: float = 10.0,
    ) -> Reply:
        refuse_plain_http(connection.base_url, allowed=connection.plain_http_allowed)
        headers = token_headers(connection.token) if signed else {}
        url = connection.base_url + API + path
        with border(origin(url)):
            return await self._looker.ask(Question(url, headers, form, attempts, read_s))

    @staticmethod
    def _object(reply: Reply, subject: str | None = None) -> dict[str, Any]:
        """The object of an answer; raises for a refusal and for anything else."""
        refuse_failure(reply, subject)
        data = json_of(reply)
        if not isinstance(data, dict):
            raise unreadable(reply, subject)
        return data


async def _apart(reply: Reply, read: Callable[[], T]) -> T:
    """Read a long answer in a thread: the window must go on while it is taken to pieces."""
    return read() if len(reply.body) <= READ_HERE else await asyncio.to_thread(read)


def _generation_of(job: Mapping[str, Any]) -> str:
    """The dialect of a job by its features, where the server was not described before."""
    return "cg2" if "setupRunning" in job or "canceld" in job else "cg3"
