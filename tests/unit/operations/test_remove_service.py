"""A service is removed only when nothing is left to do or to fetch there."""

from __future__ import annotations

import asyncio

import pytest
from pydantic import SecretStr

from app.domain.problem import Kind, ProblemError, problem
from app.domain.service import TokenInfo
from app.operations.change_service import remove_service
from app.operations.desk import Desk
from app.operations.draft_job import JobDraft
from app.operations.end_job import forget_job
from app.store import services
from app.store.secrets import MemorySecrets
from tests.helpers.desk_fixtures import only_job
from tests.helpers.finished_job import fetch


def is_there(desk: Desk, draft: JobDraft) -> bool:
    return desk.store.read_now(lambda c: services.service(c, draft.service_id)) is not None


def test_a_result_that_is_not_fetched_keeps_its_service(done: Desk, ready: JobDraft) -> None:
    with pytest.raises(ProblemError) as refused:
        asyncio.run(remove_service(done, ready.service_id))
    assert refused.value.problem.title == "Results would be lost"
    assert is_there(done, ready)
    fetch(done)
    asyncio.run(remove_service(done, ready.service_id))
    assert not is_there(done, ready)


def test_whoever_forgets_the_job_may_remove_its_service(done: Desk, ready: JobDraft) -> None:
    asyncio.run(forget_job(done, asyncio.run(only_job(done)).id))
    asyncio.run(remove_service(done, ready.service_id))
    assert not is_there(done, ready)


class NoKeyring(MemorySecrets):
    """A computer without one, or whose keyring is locked."""

    def get(self, name: str) -> SecretStr | None:
        """Nothing can be read."""
        raise problem(Kind.STORE, "Tokens and passwords cannot be kept safely", "There is no keyring.")

    def delete(self, name: str) -> None:
        """Nothing can be removed."""
        self.get(name)


@pytest.mark.parametrize("holds", [True, False])
def test_a_service_without_a_token_is_removed_without_a_keyring(
    desk: Desk, ready: JobDraft, holds: bool
) -> None:
    """And a token that could not be removed keeps its service: nobody would know of it any more."""
    asyncio.run(desk.update_service(ready.service_id, token=TokenInfo(present=holds), secret_setup=()))
    desk.secrets = NoKeyring()
    if holds:
        with pytest.raises(ProblemError, match="cannot be kept safely"):
            asyncio.run(remove_service(desk, ready.service_id))
    else:
        asyncio.run(remove_service(desk, ready.service_id))
    assert is_there(desk, ready) == holds
