"""Two programs on one data folder ask for a list no more often than one."""

import asyncio
from unittest.mock import Mock

from app.operations.desk import Desk
from app.operations.draft_job import JobDraft
from app.operations.list_jobs import last_list, list_jobs, may_list_now
from app.services.contract import Connection
from tests.helpers.fake_family import FakeFamily


def test_the_time_of_the_last_list_is_kept_and_told(desk: Desk, fake: FakeFamily, ready: JobDraft) -> None:
    remembered = Mock()
    fake.remember_list = remembered  # type: ignore[method-assign]
    service = asyncio.run(desk.service(ready.service_id))
    service = service.model_copy(update={"limits": service.limits.model_copy(update={"min_poll_s": 30.0})})
    assert asyncio.run(may_list_now(desk, service))
    asyncio.run(list_jobs(desk, service))
    assert not asyncio.run(may_list_now(desk, service))
    desk.clock.advance(10)  # type: ignore[attr-defined]
    asyncio.run(list_jobs(desk, service))
    connection, ago = remembered.call_args.args
    assert isinstance(connection, Connection)
    assert ago == 10.0
    desk.clock.advance(20)  # type: ignore[attr-defined]
    assert asyncio.run(may_list_now(desk, service))


def test_answers_given_again_do_not_move_the_turn(desk: Desk, ready: JobDraft) -> None:
    service = asyncio.run(desk.service(ready.service_id))
    service = service.model_copy(update={"limits": service.limits.model_copy(update={"min_poll_s": 30.0})})
    asyncio.run(list_jobs(desk, service))
    first = asyncio.run(last_list(desk, service.id))
    desk.clock.advance(5)  # type: ignore[attr-defined]
    asyncio.run(list_jobs(desk, service))
    assert asyncio.run(last_list(desk, service.id)) == first
