"""Ask a service for its list of jobs, at the pace it wants, whoever asks.

The window and the command line may work on one data folder at once, and a program may be started again at any
time. So the next free moment of each service is kept in the store, and a question first takes its turn there:
two programs together never ask more often than one may.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from hashlib import sha256

from app.domain.service import Service
from app.operations.desk import Desk, ListAnswer
from app.services.contract import Connection, RemoteJob
from app.store import settings
from app.store.store import Connection as StoreConnection

LONGEST_TURN = timedelta(minutes=10)


async def list_jobs(desk: Desk, service: Service, *, fresh: bool = False) -> tuple[RemoteJob, ...]:
    """All own jobs at a service. A call that comes too early gets the last answer again, or waits if `fresh`.

    With `fresh` the answer was asked for after the call.
    """
    connection = await desk.connection(service)
    recent = _recent(desk, service, connection)
    if recent is not None and not fresh:
        return recent.jobs
    await wait_for_turn(desk, service)
    began = desk.clock.now()
    found = await desk.family(service).jobs(connection, fresh=True)
    desk.last_lists[service.id] = ListAnswer(at=began, who=_who(connection), jobs=found)
    return found


async def jobs_at_once(desk: Desk, service: Service) -> tuple[RemoteJob, ...] | None:
    """As `list_jobs`, for a person who has just pressed a button: None instead of a wait for our turn."""
    recent = _recent(desk, service, await desk.connection(service))
    if recent is None and not await may_list_now(desk, service):
        return None
    return await list_jobs(desk, service)


def _recent(desk: Desk, service: Service, connection: Connection) -> ListAnswer | None:
    """The last answer, while it may not be asked for again."""
    last = desk.last_lists.get(service.id)
    if last is None or last.who != _who(connection):
        return None
    return last if desk.clock.now() - last.at < timedelta(seconds=service.limits.min_poll_s) else None


async def wait_for_turn(desk: Desk, service: Service) -> None:
    """Take the turn of a question for the list, and wait until it has come."""
    spacing = timedelta(seconds=service.limits.min_poll_s)
    turn = await desk.store.write(partial(_take_turn, service.id, desk.clock.now(), spacing))
    while (wait := (turn - desk.clock.now()).total_seconds()) > 0:
        await desk.pause(wait)


def _who(connection: Connection) -> str:
    token = connection.token.get_secret_value() if connection.token is not None else ""
    return sha256(f"{connection.base_url}\n{token}".encode()).hexdigest()


async def may_list_now(desk: Desk, service: Service) -> bool:
    """Whether a question would be asked at once instead of waiting for its turn."""
    noted = await desk.store.read(lambda c: settings.state(c, _key(service.id)))
    return noted is None or datetime.fromisoformat(noted) <= desk.clock.now()


def _take_turn(service_id: str, now: datetime, spacing: timedelta, c: StoreConnection) -> datetime:
    """The moment of our turn; the next one begins a spacing later. A clock that was set back does no harm."""
    noted = settings.state(c, _key(service_id))
    turn = now
    if noted is not None and now < datetime.fromisoformat(noted) <= now + LONGEST_TURN:
        turn = datetime.fromisoformat(noted)
    settings.set_state(c, _key(service_id), (turn + spacing).isoformat())
    return turn


def _key(service_id: str) -> str:
    return f"list:{service_id}"
