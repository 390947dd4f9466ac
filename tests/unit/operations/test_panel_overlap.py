"""How many sites of a dataset are in panels: of site lists, of this computer, and of the practice server."""

import asyncio
from pathlib import Path
from typing import cast

import pytest

from app.domain.changes import Noun
from app.domain.panel import Panel
from app.domain.service import Service
from app.genotypes.bgzf import BgzfWriter
from app.imputation.contract import Tools
from app.operations.add_dataset import add_dataset
from app.operations.check_dataset import check_dataset
from app.operations.desk import Desk, PracticeHost
from app.operations.local_panel_files import take_local_panel
from app.operations.panel_overlap import MOST_KEPT, Overlap, compare_with_panels, panel_overlaps
from app.operations.panel_sites import add_panel_sites, bind_panel_sites, remove_panel_sites
from app.operations.state_build import state_build
from app.services.local.layout import PANEL, LocalPanel, panels_folder, write_record
from app.store import services
from tests.helpers.direct_work import work_directly
from tests.helpers.fake_family import NOW
from tests.helpers.small_study import Study, make_study, vcf_text


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    work_directly(monkeypatch)


@pytest.fixture
def study() -> Study:
    return make_study(5, samples=24, sites=60, build="GRCh37")


@pytest.fixture
def dataset_id(desk: Desk, study: Study, tmp_path: Path) -> str:
    path = tmp_path / "cohort.vcf"
    path.write_text(vcf_text(study))
    found = asyncio.run(add_dataset(desk, (path,))).ids(Noun.DATASET)[0]
    asyncio.run(check_dataset(desk, found, build="GRCh37"))
    asyncio.run(state_build(desk, found, "GRCh37"))
    return found


class Shelf:
    """A practice server that has one panel on its shelf."""

    base_url = None

    def __init__(self, path: Path) -> None:
        self._path = path

    def panel_sites(self, panel_id: str) -> tuple[Path, ...]:
        return (self._path,) if panel_id == "apps@shelf" else ()


def known_panel(desk: Desk, service_id: str, panel_id: str, build: str, **service: object) -> str:
    panel = Panel(id=panel_id, service_id=service_id, app_id="app", name="P", build=build, as_of=NOW)
    fields = {"id": service_id, "name": service_id, "family": "fake", "base_url": f"https://{service_id}.x"}
    made = Service.model_validate({**fields, "added": NOW, **service})
    desk.store.write_now(lambda c: services.save_service(c, made))
    before = desk.store.read_now(lambda c: services.panels(c, service_id))
    desk.store.write_now(lambda c: services.replace_panels(c, service_id, (*before, panel), NOW))
    return panel.key


def site_list(path: Path, study: Study, every: int) -> Path:
    rows = [f"{s.id}\t22\t{s.position}\t{s.ref}\t{s.alt}" for s in study.sites[::every]]
    path.write_text("\n".join(["ID\tCHROM\tPOS\tREF\tALT", *rows]) + "\n")
    return path


def test_a_site_list_is_compared_once_and_again_when_it_is_another(
    desk: Desk, dataset_id: str, study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = known_panel(desk, "one", "p", "GRCh37")
    twin = known_panel(desk, "one", "q", "GRCh37")
    other_build = known_panel(desk, "one", "r", "GRCh38")
    assert asyncio.run(panel_overlaps(desk, dataset_id)) == {}
    assert not asyncio.run(compare_with_panels(desk, dataset_id))
    path = site_list(tmp_path / "sites.txt", study, 3)
    made = asyncio.run(add_panel_sites(desk, (path,), "Third", "GRCh37", (key, twin)))
    changes = asyncio.run(compare_with_panels(desk, dataset_id))
    assert set(changes.ids(Noun.PANEL)) == {key, twin}
    told = asyncio.run(panel_overlaps(desk, dataset_id))
    assert told == {key: pytest.approx(100 / 3), twin: pytest.approx(100 / 3)}
    assert not asyncio.run(compare_with_panels(desk, dataset_id)), "it is known"
    asyncio.run(bind_panel_sites(desk, made.ids(Noun.PANEL_SITES)[0], (key,)))
    asyncio.run(add_panel_sites(desk, (path,), "Elsewhere", "GRCh38", (other_build,)))
    assert not asyncio.run(compare_with_panels(desk, dataset_id)), "another build says nothing"
    assert set(asyncio.run(panel_overlaps(desk, dataset_id))) == {key}
    asyncio.run(remove_panel_sites(desk, made.ids(Noun.PANEL_SITES)[0]))
    asyncio.run(add_panel_sites(desk, (site_list(path, study, 2),), "Half", "GRCh37", (key,)))
    assert asyncio.run(panel_overlaps(desk, dataset_id)) == {}
    asyncio.run(compare_with_panels(desk, dataset_id))
    assert asyncio.run(panel_overlaps(desk, dataset_id)) == {key: pytest.approx(50)}


def test_panels_of_the_practice_server_are_compared(
    desk: Desk, dataset_id: str, study: Study, tmp_path: Path
) -> None:
    path = tmp_path / "sites.chr22.gz"
    with BgzfWriter(path) as writer:
        writer.write(
            site_list(tmp_path / "plain.txt", study, 4).read_bytes().replace(b"\t22\t", b"\tchr22\t")
        )
    desk.practice = cast(PracticeHost, Shelf(path))
    key = known_panel(desk, "practice", "apps@shelf", "GRCh37", practice=True)
    known_panel(desk, "practice", "apps@nothing", "GRCh37", practice=True)
    asyncio.run(compare_with_panels(desk, dataset_id))
    assert asyncio.run(panel_overlaps(desk, dataset_id)) == {key: pytest.approx(25)}


def test_panels_of_this_computer_are_compared(desk: Desk, dataset_id: str, tmp_path: Path) -> None:
    whole = make_study(5, samples=24, sites=60, build="GRCh37", phased=True)
    lines = vcf_text(whole).replace("./.", "0|0").replace(".|.", "0|0").splitlines()
    rows = [line for line in lines if not line.startswith("#")]
    kept = [line for line in lines if line.startswith("#")] + rows[::2]
    source = tmp_path / "panel.vcf"
    source.write_text("\n".join(kept) + "\n")
    folder = panels_folder(desk.home / "local") / "mine"
    folder.mkdir(parents=True)
    take_local_panel((source,), (), folder, "GRCh37", Tools())
    local = LocalPanel(
        id="mine", name="Mine", build="GRCh37", samples=24, variants=30, chromosomes=("22",), added=NOW
    )
    write_record(folder / PANEL, local)
    key = known_panel(desk, "here", "mine", "GRCh37", family="local")
    asyncio.run(compare_with_panels(desk, dataset_id))
    assert asyncio.run(panel_overlaps(desk, dataset_id)) == {key: pytest.approx(50)}


def test_what_cannot_be_read_is_not_told_and_stops_nothing(
    desk: Desk, dataset_id: str, study: Study, tmp_path: Path
) -> None:
    key = known_panel(desk, "one", "p", "GRCh37")
    asyncio.run(add_panel_sites(desk, (site_list(tmp_path / "s.txt", study, 1),), "All", "GRCh37", (key,)))
    for path in (desk.home / "cohorts" / dataset_id).rglob("cohort.json"):
        path.write_text("{}")
    assert not asyncio.run(compare_with_panels(desk, dataset_id))
    assert asyncio.run(panel_overlaps(desk, dataset_id)) == {}


def test_a_panel_without_the_chromosomes_has_no_share() -> None:
    assert Overlap(found=0, sites=0).percent is None
    assert Overlap(found=1, sites=4).percent == 25
    assert MOST_KEPT > 1000
