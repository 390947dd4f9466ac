"""A look at health counts only what was seen, tells all views, and says once that somebody waits."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from app.domain.changes import Changes, Noun
from app.domain.notice import NoticeKind
from app.domain.problem import Kind
from app.domain.service import Health, HealthState, Service, TokenInfo
from app.operations.check_services import apply_health, check_services, news_of_health
from app.operations.desk import Desk
from app.operations.draft_job import JobDraft
from app.operations.submit_job import create_job
from app.services.contract import Connection
from app.store import jobs, notices
from tests.helpers.fake_family import FakeFamily, fault

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)


def service(**update: object) -> Service:
    made = Service(id="s", name="S", family="fake", base_url="https://s.example", added=NOW)
    return made.model_copy(update={"state": HealthState.UP, **update})


def look(at: datetime, state: HealthState = HealthState.DOWN) -> Health:
    return Health(service_id="s", at=at, state=state)


def down_for(days: float, every: timedelta = timedelta(hours=12)) -> Service:
    """A service that was looked at all the time and never answered."""
    found, at = apply_health(service(), look(NOW)), NOW
    while at < NOW + days * DAY:
        at += every
        found = apply_health(found, look(at))
    return found


def test_a_service_that_was_seen_down_for_thirty_days_is_switched_off() -> None:
    assert down_for(29.5).enabled
    off = down_for(30)
    assert (off.enabled, off.state) == (False, HealthState.OFF)


def test_time_in_which_nobody_looked_is_no_down_time() -> None:
    once = apply_health(service(), look(NOW))
    again = apply_health(once, look(NOW + 31 * DAY))
    assert (again.enabled, again.state, again.down_seen_s) == (True, HealthState.DOWN, 0.0)
    assert again.down_since == NOW
    assert apply_health(down_for(29), look(NOW + 40 * DAY)).enabled


def test_the_warning_comes_before_the_switch_off() -> None:
    told: list[NoticeKind] = []
    found, at = apply_health(service(), look(NOW)), NOW
    while found.enabled:
        at += DAY
        after = apply_health(found, look(at))
        told += [n.kind for n in news_of_health(found, after, (), at) if not hasattr(n, "text")]
        found = after
    assert told[:1] == [NoticeKind.SERVICE_DOWN]
    assert told[-1] == NoticeKind.SERVICE_OFF


def test_up_once_begins_anew() -> None:
    up = apply_health(down_for(20), look(NOW + 21 * DAY, HealthState.UP))
    assert (up.down_since, up.down_seen_s) == (None, 0.0)


def test_a_look_that_was_not_made_changes_nothing() -> None:
    down = down_for(10)
    assert apply_health(down, look(NOW + 11 * DAY, HealthState.UNKNOWN)) == down


def kinds(desk: Desk) -> list[NoticeKind]:
    return [n.kind for n in desk.store.read_now(lambda c: notices.recent(c, 50))]


def test_that_a_job_waits_is_told_after_the_second_failed_look(
    desk: Desk, fake: FakeFamily, ready: JobDraft
) -> None:
    asyncio.run(create_job(desk, ready))
    fake.health_state = HealthState.DOWN
    asyncio.run(check_services(desk))
    assert kinds(desk) == []
    for _ in range(2):
        asyncio.run(check_services(desk))
    assert kinds(desk) == [NoticeKind.SERVICE_DOWN]


async def _broken(_: Connection) -> TokenInfo:
    raise fault(Kind.BUSY, "Token trouble")


def test_a_token_that_cannot_be_checked_stops_no_look(
    desk: Desk, fake: FakeFamily, ready: JobDraft, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fake, "verify_token", _broken)
    desk.clock.advance(7 * 3600)  # type: ignore[attr-defined]
    heard: list[Changes] = []
    desk.listen(heard.append)
    for _ in range(3):
        asyncio.run(check_services(desk))
    assert any(ready.service_id in c.ids(Noun.SERVICE) for c in heard)
    assert asyncio.run(desk.service(ready.service_id)).token.valid is True
    lines = desk.store.read_now(lambda c: jobs.events(c, service_id=ready.service_id))
    assert len([line for line in lines if "could not be checked" in line.text]) == 1


def test_one_look_that_fails_lets_the_views_be_told_of_the_others(
    desk: Desk, fake: FakeFamily, ready: JobDraft, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_: Connection) -> Health:
        raise ValueError("a bug")

    monkeypatch.setattr(fake, "health", broken)
    heard: list[Changes] = []
    desk.listen(heard.append)
    with pytest.raises(ValueError, match="a bug"):
        asyncio.run(check_services(desk))
    assert [c.ids(Noun.SERVICE) for c in heard] == [(ready.service_id,)]


def test_a_token_set_during_a_check_is_not_overwritten(
    desk: Desk, fake: FakeFamily, ready: JobDraft, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = TokenInfo(present=True, valid=True, username="new")

    async def slow(_: Connection) -> TokenInfo:
        await desk.update_service(ready.service_id, token=new)
        return TokenInfo(present=True, valid=False)

    monkeypatch.setattr(fake, "verify_token", slow)
    desk.clock.advance(7 * 3600)  # type: ignore[attr-defined]
    asyncio.run(check_services(desk))
    assert asyncio.run(desk.service(ready.service_id)).token == new
