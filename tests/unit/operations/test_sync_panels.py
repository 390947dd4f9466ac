"""Reading panels: what is learned is written, and nothing that the user changed meanwhile is brought back."""

import asyncio

import pytest
from pydantic import SecretStr

from app.domain.changes import Changes, Noun
from app.domain.notice import Notice, NoticeKind
from app.domain.parameter import Form
from app.domain.problem import Kind, ProblemError
from app.domain.service import HealthState, Limits, Service, ServiceApp, ServiceFact
from app.operations.add_service import add_service
from app.operations.change_service import enable_service, remove_service, set_token
from app.operations.desk import Desk
from app.operations.draft_job import JobDraft
from app.operations.preflight import preflight
from app.operations.service_news import news_of_service
from app.operations.sync_panels import sync_panels
from app.services.contract import Connection, ServerInfo
from app.store import jobs, notices, services
from tests.helpers.fake_family import NOW, FakeFamily, fault


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


def test_limits_and_versions_that_change_are_told_and_what_is_read_first_is_not(
    desk: Desk, fake: FakeFamily, ready: JobDraft, monkeypatch: pytest.MonkeyPatch
) -> None:
    describe = fake.describe
    version, most, runs = "1.4", 20_000, 1

    async def told(connection: Connection) -> ServerInfo:
        info = await describe(connection)
        facts = (ServiceFact(label="Version", value=version), ServiceFact(label="Runs", value=str(runs)))
        return info.model_copy(update={"facts": facts, "limits": Limits(max_samples=most)})

    def notes() -> list[str]:
        found = desk.store.read_now(lambda c: notices.recent(c, 10))
        return [each.body for each in found if each.kind is NoticeKind.SERVICE_CHANGED]

    asyncio.run(desk.update_service(ready.service_id, last_synced=None))
    monkeypatch.setattr(fake, "describe", told)
    asyncio.run(sync_panels(desk, (ready.service_id,)))
    runs = 2
    asyncio.run(sync_panels(desk, (ready.service_id,)))
    assert notes() == []
    version, most = "1.5", 25_000
    for _ in range(2):
        asyncio.run(preflight(desk, ready))
        asyncio.run(sync_panels(desk, (ready.service_id,)))
    assert notes() == ["Version: 1.5, was 1.4. Most samples: 25,000, was 20,000."]
    lines = desk.store.read_now(lambda c: jobs.events(c, service_id=ready.service_id))
    assert sum("Version: 1.5" in line.text for line in lines) == 1


def test_news_of_every_kind() -> None:
    before = Service(
        id="s",
        name="One",
        family="fake",
        base_url="https://s.example",
        added=NOW,
        last_synced=NOW,
        generation="cg2",
        apps=(ServiceApp(id="a@1", name="A"), ServiceApp(id="b", name="B", version="2")),
        limits=Limits(retention_days=7, chromosomes=("1", "2")),
    )
    after = before.model_copy(
        update={
            "generation": "cg3",
            "apps": (ServiceApp(id="a@2", name="A"), ServiceApp(id="b", name="B", version="3")),
            "limits": Limits(chromosomes=("1", "X"), min_poll_s=99),
        }
    )
    (line, told) = news_of_service(before, after, NOW)
    assert getattr(line, "text", "") == (
        "New: a@2. Gone: a@1. B: 3, was 2. It speaks cg3, and spoke cg2. "
        "Days that results are kept: no limit told, was 7. Chromosomes: 1, X, was 1, 2."
    )
    assert isinstance(told, Notice)
    assert not list(news_of_service(after, after, NOW))
    assert not list(news_of_service(before.model_copy(update={"last_synced": None}), after, NOW))


def test_a_service_that_hangs_delays_the_panels_of_no_other(
    desk: Desk, fake: FakeFamily, ready: JobDraft, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = asyncio.run(add_service(desk, "Other", "https://other.example", "fake", SecretStr("t")))
    describe, other_is_read = fake.describe, asyncio.Event()

    async def told(connection: Connection) -> ServerInfo:
        if connection.service_id == ready.service_id:
            await asyncio.wait_for(other_is_read.wait(), 60)
        return await describe(connection)

    def heard(changes: Changes) -> None:
        if any(each.startswith("other/") for each in changes.ids(Noun.PANEL)):
            other_is_read.set()

    monkeypatch.setattr(fake, "describe", told)
    desk.listen(heard)
    asyncio.run(sync_panels(desk, (ready.service_id, *other.ids(Noun.SERVICE))))
    assert other_is_read.is_set()
