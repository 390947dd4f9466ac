"""A masked-truth benchmark: hide typed sites of a dataset and send the rest to several panels.

What is sent is a dataset like any other, by the ordinary submission: everything that is looked at before an
upload holds here too. The hidden genotypes stay in a private folder of this computer.
"""

from __future__ import annotations

import asyncio
import secrets
import shutil
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from pydantic import SecretStr

from app.domain.benchmark import MOST_SHARE, Benchmark, BenchmarkEntry, EntryState, HiddenSites
from app.domain.changes import Changes, Noun
from app.domain.dataset import Dataset
from app.domain.job import OPEN_STATES, Event, Job, JobState
from app.domain.model import Model
from app.domain.names import new_id
from app.domain.parameter import Form, ParameterType
from app.domain.problem import Kind, ProblemError, problem
from app.domain.progress import Report
from app.operations.add_dataset import data_files, remove_dataset
from app.operations.chains import chain_for
from app.operations.check_dataset import check_dataset, dataset_of
from app.operations.desk import Desk
from app.operations.draft_job import JobDraft
from app.operations.packed_folders import packed_folders
from app.operations.private_folder import private_folder
from app.operations.repair_stage import published, repair_stage
from app.operations.residency import inherit_residency, rule_for
from app.operations.rule_files import tighten_rule
from app.operations.send_job import send_job
from app.operations.submit_job import create_job
from app.operations.sync_panels import read_form
from app.operations.tasks import TaskKind
from app.store import benchmarks, datasets, services
from app.store.store import Connection as StoreConnection

FOLDER = "benchmarks"
SHARE = 0.02
"""Of the typed sites: few enough to leave the imputation as it is, enough on a chromosome of an array."""
_SEEDS = 1 << 31
_R2_WORDS = ("r2filter", "rsqfilter")


class BenchmarkTarget(Model):
    """A service and a panel to be compared."""

    service_id: str
    panel_id: str
    app_id: str = ""


class BenchmarkPlan(Model):
    """What to hide: a share of the typed sites of some chromosomes (empty: 20 and 22, else all) by a seed.

    `people` is a table with the group of each person, for scores by ancestry; without one people are
    projected. Without a seed one is drawn and recorded.
    """

    dataset_id: str
    targets: tuple[BenchmarkTarget, ...]
    share: float = SHARE
    seed: int | None = None
    chromosomes: tuple[str, ...] = ()
    name: str = ""
    people: str | None = None


async def make_benchmark(desk: Desk, plan: BenchmarkPlan) -> Changes:
    """Hide sites, keep what was hidden, and add the rest as a dataset; nothing is sent yet.

    The ids of both are in the changes. ProblemError when nothing can be hidden, for an unknown panel, or when
    files cannot be read; then nothing stays.
    """
    if not 0 < plan.share <= MOST_SHARE:
        raise problem(
            Kind.INPUT, "The share is not possible", f"{plan.share:g} is not between 0 and {MOST_SHARE:g}."
        )
    dataset = await dataset_of(desk, plan.dataset_id)
    entries = tuple([await _entry(desk, each) for each in _apart(plan.targets)])
    for each in entries:
        await chain_to(desk, each, _build_of(dataset))
    benchmark_id, masked_id = new_id("bench"), new_id("data")
    with desk.tasks.running_task(TaskKind.MASK, f"Masking {dataset.name}", dataset_id=dataset.id) as task:
        rule = await rule_for(desk, dataset, dataset.files)
        staged = repair_stage(desk, masked_id, rule=rule)
        async with _kept_folder(desk, benchmark_id) as kept, staged as stage:
            await asyncio.to_thread(tighten_rule, rule, kept)  # what is hidden is of the same people
            hidden = await _mask(desk, dataset, plan, (stage.files, kept, stage.work), task.report)
            async with published(stage):
                masked = await asyncio.to_thread(_masked, dataset, masked_id, stage.out)
                masked = await inherit_residency(desk, masked, dataset)
                made = Benchmark(
                    id=benchmark_id,
                    name=plan.name.strip() or dataset.name,
                    dataset_id=dataset.id,
                    masked_id=masked_id,
                    created=desk.clock.now(),
                    hidden=hidden,
                    entries=entries,
                )
                await _keep(desk, made, masked)
    changes = Changes.of(Noun.BENCHMARK, benchmark_id) | Changes.of(Noun.DATASET, masked_id)
    desk.announce(changes)
    await desk.note(_told(desk, made))
    return changes


def _build_of(dataset: Dataset) -> str:
    guess = dataset.report.build.value if dataset.report is not None else None
    return guess or dataset.stated_build


async def chain_to(desk: Desk, entry: BenchmarkEntry, build: str) -> Path | None:
    """The chain file that leads from the build of an entry's results to that of the hidden sites.

    None where they are the same, or one is not known. ProblemError when there is none on this computer.
    """
    if not entry.panel_build or not build or entry.panel_build == build:
        return None
    found = await chain_for(desk, entry.panel_build, build)
    if found is None:
        raise problem(
            Kind.INPUT,
            f"The results of {entry.panel_name} are {entry.panel_build}, the data are {build}",
            "Without a chain file they cannot be compared.",
            f"Add the chain file from {entry.panel_build} to {build}, or choose other panels.",
            subject=entry.panel_name,
        )
    return found


def _apart(targets: Sequence[BenchmarkTarget]) -> tuple[BenchmarkTarget, ...]:
    """Each panel once."""
    found = {(each.service_id, each.panel_id): each for each in targets}
    if not found:
        raise problem(Kind.INPUT, "Nothing to compare", "No service and panel was chosen.")
    return tuple(found.values())


async def _entry(desk: Desk, target: BenchmarkTarget) -> BenchmarkEntry:
    service = await desk.service(target.service_id)
    known = await desk.store.read(
        lambda c: services.panel(c, target.service_id, target.panel_id, target.app_id)
    )
    if known is None:
        raise problem(
            Kind.NOT_FOUND,
            "No such panel",
            f"{service.name} has no panel '{target.panel_id}'.",
            "Read its panels anew.",
            subject=target.panel_id,
        )
    return BenchmarkEntry(
        key=new_id("entry"),
        service_id=service.id,
        service_name=service.name,
        app_id=target.app_id or known.app_id,
        panel_id=known.id,
        panel_name=known.name,
        panel_build=known.build or "",
    )


@asynccontextmanager
async def _kept_folder(desk: Desk, benchmark_id: str) -> AsyncIterator[Path]:
    """The folder of what is hidden, locked meanwhile; gone when the block raises."""
    async with desk.only_one(benchmark_id):
        root = await asyncio.to_thread(private_folder, desk.home / FOLDER)
        folder = await asyncio.to_thread(private_folder, root / benchmark_id)
        try:
            yield folder
        except BaseException:
            await asyncio.shield(asyncio.to_thread(shutil.rmtree, folder, True))
            raise


async def _mask(
    desk: Desk, dataset: Dataset, plan: BenchmarkPlan, folders: tuple[Path, Path, Path], report: Report
) -> HiddenSites:
    from app.genotypes.worker import run_in_process
    from app.results.masking.writing import MaskErrand, mask

    upload, kept, work = folders
    errand = MaskErrand(
        paths=tuple(each.path for each in dataset.files),
        upload=upload,
        kept=kept,
        work=work,
        share=plan.share,
        seed=secrets.randbelow(_SEEDS) if plan.seed is None else plan.seed,
        chromosomes=plan.chromosomes,
        build=_build_of(dataset) or None,
        cohorts=await asyncio.to_thread(packed_folders, desk, dataset),
        people=plan.people,
    )
    made = await run_in_process(mask, errand, report=report)
    return made.model_copy(
        update={
            "sites_file": str(kept / made.sites_file),
            "people_file": str(kept / made.people_file) if made.people_file else "",
            "truth_files": tuple(str(kept / each) for each in made.truth_files),
        }
    )


def _masked(dataset: Dataset, masked_id: str, folder: Path) -> Dataset:
    files = data_files(tuple(sorted(folder.glob("*.vcf.gz"))))
    return Dataset(
        id=masked_id,
        name=f"{dataset.name}, masked",
        files=files,
        added=dataset.added,
        made_from=dataset.id,
        stated_build=dataset.stated_build,
    )


async def _keep(desk: Desk, made: Benchmark, masked: Dataset) -> None:
    def write(c: StoreConnection) -> None:
        datasets.save_dataset(c, masked.model_copy(update={"added": made.created}))
        benchmarks.save_benchmark(c, made)

    await desk.store.write(write)


def _told(desk: Desk, made: Benchmark) -> Event:
    hidden = made.hidden
    text = (
        f"Benchmark made: {hidden.hidden:,} of {hidden.typed:,} typed sites hidden "
        f"(seed {hidden.seed}), for {len(made.entries)} panels."
    )
    return Event(at=desk.clock.now(), kind="decision", text=text, dataset_id=made.dataset_id)


async def benchmark_of(desk: Desk, benchmark_id: str) -> Benchmark:
    """The benchmark of an id, or a Problem."""
    found = await desk.store.read(lambda c: benchmarks.benchmark(c, benchmark_id))
    if found is None:
        raise problem(
            Kind.NOT_FOUND,
            "No such benchmark",
            f"There is no benchmark '{benchmark_id}'.",
            "See 'benchmark show'.",
            subject=benchmark_id,
        )
    return found


async def change_entry(desk: Desk, benchmark_id: str, key: str, **fields: object) -> None:
    """Set fields of an entry as it is in the store now."""

    def write(c: StoreConnection) -> None:
        found = benchmarks.benchmark(c, benchmark_id)
        if found is not None:
            entries = (e.model_copy(update=fields) if e.key == key else e for e in found.entries)
            benchmarks.save_benchmark(c, found.model_copy(update={"entries": tuple(entries)}))

    await desk.store.write(write)
    desk.announce(Changes.of(Noun.BENCHMARK, benchmark_id))


async def jobs_of(desk: Desk, benchmark: Benchmark) -> dict[str, Job]:
    """The newest job of each entry, by its key. The group of a job tells, so none is lost in a crash."""
    known = await desk.store.read(lambda c: benchmarks.jobs_of_benchmark(c, benchmark.id))
    found: dict[str, Job] = {}
    for job in known:
        for entry in benchmark.entries:
            if (job.service_id, job.panel_id) == (entry.service_id, entry.panel_id):
                found.setdefault(entry.key, job)
    return found


async def benchmark_drafts(
    desk: Desk, benchmark_id: str, options: Mapping[str, str | bool] | None = None
) -> dict[str, JobDraft]:
    """A draft for each entry that has no job, or whose job failed before there was a result, by its key.

    `options` are taken where the form of the service has them; a filter by R2 is switched off, as it would
    take hidden sites away. Terms are to be accepted by the person.
    """
    made = await benchmark_of(desk, benchmark_id)
    arrived = {e.key for e in made.entries if e.state in (EntryState.ARRIVED, EntryState.SCORED)}
    under_way = arrived | {
        key for key, job in (await jobs_of(desk, made)).items() if entry_state(job) is not EntryState.FAILED
    }
    drafts = {}
    for entry in made.entries:
        if entry.key not in under_way:
            form = await _form(desk, entry)
            drafts[entry.key] = JobDraft(
                name=f"{made.name} at {entry.panel_name}, masked",
                dataset_id=made.masked_id,
                service_id=entry.service_id,
                app_id=entry.app_id,
                panel_id=entry.panel_id,
                options=_options(form, options or {}),
                group=made.id,
            )
    return drafts


async def _form(desk: Desk, entry: BenchmarkEntry) -> Form:
    try:
        return await read_form(desk, entry.service_id, entry.app_id)
    except ProblemError:  # told by the preflight
        stored = await desk.store.read(lambda c: services.form(c, entry.service_id, entry.app_id))
        return stored.form if stored is not None else Form(app_id=entry.app_id, app_name="")


def _options(form: Form, given: Mapping[str, str | bool]) -> dict[str, str | bool]:
    known = {each.id for each in form.parameters if each.type is not ParameterType.TERMS}
    options = {name: value for name, value in given.items() if name in known}
    for each in form.parameters:
        if is_r2_filter(each.id) and any(choice.key == "0" for choice in each.choices):
            options[each.id] = "0"
    return options


def is_r2_filter(parameter_id: str) -> bool:
    """Whether a parameter leaves out variants by their R2."""
    return parameter_id.lower().replace("-", "").replace("_", "") in _R2_WORDS


async def accept_terms(desk: Desk, draft: JobDraft, accepted: Sequence[str]) -> JobDraft:
    """The draft with the terms that a person accepts by their ids, in the words of the form."""
    stored = await desk.store.read(lambda c: services.form(c, draft.service_id, draft.app_id))
    terms = stored.form.of_type(ParameterType.TERMS) if stored is not None else ()
    return draft.model_copy(update={"terms": {each.id: each.label for each in terms if each.id in accepted}})


async def send_benchmark(
    desk: Desk, benchmark_id: str, drafts: Mapping[str, JobDraft], password: SecretStr | None = None
) -> Changes:
    """Check and send the masked dataset to the entries of the drafts, one after the other.

    What stands in the way of one is kept in its entry, and the others are sent all the same. ProblemError,
    the first, when none could be sent.
    """
    changes, first = Changes.of(Noun.BENCHMARK, benchmark_id), None
    for key, draft in drafts.items():
        try:
            if not draft.skip_check:
                await check_dataset(desk, draft.dataset_id, draft.service_id, draft.panel_id)
            made = await create_job(desk, draft, password)
            job_id = made.ids(Noun.JOB)[0]
            fields = {"state": EntryState.RUNNING, "job_id": job_id, "problem": "", "unreadable": False}
            await change_entry(desk, benchmark_id, key, **fields, score=None, standing=None)
            changes |= made | await send_job(desk, job_id)
        except ProblemError as error:
            first = first or error
            await change_entry(
                desk, benchmark_id, key, state=EntryState.FAILED, problem=error.problem.sentence()
            )
    if first is not None and not changes.ids(Noun.JOB):
        raise first
    return changes


def entry_state(job: Job) -> EntryState:
    """What the state of a job is for a benchmark, before its result is looked at."""
    if job.state in OPEN_STATES or job.state is JobState.SUCCESS:
        return EntryState.RUNNING
    return EntryState.FAILED


async def remove_benchmark(desk: Desk, benchmark_id: str) -> Changes:
    """Forget a benchmark, what it hid, and the masked dataset; jobs and results stay.

    ProblemError, and nothing is removed, while the masked dataset is on its way or a result is being scored.
    """
    async with desk.only_one(benchmark_id) as mine:
        made = await benchmark_of(desk, benchmark_id)
        if not mine:
            raise problem(
                Kind.INPUT,
                "The benchmark is in use",
                f"A result of {made.name} is being scored.",
                "Remove it when that is done.",
                subject=made.name,
            )
        changes = Changes.of(Noun.BENCHMARK, benchmark_id)
        changes |= await remove_dataset(desk, made.masked_id)
        await desk.store.write(lambda c: benchmarks.remove_benchmark(c, benchmark_id))
        await asyncio.to_thread(shutil.rmtree, desk.home / FOLDER / benchmark_id, True)
    return desk.announce(changes)


async def tidy_benchmarks(desk: Desk) -> Changes:
    """Remove what was hidden for benchmarks that were never made: the program ended in the middle."""
    known = {each.id for each in await desk.store.read(benchmarks.benchmarks)}
    root = desk.home / FOLDER
    for path in await asyncio.to_thread(lambda: list(root.iterdir()) if root.is_dir() else []):
        if path.name not in known:
            await _tidy(desk, path)
    return Changes()


async def _tidy(desk: Desk, folder: Path) -> None:
    async with desk.only_one(folder.name) as mine:
        if mine and await desk.store.read(lambda c: benchmarks.benchmark(c, folder.name)) is None:
            await asyncio.to_thread(shutil.rmtree, folder, True)
