"""Twenty services, well and ill, looked at at once: the ones that hang delay no other."""

import asyncio
import threading
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from app.domain.changes import Changes, Noun
from app.domain.service import HealthState, Service
from app.operations.check_services import check_services
from app.operations.desk import Desk
from app.services.registry import Registry
from app.store import services
from app.store.secrets import open_secrets
from app.store.store import Store
from app.transport.probe import probe
from tests.services.mixed_health import Sick, twenty


def service(number: int, sick: Sick) -> Service:
    return Service(
        id=f"s{number}",
        name=sick.name,
        family="cloudgene",
        base_url=sick.url,
        added=datetime(2026, 1, 1, tzinfo=UTC),
    )


def test_each_is_told_at_once_and_a_hanging_one_delays_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient = partial(probe, connect_s=90, read_s=90)  # on any machine
    monkeypatch.setattr("app.services.cloudgene.client.probe", patient)
    hang = threading.Event()
    told: list[str] = []

    async def play(desk: Desk, sick: list[Sick]) -> None:
        for number, each in enumerate(sick):
            await desk.store.write(partial(services.save_service, service=service(number, each)))
        slow = {f"s{n}" for n, each in enumerate(sick) if each.name.startswith("hangs")}
        everybody = asyncio.Event()

        def hear(changes: Changes) -> None:
            told.extend(changes.ids(Noun.SERVICE))
            if set(told) >= {f"s{n}" for n in range(len(sick))} - slow:
                everybody.set()

        desk.listen(hear)
        looking = asyncio.create_task(check_services(desk))
        await everybody.wait()
        assert not slow & set(told), "they still hang while all others are told"
        hang.set()
        await looking
        assert slow <= set(told)
        for number, each in enumerate(sick):
            found = (await desk.service(f"s{number}")).state
            assert found is (HealthState.UP if f"s{number}" in slow else each.state), each.name

    with Store.open(tmp_path / "haplodesk.db") as store, twenty(hang) as sick:
        desk = Desk(tmp_path, store, open_secrets({"HAPLODESK_KEYRING": "memory"}), Registry())
        asyncio.run(play(desk, sick))
    assert len(sick) == 20
