"""The calls of the family. Source: services.md 2.3."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from hashlib import sha256
from urllib.parse import quote
from uuid import UUID

from pydantic import SecretStr

from app.domain.clock import Clock, SystemClock
from app.domain.job import JobState
from app.domain.panel import Panel
from app.domain.parameter import Form
from app.domain.problem import Kind, ProblemError, problem
from app.domain.progress import Report
from app.domain.service import Health, Quota, ServiceApp, TokenInfo
from app.services.border import guarded, last_border
from app.services.catalogue import known_hosts
from app.services.contract import (
    Capabilities,
    Connection,
    RemoteFile,
    RemoteJob,
    Seal,
    ServerInfo,
    Submission,
)
from app.services.oidc_sign_in import OpenIdSignIn
from app.services.teaspoons import describing, run_reading
from app.services.teaspoons.asking import Api, bearer
from app.services.teaspoons.downloads import Downloads, OpenDownload
from app.services.teaspoons.health import health_of
from app.services.teaspoons.kept_uploads import KeptUploads
from app.services.teaspoons.problems import cannot, message_of, object_of
from app.services.teaspoons.submitting import Submitting
from app.services.vault import Vault
from app.transport.address import origin, refuse_plain_http
from app.transport.client import Looker
from app.transport.limits import Pace, retry_after_s
from app.transport.oidc import claims, ends
from app.transport.probe import NetworkSense, probe

NAME = "Terra Scientific Pipelines"
PAGE_SIZE = 100
MOST_PAGES = 20
SITE = "site"
"""The key of `Connection.setup` for the address of the pages for people."""
STORE_HOSTS = ("storage.googleapis.com",)
"""Where its signed addresses lead. Source: services.md 2.3, Google Cloud Storage."""
_VERSION_KEYS = frozenset({"gitTag", "gitHash", "github", "build"})
_WHY_NOT = {
    "passwords": "The results come as they are, without a password.",
    "cancel": "This service cannot stop a run: it has no request for that. A failed run is not charged.",
    "restart": "This service cannot start a run again. Send the job anew.",
    "delete": "This service deletes results by itself after 14 days, and nothing sooner.",
    "several_files": "It takes one file for all chromosomes.",
}


class Teaspoons(OpenIdSignIn):
    """A family of `contract.ServiceFamily`, with the abilities `SignsIn`, `TellsQuota`, `UsesStores` and
    `KeepsUploads`.
    """

    name = "teaspoons"
    capabilities = Capabilities(
        passwords=False,
        cancel=False,
        restart=False,
        several_files=False,
        mends=frozenset({"chromosome.several"}),
        why_not=_WHY_NOT,
    )

    def __init__(
        self,
        looker: Looker | None = None,
        sense: NetworkSense | None = None,
        clock: Clock | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        vault: Vault | None = None,
    ) -> None:
        self._looker = looker or Looker(Pace())
        self._pace = self._looker.pace
        self._sense = sense or NetworkSense(known_hosts())
        self._clock = clock or SystemClock()
        self._monotonic = monotonic
        self._api = Api(self._looker)
        self._submitting = Submitting(self._api, self._clock, sleep, KeptUploads(vault))
        self._downloads = Downloads(self._api, self._clock.now)
        self._running: dict[tuple[str, str], tuple[float, RemoteJob]] = {}

    # What it is.

    @guarded
    async def recognise(self, connection: Connection) -> ServerInfo:
        """See the contract."""
        reply = await self._api.version(connection)
        told = reply.json
        if reply.ok and isinstance(told, dict) and len(_VERSION_KEYS & told.keys()) >= 3:
            return ServerInfo(name=NAME, generation=describing.GENERATION, facts=describing.facts(told, {}))
        if reply.status >= 500 or reply.status == 429:
            object_of(reply, origin(connection.base_url))
        raise problem(
            Kind.NOT_FOUND,
            "No pipelines service was found at this address",
            f"Something answers there (status {reply.status}), but not as Terra's service does",
            "Copy the address of the service, not of its web site",
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
            look = await probe(connection.base_url + "/status", self._sense)
        except ProblemError as error:
            return health_of(connection.service_id, at, error.problem)
        if look.reply is not None:
            self._pace.note(server, look.reply.status, look.reply.headers)
        return health_of(connection.service_id, at, look)

    @guarded
    async def verify_token(self, connection: Connection) -> TokenInfo:
        """See the contract. The service has no question for it: it is asked for something that needs one."""
        if connection.token is None or not connection.token.get_secret_value().strip():
            return TokenInfo(detail="You are not signed in")
        told = claims(connection.token.get_secret_value())
        bearer(connection.token)
        reply = await self._api.pipelines(connection)
        if reply.status != 401:
            object_of(reply)
        names = (told.get(key) for key in ("email", "preferred_username", "name", "sub"))
        return TokenInfo(
            present=True,
            valid=reply.ok,
            expires=ends(told),
            username=next((each for each in names if isinstance(each, str) and each), None),
            checked=self._clock.now(),
            detail="" if reply.ok else message_of(reply),
        )

    @guarded
    async def describe(self, connection: Connection) -> ServerInfo:
        """See the contract. Pipelines and quotas are shown only to those who are signed in."""
        info = await self.recognise(connection)
        if connection.token is None:
            return info
        reply = await self._api.pipelines(connection)
        if reply.status == 401:
            return info
        apps = describing.apps(object_of(reply))
        version = (await self._api.version(connection)).json
        quotas = await self._quotas(connection, apps)
        facts = describing.facts(version if isinstance(version, dict) else {}, quotas)
        told = claims(connection.token.get_secret_value())
        email = told.get("email")
        user = email if isinstance(email, str) else None
        return info.model_copy(update={"apps": apps, "logged_in": True, "username": user, "facts": facts})

    async def _quotas(self, connection: Connection, apps: tuple[ServiceApp, ...]) -> dict[str, Quota]:
        """The quota of each pipeline by its shown name; one that is not told is left out."""
        found: dict[str, Quota] = {}
        for name in dict.fromkeys(describing.name_and_version(app.id)[0] for app in apps):
            try:
                told = await self._api.quota(connection, name)
            except ProblemError as error:
                if error.problem.kind not in {Kind.REFUSED, Kind.NOT_FOUND}:
                    raise
                continue
            found[name] = describing.quota(told, {})
        return found

    @guarded
    async def quota(self, connection: Connection, app_id: str) -> Quota:
        """See `abilities.TellsQuota`."""
        name, version = describing.name_and_version(app_id)
        pipeline = await self._api.pipeline(connection, name, version)
        return describing.quota(await self._api.quota(connection, name), pipeline)

    @guarded
    async def form(self, connection: Connection, app_id: str) -> Form:
        """See the contract."""
        name, version = describing.name_and_version(app_id)
        pipeline = await self._api.pipeline(connection, name, version)
        return describing.form(pipeline, app_id, await self._api.terms(connection))

    def panels(self, connection: Connection, form: Form, at: datetime) -> tuple[Panel, ...]:
        """See the contract."""
        with last_border():
            return describing.panels(connection.service_id, form, at)

    # Runs.

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
        form = await self.form(connection, submission.app_id)
        return await self._submitting.submit(connection, submission, form, report, seal)

    def store_hosts(self, connection: Connection) -> tuple[str, ...]:
        """See `abilities.UsesStores`."""
        return STORE_HOSTS

    @guarded
    async def forget_upload(
        self, connection: Connection, remote_name: str, *, lapsed_only: bool = False
    ) -> None:
        """See `abilities.KeepsUploads`."""
        if lapsed_only:
            await self._submitting.forget_lapsed(connection, remote_name)
        else:
            await self._submitting.forget(connection, remote_name)

    @guarded
    async def jobs(self, connection: Connection, *, fresh: bool = False) -> tuple[RemoteJob, ...]:
        """See the contract."""
        server = origin(connection.base_url)
        who = (connection.base_url, sha256(repr(bearer(connection.token)).encode()).hexdigest())
        spacing = connection.limits.min_poll_s
        return await self._pace.in_turn(server, who, spacing, lambda: self._list(connection), fresh=fresh)

    @guarded
    async def _list(self, connection: Connection) -> tuple[RemoteJob, ...]:
        """All own runs, page by page: a run that is missing would be taken for one that was never made."""
        found: dict[str, RemoteJob] = {}
        seen = 0
        for number in range(1, MOST_PAGES + 1):
            page = await self._api.page(connection, number, PAGE_SIZE)
            lines = page.get("results")
            if not isinstance(lines, list):
                break
            found |= {job.remote_id: job for job in run_reading.runs(page, self._clock.now())}
            seen += len(lines)
            total = page.get("totalResults")
            if not lines or not isinstance(total, int) or seen >= total:
                return tuple(found.values())
        raise problem(
            Kind.BUSY,
            "The list of runs is not complete",
            f"{seen:,} runs were read, and that were not all",
            "Nothing needs to be done: the program asks again by itself",
            subject=origin(connection.base_url),
        )

    @guarded
    async def job(self, connection: Connection, remote_id: str) -> RemoteJob:
        """See the contract. A service that says when to ask again about a run is not asked sooner."""
        key = (connection.base_url, _run_id(remote_id))
        until, known = self._running.get(key, (0.0, None))
        if known is not None and self._monotonic() < until:
            return known
        reply = await self._api.result(connection, remote_id)
        if reply.status == 400:
            raise problem(
                Kind.NOT_FOUND,
                "The run was never started",
                f"The service said: {message_of(reply)}",
                "Send the job again",
                subject=remote_id,
            )
        found = run_reading.run(object_of(reply, remote_id), self._clock.now())
        if not found.remote_id:
            found = found.model_copy(update={"remote_id": remote_id})
        wait = retry_after_s(reply.headers, self._clock.now()) if reply.status == 202 else None
        if wait and found.state is JobState.RUNNING:
            self._running[key] = (self._monotonic() + wait, found)
        else:
            self._running.pop(key, None)
        return found

    async def cancel(self, connection: Connection, remote_id: str) -> RemoteJob:
        """See the contract; this service cannot."""
        raise cannot("The run cannot be stopped", _WHY_NOT["cancel"])

    async def restart(self, connection: Connection, remote_id: str) -> None:
        """See the contract; this service cannot."""
        raise cannot("The run cannot be started again", _WHY_NOT["restart"])

    def download(
        self, connection: Connection, file: RemoteFile, offset: int, resume: SecretStr | None
    ) -> AbstractAsyncContextManager[tuple[OpenDownload, SecretStr | None]]:
        """See the contract."""
        return self._downloads.open(connection, file, offset, resume)

    def job_page(self, connection: Connection, remote_id: str) -> str:
        """See the contract. The pages for people may be on another site than the service."""
        site = connection.setup.get(SITE) or connection.base_url
        return f"{site}/#pipelines/jobs?jobId={quote(remote_id, safe='')}"


def _run_id(text: str) -> str:
    """The id of a run; one that is no UUID can be no run's."""
    try:
        return str(UUID(text))
    except ValueError:
        raise problem(
            Kind.NOT_FOUND,
            "The service does not have this run",
            "Its runs have other ids",
            "It may be a job of another service",
            subject=text[:60],
        ) from None
