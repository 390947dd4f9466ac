"""Reading panels: what is learned is written, and nothing that the user changed meanwhile is brought back."""

import asyncio

import pytest
from pydantic import SecretStr

from app.domain.notice import NoticeKind
from app.domain.parameter import Form
from app.domain.problem import Kind, ProblemError
from app.domain.service import HealthState, ServiceApp
from app.operations.change_service import enable_service, remove_service, set_token
from app.operations.desk import Desk
from app.operations.draft_job import JobDraft
from app.operations.sync_panels import sync_panels
from app.services.contract import Connection, ServerInfo
from app.store import jobs, notices, services
from tests.helpers.fake_family import FakeFamily, fault


def two_apps(fake: FakeFamily, monkeypatch: pytest.MonkeyPatch, kind: Kind) -> None:
    """A second application, whose form the service does not give."""
    describe, form = fake.describe, fake.form

    async def told(connection: Connection) -> ServerInfo:
        info = await describe(connection)
        return info.model_copy(update={"apps": (ServiceApp(id="old@1", name="Old"), *info.apps)})

    async def asked(connection: Connection, app_id: str) -> Form:
        if app_id == "old@1":
            raise fault(kind)
        return await form(connection, app_id)

    monkeypatch.setattr(fake, "describe", told)
    monkeypatch.setattr(fake, "form", asked)


def test_an_application_that_is_not_there_does_not_stop_the_others(
    desk: Desk, fake: FakeFamily, ready: JobDraft, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = desk.store.read_now(lambda c: services.panels(c, ready.service_id))[0]
    kept = old.model_copy(update={"app_id": "old@1", "id": "apps@kept"})
    before = desk.store.read_now(lambda c: services.panels(c, ready.service_id))
    desk.store.write_now(
        lambda c: services.replace_panels(c, ready.service_id, (*before, kept), desk.clock.now())
    )
    two_apps(fake, monkeypatch, Kind.NOT_FOUND)
    asyncio.run(sync_panels(desk, (ready.service_id,)))
    names = {p.id for p in desk.store.read_now(lambda c: services.panels(c, ready.service_id))}
    assert names == {"apps@one", "apps@two", "apps@kept"}
    lines = desk.store.read_now(lambda c: jobs.events(c, service_id=ready.service_id))
    assert any("old@1" in line.text for line in lines)


def test_a_service_that_is_busy_keeps_its_panels(
    desk: Desk, fake: FakeFamily, ready: JobDraft, monkeypatch: pytest.MonkeyPatch
) -> None:
    two_apps(fake, monkeypatch, Kind.BUSY)
    with pytest.raises(ProblemError):
        asyncio.run(sync_panels(desk, (ready.service_id,)))
    assert len(desk.store.read_now(lambda c: services.panels(c, ready.service_id))) == 2


def test_a_service_removed_while_its_panels_are_read_stays_removed(
    desk: Desk, fake: FakeFamily, ready: JobDraft, monkeypatch: pytest.MonkeyPatch
) -> None:
    form = fake.form

    async def slow(connection: Connection, app_id: str) -> Form:
        await remove_service(desk, ready.service_id)
        return await form(connection, app_id)

    monkeypatch.setattr(fake, "form", slow)
    asyncio.run(sync_panels(desk, (ready.service_id,)))
    assert desk.store.read_now(services.services) == ()
    assert desk.store.read_now(services.panels) == ()


def test_a_service_switched_off_while_it_is_asked_stays_off(
    desk: Desk, fake: FakeFamily, ready: JobDraft, monkeypatch: pytest.MonkeyPatch
) -> None:
    describe = fake.describe

    async def slow(connection: Connection) -> ServerInfo:
        await enable_service(desk, ready.service_id, enabled=False)
        return await describe(connection)

    monkeypatch.setattr(fake, "describe", slow)
    asyncio.run(set_token(desk, ready.service_id, SecretStr("another")))
    found = asyncio.run(desk.service(ready.service_id))
    assert (found.enabled, found.state) == (False, HealthState.OFF)
    assert found.off_reason == "Switched off by you."


def test_a_token_for_a_service_removed_meanwhile_is_not_kept(
    desk: Desk, fake: FakeFamily, ready: JobDraft, monkeypatch: pytest.MonkeyPatch
) -> None:
    describe = fake.describe

    async def slow(connection: Connection) -> ServerInfo:
        await remove_service(desk, ready.service_id)
        return await describe(connection)

    monkeypatch.setattr(fake, "describe", slow)
    with pytest.raises(ProblemError, match="No such service"):
        asyncio.run(set_token(desk, ready.service_id, SecretStr("another")))
    assert desk.store.read_now(services.services) == ()
    assert asyncio.run(desk.secret(f"token:{ready.service_id}")) is None


def test_a_panel_that_is_gone_is_told_once(
    desk: Desk, fake: FakeFamily, ready: JobDraft, monkeypatch: pytest.MonkeyPatch
) -> None:
    panels = fake.panels
    monkeypatch.setattr(fake, "panels", lambda *args: panels(*args)[:1])
    for _ in range(2):
        asyncio.run(sync_panels(desk, (ready.service_id,)))
    told = desk.store.read_now(lambda c: notices.recent(c, 10))
    assert [n.kind for n in told] == [NoticeKind.PANELS_CHANGED]
