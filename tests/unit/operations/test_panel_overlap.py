"""How many sites of a dataset are in panels: of site lists, of this computer, and of the practice server."""

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest

from app.domain.changes import Noun
from app.domain.finding import BuildGuess
from app.domain.panel import Panel
from app.domain.panel_overlap import OverlapGap, PanelOverlap
from app.domain.service import Service
from app.genotypes.bgzf import BgzfWriter
from app.imputation.contract import Tools
from app.operations.add_dataset import add_dataset
from app.operations.chains import add_chain, remove_chain
from app.operations.check_dataset import check_dataset, dataset_of
from app.operations.desk import Desk, PracticeHost
from app.operations.local_panel_files import take_local_panel
from app.operations.panel_counting import Overlap
from app.operations.panel_overlap import MOST_KEPT, compare_with_panels, panel_overlaps
from app.operations.panel_sites import add_panel_sites, bind_panel_sites, remove_panel_sites
from app.operations.state_build import state_build
from app.services.local.layout import PANEL, LocalPanel, panels_folder, write_record
from app.store import datasets, services
from tests.helpers.direct_work import work_directly
from tests.helpers.fake_family import NOW
from tests.helpers.small_study import Study, make_study, vcf_text

BY = -486_098
"""By how much chromosome 22 of GRCh38 is longer than that of GRCh37."""


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


def told(desk: Desk, dataset_id: str) -> dict[str, PanelOverlap]:
    return asyncio.run(panel_overlaps(desk, dataset_id))


def shares(desk: Desk, dataset_id: str) -> dict[str, float | None]:
    return {key: each.percent for key, each in told(desk, dataset_id).items()}


def gap(desk: Desk, dataset_id: str, key: str) -> OverlapGap | None:
    return told(desk, dataset_id)[key].gap


def test_a_site_list_is_compared_once_and_again_when_it_is_another(
    desk: Desk, dataset_id: str, study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = known_panel(desk, "one", "p", "GRCh37")
    twin = known_panel(desk, "one", "q", "GRCh37")
    assert told(desk, dataset_id) == {}
    assert not asyncio.run(compare_with_panels(desk, dataset_id))
    path = site_list(tmp_path / "sites.txt", study, 3)
    made = asyncio.run(add_panel_sites(desk, (path,), "Third", "GRCh37", (key, twin)))
    assert gap(desk, dataset_id, key) is OverlapGap.NOT_COUNTED
    changes = asyncio.run(compare_with_panels(desk, dataset_id))
    assert set(changes.ids(Noun.PANEL)) == {key, twin}
    assert shares(desk, dataset_id) == {key: pytest.approx(100 / 3), twin: pytest.approx(100 / 3)}
    assert told(desk, dataset_id)[key].lifted == ()
    assert not asyncio.run(compare_with_panels(desk, dataset_id)), "it is known"
    asyncio.run(bind_panel_sites(desk, made.ids(Noun.PANEL_SITES)[0], (key,)))
    assert set(told(desk, dataset_id)) == {key}
    asyncio.run(remove_panel_sites(desk, made.ids(Noun.PANEL_SITES)[0]))
    asyncio.run(add_panel_sites(desk, (site_list(path, study, 2),), "Half", "GRCh37", (key,)))
    assert gap(desk, dataset_id, key) is OverlapGap.NOT_COUNTED
    asyncio.run(compare_with_panels(desk, dataset_id))
    assert shares(desk, dataset_id) == {key: pytest.approx(50)}


def shifted(path: Path, first: int = 1_000_000) -> Path:
    """A chain from GRCh37 to GRCh38 that moves chromosome 22 by `BY`; before `first` it has no place."""
    here, there = 51_304_566, 51_304_566 + BY
    text = f"chain 1000 chr22 {here} + {first} {here} chr22 {there} + {first + BY} {there} 1"
    path.write_text(f"{text}\n{here - first}\n")
    return path


def test_positions_are_lifted_over_where_a_panel_is_of_another_build(
    desk: Desk, dataset_id: str, study: Study, tmp_path: Path
) -> None:
    key = known_panel(desk, "one", "p", "GRCh38")
    moved = [site.position + BY for site in study.sites]
    rows = [f"x\t22\t{position}\tA\tC" for position in moved[::3]]
    path = tmp_path / "sites.txt"
    path.write_text("\n".join(["ID\tCHROM\tPOS\tREF\tALT", *rows]) + "\n")
    asyncio.run(add_panel_sites(desk, (path,), "Third", "GRCh38", (key,)))
    assert not asyncio.run(compare_with_panels(desk, dataset_id)), "there is no way to the other build"
    missing = told(desk, dataset_id)[key]
    assert (missing.gap, missing.lifted, missing.build) == (OverlapGap.NO_CHAIN, ("GRCh37",), "GRCh38")

    whole = shifted(tmp_path / "whole.chain")
    asyncio.run(add_chain(desk, whole, "GRCh37", "GRCh38"))
    assert gap(desk, dataset_id, key) is OverlapGap.NOT_COUNTED
    asyncio.run(compare_with_panels(desk, dataset_id))
    found = told(desk, dataset_id)[key]
    assert found.percent == pytest.approx(100 / 3)
    assert (found.lifted, found.lost) == (("GRCh37",), 0)
    assert not asyncio.run(compare_with_panels(desk, dataset_id)), "it is known"

    cut = study.sites[30].position - 1
    asyncio.run(add_chain(desk, shifted(tmp_path / "cut.chain", cut), "GRCh37", "GRCh38"))
    assert gap(desk, dataset_id, key) is OverlapGap.NOT_COUNTED, "another chain file may lead elsewhere"
    asyncio.run(compare_with_panels(desk, dataset_id))
    found = told(desk, dataset_id)[key]
    assert (found.found, found.lost, found.sites) == (10, 30, 60), "a lost site is in no panel"

    asyncio.run(remove_chain(desk, "GRCh37_to_GRCh38"))
    assert gap(desk, dataset_id, key) is OverlapGap.NO_CHAIN


def test_groups_of_other_builds_are_lifted_each_for_itself(desk: Desk, study: Study, tmp_path: Path) -> None:
    other = replace(make_study(6, samples=20, sites=40, build="GRCh38"), samples=people("T", 20))
    paths = tmp_path / "one.vcf", tmp_path / "two.vcf"
    for path, each in zip(paths, (study, other), strict=True):
        path.write_text(vcf_text(each))
    found = asyncio.run(add_dataset(desk, paths)).ids(Noun.DATASET)[0]
    asyncio.run(check_dataset(desk, found))
    report = asyncio.run(dataset_of(desk, found)).report
    assert report is not None
    assert {each.build.value for each in report.groups} == {"GRCh37", "GRCh38"}

    key = known_panel(desk, "one", "p", "GRCh38")
    places = [each.position + BY for each in study.sites] + [each.position for each in other.sites[::2]]
    rows = [f"x\t22\t{position}\tA\tC" for position in sorted(places)]
    path = tmp_path / "sites.txt"
    path.write_text("\n".join(["ID\tCHROM\tPOS\tREF\tALT", *rows]) + "\n")
    asyncio.run(add_panel_sites(desk, (path,), "Both", "GRCh38", (key,)))
    assert gap(desk, found, key) is OverlapGap.NO_CHAIN
    asyncio.run(add_chain(desk, shifted(tmp_path / "c.chain"), "GRCh37", "GRCh38"))
    asyncio.run(compare_with_panels(desk, found))
    overlap = told(desk, found)[key]
    assert (overlap.found, overlap.sites, overlap.lifted) == (60 + 20, 60 + 40, ("GRCh37",))


def people(letter: str, number: int) -> tuple[str, ...]:
    return tuple(f"{letter}{n:03}" for n in range(number))


def test_a_damaged_chain_file_is_told_and_stops_no_other_panel(
    desk: Desk, dataset_id: str, study: Study, tmp_path: Path
) -> None:
    here = known_panel(desk, "one", "p", "GRCh37")
    there = known_panel(desk, "one", "q", "GRCh38")
    path = site_list(tmp_path / "s.txt", study, 1)
    for build, key in (("GRCh37", here), ("GRCh38", there)):
        asyncio.run(add_panel_sites(desk, (path,), build, build, (key,)))
    asyncio.run(add_chain(desk, shifted(tmp_path / "c.chain"), "GRCh37", "GRCh38"))
    for kept in (desk.home / "chains").glob("*.chain"):
        kept.write_bytes(b"x" * kept.stat().st_size)
    asyncio.run(compare_with_panels(desk, dataset_id))
    assert shares(desk, dataset_id) == {here: pytest.approx(100), there: None}
    assert gap(desk, dataset_id, there) is OverlapGap.UNREADABLE
    asyncio.run(desk.pause(60))
    asyncio.run(add_chain(desk, tmp_path / "c.chain", "GRCh37", "GRCh38"))
    assert gap(desk, dataset_id, there) is OverlapGap.NOT_COUNTED, "it was added again"


def test_a_piece_of_rows_after_another_gives_the_same(
    desk: Desk, dataset_id: str, study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = known_panel(desk, "one", "p", "GRCh37")
    asyncio.run(add_panel_sites(desk, (site_list(tmp_path / "s.txt", study, 3),), "T", "GRCh37", (key,)))
    monkeypatch.setattr("app.operations.panel_counting.ROWS", 7)
    asyncio.run(compare_with_panels(desk, dataset_id))
    found = told(desk, dataset_id)[key]
    assert (found.found, found.sites) == (20, 60)


def test_nothing_is_said_of_files_that_nobody_checked_or_whose_build_is_not_known(
    desk: Desk, study: Study, tmp_path: Path
) -> None:
    key = known_panel(desk, "one", "p", "GRCh37")
    asyncio.run(add_panel_sites(desk, (site_list(tmp_path / "s.txt", study, 3),), "T", "GRCh37", (key,)))
    path = tmp_path / "other.vcf"
    path.write_text(vcf_text(study))
    found = asyncio.run(add_dataset(desk, (path,))).ids(Noun.DATASET)[0]
    assert gap(desk, found, key) is OverlapGap.NOT_CHECKED
    asyncio.run(check_dataset(desk, found))
    dataset = asyncio.run(dataset_of(desk, found))
    assert dataset.report is not None
    open_report = dataset.report.model_copy(update={"build": BuildGuess()})
    left_open = dataset.model_copy(update={"report": open_report})
    desk.store.write_now(lambda c: datasets.save_dataset(c, left_open))
    assert gap(desk, found, key) is OverlapGap.NO_BUILD
    assert not asyncio.run(compare_with_panels(desk, found))


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
    assert shares(desk, dataset_id) == {key: pytest.approx(25)}


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
    assert shares(desk, dataset_id) == {key: pytest.approx(50)}


def test_what_cannot_be_read_is_not_told_and_stops_nothing(
    desk: Desk, dataset_id: str, study: Study, tmp_path: Path
) -> None:
    key = known_panel(desk, "one", "p", "GRCh37")
    asyncio.run(add_panel_sites(desk, (site_list(tmp_path / "s.txt", study, 1),), "All", "GRCh37", (key,)))
    for path in (desk.home / "cohorts" / dataset_id).rglob("cohort.json"):
        path.write_text("{}")
    asyncio.run(compare_with_panels(desk, dataset_id))
    assert gap(desk, dataset_id, key) is OverlapGap.UNREADABLE
    assert not asyncio.run(compare_with_panels(desk, dataset_id)), "once is enough, until the next check"
    asyncio.run(desk.pause(60))
    asyncio.run(check_dataset(desk, dataset_id, build="GRCh37"))
    asyncio.run(compare_with_panels(desk, dataset_id))
    assert shares(desk, dataset_id) == {key: pytest.approx(100)}


def test_a_panel_without_the_chromosomes_has_no_share() -> None:
    assert Overlap(found=0, sites=0).percent is None
    assert Overlap(found=1, sites=4).percent == 25
    assert MOST_KEPT > 1000
