"""Where else a job could go while its service does not answer: a mirror that offers the same panel."""

from __future__ import annotations

from app.domain.job import LOCAL_STATES, Job, SendPhase
from app.domain.model import Model
from app.domain.panel import Panel
from app.domain.parameter import ParameterType
from app.domain.problem import Kind, problem
from app.domain.residency import why_forbidden
from app.domain.same_panel import same_panel
from app.domain.service import HealthState, Service
from app.operations.desk import Desk
from app.operations.draft_job import JobDraft, check_parameter, panel_fields
from app.operations.institution_stop import stopped_of
from app.operations.residency import as_here, rule_for
from app.store import datasets, services
from app.store.store import Connection as StoreConnection


class Mirror(Model):
    """A service that answers and has the panel of a job."""

    service: Service
    panel: Panel


async def mirrors_of(desk: Desk, job_id: str) -> tuple[Mirror, ...]:
    """The services that could take a job now, best score first; none for a job that may be at its service."""
    job = await desk.job(job_id)
    if job.state not in LOCAL_STATES or job.phase is SendPhase.SEALED or job.sealed_before:
        return ()
    found = await desk.store.read(lambda c: mirrors(c, job))
    dataset = await desk.store.read(lambda c: datasets.dataset(c, job.dataset_id or ""))
    rule = await rule_for(desk, dataset, job.files, job.residency)
    allowed = [each for each in found if why_forbidden(rule, as_here(desk, each.service)) is None]
    stopped = await stopped_of(desk, [each.service for each in allowed])
    return tuple(each for each, why in zip(allowed, stopped, strict=True) if why is None)


def mirrors(c: StoreConnection, job: Job) -> tuple[Mirror, ...]:
    """Services that answer, have a token and offer what seems to be the panel of a job."""
    wanted = services.panel(c, job.service_id, job.panel_id, job.app_id)
    if wanted is None:
        return ()
    good = {
        each.id: each
        for each in services.services(c)
        if each.enabled and each.state is HealthState.UP and each.token.present and each.id != job.service_id
    }
    found = [
        Mirror(service=good[each.service_id], panel=each)
        for each in services.panels(c)
        if each.service_id in good and same_panel(wanted, each)
    ]
    return tuple(sorted(found, key=lambda each: -(each.service.score or 0)))


async def mirror_draft(desk: Desk, job_id: str, service_id: str) -> JobDraft:
    """A draft that sends the data of a job to a mirror instead; the job itself is left as it is.

    Options go along as far as the other service knows them and takes their values; terms do not: a person
    has to read them there.
    """
    job = await desk.job(job_id)
    found = next((each for each in await mirrors_of(desk, job_id) if each.service.id == service_id), None)
    if found is None:
        raise problem(
            Kind.NOT_FOUND,
            "The job cannot go there",
            "It does not answer, has another panel or may not get these data, or the job is on its way.",
            "Look at Services and Panels.",
            subject=job.name,
        )
    return JobDraft(
        name=job.name,
        dataset_id=job.dataset_id or "",
        service_id=service_id,
        app_id=found.panel.app_id,
        panel_id=found.panel.id,
        options=await _options_there(desk, job, found.panel),
        own_password=job.password_set,
        override_reason=job.override_reason,
        group=job.group,
    )


async def _options_there(desk: Desk, job: Job, panel: Panel) -> dict[str, str | bool]:
    """What was chosen for a job, as far as the form of another service, as it was read last, takes it."""
    stored = await desk.store.read(lambda c: services.form(c, panel.service_id, panel.app_id))
    if stored is None:
        return {}
    form, panels = stored.form, panel_fields(stored.form)
    draft = JobDraft(
        dataset_id=job.dataset_id or "",
        service_id=panel.service_id,
        app_id=panel.app_id,
        panel_id=panel.id,
        options=job.options,
    )
    known = [p for p in form.parameters if p.id in job.options and p.id not in panels]
    taken = [p.id for p in known if p.type is not ParameterType.TERMS and not check_parameter(draft, form, p)]
    return {name: job.options[name] for name in taken}
