"""The id of a job in what is logged while it is worked for."""

import asyncio

import pytest

from app.domain.problem import Kind, ProblemError, problem
from app.operations.desk import Desk
from app.operations.end_job import cancel_job, forget_job, restart_job
from app.operations.fetch_results import fetch_results
from app.operations.job_log import logged_with_job
from app.operations.send_job import send_job
from app.operations.visit_jobs import visit_job
from app.store.logs import current_job
from tests.helpers.desk_fixtures import desk, fake

__all__ = ["desk", "fake"]


@logged_with_job
async def whose(_desk: Desk, job_id: str, *, ask: str = "") -> tuple[str | None, str | None, str]:
    """What two places that log would say: here, and in a task that was started."""

    async def started() -> str | None:
        return current_job()

    return current_job(), await asyncio.create_task(started()), ask


@logged_with_job
async def failing(_desk: Desk, job_id: str) -> None:
    raise ValueError(current_job())


def test_the_id_is_there_inside_and_gone_behind(desk: Desk) -> None:
    async def run() -> tuple[object, object]:
        return await whose(desk, "job-7", ask="x"), current_job()

    assert asyncio.run(run()) == (("job-7", "job-7", "x"), None)


def test_two_at_once_do_not_mix_and_a_fault_leaves_nothing(desk: Desk) -> None:
    async def run() -> list[str | None]:
        both = await asyncio.gather(whose(desk, "job-1"), whose(desk, "job-2"))
        with pytest.raises(ValueError, match="job-3"):
            await failing(desk, "job-3")
        return [each[0] for each in both] + [current_job()]

    assert asyncio.run(run()) == ["job-1", "job-2", None]


@pytest.mark.parametrize(
    "operation",
    [send_job, visit_job, cancel_job, restart_job, forget_job, fetch_results],
    ids=lambda each: each.__name__,
)
def test_the_operations_of_a_job_log_with_its_id(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, operation: object
) -> None:
    seen: list[str | None] = []

    async def job(self: Desk, job_id: str) -> None:
        seen.append(current_job())
        raise problem(Kind.NOT_FOUND, "No such job", "It is not there.")

    monkeypatch.setattr(Desk, "job", job)
    with pytest.raises(ProblemError):
        asyncio.run(operation(desk, "job-5"))  # type: ignore[operator]
    assert seen == ["job-5"]
