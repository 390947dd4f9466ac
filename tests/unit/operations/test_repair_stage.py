"""A repair that is cancelled, killed or fails leaves a folder as it was, and overwrites nothing."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from app.domain.changes import Noun
from app.domain.dataset import Dataset
from app.domain.problem import ProblemError
from app.domain.residency import residency_of
from app.domain.rule_file import RULE_FILE
from app.genotypes.repair.staging import HIDDEN, publish, put_rule, staged
from app.operations import predict
from app.operations.add_dataset import add_dataset, remove_dataset
from app.operations.check_dataset import check_dataset
from app.operations.desk import Desk
from app.operations.panel_sites import add_panel_sites
from app.operations.repair_dataset import repair_dataset
from app.operations.repair_stage import published, repair_stage, tidy_repairs
from app.operations.rule_files import rules_of_folders
from app.store import datasets
from tests.helpers.direct_work import work_directly
from tests.helpers.small_study import make_study, vcf_gz

AUTOSOMES = tuple(map(str, range(1, 23)))


async def cohort(desk: Desk, folder: Path, chromosomes: tuple[str, ...] = ("22",)) -> str:
    """The id of a dataset of one file."""
    ((_, content),) = vcf_gz(make_study(5, samples=24, sites=30, chromosomes=chromosomes)).items()
    path = folder / "mine.vcf.gz"
    path.write_bytes(content)
    return (await add_dataset(desk, (path,))).ids(Noun.DATASET)[0]


def everything(folder: Path) -> dict[str, bytes]:
    """All files and folders, also the hidden ones."""
    found = (path for path in folder.rglob("*"))
    return {str(p.relative_to(folder)): p.read_bytes() if p.is_file() else b"" for p in found}


@pytest.mark.parametrize("chosen", [True, False])
def test_cancelled_in_the_middle_it_leaves_every_folder_as_it_was(
    desk: Desk, tmp_path: Path, chosen: bool
) -> None:
    out = tmp_path / "folder of the person"
    out.mkdir()
    (out / "notes.txt").write_text("keep me")

    async def work() -> None:
        dataset_id = await cohort(desk, tmp_path, AUTOSOMES)
        root = out if chosen else desk.home / "prepared"
        before = everything(out)
        repairing = asyncio.create_task(repair_dataset(desk, dataset_id, folder=out if chosen else None))
        while not list(root.rglob(f"{HIDDEN}*/files/*.vcf.gz")):
            assert not repairing.done(), repairing.exception()
            await asyncio.sleep(0.002)
        repairing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await repairing
        assert everything(out) == before
        assert everything(desk.home / "prepared") == {}
        assert len(await desk.store.read(datasets.datasets)) == 1

    asyncio.run(work())


def test_a_folder_that_was_made_for_it_goes_with_it(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work_directly(monkeypatch)

    async def work() -> None:
        dataset_id = await cohort(desk, tmp_path)
        names = tuple(make_study(5, samples=24, sites=1).samples)
        with pytest.raises(ProblemError):
            await repair_dataset(desk, dataset_id, folder=tmp_path / "new" / "inner", drop_samples=names)
        assert not (tmp_path / "new").exists()

    asyncio.run(work())


@pytest.mark.parametrize("name", ["chr22.vcf.gz", "chr22.vcf.gz.tbi", "site-log.tsv.gz"])
def test_a_file_that_is_there_is_never_overwritten(
    desk: Desk, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    work_directly(monkeypatch)
    out = tmp_path / "out"
    out.mkdir()
    (out / name).write_bytes(b"of the person")

    async def work() -> None:
        dataset_id = await cohort(desk, tmp_path)
        with pytest.raises(ProblemError, match="A file is there already") as caught:
            await repair_dataset(desk, dataset_id, folder=out)
        assert caught.value.problem.subject == str(out / name)
        assert everything(out) == {name: b"of the person"}

    asyncio.run(work())


def test_a_file_that_appears_meanwhile_is_not_overwritten_and_no_other_is_left(tmp_path: Path) -> None:
    with staged(tmp_path) as stage:
        for name in ("a.vcf.gz", "b.vcf.gz"):
            (stage.files / name).write_text("new")
        (tmp_path / "b.vcf.gz").write_text("old")
        with pytest.raises(ProblemError, match="A file is there already"):
            publish(stage)
    assert everything(tmp_path) == {"b.vcf.gz": b"old"}


def test_what_cannot_be_kept_is_taken_back(desk: Desk, tmp_path: Path) -> None:
    async def fill_the_disk() -> None:
        async with repair_stage(desk, "data-1", tmp_path / "out") as stage:
            (stage.files / "batch1").mkdir()
            (stage.files / "batch1" / "a.vcf.gz").write_text("new")
            async with published(stage):
                assert (tmp_path / "out" / "batch1" / "a.vcf.gz").is_file()
                raise ValueError("no room")

    async def work() -> None:
        with pytest.raises(ValueError, match="no room"):
            await fill_the_disk()
        assert not (tmp_path / "out").exists()

    asyncio.run(work())


def test_what_a_killed_program_left_is_removed_at_the_next_start(desk: Desk, tmp_path: Path) -> None:
    async def work() -> None:
        dataset_id = await cohort(desk, tmp_path)
        root = desk.home / "prepared"
        for key in ("data-cut", dataset_id):
            (root / key / f"{HIDDEN}x" / "files").mkdir(parents=True)
            (root / key / "chr22.vcf.gz").write_text("whole")
        (root / "data-whole").mkdir()
        (root / "data-whole" / "chr22.vcf.gz").write_text("of a dataset that was taken from the list")
        away = tmp_path / "out" / f"{HIDDEN}y"
        away.mkdir(parents=True)
        (root / "data-away.away").write_text(str(away))
        async with repair_stage(desk, "data-now") as going_on:
            await tidy_repairs(desk)
            assert going_on.files.is_dir()
        assert set(everything(root)) == {
            dataset_id, f"{dataset_id}/chr22.vcf.gz", "data-whole", "data-whole/chr22.vcf.gz"
        }  # fmt: skip
        assert everything(tmp_path / "out") == {}

    asyncio.run(work())


@pytest.mark.parametrize("undone", [True, False])
def test_files_of_the_program_go_at_the_next_start_after_their_dataset(
    desk: Desk, tmp_path: Path, undone: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    work_directly(monkeypatch)

    async def work() -> None:
        repaired = await made_from(desk, await cohort(desk, tmp_path))
        paths = tuple(Path(each.path) for each in repaired.files)
        await remove_dataset(desk, repaired.id)
        assert all(path.is_file() for path in paths)
        if undone:
            await add_dataset(desk, paths)
        await tidy_repairs(desk)
        assert all(path.is_file() is undone for path in paths)
        assert (desk.home / "prepared" / repaired.id).exists() is undone
        assert undone or not list((desk.home / "prepared").iterdir())
        assert (tmp_path / "mine.vcf.gz").is_file()

    asyncio.run(work())


def test_files_in_a_folder_of_the_person_stay(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work_directly(monkeypatch)

    async def work() -> None:
        repaired = await made_from(desk, await cohort(desk, tmp_path), tmp_path / "out")
        before = everything(tmp_path / "out")
        await remove_dataset(desk, repaired.id)
        await tidy_repairs(desk)
        assert everything(tmp_path / "out") == before

    asyncio.run(work())


async def made_from(desk: Desk, dataset_id: str, folder: Path | None = None) -> Dataset:
    await repair_dataset(desk, dataset_id, folder=folder)
    (made,) = (each for each in await desk.store.read(datasets.datasets) if each.made_from == dataset_id)
    return made


@pytest.mark.skipif(os.name == "nt", reason="folders have no such rights here")
def test_only_the_owner_opens_the_folders_with_genotypes(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work_directly(monkeypatch)
    (desk.home / "cohorts").mkdir(parents=True)
    (desk.home / "cohorts").chmod(0o755)  # as an earlier version made it

    async def work() -> None:
        dataset_id = await cohort(desk, tmp_path)
        await check_dataset(desk, dataset_id)
        await repair_dataset(desk, dataset_id)
        sites = tmp_path / "panel.sites"
        sites.write_text("ID\tCHROM\tPOS\tREF\tALT\nv\t22\t17000000\tA\tG\n")
        await add_panel_sites(desk, (sites,), "Panel", "GRCh37")

    asyncio.run(work())
    predict._learn(desk.home / predict.LEARNED / "a.npz", {"22": [(5, "A", "G")]})
    folders = ("cohorts", "prepared", "panel-sites", "learned-sites")
    assert {name: (desk.home / name).stat().st_mode & 0o777 for name in folders} == dict.fromkeys(
        folders, 0o700
    )


def test_a_rule_is_moved_before_the_data_and_stands_over_the_stage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whenever a process is killed, no file of people lies without it."""
    out = tmp_path / "out"
    moved: list[str] = []
    link = os.link

    def linked(old: Path, new: Path) -> None:
        moved.append(new.name)
        link(old, new)

    monkeypatch.setattr(os, "link", linked)
    with staged(out) as stage:
        put_rule(stage, "ZA\n")
        assert rules_of_folders([str(stage.files / "a.vcf.gz")]) == [residency_of("ZA")] * 2
        (stage.files / "a.vcf.gz").write_bytes(b"people")
        publish(stage)
    assert moved == [RULE_FILE, "a.vcf.gz"]
    with staged(tmp_path / "free") as stage:
        put_rule(stage, "")
        assert not list(stage.files.iterdir())
