"""A desk with a store in a temporary folder, secrets in memory and a server in memory."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from pydantic import SecretStr

from app.domain.changes import Noun
from app.domain.clock import FixedClock
from app.domain.dataset import DatasetState
from app.domain.finding import CheckReport
from app.domain.job import Job
from app.domain.service import Limits
from app.operations.add_dataset import add_dataset
from app.operations.add_service import add_service
from app.operations.desk import Desk
from app.operations.draft_job import JobDraft
from app.operations.sync_panels import sync_panels
from app.services.registry import Registry
from app.store import datasets, jobs
from app.store.secrets import open_secrets
from app.store.store import Store
from tests.helpers.fake_family import NOW, FakeFamily, FakeRegistry, write_vcf


class QuickDesk(Desk):
    """Pauses move the clock instead of the time of the person who waits for the tests."""

    async def pause(self, seconds: float) -> None:
        """Let the clock go on."""
        assert isinstance(self.clock, FixedClock)
        self.clock.advance(seconds)
        await asyncio.sleep(0)


@pytest.fixture
def fake() -> FakeFamily:
    """The server in memory."""
    return FakeFamily()


@pytest.fixture
def desk(tmp_path: Path, fake: FakeFamily) -> Iterator[Desk]:
    """The working place of operations."""
    with Store.open(tmp_path / "haplodesk.db") as store:
        registry = cast(Registry, FakeRegistry(fake))
        secrets = open_secrets({"HAPLODESK_KEYRING": "memory"})
        yield QuickDesk(tmp_path, store, secrets, registry, clock=FixedClock(NOW))


@pytest.fixture
def ready(desk: Desk, tmp_path: Path) -> JobDraft:
    """A service with token and panels, a dataset that passed its check, and a draft that can be sent."""

    async def make() -> JobDraft:
        changes = await add_service(desk, "Fake", "https://fake.example", "fake", SecretStr("token"))
        service_id = changes.ids(Noun.SERVICE)[0]
        await desk.update_service(service_id, limits=Limits(min_poll_s=0.02))
        await sync_panels(desk, (service_id,))
        files = (write_vcf(tmp_path),)
        dataset_id = (await add_dataset(desk, files)).ids(Noun.DATASET)[0]
        await pass_check(desk, dataset_id)
        return JobDraft(
            name="My cohort",
            dataset_id=dataset_id,
            service_id=service_id,
            app_id="impute@1",
            panel_id="apps@one",
            options={"population": "eur", "aesEncryption": True, "meta": False},
            terms={"check1": "I will not re-identify anybody."},
        )

    return asyncio.run(make())


async def pass_check(desk: Desk, dataset_id: str, report: CheckReport | None = None) -> None:
    """Put a report into a dataset, as a check would."""
    passed = report or CheckReport(accepted=True, stage="ok", samples=50, snps=1000)
    found = await desk.store.read(lambda c: datasets.dataset(c, dataset_id))
    assert found is not None
    checked = found.model_copy(update={"state": DatasetState.CHECKED, "report": passed})
    await desk.store.write(lambda c: datasets.save_dataset(c, checked))


async def only_job(desk: Desk) -> Job:
    """The one job in the store."""
    found = await desk.store.read(jobs.jobs)
    assert len(found) == 1
    return found[0]
