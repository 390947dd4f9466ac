"""Predictions are kept in the dataset, and lists of real jobs teach the alleles of a panel."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.domain.changes import Noun
from app.domain.dataset import Dataset
from app.domain.panel import Panel
from app.domain.problem import ProblemError
from app.domain.service import Service
from app.domain.verdict import Outcome
from app.genotypes import excluded_list
from app.genotypes.bgzf import BgzfWriter
from app.genotypes.excluded_list import load_learned
from app.operations import predict as predicting
from app.operations.add_dataset import add_dataset
from app.operations.check_dataset import check_dataset
from app.operations.desk import Desk
from app.operations.panel_sites import add_panel_sites
from app.operations.predict import learn_from_excluded, predict
from app.store import datasets, services
from tests.helpers.direct_work import work_directly
from tests.helpers.fake_family import NOW
from tests.unit.genotypes.vcf_text import names, record, vcf

CALLS = ["0/0", "0/1", "1/1", "0/1", "0/0"] * 5
FLIPS = 120
PANEL = Panel(id="p", service_id="m", app_id="a", name="Panel", build="GRCh37", as_of=NOW)


@pytest.fixture(autouse=True)
def _directly(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    if "process" not in request.node.name:
        work_directly(monkeypatch)


async def begin(desk: Desk, folder: Path, family: str = "cloudgene") -> str:
    """A service with a panel, and a dataset with strand flips; gives the id of the dataset."""
    service = Service(
        id="m", name="Michigan", family=family, base_url="https://imputationserver.sph.umich.edu", added=NOW
    )
    await desk.store.write(lambda c: services.save_service(c, service))
    await desk.store.write(lambda c: services.replace_panels(c, "m", (PANEL,), NOW))
    rows = [record(1000 + n, CALLS, ref="T", alt="C") for n in range(FLIPS)]
    rows += [record(2000 + n, CALLS) for n in range(200)]
    path = folder / "cohort.vcf.gz"
    with BgzfWriter(path) as out:
        out.write(vcf(rows, names(25)))
    return (await add_dataset(desk, (path,))).ids(Noun.DATASET)[0]


async def read(desk: Desk, dataset_id: str) -> Dataset:
    found = await desk.store.read(lambda c: datasets.dataset(c, dataset_id))
    assert found is not None
    return found


async def add_sites(desk: Desk, folder: Path) -> None:
    places = [*range(1000, 1000 + FLIPS), *range(2000, 2200)]
    path = folder / "panel.sites"
    path.write_text("ID\tCHROM\tPOS\tREF\tALT\n" + "".join(f"v\t20\t{p}\tA\tG\n" for p in places))
    await add_panel_sites(desk, (path,), "Panel", "GRCh37", (PANEL.key,))


def test_the_newest_prediction_replaces_the_last_of_the_same_panel(desk: Desk, tmp_path: Path) -> None:
    async def go() -> None:
        dataset_id = await begin(desk, tmp_path)
        await predict(desk, dataset_id, "m", "p")
        (first,) = (await read(desk, dataset_id)).verdicts
        assert first.outcome is Outcome.PARTLY
        await add_sites(desk, tmp_path)
        await predict(desk, dataset_id, "m", "p")
        await predict(desk, dataset_id, "m")
        without, last = (await read(desk, dataset_id)).verdicts
        assert without.panel_id is None
        assert last.headline == "Michigan would refuse this: 120 strand flips, 100 allowed."
        assert last.not_judged == ()

    asyncio.run(go())


def test_in_a_process(desk: Desk, tmp_path: Path) -> None:
    async def go() -> None:
        dataset_id = await begin(desk, tmp_path)
        await predict(desk, dataset_id, "m", "p")
        assert len((await read(desk, dataset_id)).verdicts) == 1

    asyncio.run(go())


def test_a_list_of_a_real_job_teaches(desk: Desk, tmp_path: Path) -> None:
    async def go() -> None:
        dataset_id = await begin(desk, tmp_path)
        rows = [f"v\t20\t{1000 + n}\tT\tC\tStrand flip. Reference Panel: A/G\n" for n in range(FLIPS)]
        path = tmp_path / "snps-excluded.txt"
        path.write_text("ID\tCHROM\tPOS\tREF\tALT\tINFO\n" + "".join(rows))
        found = await learn_from_excluded(desk, dataset_id, path, "m", "p")
        assert (found.only_there, found.learned) == (FLIPS, FLIPS)
        (verdict,) = (await read(desk, dataset_id)).verdicts
        assert verdict.headline == "Michigan would refuse this: 120 strand flips, 100 allowed."
        again = await learn_from_excluded(desk, dataset_id, path, "m", "p")
        assert (again.same, again.learned) == (True, 0)

    asyncio.run(go())


def test_two_that_learn_at_once_lose_nothing(tmp_path: Path) -> None:
    path, loaded = tmp_path / "a.npz", threading.Event()

    def slowly(name: Path) -> dict[str, list[tuple[int, str, str]]]:
        found = load_learned(name)
        loaded.set()
        time.sleep(0.3)
        return found

    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor() as pool:
        patch.setattr(excluded_list, "load_learned", slowly)
        first = pool.submit(predicting._learn, path, {"20": [(1, "A", "G")]})
        assert loaded.wait(60)
        second = pool.submit(predicting._learn, path, {"20": [(2, "A", "G")]})
        assert (first.result(), second.result()) == (1, 1)
    assert load_learned(path) == {"20": [(1, "A", "G"), (2, "A", "G")]}


def test_services_without_rules_and_unknown_ids(desk: Desk, tmp_path: Path) -> None:
    async def go() -> None:
        dataset_id = await begin(desk, tmp_path, family="teaspoons")
        await predict(desk, dataset_id, "m")
        (verdict,) = (await read(desk, dataset_id)).verdicts
        assert verdict.outcome is Outcome.UNKNOWN
        for arguments in (("none", "m", None), (dataset_id, "none", None), (dataset_id, "m", "none")):
            with pytest.raises(ProblemError):
                await predict(desk, *arguments)

    asyncio.run(go())


def test_each_group_of_people_is_a_job_of_its_own(desk: Desk, tmp_path: Path) -> None:
    async def go() -> None:
        await begin(desk, tmp_path)
        await add_sites(desk, tmp_path)
        rows = [record(2000 + n, CALLS) for n in range(200)]
        for name, flips in (("a", 0), ("b", FLIPS)):
            (tmp_path / name).mkdir()
            turned = [record(1000 + n, CALLS, ref="T", alt="C") for n in range(flips)]
            people = [f"{name}{each}" for each in names(25)]
            with BgzfWriter(tmp_path / name / "cohort.vcf.gz") as out:
                out.write(vcf([*turned, *rows], people))
        files = tuple(tmp_path / name / "cohort.vcf.gz" for name in "ab")
        key = (await add_dataset(desk, files)).ids(Noun.DATASET)[0]
        await check_dataset(desk, key, "m", "p")
        (found,) = (await read(desk, key)).verdicts
        assert [(each.group, each.outcome) for each in found.groups] == [
            ("a", Outcome.ACCEPTS),
            ("b", Outcome.REFUSES),
        ]
        assert "refuse 1 of 2 groups of people, b: 120 strand flips" in found.headline
        assert found.remedy.startswith("A repair makes a dataset of each group")

    asyncio.run(go())


def test_the_servers_word_wins_over_a_site_list(desk: Desk, tmp_path: Path) -> None:
    """The list that a person brought has other alleles at some sites than the panel of the server."""

    async def go() -> None:
        dataset_id = await begin(desk, tmp_path)
        places = [*range(1000, 1000 + FLIPS), *range(2000, 2200)]
        path = tmp_path / "old.sites"
        rows = "".join(f"v\t20\t{p}\tT\tC\n" if p < 2000 else f"v\t20\t{p}\tA\tG\n" for p in places)
        path.write_text("ID\tCHROM\tPOS\tREF\tALT\n" + rows)
        await add_panel_sites(desk, (path,), "Panel", "GRCh37", (PANEL.key,))
        await predict(desk, dataset_id, "m", "p")
        assert (await read(desk, dataset_id)).verdicts[0].outcome is Outcome.ACCEPTS
        listed = tmp_path / "snps-excluded.txt"
        told = [f"v\t20\t{1000 + n}\tT\tC\tStrand flip. Reference Panel: A/G\n" for n in range(FLIPS)]
        listed.write_text("#ID\tCHROM\tPOS\tREF\tALT\tINFO\n" + "".join(told))
        found = await learn_from_excluded(desk, dataset_id, listed, "m", "p")
        assert found.learned == FLIPS
        learned = (await read(desk, dataset_id)).verdicts[0]
        assert learned.headline == "Michigan would refuse this: 120 strand flips, 100 allowed."

    asyncio.run(go())
