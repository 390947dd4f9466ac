"""The calls of the family: GA4GH Workflow Execution Service 1.0 and 1.1. Source: ga4gh.md."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from urllib.parse import quote

from pydantic import SecretStr

from app.domain.clock import Clock, SystemClock
from app.domain.dataset import DataFile
from app.domain.job import ENDED_STATES
from app.domain.panel import Panel
from app.domain.parameter import Form, Parameter, ParameterType
from app.domain.problem import Kind, ProblemError, problem
from app.domain.progress import Report
from app.domain.service import Health, ServiceApp, ServiceFact, TokenInfo
from app.services.abilities import RunLog
from app.services.border import guarded, last_border, unreadable
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
from app.services.wes import health, listing, run_details
from app.services.wes.asking import INFO, Asker, bases
from app.services.wes.delivery import delivery_of
from app.services.wes.downloads import Opened, open_download
from app.services.wes.form import make_form, make_panels
from app.services.wes.node import Node
from app.services.wes.order import Order, can_run, make_order
from app.services.wes.problems import dictionary, no_run, problem_of, refuse_failure
from app.services.wes.run_reading import run_id_of
from app.services.wes.sending import send_order
from app.services.wes.settings import SETUP_FIELDS, check_setup
from app.services.wes.setup import auth_headers, crypt_key_of, wanted_workflows
from app.services.wes.storing import public_key
from app.services.wes.tasks import TaskLists
from app.services.wes.templates import Described, read_templates
from app.services.wes.token import token_info
from app.transport.address import origin, refuse_plain_http
from app.transport.client import Looker
from app.transport.limits import Pace
from app.transport.probe import NetworkSense, probe
from app.transport.reply import Reply

_CANCEL_LOOKS = (0.3, 0.7, 1.0, 2.0, 3.0, 5.0)
"""Seconds before each look at whether a cancel took effect: some servers need more than six."""
_WHY_NOT = {
    "passwords": "Results of GA4GH services are plain files; no password opens them.",
    "restart": "A GA4GH service cannot start a run again. Send the job again.",
    "delete": "The standard has no way to delete a run. Ask the operator of the service.",
    "token_needed": "Some GA4GH services ask nobody who they are.",
    "names_in_list": "The list of runs of most GA4GH services tells no names; runs are known by their ids.",
}


class Wes:
    """A family of `contract.ServiceFamily`, with the abilities KeepsLogs, ChecksDelivery and FindsRuns.

    One object serves all servers; it keeps their pace and what they said of themselves. `workflows` is the
    folder of the user's own descriptions of workflows.
    """

    name = "wes"
    capabilities = Capabilities(
        passwords=False,
        restart=False,
        token_needed=False,
        names_in_list=False,
        why_not=_WHY_NOT,
    )

    def __init__(
        self,
        workflows: Path | None = None,
        pace: Pace | None = None,
        looker: Looker | None = None,
        sense: NetworkSense | None = None,
        clock: Clock | None = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._workflows = workflows
        self._pace = pace or (looker.pace if looker else Pace())
        self._asker = Asker(looker or Looker(self._pace), sleep)
        self._tasks = TaskLists(self._asker)
        self._sense = sense or NetworkSense(known_hosts())
        self._clock = clock or SystemClock()
        self._sleep = sleep

    def setup_fields(self) -> tuple[Parameter, ...]:
        """See `abilities.TakesSetup`."""
        return SETUP_FIELDS

    def check_setup(self, setup: Mapping[str, str]) -> None:
        """See `abilities.TakesSetup`."""
        check_setup(setup)

    # Who is there.

    @guarded
    async def recognise(self, connection: Connection) -> ServerInfo:
        """See the contract. Without the token: nobody knows yet whose server it is."""
        bare = connection.model_copy(update={"token": None})
        return await self._info(connection, await self._asker.node(bare, fresh=True))

    @guarded
    async def describe(self, connection: Connection) -> ServerInfo:
        """See the contract."""
        return await self._info(connection, await self._asker.node(connection, fresh=True))

    async def _info(self, connection: Connection, node: Node) -> ServerInfo:
        offered = await self._offered(connection, node)
        wrong = (await self._templates())[1]
        facts = [*node.facts]
        if not offered:
            facts.append(ServiceFact(label="Workflows", value="No described workflow fits what it runs"))
        facts += [ServiceFact(label="Not offered", value=each.problem.what_happened) for each in wrong]
        apps = tuple(
            ServiceApp(id=each.template.app_id, name=each.template.name, version=each.template.version)
            for each in offered
        )
        return ServerInfo(
            name=node.name or origin(connection.base_url).partition("://")[2],
            generation=node.dialect_key,
            apps=apps,
            logged_in=connection.token is not None,
            facts=tuple(facts),
        )

    async def _templates(self) -> tuple[tuple[Described, ...], tuple[ProblemError, ...]]:
        return await asyncio.to_thread(read_templates, self._workflows)

    async def _offered(self, connection: Connection, node: Node) -> tuple[Described, ...]:
        """The workflows for a server: those it can run, and of them those that the user chose."""
        chosen = wanted_workflows(connection)
        return tuple(
            each
            for each in (await self._templates())[0]
            if can_run(each.template, node) and (not chosen or each.template.id in chosen)
        )

    @guarded
    async def health(self, connection: Connection) -> Health:
        """See the contract."""
        at = self._clock.now()
        base = self._asker.known_base(connection) or bases(connection.base_url)[0]
        try:
            refuse_plain_http(connection.base_url, allowed=connection.plain_http_allowed)
            await self._pace.before(origin(base))
            look = await probe(base + INFO, self._sense)
            if look.reply is not None and look.reply.status == 404 and len(bases(connection.base_url)) > 1:
                base = (await self._asker.node(connection)).base
                look = await probe(base + INFO, self._sense)
        except ProblemError as error:
            return health.health_of(connection.service_id, at, error.problem)
        if look.reply is not None:
            self._pace.note(origin(base), look.reply.status, look.reply.headers)
        return health.health_of(connection.service_id, at, look)

    @guarded
    async def verify_token(self, connection: Connection) -> TokenInfo:
        """See the contract. The list of runs tells: where it comes without a token, none is needed."""
        node = await self._asker.node(connection)
        reply = await self._asker.get(connection, f"{node.base}/runs?page_size=1")
        return token_info(connection, reply, self._clock.now())

    # What it offers.

    @guarded
    async def form(self, connection: Connection, app_id: str) -> Form:
        """See the contract."""
        return make_form((await self._described(connection, app_id)).template)

    async def _described(self, connection: Connection, app_id: str) -> Described:
        """A workflow by its id; one whose version has changed is still the same workflow."""
        bare = app_id.partition("@")[0]
        chosen = wanted_workflows(connection)
        for each in (await self._templates())[0]:
            if each.template.id == bare and (not chosen or bare in chosen):
                return each
        raise problem(
            Kind.NOT_FOUND,
            "There is no such workflow",
            f"No description of a workflow is called “{bare[:60]}”",
            "Put it into the folder of workflows in the data folder, or choose another",
            subject=app_id[:80],
        )

    def panels(self, connection: Connection, form: Form, at: datetime) -> tuple[Panel, ...]:
        """See the contract."""
        with last_border():
            offered = frozenset(c.key for p in form.of_type(ParameterType.PANEL) for c in p.choices)
            found = read_templates(self._workflows)[0]
            template = next((each.template for each in found if each.template.app_id == form.app_id), None)
            return tuple(make_panels(template, connection.service_id, offered, at)) if template else ()

    # Sending.

    @guarded
    async def check_delivery(self, connection: Connection, submission: Submission) -> str:
        """See `abilities.ChecksDelivery`. Whatever the server cannot take is found here too."""
        node = await self._asker.node(connection)
        await self._order(connection, node, submission)
        return delivery_of(connection, node)

    @guarded
    async def files_along(self, connection: Connection, submission: Submission) -> tuple[DataFile, ...]:
        """See `abilities.SendsMore`: a workflow may take a panel or a map of this computer along."""
        order = await self._order(connection, await self._asker.node(connection), submission)
        return (*order.attached, *(file for file, _ in order.stored))

    async def _order(self, connection: Connection, node: Node, submission: Submission) -> Order:
        """What would be sent, with the very key that would be used."""
        described = await self._described(connection, submission.app_id)
        key = crypt_key_of(connection, node.crypt4gh_key)
        if key:
            public_key(key)
        return await asyncio.to_thread(
            make_order, connection, node, described, submission, encrypted=bool(key)
        )

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
        node = await self._asker.node(connection)
        described = await self._described(connection, submission.app_id)
        delivery_of(connection, node)
        refuse_plain_http(node.base, allowed=connection.plain_http_allowed)
        with tempfile.TemporaryDirectory(prefix="haplodesk-run-") as folder:
            await self._pace.before(origin(node.base))
            reply = await send_order(connection, node, described, submission, Path(folder), report, seal)
        self._pace.note(origin(node.base), reply.status, reply.headers)
        refuse_failure(reply, submission.remote_name)
        run_id = run_id_of(dictionary(reply.json))
        if not run_id:
            raise unreadable(reply, submission.remote_name)
        return run_id

    # Looking after runs.

    @guarded
    async def jobs(self, connection: Connection, *, fresh: bool = False) -> tuple[RemoteJob, ...]:
        """See the contract. Only runs that the server lists; not all servers list all of them."""
        return (await self._listed(connection, fresh=fresh)).jobs

    async def _listed(self, connection: Connection, *, fresh: bool) -> listing.Listed:
        who = (connection.base_url, sha256(repr(auth_headers(connection)).encode()).hexdigest())
        return await self._pace.in_turn(
            origin(connection.base_url),
            who,
            connection.limits.min_poll_s,
            lambda: listing.list_runs(self._asker, connection),
            fresh=fresh,
        )

    @guarded
    async def job(self, connection: Connection, remote_id: str) -> RemoteJob:
        """See the contract. A run that is not listed is never asked for where that does harm."""
        node = await self._asker.node(connection)
        if not node.dialect.harmless_looks:
            listed = await self._listed(connection, fresh=False)
            if remote_id not in {each.remote_id for each in listed.jobs}:
                listed = await self._listed(connection, fresh=True)
            if remote_id not in {each.remote_id for each in listed.jobs}:
                raise no_run(remote_id)
        templates = (await self._templates())[0]
        return await run_details.job_of(self._asker, self._tasks, connection, node, remote_id, templates)

    @guarded
    async def find(self, connection: Connection, remote_name: str, since: datetime) -> RemoteJob | None:
        """See `abilities.FindsRuns`: by the tag that every run of ours carries."""
        node = await self._asker.node(connection)
        listed = await self._listed(connection, fresh=True)
        return await listing.find_run(self._asker, connection, node, listed, remote_name, since)

    @guarded
    async def cancel(self, connection: Connection, remote_id: str) -> RemoteJob:
        """See the contract. Whether it took effect is seen by looking again, whatever the answer was."""
        node = await self._asker.node(connection)
        reply = await self._asker.post(connection, f"{node.base}/runs/{quote(remote_id, safe='')}/cancel")
        if reply.status in {401, 404, 429}:
            raise problem_of(reply, remote_id)
        job = None
        for wait in _CANCEL_LOOKS:
            await self._sleep(wait)
            job = await self.job(connection, remote_id)
            if job.state in ENDED_STATES:
                return job
        assert job is not None
        if job.step.startswith("Being cancelled"):
            return job
        raise _no_effect(node, reply, job)

    @guarded
    async def restart(self, connection: Connection, remote_id: str) -> None:
        """See the contract: there is no such thing."""
        raise problem(
            Kind.REFUSED, "This run cannot be started again", _WHY_NOT["restart"], subject=remote_id
        )

    @guarded
    async def logs(self, connection: Connection, remote_id: str) -> tuple[RunLog, ...]:
        """See `abilities.KeepsLogs`."""
        node = await self._asker.node(connection)
        return await run_details.logs_of(self._asker, connection, node, remote_id)

    # Results.

    def download(
        self, connection: Connection, file: RemoteFile, offset: int, resume: SecretStr | None
    ) -> AbstractAsyncContextManager[Opened]:
        """See the contract."""
        return open_download(connection, file, offset, resume, self._asker)

    def job_page(self, connection: Connection, remote_id: str) -> str:
        """See the contract: the standard has no page for people, so it is the run itself."""
        base = self._asker.known_base(connection) or bases(connection.base_url)[0]
        return f"{base}/runs/{quote(remote_id, safe='')}"


def _no_effect(node: Node, reply: Reply, job: RemoteJob) -> ProblemError:
    said = "" if reply.ok else f" It answered with status {reply.status}."
    able = "" if node.dialect.cancels else f" A server of the kind {node.dialect.title} cannot cancel runs."
    return problem(
        Kind.REFUSED,
        "The cancel did not take effect",
        f"The run is still at work at the service.{said}{able}",
        "Wait for its end, or ask the operator of the service to stop it",
        subject=job.remote_id,
        details=f"status {reply.status}",
    )
