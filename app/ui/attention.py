"""What needs a person now; pure, so that Home and the badges of the rail agree."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from app.domain.dataset import Dataset, DatasetState
from app.domain.job import OPEN_STATES, Job, JobState
from app.domain.problem import Kind
from app.domain.result import Result, ResultState
from app.domain.service import HealthState, Service

TOKEN_WARNING = timedelta(days=7)
DELETION_WARNING = timedelta(hours=72)
FAILED_JOB_SHOWN = timedelta(days=14)


class NeedKind(StrEnum):
    """Why a person is needed."""

    JOB_FAILED = "job_failed"
    JOB_LOST = "job_lost"
    YOUR_TURN = "your_turn"
    SIGN_IN = "sign_in"
    RESULT_EXPIRES = "result_expires"
    RESULT_FAILED = "result_failed"
    TOKEN_EXPIRES = "token_expires"
    TOKEN_BAD = "token_bad"
    SERVICE_DOWN = "service_down"
    SERVICE_OFF = "service_off"


@dataclass(frozen=True)
class AtHand:
    """Jobs and results that may need a person now, with the jobs of those results; `any_job`: ever."""

    jobs: tuple[Job, ...] = ()
    results: tuple[Result, ...] = ()
    any_job: bool = False


@dataclass(frozen=True)
class Need:
    """One thing to do; `view` and `item_id` say where. `urgent` ones come first."""

    kind: NeedKind
    view: str
    item_id: str
    name: str
    detail: str = ""
    at: datetime | None = None
    urgent: bool = False
    practice: bool = False
    """Of the practice server: starting it is the remedy, whatever else is said."""


def needs(
    services: Iterable[Service], jobs: Iterable[Job], results: Iterable[Result], now: datetime
) -> tuple[Need, ...]:
    """Everything that needs a person, the most urgent first."""
    services, jobs, results = list(services), list(jobs), list(results)
    waiting = {j.service_id for j in jobs if j.state in OPEN_STATES}
    found = [*_of_jobs(jobs, {r.job_id for r in results if r.state == ResultState.VERIFIED}, now)]
    found += _of_results(results, {j.id: j.name for j in jobs})
    found += _of_services(services, waiting, now)
    practice = {s.id for s in services if s.practice}
    found = [replace(n, practice=n.view == "services" and n.item_id in practice) for n in found]
    return tuple(sorted(found, key=lambda n: (not n.urgent, n.at or now)))


def is_lost(job: Job) -> bool:
    """Whether the server forgot the job when it started anew: it does not run and waits for a person."""
    return job.raw_state == -1 and job.state == JobState.SUBMITTED


def _of_jobs(jobs: list[Job], fetched: set[str], now: datetime) -> Iterable[Need]:
    for job in jobs:
        detail = job.problem.what_happened if job.problem else ""
        again = job.sent_again_as is not None
        if job.state == JobState.FAILED and not again and (job.ended or job.created) > now - FAILED_JOB_SHOWN:
            yield Need(NeedKind.JOB_FAILED, "jobs", job.id, job.name, detail, job.ended, urgent=True)
        elif is_lost(job):
            yield Need(NeedKind.JOB_LOST, "jobs", job.id, job.name, detail, job.last_visit, urgent=True)
        elif job.state == JobState.WAITING and not job.is_to_send:
            yield Need(NeedKind.YOUR_TURN, "jobs", job.id, job.name, "", job.submitted)
        elif job.state == JobState.WAITING and job.problem and job.problem.kind == Kind.SIGN_IN:
            yield Need(NeedKind.SIGN_IN, "services", job.service_id, job.name, detail, urgent=True)
        expires = job.expires
        if (
            job.state == JobState.SUCCESS
            and job.id not in fetched
            and expires is not None
            and now < expires < now + DELETION_WARNING
        ):
            yield Need(NeedKind.RESULT_EXPIRES, "jobs", job.id, job.name, "", expires, urgent=True)


def _of_results(results: list[Result], names: dict[str, str]) -> Iterable[Need]:
    for result in results:
        if result.state in (ResultState.FAILED, ResultState.INCOMPLETE):
            name = names.get(result.job_id, result.id)
            yield Need(NeedKind.RESULT_FAILED, "results", result.id, name, result.problem, urgent=True)


def _of_services(services: list[Service], waiting: set[str], now: datetime) -> Iterable[Need]:
    for service in services:
        token = service.token
        if service.state == HealthState.OFF and service.down_since is not None:
            yield Need(NeedKind.SERVICE_OFF, "services", service.id, service.name, service.off_reason)
        if not service.enabled:
            continue
        if token.valid is False:
            yield Need(NeedKind.TOKEN_BAD, "services", service.id, service.name, token.detail, urgent=True)
        elif token.expires is not None and token.expires < now + TOKEN_WARNING:
            urgent = token.expires < now + timedelta(days=1)
            yield Need(
                NeedKind.TOKEN_EXPIRES, "services", service.id, service.name, "", token.expires, urgent
            )
        if service.state == HealthState.DOWN and service.id in waiting:
            yield Need(NeedKind.SERVICE_DOWN, "services", service.id, service.name, "", service.down_since)


@dataclass(frozen=True)
class Counts:
    """The badges of the rail."""

    services: int = 0
    datasets: int = 0
    jobs: int = 0
    results: int = 0


def counts(found: Iterable[Need], datasets: Iterable[Dataset], results: Iterable[Result]) -> Counts:
    """How many things in each view need a person; new results count as well."""
    found = list(found)
    fresh = {r.id for r in results if r.state == ResultState.VERIFIED and not r.seen}
    troubled = {n.item_id for n in found if n.view == "results"}
    return Counts(
        services=len({n.item_id for n in found if n.view == "services"}),
        datasets=sum(d.state == DatasetState.FAILED for d in datasets),
        jobs=len({n.item_id for n in found if n.view == "jobs"}),
        results=len(fresh | troubled),
    )
