"""What an operation of a job logs carries the id of the job, also from the tasks that it starts."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, TypeVar, cast

from app.operations.desk import Desk
from app.store.logs import job_context

Operation = TypeVar("Operation", bound=Callable[..., Coroutine[Any, Any, Any]])


def logged_with_job(work: Operation) -> Operation:
    """For operations that take the desk and the id of a job first."""

    @wraps(work)
    async def with_id(desk: Desk, job_id: str, *args: Any, **named: Any) -> Any:
        with job_context(job_id):
            return await work(desk, job_id, *args, **named)

    return cast(Operation, with_id)
