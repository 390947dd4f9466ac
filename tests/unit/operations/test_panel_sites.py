"""Site lists are added in a process, bound to panels, found for them, and leave nothing half written."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from app.domain.changes import Noun
from app.domain.problem import ProblemError
from app.genotypes.panels.store import open_panel
from app.operations import panel_sites
from app.operations.desk import Desk
from app.operations.panel_sites import (
    add_panel_sites,
    bind_panel_sites,
    list_panel_sites,
    lists_folder,
    remove_panel_sites,
    sites_for,
    tidy_panel_sites,
    verify_panel_sites,
)
from tests.helpers.direct_work import work_directly


@pytest.fixture(autouse=True)
def _directly(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """No process is started, but for two tests."""
    if "process" not in request.node.name:
        work_directly(monkeypatch)


HEAD = "ID\tCHROM\tPOS\tREF\tALT\tAAF_EUR\n"


def lists_of(folder: Path) -> tuple[Path, ...]:
    """Two chromosomes of a panel."""
    folder.mkdir(exist_ok=True)
    for name in ("2", "10"):
        lines = "".join(f"rs{n}\t{name}\t{n}\tA\tG\t0.5\n" for n in range(1, 50))
        (folder / f"chr{name}.sites").write_text(HEAD + lines, encoding="utf-8")
    return (folder,)


def added(desk: Desk, folder: Path, *keys: str) -> str:
    """A list; its id."""
    changes = asyncio.run(add_panel_sites(desk, lists_of(folder), "HRC", "hg19", keys))
    assert changes.ids(Noun.PANEL) == keys
    return changes.ids(Noun.PANEL_SITES)[0]


def test_a_folder_of_lists_becomes_one_in_a_process(desk: Desk, tmp_path: Path) -> None:
    list_id = added(desk, tmp_path / "in", "fake/app/hrc")
    (found,) = asyncio.run(list_panel_sites(desk))
    assert (found.id, found.name, found.build, found.sites) == (list_id, "HRC", "GRCh37", 98)
    assert found.chromosomes == ("2", "10")
    assert found.source == "chr2.sites, chr10.sites"
    assert (found.frequency, found.has_rs, found.problem) == ("AAF_EUR", True, "")
    folder = asyncio.run(sites_for(desk, "fake/app/hrc"))
    assert folder is not None
    table = open_panel(folder).table("10")
    assert table is not None
    assert table.at(7) == [("A", "G")]
    assert asyncio.run(sites_for(desk, "fake/app/other")) is None
    assert asyncio.run(verify_panel_sites(desk, list_id)) == ()


def test_the_newest_whole_list_counts(desk: Desk, tmp_path: Path) -> None:
    first = added(desk, tmp_path / "in", "k")
    second = asyncio.run(add_panel_sites(desk, lists_of(tmp_path / "in"), "Newer", "GRCh38", ("k",)))
    newer = second.ids(Noun.PANEL_SITES)[0]
    listed = asyncio.run(list_panel_sites(desk))
    chosen = asyncio.run(sites_for(desk, "k"))
    assert chosen == Path(listed[0].folder)
    (Path(listed[0].folder) / "2" / "code").write_bytes(b"")
    assert asyncio.run(sites_for(desk, "k")) == Path(listed[1].folder)
    assert {each.id for each in listed} == {first, newer}
    broken = asyncio.run(list_panel_sites(desk))[0]
    assert "not whole" in broken.problem


def test_binding_and_removing(desk: Desk, tmp_path: Path) -> None:
    list_id = added(desk, tmp_path / "in", "a")
    changes = asyncio.run(bind_panel_sites(desk, list_id, ("b", "c")))
    assert changes.ids(Noun.PANEL) == ("a", "b", "c")
    assert asyncio.run(sites_for(desk, "a")) is None
    assert asyncio.run(sites_for(desk, "c")) is not None
    asyncio.run(remove_panel_sites(desk, list_id))
    assert asyncio.run(list_panel_sites(desk)) == ()
    assert list(lists_folder(desk).iterdir()) == []
    for work in (remove_panel_sites(desk, list_id), bind_panel_sites(desk, list_id, ())):
        with pytest.raises(ProblemError, match="no site list"):
            asyncio.run(work)


def test_a_bad_file_leaves_nothing_and_names_its_line(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "bad.sites"
    path.write_text(HEAD + "rs1\t2\tx\tA\tG\t0.5\n", encoding="utf-8")
    with pytest.raises(ProblemError, match="bad.sites, line 2"):
        asyncio.run(add_panel_sites(desk, (path,), "Bad", "GRCh37"))
    assert list(lists_folder(desk).iterdir()) == []
    (tmp_path / "empty").mkdir()
    for paths, build, why in (
        ((path,), "hg99", "no genome build"),
        ((tmp_path / "gone",), "hg19", "cannot be read"),
        ((tmp_path / "empty",), "hg19", "holds no file"),
        ((), "hg19", "No file"),
    ):
        with pytest.raises(ProblemError, match=why):
            asyncio.run(add_panel_sites(desk, paths, "Bad", build))


def begun(folder: Path) -> None:
    """Wait until something is written there."""
    while not list(folder.glob("*.part")):
        time.sleep(0.02)


def test_stopping_the_process_leaves_nothing(desk: Desk, tmp_path: Path) -> None:
    path = tmp_path / "long.sites"
    path.write_text(HEAD + "rs1\t2\t5\tA\tG\t0.5\n" * 2_000_000, encoding="utf-8")

    async def stopped() -> None:
        work = asyncio.create_task(add_panel_sites(desk, (path,), "Long", "GRCh37"))
        await asyncio.to_thread(begun, lists_folder(desk))
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work

    asyncio.run(stopped())
    assert list(lists_folder(desk).iterdir()) == []


def test_what_an_earlier_run_left_is_removed_but_not_what_is_being_written(
    desk: Desk, tmp_path: Path
) -> None:
    kept = added(desk, tmp_path / "in")
    folder = lists_folder(desk)
    for name in ("sites-a.part", "sites-b.gone", "sites-c", "sites-d.part"):
        (folder / name).mkdir()

    async def tidied() -> None:
        async with desk.only_one("sites-d") as mine:
            assert mine
            await tidy_panel_sites(desk)

    asyncio.run(tidied())
    assert {path.name for path in folder.iterdir()} == {kept, "sites-d.part"}


def test_a_disk_that_cannot_be_written_is_told(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (desk.home / "panel-sites").write_text("in the way", encoding="utf-8")
    with pytest.raises(ProblemError, match="data folder cannot be used"):
        asyncio.run(add_panel_sites(desk, lists_of(tmp_path / "in"), "HRC", "hg19"))
    assert panel_sites.lists_folder(desk).is_file()
