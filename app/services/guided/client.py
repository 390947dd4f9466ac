"""The family `guided`: a web page behind the contract of all services; a person does what is not local."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from pydantic import SecretStr

from app.domain.guided import GuidedSheet
from app.domain.job import JobFile, JobState, JobStep, MessageKind, StepMessage, StepState
from app.domain.panel import Panel
from app.domain.parameter import Form
from app.domain.problem import Kind, ProblemError, problem
from app.domain.progress import Report
from app.domain.service import Health, HealthState, Phases, ServiceFact, TokenInfo
from app.services.contract import (
    Capabilities,
    Connection,
    RemoteFile,
    RemoteJob,
    Seal,
    ServerInfo,
    Submission,
)
from app.services.guided.disk import OnDisk
from app.services.guided.downloads import BroughtDownload, open_file
from app.services.guided.form import APP_ID, PANEL_FIELD, app_of, make_form
from app.services.guided.host import Host
from app.services.guided.layout import Brought, GuidedJob, Word, read_job, read_jobs, write_job
from app.services.guided.sheet import deadline, ended, facts_of, limits_of, sheet_of, steps_of
from app.services.guides import Guide, guide_for

SETUP = "guide"
TOLD = frozenset(
    {
        JobState.SUBMITTED,
        JobState.QUEUED,
        JobState.RUNNING,
        JobState.SUCCESS,
        JobState.FAILED,
        JobState.CANCELLED,
        JobState.EXPIRED,
    }
)
"""The states that a person can tell of."""
_MENDS = frozenset({"chromosome.several", "chromosome.prefix", "chromosome.mixed_prefix", "container.gzip"})
_STEP_NAMES = {
    JobState.WAITING: "Waits for you: the files are prepared, follow the steps",
    JobState.SUBMITTED: "You uploaded the files",
    JobState.QUEUED: "You saw it in the queue of the page",
    JobState.RUNNING: "You saw it at work",
    JobState.SUCCESS: "You told that the result is ready",
    JobState.FAILED: "You told that it failed",
    JobState.CANCELLED: "You stopped it",
    JobState.EXPIRED: "You told that the result is gone",
}


class Guided:
    """Jobs in a folder; nothing is ever sent or asked for over the network."""

    name = "guided"
    capabilities = Capabilities(
        network=False,
        token=False,
        passwords=False,
        restart=False,
        token_needed=False,
        mends=_MENDS,
        why_not={
            "network": "This service is only a web page: nobody can be asked how a job stands.",
            "token": "You sign in on the web page; the program needs no token.",
            "token_needed": "You sign in on the web page; the program needs no token.",
            "passwords": "If the page packs its archives with a password, give it with the result.",
            "restart": "Start it again on the web page.",
            "delete": "Delete it on the web page.",
        },
    )

    def __init__(self, host: Host | None = None) -> None:
        self._given = host

    @property
    def _host(self) -> Host:
        if self._given is None:
            raise problem(Kind.NOT_FOUND, "No data folder is open", "Jobs at web pages live in it.")
        return self._given

    @property
    def _disk(self) -> OnDisk:
        return OnDisk(self._host.folder)

    def _guide(self, connection: Connection) -> Guide:
        found = guide_for(connection.base_url, connection.setup.get(SETUP, ""))
        if found is None:
            raise problem(
                Kind.NOT_FOUND,
                "There is no guide to this page",
                f"The program has no steps and no file formats for {connection.base_url}",
                "Choose a service of the catalogue",
                subject=connection.base_url,
            )
        return found

    async def recognise(self, connection: Connection) -> ServerInfo:
        """Only the addresses of guides; the page itself is not asked."""
        return await self.describe(connection)

    async def health(self, connection: Connection) -> Health:
        """Whether the folder can be used and the service is not known to be closed; the page is not asked."""
        began = time.monotonic()
        seen = {"service_id": connection.service_id, "at": datetime.now(UTC)}
        try:
            await self._disk.read(read_jobs)
            guide = self._guide(connection)
        except ProblemError as error:
            return Health(
                **seen, state=HealthState.DOWN, failed_phase="folder", detail=error.problem.sentence()
            )
        spent = Phases(first_byte=1000 * (time.monotonic() - began))
        if not guide.enabled:
            return Health(**seen, state=HealthState.MAINTENANCE, phases=spent, detail=guide.off_reason)
        return Health(**seen, state=HealthState.UP, phases=spent, detail=self.capabilities.why_not["network"])

    async def verify_token(self, connection: Connection) -> TokenInfo:
        """None is needed, so it is as good as there."""
        await self._disk.read(read_jobs)
        return TokenInfo(present=True, valid=True, detail=self.capabilities.why_not["token"])

    async def describe(self, connection: Connection) -> ServerInfo:
        """What the guide says."""
        await self._disk.read(read_jobs)
        guide = self._guide(connection)
        facts = (
            ServiceFact(label="Operator", value=guide.operator),
            *(ServiceFact(label=each.label, value=_with_source(each)) for each in facts_of(guide)),
        )
        return ServerInfo(
            name=guide.name,
            generation=f"guide {guide.source.as_of}",
            apps=(app_of(guide),),
            maintenance=not guide.enabled,
            maintenance_text=guide.off_reason,
            logged_in=True,
            facts=facts,
            limits=limits_of(guide),
            operator=guide.operator,
            country=guide.country,
        )

    async def form(self, connection: Connection, app_id: str) -> Form:
        """The panels of the guide, and where files are prepared."""
        if app_id != APP_ID:
            what = f"This page has no application “{app_id}”"
            raise problem(Kind.NOT_FOUND, "No such application", what)
        return make_form(self._guide(connection), str(self._host.prepared))

    def panels(self, connection: Connection, form: Form, at: datetime) -> tuple[Panel, ...]:
        """The panels of the guide."""
        guide = self._guide(connection)
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
                version=guide.sources[each.by].as_of,
                as_of=at,
                source=guide.sources[each.by].text,
            )
            for each in guide.panels
        )

    async def submit(self, connection: Connection, submission: Submission, report: Report, seal: Seal) -> str:
        """Prepare the files in a folder. The job exists with the renaming of its record, the last step."""
        from app.services.guided.preparing import Means, order_of, prepared_job  # NumPy comes with it

        guide = self._guide(connection)
        form = await self.form(connection, submission.app_id)
        _refuse_unknown(form, guide, submission)
        panel_id = str(submission.options[PANEL_FIELD])
        sites = None
        if guide.wanted.only_panel_sites is not None and guide.wanted.only_panel_sites.value:
            sites = await self._host.sites_of(connection.service_id, submission.app_id, panel_id)
        build = order_of(guide, panel_id, submission.remote_name, None).build
        way = await self._host.way_to(submission.files, build) if build is not None else None
        genome = None
        if guide.wanted.reference_alleles is not None and build is not None:
            genome = await self._host.reference_of(submission.files, build)
        means = Means(usual=self._host.prepared, sites=sites, way=way, genome=genome)
        return await prepared_job(self._disk, means, guide, submission, report, seal)

    async def jobs(self, connection: Connection, *, fresh: bool = False) -> tuple[RemoteJob, ...]:
        """The jobs at this page, as the person told of them."""
        guide = self._guide(connection)
        found = await self._disk.read(read_jobs)
        return tuple(_remote(guide, job, complete=False) for job in found if job.guide == guide.id)

    async def job(self, connection: Connection, remote_id: str) -> RemoteJob:
        """One job with its steps and files."""
        return _remote(self._guide(connection), await self._known(remote_id), complete=True)

    async def _known(self, remote_id: str) -> GuidedJob:
        job = await self._disk.read(lambda folder: read_job(folder, remote_id))
        if job is None:
            raise problem(Kind.NOT_FOUND, "No such job", f"There is no record of a job “{remote_id[:80]}”")
        return job

    async def cancel(self, connection: Connection, remote_id: str) -> RemoteJob:
        """The person gives it up; what is on the page has to be stopped there."""
        job = await self._known(remote_id)
        if job.state in {JobState.SUCCESS, JobState.FAILED, JobState.CANCELLED, JobState.EXPIRED}:
            return _remote(self._guide(connection), job, complete=True)
        return await self.tell(connection, remote_id, JobState.CANCELLED, datetime.now(UTC))

    async def restart(self, connection: Connection, remote_id: str) -> None:
        """Nothing is ever lost here."""
        await self._known(remote_id)
        raise problem(Kind.REFUSED, "Nothing to start again", self.capabilities.why_not["restart"])

    async def tell(
        self, connection: Connection, remote_id: str, state: JobState, at: datetime, note: str = ""
    ) -> RemoteJob:
        """See `abilities.ToldByUser`. WAITING takes back what was told: the files are not on the page yet."""
        if state not in TOLD | {JobState.WAITING}:
            what = f"“{state}” is nothing that can be seen on a page"
            raise problem(Kind.INPUT, "This cannot be told", what, f"Tell one of: {', '.join(sorted(TOLD))}")
        job = await self._known(remote_id)
        words = (*job.words, Word(state=state, at=at, note=note.strip()[:2000]))
        words = () if state is JobState.WAITING else words
        return await self._kept(connection, job.model_copy(update={"words": words}))

    async def tick(self, connection: Connection, remote_id: str, number: int, done: bool) -> RemoteJob:
        """See `abilities.ToldByUser`."""
        job, guide = await self._known(remote_id), self._guide(connection)
        if not 0 <= number < len(guide.steps):
            what = f"There are {len(guide.steps)} steps"
            raise problem(Kind.INPUT, "No such step", what, "Name one of them")
        ticked = set(job.ticked) | {number} if done else set(job.ticked) - {number}
        return await self._kept(connection, job.model_copy(update={"ticked": tuple(sorted(ticked))}))

    async def bring(
        self, connection: Connection, remote_id: str, files: Mapping[str, Path], at: datetime
    ) -> RemoteJob:
        """See `abilities.ToldByUser`. A result that is here is ready, whatever was told before."""
        job = await self._known(remote_id)
        brought = await self._disk.read(lambda _: tuple(_brought(*each) for each in files.items()))
        words = job.words
        if job.state is not JobState.SUCCESS:
            words = (*words, Word(state=JobState.SUCCESS, at=at))
        return await self._kept(connection, job.model_copy(update={"brought": brought, "words": words}))

    async def _kept(self, connection: Connection, job: GuidedJob) -> RemoteJob:
        await self._disk.read(lambda folder: write_job(folder, job))
        return _remote(self._guide(connection), job, complete=True)

    async def sheet(self, connection: Connection, remote_id: str) -> GuidedSheet:
        """See `abilities.ToldByUser`."""
        return sheet_of(self._guide(connection), await self._known(remote_id), connection.base_url)

    @contextlib.asynccontextmanager
    async def download(
        self, connection: Connection, file: RemoteFile, offset: int, resume: SecretStr | None
    ) -> AsyncIterator[tuple[BroughtDownload, SecretStr | None]]:
        """Read a file that the person brought; it must be the one that was shown then."""
        job_id, _, name = file.locator.get_secret_value().partition("/")
        job = await self._known(job_id)
        told = next((each for each in job.brought if each.name == name), None)
        if told is None:
            raise problem(Kind.NOT_FOUND, "The file is not there", f"The job has no file “{name}”")
        async with open_file(told, offset) as download:
            yield download, None

    def job_page(self, connection: Connection, remote_id: str) -> str:
        """The page of the service; the mark behind it is for the program only."""
        return f"{connection.base_url}#{remote_id}"


def _with_source(fact: object) -> str:
    value, source = getattr(fact, "value", ""), getattr(fact, "source", "")
    return f"{value} ({source})" if source else str(value)


def _refuse_unknown(form: Form, guide: Guide, submission: Submission) -> None:
    strange = sorted(set(submission.options) - {each.id for each in form.parameters})
    if strange:
        what = f"This page knows no parameter “{strange[0]}”"
        raise problem(Kind.INPUT, "Unknown parameter", what, "Leave it out")
    chosen = str(submission.options.get(PANEL_FIELD, ""))
    if guide.panel(chosen) is None:
        what = f"{guide.name} has no panel “{chosen}”"
        raise problem(Kind.INPUT, "The panel is not there", what, "Choose another")
    if not guide.enabled:
        raise problem(Kind.REFUSED, f"{guide.name} takes no jobs", guide.off_reason, subject=guide.name)


def _brought(name: str, path: Path) -> Brought:
    seen = path.stat()
    return Brought(name=name, path=str(path), size=seen.st_size, modified=seen.st_mtime_ns)


def _remote(guide: Guide, job: GuidedJob, *, complete: bool) -> RemoteJob:
    files = tuple(
        RemoteFile(
            file=JobFile(name=each.name, size_text=f"{each.size} bytes", downloads_left=-1),
            locator=SecretStr(f"{job.id}/{each.name}"),
        )
        for each in job.brought
    )
    return RemoteJob(
        remote_id=job.id,
        name=job.name,
        state=job.state,
        step=_STEP_NAMES[job.state],
        steps=(*_steps(guide, job), *_words(job)) if complete else (),
        submitted=job.uploaded or job.prepared,
        started=next((each.at for each in job.words if each.state is JobState.RUNNING), None),
        ended=ended(job),
        expires=deadline(guide, job),
        files=files if complete else (),
        complete=complete,
    )


def _steps(guide: Guide, job: GuidedJob) -> tuple[JobStep, ...]:
    """The steps of the sheet, so that the command line shows them too."""
    return tuple(
        JobStep(
            name=f"{number}. {step.text}",
            state=StepState.DONE if step.done else StepState.WAITING,
            messages=tuple(
                StepMessage(kind=MessageKind.INFO, text=text)
                for text in (step.page, *(f"{field}: {value}" for field, value in step.enter))
                if text
            ),
        )
        for number, step in enumerate(steps_of(guide, job), 1)
    )


def _words(job: GuidedJob) -> tuple[JobStep, ...]:
    """What the person told with a note; of a failure it is the reason."""
    return tuple(
        JobStep(
            name=_STEP_NAMES[each.state],
            state=StepState.FAILED if each.state is JobState.FAILED else StepState.DONE,
            messages=(
                StepMessage(
                    kind=MessageKind.ERROR if each.state is JobState.FAILED else MessageKind.INFO,
                    text=each.note,
                    at=each.at,
                ),
            ),
        )
        for each in job.words
        if each.note
    )
