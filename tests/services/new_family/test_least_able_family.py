"""A family that can do hardly anything: what it cannot is told with the reason, and a job goes through.

And that the contract is proved of every family that is there, whole.
"""

from __future__ import annotations

import asyncio
import gzip
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.domain.changes import Noun
from app.domain.clock import FixedClock
from app.domain.job import JobState
from app.domain.problem import Kind
from app.domain.result import ResultState
from app.domain.service import Limits
from app.operations.add_dataset import add_dataset
from app.operations.add_service import add_service
from app.operations.desk import Desk
from app.operations.draft_job import JobDraft
from app.operations.end_job import cancel_job
from app.operations.fetch_results import fetch_results
from app.operations.offered_panels import UNLISTED
from app.operations.submit_job import submit_job
from app.operations.sync_panels import sync_panels
from app.operations.visit_jobs import visit_jobs
from app.services.contract import Connection
from app.services.registry import Registry
from app.store import results, services
from app.store.secrets import MemorySecrets
from app.store.store import Store
from tests.helpers.desk_fixtures import QuickDesk, only_job, pass_check
from tests.helpers.fake_family import NOW, write_vcf
from tests.services.family_contract import FamilyContract, refused
from tests.services.new_family.owl import WHY_NOT, Owl
from tests.services.new_family.pigeon import APP, Loft
from tests.services.new_family.test_new_family import RESULT, LoftTarget

ADDRESS = "https://owl.example.org"


class BarnTarget(LoftTarget):
    """A loft whose pigeons are owls."""

    def __init__(self) -> None:
        super().__init__()
        told = {"base_url": ADDRESS, "generation": "owl", "token": None}
        self.connection: Connection = self.connection.model_copy(update=told)

    def family(self) -> Owl:
        return Owl(self.loft)


@pytest.fixture
def target() -> BarnTarget:
    return BarnTarget()


class TestOwl(FamilyContract):
    """The contract of all families, whole."""

    app_id = APP


@pytest.fixture
def loft() -> Loft:
    return Loft()


@pytest.fixture
def desk(tmp_path: Path, loft: Loft) -> Iterator[Desk]:
    with Store.open(tmp_path / "haplodesk.db") as store:
        registry = Registry(families=(Owl(loft),))
        yield QuickDesk(tmp_path, store, MemorySecrets(), registry, clock=FixedClock(NOW))


async def send(desk: Desk, folder: Path) -> str:
    service_id = (await add_service(desk, "Barn", ADDRESS)).ids(Noun.SERVICE)[0]
    await desk.update_service(service_id, limits=Limits(min_poll_s=0.01))
    await sync_panels(desk, (service_id,))
    (panel,) = await desk.store.read(services.panels)
    assert (panel.id, panel.name) == (UNLISTED, "Flight: the panel is not told")
    dataset_id = (await add_dataset(desk, (write_vcf(folder),))).ids(Noun.DATASET)[0]
    await pass_check(desk, dataset_id)
    draft = JobDraft(
        dataset_id=dataset_id,
        service_id=service_id,
        app_id=panel.app_id,
        panel_id=panel.id,
        terms={"promise": "I feed the pigeon."},
    )
    await submit_job(desk, draft)
    await visit_jobs(desk, service_id)
    return service_id


def test_without_a_list_of_panels_a_job_goes_to_a_verified_result(
    desk: Desk, loft: Loft, tmp_path: Path
) -> None:
    service_id = asyncio.run(send(desk, tmp_path))
    job = asyncio.run(only_job(desk))
    assert (job.state, job.panel_name) == (JobState.QUEUED, "Flight: the panel is not told")
    loft.finish("ring-1", {"chr20.dose.vcf.gz": gzip.compress(RESULT.encode())})
    asyncio.run(visit_jobs(desk, service_id))
    changes = asyncio.run(fetch_results(desk, job.id))
    result = desk.store.read_now(lambda c: results.result(c, changes.ids(Noun.RESULT)[0]))
    assert result is not None
    assert result.state is ResultState.VERIFIED


def test_it_is_not_asked_to_stop_a_job(desk: Desk, tmp_path: Path) -> None:
    asyncio.run(send(desk, tmp_path))
    job = asyncio.run(only_job(desk))
    with refused(Kind.REFUSED) as problem:
        asyncio.run(cancel_job(desk, job.id))
    assert problem().what_happened == WHY_NOT["cancel"]
    assert asyncio.run(only_job(desk)) == job


@pytest.mark.parametrize("name", sorted(Registry().names()))
def test_every_family_passes_the_whole_contract(name: str) -> None:
    """A family in the registry has a test class, and that leaves out no clause by a test of the same name."""
    module = importlib.import_module(f"tests.services.test_{name}_contract")
    (proof,) = [
        each
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, FamilyContract) and each is not FamilyContract
    ]
    clauses = {each for each in vars(FamilyContract) if each.startswith("test_")}
    assert len(clauses) > 20
    assert clauses.isdisjoint(vars(proof))
    assert proof.__name__.startswith("Test")
    assert proof.app_id
