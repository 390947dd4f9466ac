"""The calls of the family: what is asked stands in the description of the service, and nothing else is."""

from __future__ import annotations

import contextlib
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote

from pydantic import SecretStr

from app.domain.clock import Clock, SystemClock
from app.domain.job import ENDED_STATES, JobState
from app.domain.panel import Panel
from app.domain.parameter import Form
from app.domain.problem import Kind, Problem, ProblemError, problem
from app.domain.progress import Report
from app.domain.service import Health, ServiceFact, TokenInfo
from app.services.abilities import Mending, RunLog
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
from app.services.described import offering
from app.services.described.answers import file_of, job_of, lines_of, moment, objects, pick, text
from app.services.described.creating import Creating, give_up
from app.services.described.description import Description
from app.services.described.downloads import OpenDownload, open_download
from app.services.described.drafts import Drafts
from app.services.described.health import health_of
from app.services.described.looking import look_at
from app.services.described.marks import path_of
from app.services.described.paging import Page, next_page
from app.services.described.problems import data_of, does_not_fit, problem_of
from app.services.described.reading import Shelf, read_description, read_watch
from app.services.described.sending import Sending, undisturbed
from app.services.described.wire import Line
from app.services.notes import Notes, ShortNotes
from app.services.plain_text import safe_block
from app.transport.address import origin, refuse_plain_http
from app.transport.client import Looker
from app.transport.limits import Pace
from app.transport.probe import NetworkSense, probe

SETUP = "described"
MOST_PAGES = 20
LIST_READ_S = 60.0
LONGEST_LOG = 1 << 20


class Described:
    """A family of `contract.ServiceFamily`, with the abilities `KeepsLogs`, `KeepsUploads`, `UsesStores` and
    `HasFaults`. One object serves all servers.
    """

    name = "described"
    capabilities = Capabilities(
        passwords=False,
        restart=False,
        why_not={
            "passwords": "If the service packs its results with a password, give it when you fetch them.",
            "restart": "A description cannot say how a job is started again: send it anew.",
            "delete": "Delete it on the site of the service.",
        },
    )

    def __init__(
        self,
        folder: Path | None = None,
        pace: Pace | None = None,
        looker: Looker | None = None,
        sense: NetworkSense | None = None,
        clock: Clock | None = None,
        notes: Notes | None = None,
    ) -> None:
        self._shelf = Shelf(folder)
        self._pace = pace or (looker.pace if looker else Pace())
        self._looker = looker or Looker(self._pace)
        self._sense = sense or NetworkSense(known_hosts())
        self._clock = clock or SystemClock()
        self._drafts = Drafts(notes or ShortNotes())
        self._on_their_way: set[tuple[str, str]] = set()
        self._given_up: set[tuple[str, str]] = set()

    def _description(self, connection: Connection) -> Description:
        """The whole description. ProblemError for one with a fault: nothing new is sent with that."""
        return read_description(self._place(connection))

    def _place(self, connection: Connection) -> Path:
        named = connection.setup.get(SETUP, "")
        found = self._shelf.place(named) if named else self._shelf.place_for(connection.base_url)
        if found is None:
            raise problem(
                Kind.NOT_FOUND,
                "No description of this service is known",
                f"None of the descriptions names {origin(connection.base_url)}",
                "Name a description when you add the service: --setup described=FILE",
                subject=origin(connection.base_url),
            )
        return found

    def _line(self, connection: Connection) -> Line:
        """For looks and results, as far as a description with a fault may be used for them."""
        return Line(connection, read_watch(self._place(connection)).description, self._looker)

    def _whole(self, connection: Connection) -> tuple[Line, Description]:
        """For everything else."""
        found = self._description(connection)
        return Line(connection, found, self._looker), found

    def to_mend(self, connection: Connection) -> Mending | None:
        """See `abilities.HasFaults`."""
        try:
            with last_border():
                fault = read_watch(self._place(connection)).fault
        except ProblemError as error:
            return _mending(error.problem, watched=False)
        return _mending(fault, watched=True) if fault is not None else None

    @guarded
    async def recognise(self, connection: Connection) -> ServerInfo:
        """See the contract. An address that no description names is not asked at all."""
        return await self.describe(connection)

    @guarded
    async def health(self, connection: Connection) -> Health:
        """See the contract."""
        at = self._clock.now()
        try:
            line = self._line(connection)
            if line.description.health is None:
                self._description(connection)  # raises: it has a fault there
                raise does_not_fit("It says nowhere how the health is looked at", origin(line.base))
            url = line.address(line.description.health.call)
            refuse_plain_http(url, allowed=connection.plain_http_allowed)
            await self._pace.before(origin(url))
            look = await probe(url, self._sense)
        except ProblemError as error:
            return health_of(connection.service_id, at, error.problem, None)
        if look.reply is not None:
            self._pace.note(origin(url), look.reply.status, look.reply.headers)
        return health_of(connection.service_id, at, look, line.description.health)

    @guarded
    async def verify_token(self, connection: Connection) -> TokenInfo:
        """See the contract. Without a described account only the first real request can tell."""
        line = self._line(connection)
        d = line.description
        if d.auth.kind == "none":
            if d.health is not None:
                await line.data(d.health.call, signed=False)
            return TokenInfo(present=True, valid=True, detail="The service needs no token.")
        if connection.token is None or not connection.token.get_secret_value().strip():
            return TokenInfo(detail="No token has been entered")
        if d.account is None:
            line.headers()
            return TokenInfo(present=True, detail="The service cannot be asked whether the token is good.")
        reply = await line.ask(d.account.call)
        if reply.status in {401, 403}:
            return TokenInfo(present=True, valid=False, checked=self._clock.now())
        data = data_of(reply, origin(line.base))
        return TokenInfo(
            present=True,
            valid=True,
            expires=moment(data, d.account.expires, d.job.times),
            username=text(data, d.account.user) or None,
            checked=self._clock.now(),
        )

    @guarded
    async def describe(self, connection: Connection) -> ServerInfo:
        """See the contract."""
        line, d = self._whole(connection)
        data = await line.data(d.health.call, signed=False)
        told = text(data, d.health.maintenance)
        maintenance = bool(told) and told not in {"false", "0"}
        version = text(data, d.health.version)
        facts = [ServiceFact(label="Described by", value=f"{d.source} ({d.as_of})")]
        facts += [ServiceFact(label="Version", value=version)] if version else []
        return ServerInfo(
            name=d.name,
            generation=f"described {d.id} {d.as_of}",
            apps=offering.apps(d),
            maintenance=maintenance,
            maintenance_text="" if told in {"true", "1"} else told,
            logged_in=await self._is_known(line),
            facts=tuple(facts),
            limits=d.limits,
            operator=d.operator,
            country=d.country if _is_of(d, connection) else "",
        )

    async def _is_known(self, line: Line) -> bool:
        d = line.description
        if d.auth.kind == "none" or line.connection.token is None or d.account is None:
            return d.auth.kind == "none" or line.connection.token is not None
        return (await line.ask(d.account.call)).ok

    @guarded
    async def form(self, connection: Connection, app_id: str) -> Form:
        """See the contract."""
        line, d = self._whole(connection)
        app = d.app(app_id)
        if app is None:
            what = f"The description knows no application “{app_id}”"
            raise problem(Kind.NOT_FOUND, "No such application", what)
        listed = None
        if app.panel_list is not None:
            listed = objects(await line.data(app.panel_list.call), app.panel_list.items)
            if listed is None:
                what = f"There is no list of panels in it at “{app.panel_list.items}”"
                raise does_not_fit(what, origin(line.base))
        return offering.form(app, listed)

    def panels(self, connection: Connection, form: Form, at: datetime) -> tuple[Panel, ...]:
        """See the contract."""
        with last_border():
            return offering.panels(self._description(connection), connection.service_id, form, at)

    def store_hosts(self, connection: Connection) -> tuple[str, ...]:
        """See `abilities.UsesStores`: those that the description names, for its own address."""
        with last_border():
            described = self._description(connection)
        upload = described.submit.upload
        return upload.hosts if upload is not None and _is_of(described, connection) else ()

    async def submit(self, connection: Connection, submission: Submission, report: Report, seal: Seal) -> str:
        """See the contract. What the caller's seal raises comes out again as it was."""
        return await undisturbed(lambda sealing: self._submit(connection, submission, report, sealing), seal)

    @guarded
    async def _submit(
        self, connection: Connection, submission: Submission, report: Report, seal: Seal
    ) -> str:
        form = await self.form(connection, submission.app_id)
        line, d = self._whole(connection)
        if d.submit.into is None:
            return await Sending(line, d.submit, self._pace, submission, report, seal).run(form)
        drafts, listing = self._drafts, partial(self._listed, line)
        on_its_way = (connection.base_url, submission.remote_name)
        self._on_their_way.add(on_its_way)
        try:
            creating = Creating(line, d.submit, drafts, listing, self._pace, submission, report, seal)
            return await creating.run(form)
        finally:
            self._on_their_way.discard(on_its_way)
            if on_its_way in self._given_up:
                self._given_up.discard(on_its_way)
                with contextlib.suppress(ProblemError):
                    await self.forget_upload(connection, submission.remote_name)

    @guarded
    async def forget_upload(
        self, connection: Connection, remote_name: str, *, lapsed_only: bool = False
    ) -> None:
        """See `abilities.KeepsUploads`. A job that is being filled now is taken away after that has ended."""
        line, d = self._whole(connection)
        if lapsed_only or d.submit.into is None:
            return
        if (connection.base_url, remote_name) in self._on_their_way:
            self._given_up.add((connection.base_url, remote_name))
            return
        await give_up(line, d.submit, self._drafts, remote_name, partial(self._listed, line))

    @guarded
    async def jobs(self, connection: Connection, *, fresh: bool = False) -> tuple[RemoteJob, ...]:
        """See the contract. One that waits for its files is none yet."""
        found = await self._listed(self._line(connection), fresh=fresh)
        return tuple(job for job in found if job.state is not JobState.PREPARING)

    async def _listed(self, line: Line, *, fresh: bool = True) -> tuple[RemoteJob, ...]:
        """A list request is never repeated by itself: that would break its spacing."""
        who = (line.base, sha256(repr(line.headers()).encode()).hexdigest())
        pause = line.connection.limits.min_poll_s
        return await self._pace.in_turn(origin(line.base), who, pause, lambda: self._list(line), fresh=fresh)

    async def _list(self, line: Line) -> tuple[RemoteJob, ...]:
        """All own jobs, page by page: one that is missing would be taken for one that was never made.

        So would one whose name stands elsewhere; an empty name is that of a job that was made by hand.
        """
        listed = line.description.list
        found: dict[str, RemoteJob] = {}
        url: str | None = line.address(listed.call)
        seen: set[str] = set()
        counted, named = 0, False
        while url is not None:
            if url in seen or len(seen) == MOST_PAGES:
                raise does_not_fit("Its list of jobs has no end", origin(line.base))
            if seen:
                await self._pace.turn(origin(line.base), line.connection.limits.min_poll_s)
            seen.add(url)
            reply = await line.ask(listed.call, url=url, read_s=LIST_READ_S)
            data = line.success(reply, origin(line.base))
            lines = objects(data, listed.items)
            if lines is None:
                what = f"There is no list of jobs in it at “{listed.items}”"
                raise does_not_fit(what, origin(line.base))
            jobs = (job_of(line.description, each, complete=False) for each in lines)
            found |= {job.remote_id: job for job in jobs if job is not None}
            counted += len(lines)
            named = named or any(pick(each, line.description.job.name) is not None for each in lines)
            page = Page(reply.headers.get("link", ""), data, len(lines), counted, len(seen))
            url = next_page(line, listed, page)
        if found and not named:
            what = f"None of {len(found)} jobs has a name at “{line.description.job.name}”"
            raise does_not_fit(what, origin(line.base))
        return tuple(found.values())

    @guarded
    async def job(self, connection: Connection, remote_id: str) -> RemoteJob:
        """See the contract."""
        line = self._line(connection)
        found, answer = await look_at(line, remote_id)
        if found.state is JobState.PREPARING:  # the service has not noticed yet that it was started
            return found.model_copy(update={"state": JobState.SUBMITTED, "step": "Not started yet."})
        return found.model_copy(update={"files": await self._files(line, found, answer)})

    async def _files(self, line: Line, job: RemoteJob, answer: Any) -> tuple[RemoteFile, ...]:
        """The result files; they are asked for by a call of their own only when the job has ended."""
        files = line.description.files
        if job.state not in ENDED_STATES:
            return ()
        if files.call is not None:
            answer = await line.data(files.call, id=job.remote_id)
        found = []
        for each in objects(answer, files.items) or []:
            told = file_of(files, each)
            if told is None:
                continue
            file, address = told
            if files.download is not None:
                address = line.base + path_of(files.download, id=job.remote_id, name=file.name)
            found.append(RemoteFile(file=file, locator=SecretStr(address)))
        return tuple(found)

    @guarded
    async def cancel(self, connection: Connection, remote_id: str) -> RemoteJob:
        """See the contract. Looked at again afterwards: a service may only have taken note of it."""
        line = self._line(connection)
        if line.description.cancel is None:
            self._description(connection)  # raises for one with a fault: that call may only be left out of it
            raise problem(
                Kind.REFUSED, "The job cannot be stopped", line.description.no_cancel, subject=remote_id
            )
        await line.done(line.description.cancel, id=remote_id)
        return await self.job(connection, remote_id)

    @guarded
    async def restart(self, connection: Connection, remote_id: str) -> None:
        """See the contract."""
        raise problem(Kind.REFUSED, "The job cannot be started again", self.capabilities.why_not["restart"])

    @guarded
    async def logs(self, connection: Connection, remote_id: str) -> tuple[RunLog, ...]:
        """See `abilities.KeepsLogs`; a log that is not there is left out."""
        line = self._line(connection)
        found = []
        for log in line.description.logs:
            reply = await line.ask(log.call, id=remote_id)
            if reply.status == 404:
                continue
            if not reply.ok:
                raise problem_of(reply, log.name)
            said = lines_of(reply.json, log.text) if log.text is not None else reply.text()
            cut = reply.cut or len(said) > LONGEST_LOG
            found.append(RunLog(name=log.name, text=safe_block(said[-LONGEST_LOG:], LONGEST_LOG), cut=cut))
        return tuple(found)

    def download(
        self, connection: Connection, file: RemoteFile, offset: int, resume: SecretStr | None
    ) -> AbstractAsyncContextManager[tuple[OpenDownload, SecretStr | None]]:
        """See the contract."""
        return open_download(self._line(connection), file, offset, resume, self._pace)

    def job_page(self, connection: Connection, remote_id: str) -> str:
        """See the contract."""
        with last_border():
            page = self._description(connection).job_page
        if page is None:
            return f"{connection.base_url}#{quote(remote_id, safe='')}"
        return connection.base_url + page.replace("{id}", quote(remote_id, safe=""))


def _mending(fault: Problem, *, watched: bool) -> Mending:
    return Mending(what=f"{fault.what_happened.rstrip('.')}. {fault.what_you_can_do}", watched=watched)


def _is_of(d: Description, connection: Connection) -> bool:
    """Whether what is said of places holds for this address: one that is named, if any is."""
    return not d.addresses or connection.base_url.rstrip("/") in d.addresses
