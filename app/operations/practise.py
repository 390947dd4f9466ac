"""The practice server and practice data: learning the whole way without leaving this computer."""

from __future__ import annotations

from app.domain.changes import Changes, Noun
from app.domain.problem import Kind, problem
from app.domain.service import Service, TokenInfo
from app.operations.add_dataset import add_dataset
from app.operations.add_service import add_service
from app.operations.change_service import set_token
from app.operations.desk import Desk, PracticeHost
from app.operations.sync_panels import sync_panels
from app.operations.tasks import TaskKind
from app.store import services

PRACTICE_NAME = "Practice server"


def _host(desk: Desk) -> PracticeHost:
    if desk.practice is None:
        raise problem(
            Kind.INPUT, "No practice server", "This program was started without its practice server."
        )
    return desk.practice


async def start_practice(desk: Desk) -> Changes:
    """Start the practice server and have it in the list of services with a token and its panels."""
    with desk.tasks.running_task(TaskKind.PRACTICE, "Starting the practice server"):
        url, token = await _host(desk).start()
        known = await desk.store.read(services.services)
        old = next((s for s in known if s.practice), None)
        if old is None:
            changes = await add_service(desk, PRACTICE_NAME, url, token=token, preset_id="practice")
            service_id = changes.ids(Noun.SERVICE)[0]
        else:
            service_id, changes = old.id, await _moved(desk, old, url)
            changes |= await set_token(desk, service_id, token)
        return changes | await sync_panels(desk, (service_id,))


async def _moved(desk: Desk, service: Service, url: str) -> Changes:
    """The same practice service at its address of today."""
    fresh: dict[str, object] = {"down_since": None, "down_seen_s": 0.0, "off_reason": ""}
    await desk.update_service(service.id, base_url=url, enabled=True, token=TokenInfo(), **fresh)
    return Changes.of(Noun.SERVICE, service.id)


async def stop_practice(desk: Desk) -> Changes:
    """Stop the practice server; its jobs wait for it."""
    await _host(desk).stop()
    known = await desk.store.read(services.services)
    ids = tuple(s.id for s in known if s.practice)
    return desk.announce(Changes.of(Noun.SERVICE, *ids))


async def add_practice_data(desk: Desk) -> Changes:
    """Write the practice cohort into the data folder and add it as a dataset."""
    with desk.tasks.running_task(TaskKind.PRACTICE, "Making practice data"):
        files = await _host(desk).make_data(desk.home / "practice" / "data")
        return await add_dataset(desk, files, "Practice cohort")
