"""Jobs, their timeline and the terms that were accepted for them."""

from collections import Counter
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, and_, bindparam, delete, exists, func, insert, or_, select, update

from app.domain.job import OPEN_STATES, Consent, Event, Job, JobState
from app.domain.job_group import GroupState, state_of
from app.store import tables as t
from app.store.documents import document_of, parse, parse_all, search_text, upsert

_SENT_AGAIN = '"sent_again_as":"'
"""In the document of a job that another took the place of; within a text a quotation mark is escaped."""


def save_job(c: Connection, job: Job) -> None:
    """Insert or replace a job."""
    upsert(c, t.jobs, job_row(job, _service_name(c, job)))
    upsert(c, t.job_documents, {"id": job.id, "document": job.model_dump_json()})


def _service_name(c: Connection, job: Job) -> str:
    """The name of the service; the one known before when the service was removed."""
    name = c.scalar(select(t.services.c.name).where(t.services.c.id == job.service_id))
    if name is None:
        name = c.scalar(select(t.jobs.c.service).where(t.jobs.c.id == job.id))
    return name or ""


def follow_name(c: Connection, service_id: str, name: str) -> None:
    """Let the jobs of a service show its new name."""
    j = t.jobs.c
    outdated = and_(j.service_id == service_id, j.service != name)
    # The name that the service gave to a job is in its document alone, and `search` has to keep it.
    query = select(j.id, t.job_documents.c.document).join(t.job_documents).where(outdated)
    texts = [
        {"job": row.id, "text": job_row(parse(Job, row.document), name)["search"]} for row in c.execute(query)
    ]
    if texts:
        c.execute(update(t.jobs).where(outdated).values(service=name, service_key=name.casefold()))
        c.execute(update(t.jobs).where(j.id == bindparam("job")).values(search=bindparam("text")), texts)


def job_row(j: Job, service: str) -> dict[str, object]:
    """The indexed columns of a job; `service` is the name of its service."""
    panel = j.panel_name or j.panel_id
    return {
        "id": j.id,
        "name": j.name,
        "name_key": j.name.casefold(),
        "group_id": j.group,
        "remote_id": j.remote_id,
        "service_id": j.service_id,
        "service": service,
        "service_key": service.casefold(),
        "panel": panel,
        "panel_key": panel.casefold(),
        "dataset_id": j.dataset_id,
        "state": j.state,
        "phase": j.phase,
        "raw_state": j.raw_state,
        "progress": j.progress,
        "step": j.step,
        "queue_position": j.queue_position,
        "size": sum(f.size for f in j.files),
        "problem": j.problem.title if j.problem else "",
        "created": j.created,
        "submitted": j.submitted,
        "started": j.started,
        "ended": j.ended,
        "expires": j.expires,
        "last_visit": j.last_visit,
        "watched": j.is_watched,
        "search": search_text(j.name, j.remote_name, j.id, j.remote_id, j.group, service, panel),
    }


def job(c: Connection, job_id: str) -> Job | None:
    """The job of that id."""
    return document_of(c, t.job_documents, Job, job_id)


def jobs(
    c: Connection, states: Collection[JobState] | None = None, service_id: str | None = None
) -> tuple[Job, ...]:
    """Whole jobs, newest first; tables of many rows go through `pages`."""
    j = t.jobs.c
    query = select(t.job_documents.c.document).join(t.jobs).order_by(j.created.desc(), j.id.desc())
    if states is not None:
        query = query.where(j.state.in_([str(state) for state in states]))
    if service_id is not None:
        query = query.where(j.service_id == service_id)
    return parse_all(Job, c.scalars(query))


def group_jobs(c: Connection, group: str) -> tuple[Job, ...]:
    """The jobs that were sent together, as they were made."""
    j = t.jobs.c
    query = select(t.job_documents.c.document).join(t.jobs).where(j.group_id == group)
    return parse_all(Job, c.scalars(query.order_by(j.created, j.id)))


def group_states(c: Connection, groups: Collection[str]) -> dict[str, GroupState]:
    """How some groups stand, as `group_state` says of their jobs; of jobs only columns are read.

    But for those that were sent again, which are few: what took their place is in their documents.
    """
    j, document = t.jobs.c, t.job_documents.c.document
    counts: dict[str, Counter[JobState]] = {each: Counter() for each in groups}
    query = select(j.group_id, j.state, func.count()).where(j.group_id.in_(groups))
    for group, state, number in c.execute(query.group_by(j.group_id, j.state)):
        counts[group][JobState(state)] += number
    again = select(document).join(t.jobs).where(j.group_id.in_(groups), document.contains(_SENT_AGAIN))
    replaced = parse_all(Job, c.scalars(again))
    new = select(j.id, j.group_id).where(j.id.in_([each.sent_again_as for each in replaced]))
    here = {(row.id, row.group_id) for row in c.execute(new)}
    for each in replaced:
        if (each.sent_again_as, each.group) in here and each.group is not None:
            counts[each.group][each.state] -= 1
    return {group: state_of(found) for group, found in counts.items()}


def open_jobs(c: Connection) -> tuple[Job, ...]:
    """Jobs that still go on, here or at their service."""
    return jobs(c, states=OPEN_STATES)


def service_ids(c: Connection) -> tuple[str, ...]:
    """The services that jobs name, also those that were removed."""
    return tuple(c.scalars(select(t.jobs.c.service_id).distinct()))


def watched_jobs(c: Connection) -> tuple[Job, ...]:
    """Jobs that the program still looks after: open ones, and results that are not on this computer."""
    j = t.jobs.c
    query = select(t.job_documents.c.document).join(t.jobs).where(j.watched.is_(True))
    return parse_all(Job, c.scalars(query.order_by(j.created.desc(), j.id.desc())))


def jobs_at_hand(
    c: Connection, now: datetime, failed_since: datetime, expire_before: datetime
) -> tuple[Job, ...]:
    """Jobs that a person may want to see now: open, failed lately, or with a result that ends soon."""
    j = t.jobs.c
    failed = and_(j.state == str(JobState.FAILED), func.coalesce(j.ended, j.created) > failed_since)
    ending = and_(j.state == str(JobState.SUCCESS), j.expires > now, j.expires < expire_before)
    going_on = j.state.in_([str(state) for state in OPEN_STATES])
    query = select(t.job_documents.c.document).join(t.jobs).where(or_(going_on, failed, ending))
    return parse_all(Job, c.scalars(query.order_by(j.created.desc(), j.id.desc())))


def has_jobs(c: Connection) -> bool:
    """Whether there is any job."""
    return bool(c.scalar(select(exists().where(t.jobs.c.id.is_not(None)))))


def remove_job(c: Connection, job_id: str) -> None:
    """Forget a job and its timeline; what was consented to stays, and so do fetched results."""
    c.execute(delete(t.events).where(t.events.c.job_id == job_id))
    c.execute(delete(t.jobs).where(t.jobs.c.id == job_id))


def add_event(c: Connection, event: Event) -> None:
    """Add a line to the timeline."""
    row = event.model_dump()
    c.execute(insert(t.events).values({**row, "search": search_text(event.text, event.kind)}))


def events(
    c: Connection,
    job_id: str | None = None,
    service_id: str | None = None,
    dataset_id: str | None = None,
    limit: int = 500,
) -> tuple[Event, ...]:
    """The timeline, of everything or of the given job, service and dataset, newest first."""
    e = t.events.c
    query = select(e.at, e.kind, e.text, e.job_id, e.service_id, e.dataset_id)
    for column, value in ((e.job_id, job_id), (e.service_id, service_id), (e.dataset_id, dataset_id)):
        if value is not None:
            query = query.where(column == value)
    rows = c.execute(query.order_by(e.at.desc(), e.id.desc()).limit(limit)).mappings()
    return tuple(Event.model_validate(dict(row)) for row in rows)


def save_consent(c: Connection, consent: Consent) -> None:
    """Keep that a person accepted terms; never changed or removed."""
    row = {"job_id": consent.job_id, "at": consent.at, "document": consent.model_dump_json()}
    c.execute(insert(t.consents).values(row))


def consents(c: Connection, job_id: str) -> tuple[Consent, ...]:
    """What was accepted for a job, in order."""
    query = select(t.consents.c.document).where(t.consents.c.job_id == job_id)
    return parse_all(Consent, c.scalars(query.order_by(t.consents.c.at, t.consents.c.id)))
