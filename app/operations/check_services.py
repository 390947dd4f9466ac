"""Look at the health of services, and draw the consequences of a long silence."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from app.domain.changes import Changes, Noun
from app.domain.job import OPEN_STATES, Event
from app.domain.notice import NoticeKind
from app.domain.service import Health, HealthState, Service
from app.operations.desk import Desk
from app.operations.look_at_service import store_token_info
from app.operations.tell import tell
from app.store import jobs, services
from app.store.store import Connection as StoreConnection

WARN_AFTER = timedelta(days=25)
OFF_AFTER = timedelta(days=30)
TOKEN_CHECKED_EVERY = timedelta(hours=6)
TOKEN_WARNINGS_DAYS = (1, 3, 7)


async def check_services(desk: Desk, service_ids: tuple[str, ...] = ()) -> Changes:
    """Look at the given services, or at all that are switched on, all at once."""
    known = await desk.store.read(services.services)
    chosen = [s for s in known if (s.id in service_ids if service_ids else s.enabled)]
    found = await asyncio.gather(*(_check(desk, service) for service in chosen))
    changes = Changes()
    for each in found:
        changes |= each
    return desk.announce(changes)


async def _check(desk: Desk, service: Service) -> Changes:
    health = await desk.family(service).health(await desk.connection(service))

    def write(c: StoreConnection) -> tuple[Service, Service] | None:
        # Read again: the look took its time, and the user may have changed or removed the service.
        current = services.service(c, service.id)
        if current is None:
            return None
        changed = apply_health(current, health)
        services.record_health(c, health)
        services.save_service(c, changed)
        return current, changed

    both = await desk.store.write(write)
    if both is None:
        return Changes()
    current, updated = both
    await _tell_of_change(desk, current, updated)
    if updated.state is HealthState.UP:
        updated = await _check_token(desk, updated)
    return Changes.of(Noun.SERVICE, service.id)


def apply_health(service: Service, health: Health) -> Service:
    """The service after a look: state, time to answer, since when it is down, off after 30 days.

    A look that failed because this computer is offline says nothing about the service.
    """
    update: dict[str, object] = {
        "last_checked": health.at,
        "response_ms": health.phases.total,
        "state": health.state,
    }
    if health.state is HealthState.DOWN:
        since = service.down_since or health.at
        update["down_since"] = since
        if service.enabled and health.at - since >= OFF_AFTER:
            update |= {
                "enabled": False,
                "state": HealthState.OFF,
                "off_reason": f"Switched off after {OFF_AFTER.days} days without an answer.",
            }
    elif health.state in {HealthState.UP, HealthState.MAINTENANCE}:
        update["down_since"] = None
    if health.state is HealthState.MAINTENANCE:
        update["maintenance_text"] = health.detail
    elif health.state is HealthState.UP:
        update["maintenance_text"] = ""
    if not service.enabled:
        update["state"] = HealthState.OFF
    return service.model_copy(update=update)


async def _tell_of_change(desk: Desk, before: Service, after: Service) -> None:
    if before.state is not after.state:
        text = f"{after.name}: {before.state} → {after.state}."
        await desk.note(Event(at=desk.clock.now(), kind="health", text=text, service_id=after.id))
    if after.down_since is None:
        return
    since = after.down_since.date().isoformat()
    silent = desk.clock.now() - after.down_since
    if before.enabled and not after.enabled:
        await tell(
            desk,
            NoticeKind.SERVICE_OFF,
            f"{after.name} was switched off",
            f"It has not answered since {since}. It comes back with one click in Services.",
            key=f"off:{after.id}:{since}",
            service_id=after.id,
        )
    elif silent >= WARN_AFTER:
        await tell(
            desk,
            NoticeKind.SERVICE_DOWN,
            f"{after.name} has been down for {silent.days} days",
            f"It will be switched off after {OFF_AFTER.days} days without an answer.",
            key=f"down25:{after.id}:{since}",
            service_id=after.id,
        )
    await _tell_waiting_jobs(desk, after, since)


async def _tell_waiting_jobs(desk: Desk, service: Service, since: str) -> None:
    waiting = await desk.store.read(lambda c: jobs.jobs(c, states=tuple(OPEN_STATES), service_id=service.id))
    if not waiting:
        return
    await tell(
        desk,
        NoticeKind.SERVICE_DOWN,
        f"{service.name} does not answer",
        f"{_jobs(len(waiting))} it. Haplodesk keeps looking and goes on by itself.",
        key=f"down:{service.id}:{since}",
        service_id=service.id,
        job_id=waiting[0].id,
    )


def _jobs(number: int) -> str:
    return "A job waits for" if number == 1 else f"{number} jobs wait for"


async def _check_token(desk: Desk, service: Service) -> Service:
    """Ask about the token a few times a day, and warn 7, 3 and 1 day before it expires."""
    now = desk.clock.now()
    checked = service.token.checked
    if service.token.present and (checked is None or now - checked >= TOKEN_CHECKED_EVERY):
        token = (await store_token_info(desk, service)).token
        service = await desk.update_service(service.id, token=token) or service
    await warn_of_token(desk, service)
    return service


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
