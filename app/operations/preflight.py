"""Everything that is looked at before a byte is sent: on this computer, and by asking the service."""

from __future__ import annotations

import asyncio

from app.domain.dataset import Dataset
from app.domain.job import Job
from app.domain.model import Model
from app.domain.panel import Panel
from app.domain.parameter import Form
from app.domain.problem import Kind, ProblemError
from app.domain.service import Service
from app.operations.build_fit import build_obstacles
from app.operations.by_hand import Ways, page_obstacles, ways_of
from app.operations.check_dataset import dataset_of
from app.operations.delivery import delivery_obstacles
from app.operations.desk import Desk
from app.operations.disk_forecast import look_at_disk
from app.operations.draft_job import (
    JobDraft,
    Obstacle,
    Preflight,
    check_dataset_state,
    check_files,
    check_parameters,
    check_phased,
    check_quota,
    check_service,
    count_running,
    switched_off,
)
from app.operations.earlier_results import remember_results
from app.operations.institution_stop import refuse_stopped, stopped_by_institution
from app.operations.job_quota import QuotaLook, look_at_quota
from app.operations.list_jobs import jobs_at_once, list_jobs
from app.operations.look_at_service import look_at_service, store_token_info
from app.operations.offered_panels import offered_panels
from app.operations.one_file import one_file_caution
from app.operations.residency import refuse_forbidden, residency_obstacle
from app.operations.service_news import learn
from app.operations.sync_panels import read_form
from app.services.contract import RemoteJob
from app.store import datasets, jobs, services


async def preflight(desk: Desk, draft: JobDraft, *, to_phase: bool = False) -> Preflight:
    """Look at everything that can stop a job, before anything is sent. Raises only for unknown ids.

    `to_phase`: the data are still to be phased on this computer.
    """
    await remember_results(desk)  # a copy of one that an earlier version fetched is known by that
    service = await desk.service(draft.service_id)
    dataset = await dataset_of(desk, draft.dataset_id)
    forbidden = await _forbidden(desk, service, dataset)
    if forbidden is not None:  # nobody is asked about data that may not go there
        return Preflight(obstacles=(forbidden,), service=service, dataset=dataset)
    told = desk.family(service).capabilities
    obstacles = list(check_dataset_state(draft, dataset, told.mends))
    obstacles += await asyncio.to_thread(check_files, dataset.files, service)
    asked = await _ask_service(desk, draft, service)
    obstacles += page_obstacles(service, dataset, asked.panel, await ways_of(desk, service))
    obstacles += build_obstacles(told, service, dataset, asked.form, asked.panel)
    if asked.form is not None and not to_phase:
        obstacles += check_phased(draft, dataset, asked.form)
    obstacles += await delivery_obstacles(desk, asked.service, draft, asked.form, dataset.files)
    room, cautions = await look_at_disk(desk, asked.panel, dataset, dataset.size, draft.options)
    spent = await _quota(desk, asked, draft, dataset)
    return Preflight(
        obstacles=(*obstacles, *room, *asked.obstacles, *spent.obstacles),
        cautions=(*cautions, *one_file_caution(dataset, told, service.name), *spent.cautions),
        quota=spent.quota,
        service=asked.service,
        form=asked.form,
        panel=asked.panel,
        dataset=dataset,
        running_jobs=asked.running,
    )


async def recheck(desk: Desk, job: Job) -> tuple[Obstacle, ...]:
    """Look again before a job is sent later than it was made: files, disk, and what the service says now.

    Raises ProblemError where the data may not go there, or nobody's may. The findings were judged when the
    job was made. Terms hold only in the words that were accepted then.
    """
    service = await desk.service(job.service_id)
    await refuse_forbidden(desk, service, job)
    await refuse_stopped(desk, service)
    consents = await desk.store.read(lambda c: jobs.consents(c, job.id))
    terms = {c.parameter_id: c.text for c in consents}
    draft = JobDraft(
        dataset_id=job.dataset_id or "",
        service_id=job.service_id,
        app_id=job.app_id,
        panel_id=job.panel_id,
        options={name: value for name, value in job.options.items() if name not in terms},
        terms=terms,
    )
    obstacles = await asyncio.to_thread(check_files, job.files, service)
    size = sum(f.size for f in job.files)
    asked = await _ask_service(desk, draft, service)
    obstacles += await delivery_obstacles(desk, asked.service, draft, asked.form, job.files)
    dataset = await desk.store.read(lambda c: datasets.dataset(c, draft.dataset_id))
    room, _ = await look_at_disk(desk, asked.panel, dataset, size, job.options)
    spent = await _quota(desk, asked, draft, dataset)
    return obstacles + room + asked.obstacles + spent.obstacles


async def preview(desk: Desk, draft: JobDraft, *, to_phase: bool = False) -> Preflight:
    """What can be said of a draft without asking anybody: as `preflight`, from what was read last.

    Quick enough to follow the typing of a user. Raises only for unknown ids.
    """
    service = await desk.service(draft.service_id)
    dataset = await dataset_of(desk, draft.dataset_id)
    stored = await desk.store.read(lambda c: services.form(c, draft.service_id, draft.app_id))
    panel = await desk.store.read(lambda c: services.panel(c, draft.service_id, draft.panel_id, draft.app_id))
    form = stored.form if stored is not None else None
    told = desk.family(service).capabilities
    ways = await ways_of(desk, service)
    obstacles = await asyncio.to_thread(
        _local_obstacles, draft, service, dataset, form, panel, told.mends, ways
    )
    obstacles += build_obstacles(told, service, dataset, form, panel)
    forbidden = await _forbidden(desk, service, dataset)
    first = (forbidden,) if forbidden is not None else ()
    if form is not None and not to_phase:
        obstacles += check_phased(draft, dataset, form)
    room, cautions = await look_at_disk(desk, panel, dataset, dataset.size, draft.options)
    return Preflight(
        obstacles=first + obstacles + room,
        cautions=(*cautions, *one_file_caution(dataset, told, service.name)),
        service=service,
        form=form,
        panel=panel,
        dataset=dataset,
    )


async def _forbidden(desk: Desk, service: Service, dataset: Dataset) -> Obstacle | None:
    """What a rule of the data or the catalogue of an institution has against the service; asks nobody."""
    found = await residency_obstacle(desk, service, dataset)
    stopped = await stopped_by_institution(desk, service) if found is None else None
    return found if stopped is None else Obstacle(field="service", problem=stopped)


def _local_obstacles(
    draft: JobDraft,
    service: Service,
    dataset: Dataset,
    form: Form | None,
    panel: Panel | None,
    mends: frozenset[str],
    ways: Ways,
) -> tuple[Obstacle, ...]:
    found = [] if service.enabled else [switched_off(service)]
    found += [*check_dataset_state(draft, dataset, mends), *check_files(dataset.files, service)]
    found += [*check_service(service), *page_obstacles(service, dataset, panel, ways)]
    if form is not None:
        found += check_parameters(draft, form, panel)
    return tuple(found)


class _Asked(Model):
    """What the service says now."""

    obstacles: tuple[Obstacle, ...]
    service: Service
    form: Form | None = None
    panel: Panel | None = None
    running: int | None = None


async def _ask_service(desk: Desk, draft: JobDraft, service: Service) -> _Asked:
    """Everything that only the service can tell: token, maintenance, panel, parameters, running jobs."""
    if not service.enabled:
        return _Asked(obstacles=(switched_off(service),), service=service)
    try:
        service = await _learn(desk, service)
        form = await read_form(desk, service.id, draft.app_id)
        offered = offered_panels(desk, desk.family(service), await desk.connection(service), form)
        own = await _own_jobs(desk, service)
    except ProblemError as error:
        field = "token" if error.problem.kind is Kind.SIGN_IN else "service"
        return _Asked(obstacles=(Obstacle(field=field, problem=error.problem),), service=service)
    panel = next((p for p in offered if p.id == draft.panel_id), None)
    found = (*check_service(service), *check_parameters(draft, form, panel), *check_quota(service, own or ()))
    running = None if own is None else count_running(own)
    return _Asked(obstacles=found, service=service, form=form, panel=panel, running=running)


async def _own_jobs(desk: Desk, service: Service) -> tuple[RemoteJob, ...] | None:
    """The jobs there; None where their number matters to nobody and the list may not be asked for yet.

    A turn may be half a minute away, after a cancel for example, and who sends a job wants to see it now.
    """
    if service.limits.max_running_jobs is None:
        return await jobs_at_once(desk, service)
    return await list_jobs(desk, service)


async def _quota(desk: Desk, asked: _Asked, draft: JobDraft, dataset: Dataset | None) -> QuotaLook:
    """A service that answered nothing else is not asked for this."""
    if asked.form is None:
        return QuotaLook()
    return await look_at_quota(desk, asked.service, draft.app_id, dataset)


async def _learn(desk: Desk, service: Service) -> Service:
    """Token and maintenance as they are now; only what was learned is written."""
    seen = await store_token_info(desk, await look_at_service(desk, service))
    learned = ("token", "generation", "server_name", "apps", "facts", "limits", "maintenance_text", "state")
    fields = {name: getattr(seen, name) for name in (*learned, "last_checked")}
    return await learn(desk, service.id, **fields) or seen
