"""Everything that is written down of how a result came to be."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from app import __version__
from app.domain.dataset import Dataset
from app.domain.finding import FileFacts, Severity
from app.domain.job import Job
from app.domain.panel import Panel
from app.domain.result import NOT_WHOLE, Result, ResultState
from app.domain.result_report import (
    DatasetFacts,
    InputFact,
    OutputFact,
    PanelFacts,
    RepairFact,
    RunFacts,
    ServiceFacts,
    SoftwareFact,
)
from app.domain.service import Service
from app.operations.desk import Desk
from app.store import datasets, jobs, services

_MOST_REPAIRS = 20
_LOCAL = "local"


async def recorded_run(desk: Desk, result: Result, *, person: bool = False) -> RunFacts:
    """The facts of a result; `person` tells who sits at this computer."""
    job = await desk.store.read(lambda c: jobs.job(c, result.job_id)) if result.job_id else None
    dataset_id = (job.dataset_id if job is not None else None) or result.dataset_id
    history = await _history(desk, dataset_id)
    facts = RunFacts(
        result_id=result.id,
        title=job.name if job is not None else result.name or Path(result.folder).name,
        haplodesk=__version__,
        made=desk.clock.now(),
        person=desk.person() if person else "",
        folder=result.folder,
        origin=result.origin,
        verdict=result.verdict,
        verified=result.verified,
        dataset=_dataset(history) if history else None,
        inputs=_inputs(job, history[0] if history else None),
        warnings=tuple(_warnings(result, job, history[0] if history else None)),
    )
    return await _with_job(desk, facts, job) if job is not None else facts


def folder_run(folder: Path) -> RunFacts:
    """The facts of a folder that is no result of the program: nothing but its name."""
    from app.domain.clock import SystemClock

    whole = folder.absolute()
    return RunFacts(title=whole.name, haplodesk=__version__, made=SystemClock().now(), folder=str(whole))


def output_facts(result: Result) -> tuple[OutputFact, ...]:
    """The files of a result as they were proved."""
    return tuple(
        OutputFact(
            path=each.path,
            size=each.size,
            sha256=each.sha256 or None,
            verified_by=each.verified_by,
            kind=each.kind,
        )
        for each in result.files
    )


async def _history(desk: Desk, dataset_id: str | None) -> list[Dataset]:
    """The dataset that was sent, and those it was made from, the newest first."""
    found: list[Dataset] = []
    wanted = dataset_id
    while wanted and len(found) < _MOST_REPAIRS:
        dataset = await _dataset_of(desk, wanted)
        if dataset is None:
            break
        found.append(dataset)
        wanted = dataset.made_from
    return found


async def _dataset_of(desk: Desk, dataset_id: str) -> Dataset | None:
    return await desk.store.read(lambda c: datasets.dataset(c, dataset_id))


def _dataset(history: list[Dataset]) -> DatasetFacts:
    sent = history[0]
    facts = DatasetFacts(name=sent.name, checked=sent.checked, repairs=tuple(_repairs(history)))
    first = next((each.outcome for each in reversed(history) if each.outcome is not None), None)
    if first is not None:
        before = {
            "sites_before_repair": first.ledger.sites_in,
            "samples_before_repair": first.ledger.samples_in,
        }
        facts = facts.model_copy(update=before)
    report = sent.report
    if report is None:
        return facts
    told = {
        "samples": report.samples,
        "sites": report.snps,
        "chromosomes": tuple(report.chromosomes),
        "build": report.build.value,
        "call_rate": report.cohort.call_rate if report.cohort is not None else None,
        "findings": tuple(each.title for each in report.findings if each.severity is not Severity.INFO),
    }
    return facts.model_copy(update=told)


def _repairs(history: list[Dataset]) -> Iterator[RepairFact]:
    """The steps of all repairs, the oldest first."""
    for dataset in reversed(history):
        for line in dataset.outcome.ledger.lines if dataset.outcome is not None else ():
            yield RepairFact(
                code=line.code,
                title=line.title,
                changed_sites=line.changed_sites,
                removed_sites=line.removed_sites,
                changed_samples=line.changed_samples,
                removed_samples=line.removed_samples,
            )


def _inputs(job: Job | None, dataset: Dataset | None) -> tuple[InputFact, ...]:
    files = job.files if job is not None else dataset.files if dataset is not None else ()
    report = dataset.report if dataset is not None else None
    known: dict[tuple[str, int], FileFacts] = {}
    if report is not None:
        known = {(each.path, each.size): each for each in report.files}
    return tuple(
        InputFact(
            path=each.path,
            name=each.name,
            size=each.size,
            format=found.format if (found := known.get((each.path, each.size))) else "",
            sha256=found.sha256 if found else None,
        )
        for each in files
    )


def _warnings(result: Result, job: Job | None, dataset: Dataset | None) -> Iterator[str]:
    if result.state is not ResultState.VERIFIED:
        yield f"The result is {result.state}, not verified." + (
            f" {result.problem}" if result.problem else ""
        )
    for each in result.files:
        if NOT_WHOLE in each.verified_by:
            yield f"{each.path} is {NOT_WHOLE}."
    if job is not None and job.override_reason:
        yield f"The data were sent in spite of severe findings. Reason given: {job.override_reason}"
    report = dataset.report if dataset is not None else None
    for finding in report.findings if report is not None else ():
        if finding.severity is Severity.SEVERE:
            yield f"Severe finding in the data that were sent: {finding.title}."


async def _with_job(desk: Desk, facts: RunFacts, job: Job) -> RunFacts:
    service = await desk.store.read(lambda c: services.service(c, job.service_id))
    panel = await desk.store.read(lambda c: services.panel(c, job.service_id, job.panel_id, job.app_id))
    told = {
        "job_id": job.id,
        "remote_id": job.remote_id or "",
        "service": _service(job, service),
        "panel": _panel(job, panel),
        "options": dict(job.options),
        "submitted": job.submitted,
        "started": job.started,
        "ended": job.ended,
        "software": _software(job),
    }
    return facts.model_copy(update=told)


def _service(job: Job, service: Service | None) -> ServiceFacts:
    name, _, version = job.app_id.partition("@")
    facts = ServiceFacts(app_id=job.app_id, app_version=version)
    if service is None:
        return facts
    app = next((each for each in service.apps if each.id == job.app_id), None)
    return facts.model_copy(
        update={
            "name": service.name,
            "family": service.family,
            "base_url": "" if service.family == _LOCAL else service.base_url,
            "operator": service.operator,
            "app_name": app.name if app is not None else name,
            "app_version": version or (app.version if app is not None else ""),
        }
    )


def _panel(job: Job, panel: Panel | None) -> PanelFacts:
    facts = PanelFacts(id=job.panel_id, name=job.panel_name or job.panel_id)
    if panel is None:
        return facts
    return PanelFacts(
        id=panel.id,
        name=job.panel_name or panel.name,
        build=panel.build,
        version=panel.version,
        samples=panel.samples,
        variants=panel.variants,
    )


def _software(job: Job) -> tuple[SoftwareFact, ...]:
    """Programs that the messages of the server name with their versions."""
    from app.results.reporting.told_by_files import once, programs_in

    found: list[SoftwareFact] = []
    for step in job.steps:
        for message in step.messages:
            found += programs_in(message.text, "message of the service")
    return once(each for each in found if each.version)
