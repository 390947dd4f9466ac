"""What an operation of a job logs carries the id of the job, also from the tasks that it starts."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from app.operations.desk import Desk
from app.store.logs import job_context

P = ParamSpec("P")
T = TypeVar("T")


def logged_with_job(
    work: Callable[Concatenate[Desk, str, P], Coroutine[Any, Any, T]],
) -> Callable[Concatenate[Desk, str, P], Coroutine[Any, Any, T]]:
    """For operations that take the desk and the id of a job first."""

    @wraps(work)
    async def with_id(desk: Desk, job_id: str, *args: P.args, **named: P.kwargs) -> T:
        with job_context(job_id):
            return await work(desk, job_id, *args, **named)

    return with_id
