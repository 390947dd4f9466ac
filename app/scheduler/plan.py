"""When to look next. Pure: a function of what is known and of the time.

A young job is looked at often, an old one seldom, one about to end often again; never more often than the
service allows, never more seldom than every quarter of an hour. A small shift that depends on the job keeps
many programs from asking in step.
"""

from __future__ import annotations

import zlib
from datetime import datetime, timedelta

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
    """A visit that is planned: to which service, when, and for which job first."""

    service_id: str
    at: datetime
    job_id: str


def interval(job: Job, service: Service, now: datetime) -> timedelta:
    """How long to wait between two looks at an open job."""
    floor = timedelta(seconds=service.limits.min_poll_s)
    if job.failed_visits:
        return _between(floor, floor * 2 ** min(job.failed_visits, 10))
    if job.state is JobState.EXPORTING:
        return _between(floor, timedelta(seconds=30))
    born = job.started or job.submitted or job.created
    age = max(now - born, timedelta(0))
    wait = age * AGE_SHARE
    if job.progress is not None and 0.0 < job.progress < 1.0:
        left = age * ((1.0 - job.progress) / job.progress)
        wait = min(wait, left * END_SHARE)
    return _between(floor, wait)


def _between(floor: timedelta, wait: timedelta) -> timedelta:
    return max(floor, min(wait, LONGEST))


def next_look(job: Job, service: Service, now: datetime) -> datetime | None:
    """When a job at the server is to be looked at; None when it needs no look any more."""
    if job.remote_id is None:
        return None
    if job.state is JobState.SUCCESS:
        return _look_before_expiry(job, now)
    if job.state not in REMOTE_OPEN_STATES:
        return None
    if job.last_visit is None:
        return now
    wait = interval(job, service, now)
    return job.last_visit + wait * (1.0 + _shift(job))


def _look_before_expiry(job: Job, now: datetime) -> datetime | None:
    """A result that is not fetched may change: reminded, expired, its downloads refilled."""
    if job.is_fetched:
        return None
    if job.last_visit is None:
        return now
    near = job.expires is not None and job.expires - now <= NEAR_EXPIRY
    return job.last_visit + (EXPIRY_LOOK_NEAR if near else EXPIRY_LOOK)


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
        at = next_look(job, service, now)
        if at is None:
            continue
        before = last_list.get(service.id)
        if before is not None:
            at = max(at, before + timedelta(seconds=service.limits.min_poll_s))
        if service.id not in due or at < due[service.id].at:
            due[service.id] = Due(service_id=service.id, at=at, job_id=job.id)
    return tuple(sorted(due.values(), key=lambda d: d.at))


def slept(wall_passed: float, monotonic_passed: float) -> bool:
    """Whether the computer slept: the wall clock went on while the other stood still, or both jumped."""
    return wall_passed - monotonic_passed > 30.0 or monotonic_passed > 60.0
