"""Data that are phased once on this computer, and go to several services that are told not to phase."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from app.domain.changes import Noun
from app.domain.dataset import PREPARED, Dataset
from app.domain.parameter import Choice, Form, Parameter, ParameterType
from app.domain.problem import Kind, ProblemError, problem
from app.domain.progress import Report
from app.genotypes.bgzf import BgzfWriter, read_lines
from app.genotypes.matrix import ABSENT, read_matrix
from app.imputation.contract import Engine, EngineName, Tools
from app.imputation.engines import beagle_command
from app.imputation.phase_only import PhasedFile, PhaseTask
from app.operations import phase_once
from app.operations.add_dataset import add_dataset
from app.operations.check_dataset import check_dataset
from app.operations.desk import Desk
from app.operations.draft_job import PHASE_HERE, JobDraft
from app.operations.job_group import create_group, preview_group
from app.operations.local_panel_files import take_local_panel
from app.operations.no_phasing import no_phasing
from app.operations.phase_once import phased_once
from app.operations.preflight import preflight, preview
from app.operations.residency import state_residency
from app.operations.state_build import state_build
from app.operations.sync_panels import sync_panels
from app.services.local.layout import PANEL, LocalPanel, panels_folder, write_record
from app.store import datasets, jobs
from tests.helpers.fake_family import NOW, FakeFamily
from tests.unit.imputation.vcf import Row, panel_rows, write_vcf
from tests.unit.operations import test_local_x

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


def x_dataset(desk: Desk, folder: Path, *, with_par2: bool) -> str:
    """Chromosome X of six men and six women, and a panel of this computer in three parts."""
    panel = test_local_x.panel_rows()
    kept = panels_folder(desk.home / "local") / "x"
    kept.mkdir(parents=True)
    source = write_vcf(folder / "panel-x.vcf", panel, "X")
    facts = take_local_panel((source,), (), kept, "GRCh37", Tools(minimac4="/nowhere", java="/nowhere"))
    about = LocalPanel(
        id="x",
        name="X",
        build="GRCh37",
        samples=facts.samples,
        variants=len(panel),
        chromosomes=("X",),
        added=NOW,
    )
    write_record(kept / PANEL, about)
    rows = test_local_x.target_rows(panel)
    if not with_par2:
        place, ref, alt, cells = rows[-1]
        rows = [row for row in rows if row[0] < test_local_x.PAR2_BEGIN] + [(place + 1, ref, alt, cells)]
    target = folder / "x.vcf.gz"
    with BgzfWriter(target) as out:
        out.write(write_vcf(folder / "x.vcf", rows, "X", prefix="T").read_bytes())

    async def add() -> str:
        (dataset_id,) = (await add_dataset(desk, (target,))).ids(Noun.DATASET)
        await check_dataset(desk, dataset_id, build="GRCh37")
        await state_build(desk, dataset_id, "GRCh37")
        return dataset_id

    return asyncio.run(add())


@pytest.mark.parametrize("with_par2", [True, False])
def test_chromosome_x_is_phased_in_its_parts(desk: Desk, tmp_path: Path, with_par2: bool) -> None:
    """Men have one allele between the pseudoautosomal parts; a part without common sites is left out."""
    source = x_dataset(desk, tmp_path, with_par2=with_par2)
    made = asyncio.run(dataset(desk, asyncio.run(phased_once(desk, source, "x"))))
    after = read_matrix(Path(made.files[0].path))
    before = read_matrix(Path(asyncio.run(dataset(desk, source)).files[0].path))
    lost = 0 if with_par2 else 1
    assert after.positions.tolist() == before.positions[: len(before.positions) - lost].tolist()
    assert after.phased.all()
    between = (after.positions > test_local_x.PAR1_END) & (after.positions < test_local_x.PAR2_BEGIN)
    second = after.haplotypes[:, 1::2]
    assert (second[between, : test_local_x.MEN] == ABSENT).all()
    assert (second[between, test_local_x.MEN :] >= 0).all()
    assert (second[~between] >= 0).all()
    text = Path(made.files[0].path)
    assert sum(line.startswith(b"##contig") for line in read_lines(text)) == 1
    events = asyncio.run(desk.store.read(lambda c: jobs.events(c, dataset_id=made.id)))
    told = next(e.text for e in events if e.kind == "repair")
    assert ("Left out: 1 not in the panel" in told) is not with_par2


def test_beagle_phases_where_it_is_wanted_and_is_there(
    desk: Desk, unphased: JobDraft, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    async def phase(tasks: tuple[PhaseTask, ...], report: Report) -> tuple[PhasedFile, ...]:
        asked.extend(each.phasing for each in tasks)
        told = tuple(each.model_copy(update={"phasing": "auto"}) for each in tasks)
        return await in_process(told, report)

    in_process = phase_once._in_process
    monkeypatch.setattr(phase_once, "_in_process", phase)
    absent = Engine(name=EngineName.BEAGLE, present=False)
    monkeypatch.setattr(phase_once, "find_engine", lambda name, tools: absent)
    with pytest.raises(ProblemError, match="Beagle is not on this computer"):
        asyncio.run(phased_once(desk, unphased.dataset_id, "mine", "beagle"))
    there = Engine(name=EngineName.BEAGLE, present=True)
    monkeypatch.setattr(phase_once, "find_engine", lambda name, tools: there)
    one = asyncio.run(phased_once(desk, unphased.dataset_id, "mine", "beagle"))
    other = asyncio.run(phased_once(desk, unphased.dataset_id, "mine"))
    assert asked == ["beagle", "auto"]
    assert asyncio.run(dataset(desk, one)).name.endswith("phased with Mine by Beagle")
    assert one != other == asyncio.run(phased_once(desk, unphased.dataset_id, "mine", "builtin"))


@pytest.mark.slow
@pytest.mark.skipif(beagle_command() is None, reason="beagle is not installed")
@pytest.mark.usefixtures("asks")
def test_the_real_beagle_phases_once_for_all_services(
    desk: Desk, fake: FakeFamily, unphased: JobDraft
) -> None:
    async def play() -> None:
        await sync_panels(desk, (unphased.service_id,))
        sent = await create_group(desk, two(unphased), phase_with="mine", phase_by="beagle")
        first, second = [await desk.job(each) for each in sent.job_ids]
        assert first.files == second.files, "the very same haplotypes"
        assert first.options["phasing"] == second.options["phasing"] == "no_phasing"
        made, source = await dataset(desk, first.dataset_id), await dataset(desk, unphased.dataset_id)
        assert made.name.endswith("phased with Mine by Beagle")
        before, after = read_matrix(Path(source.files[0].path)), read_matrix(Path(made.files[0].path))
        assert after.samples == before.samples
        assert after.phased.all()
        assert after.positions.tolist() == before.positions[:-1].tolist()
        told = before.haplotypes[:-1]
        asked = (told[:, 0::2] >= 0) & (told[:, 1::2] >= 0)
        counts = after.haplotypes[:, 0::2] + after.haplotypes[:, 1::2]
        assert np.array_equal(counts[asked], (told[:, 0::2] + told[:, 1::2])[asked])
        assert (after.haplotypes >= 0).all(), "the missing genotype is filled"

    asyncio.run(play())


@pytest.mark.usefixtures("asks")
def test_a_panel_that_is_not_here(desk: Desk, unphased: JobDraft) -> None:
    async def play() -> None:
        await sync_panels(desk, (unphased.service_id,))
        with pytest.raises(ProblemError, match="no panel “other”"):
            await create_group(desk, two(unphased), phase_with="other")

    asyncio.run(play())


def test_one_that_wants_phased_data_gets_them_and_no_option(
    desk: Desk, fake: FakeFamily, unphased: JobDraft, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would impute unphased data badly and say nothing; once they are phased it takes part in a group."""
    takes_phased(fake, monkeypatch)

    async def play() -> None:
        await sync_panels(desk, (unphased.service_id,))
        draft = unphased.model_copy(update={"override_reason": ""})
        for look in (preview, preflight):
            titles = [each.problem.title for each in (await look(desk, draft)).obstacles]
            assert "The data are not phased" in titles
        looked = await preview_group(desk, two(draft), phase_with="mine")
        assert "The data are not phased" not in str(looked)
        assert "phase the data anew" not in str(looked)
        sent = await create_group(desk, two(unphased), phase_with="mine")
        job = await desk.job(sent.job_ids[0])
        assert job.dataset_id != unphased.dataset_id
        assert "phasing" not in job.options
        phased = draft.model_copy(update={"dataset_id": job.dataset_id})
        assert "not phased" not in str((await preflight(desk, phased)).obstacles)

    asyncio.run(play())


def takes_phased(fake: FakeFamily, monkeypatch: pytest.MonkeyPatch) -> None:
    """The application does not phase."""
    plain = fake.form

    async def form(connection: object, app_id: str) -> Form:
        return (await plain(connection, app_id)).model_copy(update={"phased": True})  # type: ignore[arg-type]

    monkeypatch.setattr(fake, "form", form)


async def nothing_stays(desk: Desk) -> None:
    known = await desk.store.read(datasets.datasets)
    assert not any(each.made_from for each in known)
    assert await desk.store.read(jobs.jobs) == ()
    assert [path for path in (desk.home / PREPARED).rglob("*") if path.is_file()] == []


def test_one_service_gets_data_that_were_phased_here(
    desk: Desk, fake: FakeFamily, unphased: JobDraft, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As for several; the words of the obstacle name both ways, and the job is no group."""
    takes_phased(fake, monkeypatch)
    draft = unphased.model_copy(update={"override_reason": ""})

    async def play() -> None:
        await sync_panels(desk, (draft.service_id,))
        (told,) = [each for each in (await preview(desk, draft)).obstacles if each.field == PHASE_HERE]
        assert "“Phase here first” in “New job”" in told.problem.what_you_can_do
        assert "--phase-with PANEL" in told.problem.what_you_can_do
        with pytest.raises(ProblemError, match="not phased"):
            await create_group(desk, (draft,))
        (looked,) = await preview_group(desk, (draft,), "mine")
        assert "not phased" not in str(looked.obstacles)
        sent = await create_group(desk, (unphased,), phase_with="mine")
        (job,) = [await desk.job(each) for each in sent.job_ids]
        assert job.group is None
        made = await dataset(desk, job.dataset_id)
        assert made.made_from == unphased.dataset_id
        assert made.report is not None
        assert made.report.phased is True

    asyncio.run(play())


def test_nothing_is_phased_for_a_service_that_may_not_have_the_data(
    desk: Desk, fake: FakeFamily, unphased: JobDraft, monkeypatch: pytest.MonkeyPatch
) -> None:
    takes_phased(fake, monkeypatch)

    async def play() -> None:
        await sync_panels(desk, (unphased.service_id,))
        await state_residency(desk, unphased.dataset_id, "ZA, this computer")
        await desk.update_service(unphased.service_id, country="US")
        with pytest.raises(ProblemError) as told:
            await create_group(desk, (unphased,), phase_with="mine")
        assert told.value.problem.kind is Kind.REFUSED
        await nothing_stays(desk)

    asyncio.run(play())


@pytest.mark.parametrize("ends", ["stopped", "failed"])
def test_phasing_that_ends_early_leaves_nothing(
    desk: Desk, fake: FakeFamily, unphased: JobDraft, monkeypatch: pytest.MonkeyPatch, ends: str
) -> None:
    """A person stops it in the strip, or it fails: there is no dataset, no file and no job."""
    takes_phased(fake, monkeypatch)

    async def begun(tasks: tuple[PhaseTask, ...], report: Report) -> tuple[PhasedFile, ...]:
        tasks[0].out.write_bytes(b"half")
        if ends == "failed":
            raise problem(Kind.INPUT, "It does not fit", "No site is in common.")
        (task,) = desk.tasks.running()
        assert task.title.startswith("Phasing ")
        task.cancel()
        await asyncio.Event().wait()
        return ()

    monkeypatch.setattr(phase_once, "_in_process", begun)

    async def play() -> None:
        await sync_panels(desk, (unphased.service_id,))
        sending = asyncio.ensure_future(create_group(desk, (unphased,), phase_with="mine"))
        with pytest.raises(asyncio.CancelledError if ends == "stopped" else ProblemError):
            await sending
        await nothing_stays(desk)
        assert fake.submissions == []

    asyncio.run(play())


def test_how_services_say_it() -> None:
    form = Form(app_id="a", app_name="A", parameters=(PHASING,))
    assert no_phasing(form, "p") == ("phasing", "no_phasing")
    only = PHASING.model_copy(update={"choices": PHASING.choices[:1]})
    assert no_phasing(form.model_copy(update={"parameters": (only,)}), "p") is None
