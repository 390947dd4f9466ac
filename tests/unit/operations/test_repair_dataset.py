"""A dataset is planned, repaired into a new one, checked and judged; the files of the old one stay."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from pydantic import SecretStr

from app.domain.changes import Noun
from app.domain.dataset import Dataset
from app.domain.problem import ProblemError
from app.domain.repair import RepairCode
from app.domain.verdict import Outcome
from app.genotypes.bgzf import read_lines
from app.operations.add_dataset import add_dataset
from app.operations.add_service import add_service
from app.operations.check_dataset import check_dataset
from app.operations.desk import Desk
from app.operations.draft_job import JobDraft, check_dataset_state
from app.operations.panel_sites import add_panel_sites
from app.operations.repair_dataset import plan_repair, repair_dataset
from app.operations.sync_panels import sync_panels
from app.store import datasets, jobs, services
from tests.helpers.direct_work import work_directly
from tests.helpers.small_study import Study, make_study, vcf_gz

_COMPLEMENT = str.maketrans("ACGT", "TGCA")
FLIPS = 30


@pytest.fixture(autouse=True)
def _directly(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    if "process" not in request.node.name:
        work_directly(monkeypatch)


def study_with_flips(folder: Path) -> tuple[Path, Study]:
    """A VCF in which the first sites are on the other strand, and the study as it was."""
    study = make_study(3, samples=24, sites=150, build="GRCh37")
    (content,) = vcf_gz(study).values()
    whole = folder / "whole.vcf.gz"
    whole.write_bytes(content)
    lines = [line.decode() for line in read_lines(whole)]
    whole.unlink()
    flipped = 0
    for at, line in enumerate(lines):
        if not line.startswith("#") and flipped < FLIPS:
            words = line.split("\t")
            words[3], words[4] = words[3].translate(_COMPLEMENT), words[4].translate(_COMPLEMENT)
            lines[at] = "\t".join(words)
            flipped += 1
    path = folder / "cohort.vcf"
    path.write_text("\n".join(lines) + "\n")
    return path, study


def sites_of(folder: Path, study: Study) -> Path:
    rows = [f"{s.id}\t22\t{s.position}\t{s.ref}\t{s.alt}\t0.4" for s in study.sites]
    path = folder / "panel.sites"
    path.write_text("\n".join(["ID\tCHROM\tPOS\tREF\tALT\tAAF_EUR", *rows]) + "\n")
    return path


async def prepared(desk: Desk, folder: Path) -> tuple[str, str, str]:
    """Ids of a dataset, a service and a panel whose sites are known."""
    path, study = study_with_flips(folder)
    service_id = (await add_service(desk, "Fake", "https://fake.example", "fake", SecretStr("token"))).ids(
        Noun.SERVICE
    )[0]
    await sync_panels(desk, (service_id,))
    panel = (await desk.store.read(lambda c: services.panels(c, service_id)))[0]
    grch37 = panel.model_copy(update={"build": "GRCh37"})
    await desk.store.write(lambda c: services.replace_panels(c, service_id, (grch37,), desk.clock.now()))
    await add_panel_sites(desk, (sites_of(folder, study),), "Sites", "hg19", (panel.key,))
    dataset_id = (await add_dataset(desk, (path,))).ids(Noun.DATASET)[0]
    return dataset_id, service_id, panel.id


async def stored(desk: Desk, dataset_id: str) -> Dataset:
    found = await desk.store.read(lambda c: datasets.dataset(c, dataset_id))
    assert found is not None
    return found


def content_of(dataset: Dataset) -> bytes:
    return Path(dataset.files[0].path).read_bytes()


def prepared_folders(desk: Desk) -> list[Path]:
    return list((desk.home / "prepared").glob("*"))


def test_a_plan_names_the_flips_and_writes_nothing(desk: Desk, tmp_path: Path) -> None:
    async def work() -> None:
        dataset_id, service_id, panel_id = await prepared(desk, tmp_path)
        plan = await plan_repair(desk, dataset_id, service_id, panel_id)
        assert not plan.refused
        flips = [step for step in plan.steps if step.code is RepairCode.FLIP]
        assert [step.sites for step in flips] == [FLIPS]
        assert prepared_folders(desk) == []
        assert [t.state for t in desk.tasks.all()][-1] == "done"

    asyncio.run(work())


@pytest.mark.parametrize("checked_before", [False, True])
def test_a_repair_makes_a_checked_dataset(desk: Desk, tmp_path: Path, checked_before: bool) -> None:
    async def work() -> None:
        dataset_id, service_id, panel_id = await prepared(desk, tmp_path)
        if checked_before:
            await check_dataset(desk, dataset_id, service_id, panel_id)
        before = content_of(await stored(desk, dataset_id))
        changes = await repair_dataset(desk, dataset_id, service_id, panel_id)
        new = next(each for each in changes.ids(Noun.DATASET) if each != dataset_id)
        made = await stored(desk, new)
        assert made.made_from == dataset_id
        assert made.outcome is not None
        assert made.outcome.ledger.adds_up
        assert {line.code: line.changed_sites for line in made.outcome.ledger.lines}["flip"] == FLIPS
        assert made.report is not None
        assert made.report.snps == made.outcome.ledger.sites_out
        assert all(Path(each.path).parent == desk.home / "prepared" / new for each in made.files)
        assert made.verdicts[0].outcome is not Outcome.REFUSES
        assert content_of(await stored(desk, dataset_id)) == before

    asyncio.run(work())


def test_only_what_is_chosen_is_done(desk: Desk, tmp_path: Path) -> None:
    async def work() -> None:
        dataset_id, service_id, panel_id = await prepared(desk, tmp_path)
        chosen = (RepairCode.DROP_DUPLICATES,)
        out = tmp_path / "mine"
        changes = await repair_dataset(desk, dataset_id, service_id, panel_id, chosen, out)
        new = next(each for each in changes.ids(Noun.DATASET) if each != dataset_id)
        outcome = (await stored(desk, new)).outcome
        assert outcome is not None
        assert {step.code for step in outcome.applied if step.optional} <= set(chosen)
        assert Path(outcome.files[0].path).parent == out

    asyncio.run(work())


def test_nothing_stays_of_a_repair_that_fails(desk: Desk, tmp_path: Path) -> None:
    async def work() -> None:
        dataset_id, service_id, panel_id = await prepared(desk, tmp_path)
        everyone = tuple(f"P{i}" for i in range(100)) + make_study(3, samples=24).samples
        with pytest.raises(ProblemError) as caught:
            await repair_dataset(desk, dataset_id, service_id, panel_id, drop_samples=everyone)
        assert caught.value.problem.title == "Nothing is left"
        assert prepared_folders(desk) == []
        assert len(await desk.store.read(datasets.datasets)) == 1

    asyncio.run(work())


def two_groups(folder: Path) -> tuple[list[Path], Path]:
    """Files of two groups of people, the first with sites on the other strand; and the sites as they are."""
    (folder / "a").mkdir()
    (folder / "b").mkdir()
    first, study = study_with_flips(folder / "a")
    second = folder / "b" / "cohort.vcf"
    text = first.read_text()
    for name in study.samples:
        text = text.replace(name, f"b{name}")
    second.write_text(text)
    return [first, second], sites_of(folder, study)


def test_each_group_of_people_becomes_a_dataset_that_can_be_sent(desk: Desk, tmp_path: Path) -> None:
    async def work() -> None:
        _, service_id, panel_id = await prepared(desk, tmp_path)
        files, _ = two_groups(tmp_path)
        key = (await add_dataset(desk, tuple(files))).ids(Noun.DATASET)[0]
        await check_dataset(desk, key, service_id, panel_id)
        draft = JobDraft(dataset_id=key, service_id=service_id, app_id="a", panel_id=panel_id)
        assert check_dataset_state(draft, await stored(desk, key))
        plan = await plan_repair(desk, key, service_id, panel_id)
        assert [each.group for each in plan.groups] == ["a", "b"]
        assert [s.sites for s in plan.steps if s.code is RepairCode.FLIP] == [2 * FLIPS]
        changes = await repair_dataset(desk, key, service_id, panel_id)
        made = [await stored(desk, each) for each in changes.ids(Noun.DATASET) if each != key]
        made.sort(key=lambda each: each.name)
        assert [each.name.split(", ")[-2] for each in made] == ["a", "b"]
        (root,) = prepared_folders(desk)
        assert {Path(f.path).parent for each in made for f in each.files} == {root / "a", root / "b"}
        for each in made:
            assert each.made_from == key
            assert each.outcome is not None
            assert each.outcome.ledger.adds_up
            assert each.outcome.ledger.samples_out == 24
            assert each.prepared_here
            assert not check_dataset_state(draft, each)
        events = await desk.store.read(lambda c: jobs.events(c, dataset_id=key))
        told = next(e.text for e in events if e.kind == "repair")
        assert "48 of 48 samples" in told
        assert "b: " in told

    asyncio.run(work())


def test_what_is_made_tells_of_the_group_that_could_not_be_repaired(desk: Desk, tmp_path: Path) -> None:
    async def work() -> None:
        files, _ = two_groups(tmp_path)
        key = (await add_dataset(desk, tuple(files))).ids(Noun.DATASET)[0]
        await check_dataset(desk, key)
        everyone = tuple(f"b{name}" for name in make_study(3, samples=24, sites=150, build="GRCh37").samples)
        changes = await repair_dataset(desk, key, drop_samples=everyone)
        (made,) = [each for each in changes.ids(Noun.DATASET) if each != key]
        outcome = (await stored(desk, made)).outcome
        assert outcome is not None
        assert outcome.group == "a"
        (left,) = outcome.left_out
        assert left.startswith("b: Nothing is left")

    asyncio.run(work())


def test_no_group_stays_of_a_repair_that_fails_late(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(*_: object) -> None:
        raise OSError("no room")

    async def work() -> None:
        files, _ = two_groups(tmp_path)
        key = (await add_dataset(desk, tuple(files))).ids(Noun.DATASET)[0]
        monkeypatch.setattr(datasets, "save_dataset", no_room)
        out = tmp_path / "mine"
        with pytest.raises(OSError, match="no room"):
            await repair_dataset(desk, key, folder=out)
        assert not out.exists()
        assert prepared_folders(desk) == []

    asyncio.run(work())


@pytest.mark.slow
def test_a_repair_runs_in_a_process(desk: Desk, tmp_path: Path) -> None:
    async def work() -> None:
        dataset_id, _, _ = await prepared(desk, tmp_path)
        changes = await repair_dataset(desk, dataset_id)
        assert len(changes.ids(Noun.DATASET)) == 2

    asyncio.run(work())
