"""While files are sent, which may take hours, it is looked whether they still may go there."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any

from app.domain.dataset import DataFile
from app.domain.job import Job
from app.domain.problem import Kind, ProblemError
from app.domain.service import Service
from app.operations.desk import Desk
from app.operations.residency import refuse_forbidden

LOOK_S = 2.0


async def while_allowed(
    desk: Desk,
    service: Service,
    job: Job,
    sending: Coroutine[Any, Any, str],
    along: tuple[DataFile, ...],
    is_sealed: Callable[[], bool],
) -> str:
    """The id of the job that is sent. ProblemError (refused) once the data may not go there any more.

    Then the sending is stopped. After the seal it is too late: the last bytes are on their way.
    """
    working = asyncio.ensure_future(sending)
    try:
        while not working.done():
            await asyncio.wait((working,), timeout=LOOK_S)
            if not working.done() and not is_sealed():
                await _look(desk, service, job, along, is_sealed)
        return working.result()
    except BaseException:
        if not working.done():
            working.cancel()
            with contextlib.suppress(asyncio.CancelledError, ProblemError):
                await working
        raise


async def _look(
    desk: Desk, service: Service, job: Job, along: tuple[DataFile, ...], is_sealed: Callable[[], bool]
) -> None:
    """A store that cannot be read now is no rule: it is looked again soon, and once more before the seal."""
    try:
        await refuse_forbidden(desk, await desk.service(service.id), job, along)
    except ProblemError as error:
        if error.problem.kind is Kind.REFUSED and not is_sealed():
            raise
