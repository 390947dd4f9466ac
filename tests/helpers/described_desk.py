"""A desk with a service that a description tells of, and a server on loopback that works like it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.domain.changes import Noun
from app.domain.clock import FixedClock
from app.domain.job import JobState
from app.domain.resources import resource
from app.operations.add_dataset import add_dataset
from app.operations.add_service import add_service
from app.operations.desk import Desk
from app.operations.draft_job import JobDraft
from app.operations.store_notes import StoreNotes
from app.operations.sync_panels import sync_panels
from app.operations.visit_jobs import visit_jobs
from app.services.registry import Registry
from app.store.secrets import open_secrets
from app.store.store import Store
from tests.helpers.desk_fixtures import QuickDesk, only_job, pass_check
from tests.helpers.fake_family import NOW, write_vcf
from tests.services.rest_server import TOKEN, RestServer


@pytest.fixture
def server() -> Iterator[RestServer]:
    """The server."""
    with RestServer() as running:
        yield running


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """The working place of operations, with the families as they are."""
    home = tmp_path / "home"
    home.mkdir()
    with Store.open(home / "haplodesk.db") as store:
        secrets = open_secrets({"HAPLODESK_KEYRING": "memory"})
        registry = Registry(descriptions=home / "services", notes=StoreNotes(store))
        yield QuickDesk(home, store, secrets, registry, clock=FixedClock(NOW))


@pytest.fixture
def draft(desk: Desk, server: RestServer, tmp_path: Path) -> JobDraft:
    """A job for the service of `example-rest`, on loopback."""
    return draft_for(desk, tmp_path, "example-rest", server.url, TOKEN)


def draft_for(desk: Desk, folder: Path, example: str, url: str, token: str) -> JobDraft:
    """Add the service of a shipped example, which is at that address, and a dataset that passed its check."""
    text = resource("described", f"{example}.yaml").read_text("utf-8")
    file = folder / "ours.yaml"
    file.write_text(text.replace("min_poll_s: 30", "min_poll_s: 0.02"), "utf-8")
    terms = {"terms": "I will not try to identify anybody."} if "type: terms" in text else {}

    async def make() -> JobDraft:
        setup = {"described": str(file)}
        changes = await add_service(desk, "Ours", url, "described", SecretStr(token), setup=setup)
        (service_id,) = changes.ids(Noun.SERVICE)
        await sync_panels(desk, (service_id,))
        dataset_id = (await add_dataset(desk, (write_vcf(folder),))).ids(Noun.DATASET)[0]
        await pass_check(desk, dataset_id)
        return JobDraft(
            name="Mine",
            dataset_id=dataset_id,
            service_id=service_id,
            app_id="impute",
            panel_id="p1",
            options={"phasing": "eagle", "min_r2": "0.3"},
            terms=terms,
        )

    return asyncio.run(make())


def look(desk: Desk, draft: JobDraft) -> JobState:
    """How the one job stands after a look at the service, a minute later."""
    desk.clock.advance(60)  # type: ignore[attr-defined]
    asyncio.run(visit_jobs(desk, draft.service_id))
    return asyncio.run(only_job(desk)).state
