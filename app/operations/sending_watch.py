"""While files are sent, which may take hours, it is looked whether they still may go there."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

from app.domain.changes import Changes, Noun
from app.domain.dataset import DataFile
from app.domain.job import Job
from app.domain.problem import Kind, ProblemError
from app.domain.service import Service
from app.operations.desk import Desk
from app.operations.residency import hosts_for, refuse_forbidden
from app.transport.confined import Confinement, Hosts

LOOK_S = 2.0
"""Until what another process, or a file beside the data, says is seen by a file that is being sent."""
_HEARD = (Noun.DATASET, Noun.SERVICE, Noun.SETTING)


async def confinement(
    desk: Desk, service: Service, job: Job, along: tuple[DataFile, ...], is_sealed: Callable[[], bool]
) -> Confinement:
    """The hosts to which the files of a job may be sent, as the rules say it at any moment until the seal."""
    limit = Confinement(await hosts_for(desk, service, job, along))

    async def look() -> Hosts:
        return None if is_sealed() else await _look(desk, service, job, along)

    limit.asks(look)
    return limit


async def while_allowed(
    desk: Desk, sending: Coroutine[Any, Any, str], limit: Confinement, is_sealed: Callable[[], bool]
) -> str:
    """The id of the job that is sent. ProblemError (refused) once the data may not go there any more.

    Then the sending is stopped. After the seal it is too late: the last bytes are on their way.
    """
    working = asyncio.ensure_future(sending)
    try:
        with _told_of_rules(desk) as told:
            while not working.done():
                await _until(working, told)
                if not working.done() and not is_sealed():
                    await _keep_to(limit, is_sealed)
        return working.result()
    except BaseException:
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)  # what ended it is what is told
        raise


@contextlib.contextmanager
def _told_of_rules(desk: Desk) -> Iterator[asyncio.Event]:
    """Set by what this process does to datasets, services and settings, from whatever thread."""
    loop, told = asyncio.get_running_loop(), asyncio.Event()

    def hear(changes: Changes) -> None:
        if any(changes.ids(noun) for noun in _HEARD):
            with contextlib.suppress(RuntimeError):  # the loop has just ended
                loop.call_soon_threadsafe(told.set)

    stop = desk.listen(hear)
    try:
        yield told
    finally:
        stop()


async def _until(working: asyncio.Future[str], told: asyncio.Event) -> None:
    """Until the work is done, something was told, or it is time to look again."""
    hearing = asyncio.ensure_future(told.wait())
    try:
        await asyncio.wait((working, hearing), timeout=LOOK_S, return_when=asyncio.FIRST_COMPLETED)
    finally:
        hearing.cancel()
    told.clear()


async def _keep_to(limit: Confinement, is_sealed: Callable[[], bool]) -> None:
    try:
        await limit.look()
    except ProblemError:
        if not is_sealed():
            raise


async def _look(desk: Desk, service: Service, job: Job, along: tuple[DataFile, ...]) -> Hosts:
    """The hosts as they are now; ProblemError (refused) where the data may not go to the service at all.

    A store that cannot be read now is no rule: it is looked again soon, and once more before the seal.
    """
    try:
        now = await desk.service(service.id)
        await refuse_forbidden(desk, now, job, along)
        return await hosts_for(desk, now, job, along)
    except ProblemError as error:
        if error.problem.kind is Kind.REFUSED:
            raise
        return None
