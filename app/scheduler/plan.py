"""When to look next. Pure: a function of what is known and of the time.

A young job is looked at often, an old one seldom, one about to end often again; never more often than the
service allows, never more seldom than every quarter of an hour. A small shift that depends on the job keeps
many programs from asking in step.
"""

from __future__ import annotations

import zlib
from datetime import datetime, time, timedelta

from app.domain.job import REMOTE_OPEN_STATES, Job, JobState
from app.domain.model import Model
from app.domain.service import HealthState, Service

LONGEST = timedelta(minutes=15)
AGE_SHARE = 1 / 20
END_SHARE = 1 / 4
JITTER = 0.1
EXPIRY_LOOK = timedelta(hours=6)
EXPIRY_LOOK_NEAR = timedelta(hours=1)
NEAR_EXPIRY = timedelta(hours=72)


class Due(Model):
    """A visit that is planned: to which service, when, and for which job first.

    `fault` is set when the moment could not be worked out and the longest pause was taken instead.
    """

    service_id: str
    at: datetime
    job_id: str
    fault: str = ""


def interval(job: Job, service: Service, now: datetime) -> timedelta:
    """How long to wait between two looks at an open job. Worked out in seconds: no number is too large."""
    floor = service.limits.min_poll_s
    if job.failed_visits:
        return _between(floor, floor * 2.0 ** min(job.failed_visits, 10))
    if job.missing_looks:
        return _between(floor, floor * 2.0)
    if job.state is JobState.EXPORTING:
        return _between(floor, 30.0)
    born = job.started or job.submitted or job.created
    age = max((now - born).total_seconds(), 0.0)
    wait = age * AGE_SHARE
    if job.progress is not None and 0.0 < job.progress < 1.0:
        left = age * ((1.0 - job.progress) / job.progress)
        wait = min(wait, left * END_SHARE)
    return _between(floor, wait)


def _between(floor_s: float, wait_s: float) -> timedelta:
    return timedelta(seconds=max(floor_s, min(wait_s, LONGEST.total_seconds())))


def next_look(job: Job, service: Service, now: datetime) -> datetime | None:
    """When a job at the server is to be looked at; None when it needs no look any more."""
    if job.remote_id is None:
        return None
    if job.state is JobState.SUCCESS:
        return _look_before_expiry(job, service, now)
    if job.state not in REMOTE_OPEN_STATES:
        return None
    if job.last_visit is None:
        return now
    return _last_visit(job, now) + interval(job, service, now) * (1.0 + _shift(job))


def _last_visit(job: Job, now: datetime) -> datetime:
    """Never in the future, where a clock that was set back would leave it."""
    return now if job.last_visit is None else min(job.last_visit, now)


def _look_before_expiry(job: Job, service: Service, now: datetime) -> datetime | None:
    """A result that is not fetched may change: reminded, expired, its downloads refilled.

    After a look that failed it is tried again as soon as for an open job.
    """
    if job.is_fetched:
        return None
    if job.last_visit is None:
        return now
    if job.failed_visits or job.missing_looks:
        return _last_visit(job, now) + interval(job, service, now)
    near = job.expires is not None and job.expires - now <= NEAR_EXPIRY
    return _last_visit(job, now) + (EXPIRY_LOOK_NEAR if near else EXPIRY_LOOK)


def _shift(job: Job) -> float:
    """Between 0 and 0.1, other for each look, the same for the same look: plans can be tested."""
    text = f"{job.id}{job.last_visit}"
    return JITTER * (zlib.crc32(text.encode()) / 0xFFFFFFFF)


def plan_visits(
    jobs: tuple[Job, ...], services: tuple[Service, ...], now: datetime, last_list: dict[str, datetime]
) -> tuple[Due, ...]:
    """The next visit to each service that has jobs to look at, soonest first.

    One visit serves all jobs of a service. Services that are off are left out; one that is down is visited
    as well, because health and the job list may differ.
    """
    known = {s.id: s for s in services}
    due: dict[str, Due] = {}
    for job in jobs:
        service = known.get(job.service_id)
        if service is None or service.state is HealthState.OFF or not service.enabled:
            continue
        found = _due(job, service, now, last_list.get(service.id))
        if found is not None and (service.id not in due or found.at < due[service.id].at):
            due[service.id] = found
    return tuple(sorted(due.values(), key=lambda d: d.at))


def _due(job: Job, service: Service, now: datetime, before: datetime | None) -> Due | None:
    """The visit that one job asks for; whatever is odd about it must not keep other jobs from theirs."""
    fault = ""
    try:
        at = next_look(job, service, now)
    except Exception as error:  # noqa: BLE001 - told with the visit
        at, fault = _last_visit(job, now) + LONGEST, f"{type(error).__name__}: {error}"
    if at is None:
        return None
    if before is not None:
        at = max(at, min(before, now) + timedelta(seconds=service.limits.min_poll_s))
    return Due(service_id=service.id, at=at, job_id=job.id, fault=fault)


def may_send(job: Job, now: datetime) -> bool:
    """Whether the pause before the next try is over; one that no pause can explain is a clock set back."""
    if job.next_visit is None or job.next_visit <= now:
        return True
    asked = (job.problem.retry_after_s if job.problem else None) or 0.0
    return (job.next_visit - now).total_seconds() > max(2 * LONGEST.total_seconds(), asked)


def panels_due(services: tuple[Service, ...], at: time, now: datetime) -> tuple[str, ...]:
    """Services whose panels were not read since the last time of day `at`; `now` is aware local time."""
    last = datetime.combine(now.date(), at, now.tzinfo)
    if last > now:
        last -= timedelta(days=1)
    return tuple(
        s.id
        for s in services
        if s.enabled and s.token.present and (s.last_synced is None or s.last_synced < last)
    )


def slept(wall_passed: float, monotonic_passed: float) -> bool:
    """Whether the computer slept: the wall clock went on while the other stood still, or both jumped."""
    return wall_passed - monotonic_passed > 30.0 or monotonic_passed > 60.0
