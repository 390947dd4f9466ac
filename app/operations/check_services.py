"""Look at the health of services, and draw the consequences of a long silence."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tzlocal import get_localzone_name

from app.domain.changes import Changes, Noun
from app.domain.job import OPEN_STATES, Event, Job
from app.domain.notice import Notice, NoticeKind
from app.domain.places import distance_km, place_of_zone
from app.domain.problem import ProblemError
from app.domain.residency import places_of
from app.domain.service import Health, HealthState, Service
from app.domain.standing import PERIODS, LookPoint, Standing, last_day, standing
from app.operations.described_faults import fault_of, news_of_fault, words_of
from app.operations.desk import Desk, write_news
from app.operations.fail_over import mirrors_of
from app.operations.look_at_service import store_token_info
from app.operations.tell import notice, tell
from app.store import jobs, services
from app.store.store import Connection as StoreConnection

WARN_AFTER = timedelta(days=25)
OFF_AFTER = timedelta(days=30)
LONGEST_GAP = timedelta(days=1)
TOKEN_CHECKED_EVERY = timedelta(hours=6)
TOKEN_WARNINGS_DAYS = (1, 3, 7)

HEALTH_WORDS = {
    HealthState.UNKNOWN: "was not looked at",
    HealthState.UP: "answers",
    HealthState.MAINTENANCE: "is under maintenance",
    HealthState.DOWN: "does not answer",
    HealthState.OFFLINE: "cannot be reached: this computer has no network",
    HealthState.OFF: "is switched off",
}


async def check_services(desk: Desk, service_ids: tuple[str, ...] = ()) -> Changes:
    """Look at the given services, or at all that are switched on, all at once.

    Each is told as soon as it has answered, so one that hangs delays no other. What fails at one does not
    keep the others from being told; the first failure is raised at the end.
    """
    known = await desk.store.read(services.services)
    chosen = [s for s in known if (s.id in service_ids if service_ids else s.enabled)]
    found = await asyncio.gather(*(_told(desk, service) for service in chosen), return_exceptions=True)
    changes = Changes.of(Noun.SERVICE, *(s.id for s in chosen))
    for each in found:
        changes |= each if isinstance(each, Changes) else Changes()
    for each in found:
        if isinstance(each, BaseException):
            raise each
    return changes


async def _told(desk: Desk, service: Service) -> Changes:
    changes = Changes.of(Noun.SERVICE, service.id)
    try:
        changes |= await _check(desk, service)
    finally:
        desk.announce(changes)
    return changes


async def _check(desk: Desk, service: Service) -> Changes:
    fault = await fault_of(desk, service)
    health = await desk.family(service).health(await desk.connection(service, renew=False))
    elsewhere = await _elsewhere(desk, service) if health.state is HealthState.DOWN else ""
    now = desk.clock.now()

    def write(c: StoreConnection) -> tuple[Service | None, list[str]]:
        # Read again: the look took its time, and the user may have changed or removed the service.
        current = services.service(c, service.id)
        if current is None:
            return None, []
        services.record_health(c, health)
        points = services.health_points(c, service.id, now - PERIODS[-1])
        changed = scored(apply_health(current, health), points, now)
        changed = changed.model_copy(update={"to_mend": words_of(fault)})
        services.save_service(c, changed)
        waiting = jobs.jobs(c, states=tuple(OPEN_STATES), service_id=service.id)
        watched = [job for job in jobs.watched_jobs(c) if job.service_id == service.id and job.remote_id]
        news = news_of_health(current, changed, waiting, now, elsewhere)
        return changed, write_news(c, (*news, *news_of_fault(current, fault, watched, now)))

    updated, told = await desk.store.write(write)
    if updated is None:
        return Changes()
    if health.state is updated.state is HealthState.UP:
        await _check_token(desk, updated)
    return Changes.of(Noun.NOTICE, *told) | Changes.of(Noun.EVENT, service.id)


async def _elsewhere(desk: Desk, service: Service) -> str:
    """A service to which one of the jobs that wait for this one could go, and may."""
    waiting = await desk.store.read(lambda c: jobs.jobs(c, states=tuple(OPEN_STATES), service_id=service.id))
    for job in waiting:
        for mirror in await mirrors_of(desk, job.id):
            return mirror.service.name
    return ""


def apply_health(service: Service, health: Health) -> Service:
    """The service after a look: state, time to answer, since when it is down, off after 30 days.

    A look that failed because this computer is offline says nothing about the service; one that was not made,
    as in a pause that the service asked for, says nothing at all.
    """
    if health.state is HealthState.UNKNOWN:
        return service
    update: dict[str, object] = {
        "last_checked": health.at,
        "response_ms": None if service.is_by_hand else health.phases.total,
        "state": health.state,
    }
    if health.state is HealthState.DOWN:
        seen = _down_seen(service, health.at)
        update |= {"down_since": service.down_since or health.at, "down_seen_s": seen.total_seconds()}
        if service.enabled and seen >= OFF_AFTER:
            update |= {
                "enabled": False,
                "state": HealthState.OFF,
                "off_reason": f"Switched off after {OFF_AFTER.days} days without an answer.",
            }
    elif health.state in {HealthState.UP, HealthState.MAINTENANCE}:
        update |= {"down_since": None, "down_seen_s": 0.0}
    if health.state is HealthState.MAINTENANCE:
        update["maintenance_text"] = health.detail
    elif health.state is HealthState.UP:
        update["maintenance_text"] = ""
    if not service.enabled:
        update["state"] = HealthState.OFF
    return service.model_copy(update=update)


def scored(service: Service, points: Sequence[LookPoint], now: datetime) -> Service:
    """The service with its score and its last day, by the looks of the last 30 days.

    A web page has neither: nobody asks it.
    """
    if service.is_by_hand:
        return service
    score = standing_of(service, points, now).score
    return service.model_copy(update={"score": score, "last_day": last_day(points, now)})


def standing_of(service: Service, points: Sequence[LookPoint], now: datetime) -> Standing:
    """How well a service stands, seen from the time zone of this computer."""
    here = place_of_zone(_time_zone())
    way = 0.0 if service.is_here or service.practice else distance_km(here, places_of(service) or ())
    return standing(points, now, service.state, way)


def _time_zone() -> str:
    """The name of the time zone of this computer; empty where it cannot be told."""
    with contextlib.suppress(LookupError, ValueError, OSError):
        return str(get_localzone_name() or "")
    return ""


def _down_seen(service: Service, at: datetime) -> timedelta:
    """For how long it was seen down.

    A longer gap between two looks, as while nobody runs the program, does not count: the service may have
    answered in between.
    """
    if service.down_since is None or service.last_checked is None:
        return timedelta(0)
    gap = at - service.last_checked
    counted = gap if timedelta(0) < gap <= LONGEST_GAP else timedelta(0)
    return timedelta(seconds=service.down_seen_s) + counted


def news_of_health(
    before: Service, after: Service, waiting: Sequence[Job], now: datetime, elsewhere: str = ""
) -> Iterator[Event | Notice]:
    """What a look has to tell: the new state, a warning before the switch-off, the switch-off, who waits.

    One failed look may be chance, so that a job waits is told after the second in a row. `elsewhere` is a
    service that answers and has the same panel.
    """
    if before.state is not after.state and not after.is_by_hand:
        text = f"{after.name} {HEALTH_WORDS[after.state]}."
        yield Event(at=now, kind="health", text=text, service_id=after.id)
    if after.down_since is None or after.state not in {HealthState.DOWN, HealthState.OFF}:
        return
    key = after.down_since.date().isoformat()
    if before.enabled and not after.enabled:
        yield _switched_off(after, key, now)
    elif after.enabled and timedelta(seconds=after.down_seen_s) >= WARN_AFTER:
        yield _long_down(after, key, now)
    if before.state is after.state is HealthState.DOWN and waiting:
        yield _waited_for(after, waiting, key, now, elsewhere)


def _switched_off(service: Service, key: str, now: datetime) -> Notice:
    assert service.down_since is not None
    since = service.down_since.astimezone().date().isoformat()
    return notice(
        now,
        NoticeKind.SERVICE_OFF,
        f"{service.name} was switched off",
        f"It has not answered since {since}. It comes back with one click in Services.",
        key=f"off:{service.id}:{key}",
        service_id=service.id,
    )


def _long_down(service: Service, key: str, now: datetime) -> Notice:
    days = timedelta(seconds=service.down_seen_s).days
    return notice(
        now,
        NoticeKind.SERVICE_DOWN,
        f"{service.name} has been down for {days} days",
        f"It will be switched off after {OFF_AFTER.days} days without an answer.",
        key=f"down25:{service.id}:{key}",
        service_id=service.id,
    )


def _waited_for(service: Service, waiting: Sequence[Job], key: str, now: datetime, elsewhere: str) -> Notice:
    body = f"{_jobs(len(waiting))} it. Haplodesk keeps looking and goes on by itself."
    if elsewhere:
        body += (
            f" {elsewhere} answers and seems to have the same panel: the page of the job can send it there."
        )
    return notice(
        now,
        NoticeKind.SERVICE_DOWN,
        f"{service.name} does not answer",
        body,
        key=f"down:{service.id}:{key}",
        service_id=service.id,
        job_id=waiting[0].id,
    )


def _jobs(number: int) -> str:
    return "A job waits for" if number == 1 else f"{number} jobs wait for"


async def _check_token(desk: Desk, service: Service) -> None:
    """Ask about the token a few times a day, and warn 7, 3 and 1 day before it expires."""
    now = desk.clock.now()
    checked = service.token.checked
    if service.token.present and (checked is None or now - checked >= TOKEN_CHECKED_EVERY):
        service = await _ask_about_token(desk, service)
    await warn_of_token(desk, service)


async def _ask_about_token(desk: Desk, service: Service) -> Service:
    """What fails here says nothing of the token or the service: it is noted once, and asked again soon."""
    asked_about = service.token
    told: tuple[str, ...] = ()
    try:
        token = (await store_token_info(desk, service)).token
    except ProblemError as error:
        detail = f"It could not be checked: {error.problem.title}."
        if detail == asked_about.detail:
            return service
        token = asked_about.model_copy(update={"detail": detail})
        told = (f"The token could not be checked: {error.problem.sentence()}",)

    def change(current: Service) -> Service:
        same = current.token == asked_about  # else the user has set another one meanwhile
        return current.model_copy(update={"token": token}) if same else current

    return await desk.change_service(service.id, change, *told) or service


async def warn_of_token(desk: Desk, service: Service) -> None:
    """One notice for each of the three limits that has passed."""
    expires = service.token.expires
    if not service.token.present or expires is None:
        return
    left = expires - desk.clock.now()
    limit = next((d for d in TOKEN_WARNINGS_DAYS if left <= timedelta(days=d)), None)
    if limit is None:
        return
    days = max(0, left.days)
    when = (
        "has expired" if left <= timedelta(0) else f"expires in {days} days" if days > 1 else "expires soon"
    )
    await tell(
        desk,
        NoticeKind.TOKEN_EXPIRES,
        f"The token for {service.name} {when}",
        "Make a new one on the profile page of the service and set it in Services.",
        key=f"token:{service.id}:{expires.isoformat()}:{limit if left > timedelta(0) else 0}",
        service_id=service.id,
    )
