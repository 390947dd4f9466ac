"""Signing in at Terra: the browser, a pasted code, tokens renewed in time, and refusals."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import timedelta

import pytest
from pydantic import SecretStr

from app.domain.clock import FixedClock
from app.domain.job import JobState
from app.domain.problem import Kind, ProblemError
from app.operations.check_services import check_services
from app.operations.desk import Desk
from app.operations.draft_job import JobDraft
from app.operations.send_job import send_job
from app.operations.sign_in import begin_sign_in, finish_sign_in, sign_in, sign_out
from app.operations.submit_job import submit_job
from app.operations.visit_jobs import visit_jobs
from app.store import notices
from tests.helpers.desk_fixtures import only_job
from tests.helpers.oidc_server import OidcServer
from tests.helpers.teaspoons_server import TeaspoonsServer
from tests.services.family_contract import refused
from tests.services.terra.conftest import HOUR, SERVICE, go_through


def test_the_browser_signs_in(desk: Desk, signed_in: str) -> None:
    service = asyncio.run(desk.service(signed_in))
    assert (service.token.present, service.token.valid) == (True, True)
    assert service.token.username == "ann@example.org"
    assert service.token.expires is None, "it is renewed by itself, so no end is to be warned of"
    assert {app.id for app in service.apps} >= {"array_imputation@1", "array_imputation@2"}
    assert any("2,500 samples" in fact.value for fact in service.facts)


def test_a_pasted_code(desk: Desk, provider: OidcServer, terra: str) -> None:
    """The code alone, or the whole address; one of another sign-in is refused."""

    async def paste(shape: Callable[[str], str]) -> None:
        opened = await begin_sign_in(desk, terra, paste=True)
        assert opened.by_pasting
        address = await asyncio.to_thread(provider.visit, opened.url)
        await finish_sign_in(desk, opened, SecretStr(shape(address)))

    asyncio.run(paste(lambda address: address))
    asyncio.run(paste(lambda address: f"  {address.partition('code=')[2].partition('&')[0]}\n"))
    with refused(Kind.SIGN_IN):
        asyncio.run(paste(lambda _: "https://x.example.org/?code=abc&state=other"))
    assert asyncio.run(desk.service(terra)).token.valid


def test_a_refusal_changes_nothing(desk: Desk, provider: OidcServer, signed_in: str) -> None:
    before = asyncio.run(desk.connection(asyncio.run(desk.service(signed_in)))).token

    async def no() -> None:
        opened = await go_through(desk, provider, "deny")
        await finish_sign_in(desk, opened)

    with refused(Kind.SIGN_IN):
        asyncio.run(no())
    service = asyncio.run(desk.service(signed_in))
    assert service.token.valid
    assert asyncio.run(desk.connection(service)).token == before


def test_an_account_that_the_service_does_not_know(
    desk: Desk, provider: OidcServer, server: TeaspoonsServer, terra: str
) -> None:
    server.faults.unregistered = True

    async def attempt() -> None:
        await finish_sign_in(desk, await go_through(desk, provider))

    with refused(Kind.SIGN_IN) as problem:
        asyncio.run(attempt())
    assert "Register" in problem().what_you_can_do
    assert asyncio.run(desk.connection(asyncio.run(desk.service(terra)))).token is None


def test_the_whole_way_in_one_call(desk: Desk, provider: OidcServer, terra: str) -> None:
    visits: list[asyncio.Task[None]] = []

    async def whole() -> None:
        loop = asyncio.get_running_loop()

        def show(url: str) -> None:
            visits.append(loop.create_task(asyncio.to_thread(_look_through, provider, url)))

        await sign_in(desk, terra, show)
        await asyncio.gather(*visits)

    asyncio.run(whole())
    assert asyncio.run(desk.service(terra)).token.valid


def _look_through(provider: OidcServer, url: str) -> None:
    provider.look(provider.visit(url))


def test_tokens_are_renewed_once_for_all_who_need_them(
    desk: Desk, clock: FixedClock, provider: OidcServer, signed_in: str
) -> None:
    service = asyncio.run(desk.service(signed_in))
    before = asyncio.run(desk.connection(service)).token
    clock.advance((HOUR - timedelta(seconds=30)).total_seconds())
    counted = provider.tell("counts")["refreshes"]

    async def many() -> set[str]:
        found = await asyncio.gather(*(desk.connection(service) for _ in range(5)))
        return {each.token.get_secret_value() for each in found if each.token is not None}

    tokens = asyncio.run(many())
    assert len(tokens) == 1
    assert before is not None
    assert before.get_secret_value() not in tokens
    assert provider.tell("counts")["refreshes"] == counted + 1


def test_a_refused_renewal_is_told_and_jobs_wait(
    desk: Desk,
    clock: FixedClock,
    provider: OidcServer,
    server: TeaspoonsServer,
    signed_in: str,
    draft: JobDraft,
) -> None:
    server.faults.store_busy = 1
    asyncio.run(submit_job(desk, draft))
    assert asyncio.run(only_job(desk)).state is JobState.WAITING
    provider.tell("revoke")
    clock.advance(2 * HOUR.total_seconds())
    job_id = asyncio.run(only_job(desk)).id
    with refused(Kind.SIGN_IN):
        asyncio.run(send_job(desk, job_id))
    assert asyncio.run(only_job(desk)).state is JobState.WAITING
    service = asyncio.run(desk.service(signed_in))
    assert service.token.valid is False
    asyncio.run(check_services(desk, (signed_in,)))
    told = asyncio.run(desk.store.read(notices.recent))
    assert [n.title for n in told].count("Sign in to Terra again") == 1
    clock.advance(-2 * HOUR.total_seconds())  # the provider's clock has not gone on

    async def again() -> None:
        await finish_sign_in(desk, await go_through(desk, provider))
        await send_job(desk, job_id)

    asyncio.run(again())
    assert asyncio.run(only_job(desk)).state is JobState.SUBMITTED


@pytest.mark.parametrize("where", ["visit", "send"])
def test_a_token_that_is_refused_before_its_end_is_renewed(
    desk: Desk, clock: FixedClock, server: TeaspoonsServer, draft: JobDraft, where: str
) -> None:
    """A provider may change its keys: nobody has to sign in for that."""
    if where == "visit":
        asyncio.run(submit_job(desk, draft))
    else:
        server.faults.store_busy = 1
        asyncio.run(submit_job(desk, draft))
        assert asyncio.run(only_job(desk)).state is JobState.WAITING
    first = asyncio.run(desk.secret("token:terra"))
    assert first is not None
    accepts = server.accepts
    server.accepts = lambda token: None if token == first.get_secret_value() else accepts(token)
    clock.advance(60)
    for _ in range(2):  # the first is refused
        with contextlib.suppress(ProblemError):
            if where == "visit":
                asyncio.run(visit_jobs(desk, SERVICE))
            else:
                asyncio.run(send_job(desk, asyncio.run(only_job(desk)).id))
        clock.advance(60)
    job = asyncio.run(only_job(desk))
    assert job.state is (JobState.RUNNING if where == "visit" else JobState.SUBMITTED)
    assert asyncio.run(desk.secret("token:terra")) != first
    assert asyncio.run(desk.service(SERVICE)).token.valid


def test_signing_out(desk: Desk, signed_in: str) -> None:
    asyncio.run(sign_out(desk, signed_in))
    service = asyncio.run(desk.service(signed_in))
    assert not service.token.present
    assert asyncio.run(desk.connection(service)).token is None
