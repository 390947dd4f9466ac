"""What goes wrong with a masked benchmark, and what is not done twice."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from app.domain.benchmark import Benchmark, EntryState
from app.domain.changes import Noun
from app.domain.job import Job, JobState
from app.domain.problem import ProblemError
from app.operations import benchmark_scores, masked_benchmark
from app.operations.benchmark_scores import refresh_benchmark, refresh_benchmarks, winner_draft
from app.operations.desk import Desk
from app.operations.draft_job import JobDraft
from app.operations.masked_benchmark import (
    FOLDER,
    benchmark_drafts,
    benchmark_of,
    change_entry,
    jobs_of,
    make_benchmark,
    remove_benchmark,
    tidy_benchmarks,
)
from app.operations.submit_job import create_job
from app.store import benchmarks, datasets, jobs
from tests.helpers.direct_work import _directly, work_directly
from tests.helpers.fake_family import FakeFamily
from tests.unit.operations.test_masked_benchmark import arrive, doses, made, plan, remote_of, send

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(autouse=True)
def no_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do the work here: starting a process takes seconds."""
    work_directly(monkeypatch)
    monkeypatch.setattr(benchmark_scores, "run_in_process", _directly)


async def found(desk: Desk, bench: Benchmark) -> tuple[Benchmark, tuple[Job, ...]]:
    """The benchmark after a look, and the newest job of each entry."""
    await refresh_benchmarks(desk)
    bench = await benchmark_of(desk, bench.id)
    newest = await jobs_of(desk, bench)
    return bench, tuple(newest[each.key] for each in bench.entries)


async def end(desk: Desk, job: Job, state: JobState) -> None:
    current = await desk.job(job.id)
    await desk.store.write(lambda c: jobs.save_job(c, current.model_copy(update={"state": state})))


def test_ends_of_jobs_are_told_and_a_result_that_is_here_counts(
    desk: Desk, fake: FakeFamily, ready: JobDraft, tmp_path: Path
) -> None:
    async def journey() -> None:
        bench = await made(desk, ready, tmp_path)
        await send(desk, bench.id)
        _, (one, two) = await found(desk, bench)
        await end(desk, two, JobState.EXPIRED)
        await arrive(desk, fake, remote_of(fake, one), one, doses(tmp_path / "study.vcf", 0.1))
        await end(desk, one, JobState.EXPIRED)  # the service forgets it before it was scored
        bench, _ = await found(desk, bench)
        assert bench.states() == "1 scored, 1 failed"
        assert bench.entries[1].problem == "The job is expired."
        await end(desk, two, JobState.CANCELLED)
        bench, _ = await found(desk, bench)
        assert bench.entries[1].problem == "The job is cancelled."
        assert list(await benchmark_drafts(desk, bench.id)) == [bench.entries[1].key]

    asyncio.run(journey())


def test_a_result_that_cannot_be_scored_is_tried_again_only_when_asked(
    desk: Desk, fake: FakeFamily, ready: JobDraft, tmp_path: Path
) -> None:
    async def journey() -> None:
        bench = await made(desk, ready, tmp_path)
        await send(desk, bench.id)
        _, (one, _) = await found(desk, bench)
        truth = Path(bench.hidden.truth_files[0])
        kept = await asyncio.to_thread(truth.rename, truth.with_name("away"))
        await arrive(desk, fake, remote_of(fake, one), one, doses(tmp_path / "study.vcf", 0.1))
        bench, _ = await found(desk, bench)
        first = bench.entries[0]
        assert (first.state, first.unreadable) == (EntryState.FAILED, True)
        assert first.problem
        await asyncio.to_thread(kept.rename, truth)
        bench, _ = await found(desk, bench)
        assert bench.entries[0].state is EntryState.FAILED
        await refresh_benchmark(desk, bench.id, anew=True)
        assert (await benchmark_of(desk, bench.id)).entries[0].state is EntryState.SCORED

    asyncio.run(journey())


def test_a_program_that_ended_while_it_scored_goes_on(
    desk: Desk, fake: FakeFamily, ready: JobDraft, tmp_path: Path
) -> None:
    async def journey() -> None:
        bench = await made(desk, ready, tmp_path)
        await send(desk, bench.id)
        _, (one, _) = await found(desk, bench)
        await arrive(desk, fake, remote_of(fake, one), one, doses(tmp_path / "study.vcf", 0.1))
        key = bench.entries[0].key
        folder = desk.home / FOLDER / bench.id
        (folder / f"{key}.npz.part").write_bytes(b"half")
        await change_entry(desk, bench.id, key, state=EntryState.ARRIVED, job_id=one.id)
        bench, _ = await found(desk, bench)
        assert bench.entries[0].state is EntryState.SCORED
        assert bench.entries[0].standing is not None
        assert not list(folder.glob("*.part"))
        await change_entry(desk, bench.id, key, standing=None)  # it ended before it ranked
        bench, _ = await found(desk, bench)
        assert bench.winner is not None

    asyncio.run(journey())


def test_two_benchmarks_of_one_dataset_stay_apart(
    desk: Desk, fake: FakeFamily, ready: JobDraft, tmp_path: Path
) -> None:
    async def journey() -> None:
        first = await made(desk, ready, tmp_path)
        changes = await asyncio.gather(
            *(make_benchmark(desk, plan(ready, first.dataset_id, seed=seed)) for seed in (3, 4))
        )
        same, other = [await benchmark_of(desk, each.ids(Noun.BENCHMARK)[0]) for each in changes]
        assert same.hidden.sites_sha256 == first.hidden.sites_sha256 != other.hidden.sites_sha256
        assert len({each.masked_id for each in (first, same, other)}) == 3
        await asyncio.gather(send(desk, same.id), send(desk, other.id))
        ids = [{job.id for job in (await jobs_of(desk, each)).values()} for each in (same, other)]
        assert [len(each) for each in ids] == [2, 2]
        assert ids[0].isdisjoint(ids[1])
        _, (one, _) = await found(desk, same)
        await arrive(desk, fake, remote_of(fake, one), one, doses(tmp_path / "study.vcf", 0.1))
        await asyncio.gather(refresh_benchmarks(desk), refresh_benchmarks(desk))
        known = await desk.store.read(benchmarks.benchmarks)
        assert {each.id: each.states() for each in known} == {
            first.id: "2 ready",
            same.id: "1 scored, 1 running",
            other.id: "2 running",
        }

    asyncio.run(journey())


def test_everything_is_sent_once(desk: Desk, fake: FakeFamily, ready: JobDraft, tmp_path: Path) -> None:
    async def journey() -> None:
        bench = await made(desk, ready, tmp_path)
        await send(desk, bench.id)
        _, (one, _) = await found(desk, bench)
        await arrive(desk, fake, remote_of(fake, one), one, doses(tmp_path / "study.vcf", 0.1))
        await found(desk, bench)
        draft = await winner_draft(desk, bench.id)
        assert draft.group == bench.whole_group
        draft = await masked_benchmark.accept_terms(
            desk, draft.model_copy(update={"dataset_id": ready.dataset_id, "skip_check": True}), ["check1"]
        )
        whole = (await create_job(desk, draft)).ids(Noun.JOB)[0]
        bench, _ = await found(desk, bench)
        assert bench.full_job_id == whole
        with pytest.raises(ProblemError, match=f"The job {whole} sends the whole dataset"):
            await winner_draft(desk, bench.id)
        assert (await winner_draft(desk, bench.id, again=True)).panel_id == draft.panel_id
        await end(desk, await desk.job(whole), JobState.FAILED)
        assert (await benchmark_of(desk, bench.id)).full_job_id is None
        await winner_draft(desk, bench.id)

    asyncio.run(journey())


def test_it_is_removed_with_its_files_and_jobs_stay(
    desk: Desk, fake: FakeFamily, ready: JobDraft, tmp_path: Path
) -> None:
    async def journey() -> None:
        bench = await made(desk, ready, tmp_path)
        await send(desk, bench.id)
        _, (one, two) = await found(desk, bench)
        async with desk.only_one(bench.id):
            with pytest.raises(ProblemError, match="in use"):
                await remove_benchmark(desk, bench.id)
        assert (desk.home / FOLDER / bench.id).exists()
        await remove_benchmark(desk, bench.id)
        assert not (desk.home / FOLDER / bench.id).exists()
        assert await desk.store.read(lambda c: datasets.dataset(c, bench.masked_id)) is None
        assert await desk.store.read(lambda c: datasets.dataset(c, bench.dataset_id)) is not None
        assert [(await desk.job(each.id)).id for each in (one, two)] == [one.id, two.id]
        await refresh_benchmarks(desk)

    asyncio.run(journey())


def test_it_stays_while_it_is_being_sent(desk: Desk, ready: JobDraft, tmp_path: Path) -> None:
    async def journey() -> None:
        bench = await made(desk, ready, tmp_path)
        drafts = await benchmark_drafts(desk, bench.id, {"population": "eur"})
        draft = await masked_benchmark.accept_terms(
            desk, drafts[bench.entries[0].key].model_copy(update={"skip_check": True}), ["check1"]
        )
        await create_job(desk, draft)
        with pytest.raises(ProblemError, match="being sent"):
            await remove_benchmark(desk, bench.id)
        assert (await benchmark_of(desk, bench.id)).id == bench.id

    asyncio.run(journey())


def test_what_was_hidden_for_one_that_was_never_made_goes(
    desk: Desk, ready: JobDraft, tmp_path: Path
) -> None:
    async def journey() -> None:
        bench = await made(desk, ready, tmp_path)
        lost, going = (desk.home / FOLDER / f"bench-{each}" for each in ("lost", "going"))
        for folder in (lost, going):
            folder.mkdir()
        async with desk.only_one(going.name):
            await tidy_benchmarks(desk)
        left = {each.name for each in (desk.home / FOLDER).iterdir()}
        assert left == {bench.id, going.name}

    asyncio.run(journey())


def test_results_of_another_build_need_a_chain_file(
    desk: Desk, ready: JobDraft, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def journey() -> None:
        bench = await made(desk, ready, tmp_path)
        other = bench.entries[0].model_copy(update={"panel_build": "GRCh38"})
        assert await masked_benchmark.chain_to(desk, other, "GRCh38") is None
        assert await masked_benchmark.chain_to(desk, other, "") is None
        with pytest.raises(ProblemError, match="are GRCh38, the data are GRCh37"):
            await masked_benchmark.chain_to(desk, other, "GRCh37")
        kept = tmp_path / "kept.chain"

        async def known(_: Desk, here: str, there: str) -> Path | None:
            return kept if (here, there) == ("GRCh38", "GRCh37") else None

        monkeypatch.setattr(masked_benchmark, "chain_for", known)
        assert await masked_benchmark.chain_to(desk, other, "GRCh37") == kept

    asyncio.run(journey())


def test_cancelled_masking_leaves_nothing(
    desk: Desk, ready: JobDraft, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def journey() -> None:
        bench = await made(desk, ready, tmp_path)
        started = asyncio.Event()

        async def for_ever(*_: object, **__: object) -> None:
            started.set()
            await asyncio.Event().wait()

        monkeypatch.setattr("app.genotypes.worker.run_in_process", for_ever)
        work = asyncio.create_task(make_benchmark(desk, plan(ready, bench.dataset_id)))
        await started.wait()
        work.cancel()
        with pytest.raises(asyncio.CancelledError):
            await work
        assert [each.name for each in (desk.home / FOLDER).iterdir()] == [bench.id]
        assert [each.id for each in await desk.store.read(benchmarks.benchmarks)] == [bench.id]

    asyncio.run(journey())
