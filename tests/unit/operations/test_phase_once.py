"""Data that are phased once on this computer, and go to several services that are told not to phase."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from app.domain.changes import Noun
from app.domain.dataset import Dataset
from app.domain.parameter import Choice, Form, Parameter, ParameterType
from app.domain.problem import ProblemError
from app.genotypes.bgzf import BgzfWriter
from app.genotypes.matrix import read_matrix
from app.imputation.contract import Tools
from app.operations.add_dataset import add_dataset
from app.operations.check_dataset import check_dataset
from app.operations.desk import Desk
from app.operations.draft_job import JobDraft
from app.operations.job_group import create_group, preview_group
from app.operations.local_panel_files import take_local_panel
from app.operations.no_phasing import no_phasing
from app.operations.residency import state_residency
from app.operations.sync_panels import sync_panels
from app.services.local.layout import PANEL, LocalPanel, panels_folder, write_record
from app.store import datasets, jobs
from tests.helpers.fake_family import NOW, FakeFamily
from tests.unit.imputation.vcf import Row, panel_rows, write_vcf

PHASING = Parameter(
    id="phasing",
    label="Phasing",
    type=ParameterType.CHOICE,
    default="eagle",
    choices=(Choice(key="eagle", label="Eagle"), Choice(key="no_phasing", label="None")),
)


@pytest.fixture
def asks(fake: FakeFamily, monkeypatch: pytest.MonkeyPatch) -> None:
    """The service lets one say that it is not to phase."""
    plain = fake.form

    async def form(connection: object, app_id: str) -> Form:
        made = await plain(connection, app_id)  # type: ignore[arg-type]
        return made.model_copy(update={"parameters": (*made.parameters, PHASING)})

    monkeypatch.setattr(fake, "form", form)


def target_rows(panel: list[Row]) -> list[Row]:
    """Every other site of the first four people, a missing genotype, and a site of its own at the end."""
    rows: list[Row] = [
        (position, ref, alt, [cell.replace("|", "/") for cell in cells[:4]])
        for position, ref, alt, cells in panel[::2]
    ]
    position, ref, alt, cells = rows[3]
    rows[3] = (position, ref, alt, ["./.", *cells[1:]])
    return [*rows, (39_500, "A", "G", ["0/1", "0/0", "0/1", "1/1"])]


@pytest.fixture
def unphased(desk: Desk, ready: JobDraft, tmp_path: Path) -> JobDraft:
    """Four people, unphased, at every other site of a panel of this computer and at one that it has not."""
    rows = panel_rows()
    panel = write_vcf(tmp_path / "panel.vcf", rows)
    folder = panels_folder(desk.home / "local") / "mine"
    folder.mkdir(parents=True)
    facts = take_local_panel((panel,), (), folder, "GRCh37", Tools(minimac4="/nowhere", java="/nowhere"))
    kept = LocalPanel(
        id="mine",
        name="Mine",
        build="GRCh37",
        samples=facts.samples,
        variants=len(rows),
        chromosomes=("20",),
        added=NOW,
    )
    write_record(folder / PANEL, kept)
    target = tmp_path / "study.vcf.gz"
    with BgzfWriter(target) as out:
        out.write(write_vcf(tmp_path / "study.vcf", target_rows(rows), prefix="S").read_bytes())

    async def add() -> str:
        (dataset_id,) = (await add_dataset(desk, (target,))).ids(Noun.DATASET)
        await check_dataset(desk, dataset_id, build="GRCh37")
        return dataset_id

    return ready.model_copy(update={"dataset_id": asyncio.run(add()), "override_reason": "a small test"})


def two(draft: JobDraft) -> tuple[JobDraft, JobDraft]:
    return draft, draft.model_copy(update={"panel_id": "apps@two"})


async def dataset(desk: Desk, dataset_id: str | None) -> Dataset:
    found = await desk.store.read(lambda c: datasets.dataset(c, dataset_id or ""))
    assert found is not None
    return found


@pytest.mark.usefixtures("asks")
def test_all_services_get_the_same_haplotypes(desk: Desk, fake: FakeFamily, unphased: JobDraft) -> None:
    async def play() -> None:
        await sync_panels(desk, (unphased.service_id,))
        await state_residency(desk, unphased.dataset_id, "ZA, this computer")
        await desk.update_service(unphased.service_id, country="ZA")
        sent = await create_group(desk, two(unphased), phase_with="mine")
        first, second = [await desk.job(each) for each in sent.job_ids]
        assert first.options["phasing"] == second.options["phasing"] == "no_phasing"
        assert first.files == second.files
        assert first.dataset_id == second.dataset_id != unphased.dataset_id
        assert first.group == second.group is not None
        made, source = await dataset(desk, first.dataset_id), await dataset(desk, unphased.dataset_id)
        assert made.made_from == source.id
        assert made.residency == source.residency is not None
        before, after = read_matrix(Path(source.files[0].path)), read_matrix(Path(made.files[0].path))
        assert after.samples == before.samples
        assert after.phased.all()
        assert after.positions.tolist() == before.positions[:-1].tolist()
        told = before.haplotypes[:-1]
        asked = (told[:, 0::2] >= 0) & (told[:, 1::2] >= 0)
        counts = after.haplotypes[:, 0::2] + after.haplotypes[:, 1::2]
        assert np.array_equal(counts[asked], (told[:, 0::2] + told[:, 1::2])[asked])
        events = await desk.store.read(lambda c: jobs.events(c, dataset_id=made.id))
        text = next(e.text for e in events if e.kind == "repair")
        assert text.endswith("20 of 21 sites. Left out: 1 not in the panel. 1 missing genotypes were filled.")
        again = await create_group(
            desk, [d.model_copy(update={"name": "again"}) for d in two(unphased)], phase_with="mine"
        )
        assert (await desk.job(again.job_ids[0])).dataset_id == made.id, "it is not phased twice"

    asyncio.run(play())


def test_a_service_that_phases_all_the_same_is_refused_before_the_work(
    desk: Desk, unphased: JobDraft
) -> None:
    async def play() -> None:
        (first, _) = await preview_group(desk, two(unphased), "mine")
        assert any("phase the data anew" in each.problem.title for each in first.obstacles)
        with pytest.raises(ProblemError, match="no option that leaves phased data as they are"):
            await create_group(desk, two(unphased), phase_with="mine")
        known = await desk.store.read(datasets.datasets)
        assert not any(each.made_from for each in known)

    asyncio.run(play())


@pytest.mark.usefixtures("asks")
def test_a_panel_that_is_not_here(desk: Desk, unphased: JobDraft) -> None:
    async def play() -> None:
        await sync_panels(desk, (unphased.service_id,))
        with pytest.raises(ProblemError, match="no panel “other”"):
            await create_group(desk, two(unphased), phase_with="other")

    asyncio.run(play())


def test_how_services_say_it() -> None:
    form = Form(app_id="a", app_name="A", parameters=(PHASING,))
    assert no_phasing(form, "p") == ("phasing", "no_phasing")
    only = PHASING.model_copy(update={"choices": PHASING.choices[:1]})
    assert no_phasing(form.model_copy(update={"parameters": (only,)}), "p") is None
