"""A masked benchmark from hiding to the draft for the winner, with a server in memory."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest
from pydantic import SecretStr

from app.domain.benchmark import Benchmark, EntryState
from app.domain.changes import Noun
from app.domain.job import Job, JobState
from app.domain.problem import ProblemError
from app.genotypes.matrix import read_matrix
from app.operations import masked_benchmark
from app.operations.add_dataset import add_dataset
from app.operations.benchmark_scores import refresh_benchmark, refresh_benchmarks, winner_draft
from app.operations.desk import Desk
from app.operations.draft_job import JobDraft
from app.operations.fetch_results import fetch_results
from app.operations.masked_benchmark import (
    BenchmarkPlan,
    BenchmarkTarget,
    accept_terms,
    benchmark_drafts,
    benchmark_of,
    is_r2_filter,
    jobs_of,
    make_benchmark,
    remove_benchmark,
    send_benchmark,
)
from app.operations.visit_jobs import visit_jobs
from app.store import benchmarks, datasets
from tests.helpers.fake_family import FakeFamily
from tests.helpers.finished_job import archive
from tests.unit.results.masking.test_masking import PEOPLE, cohort

pytestmark = pytest.mark.timeout(120)


def plan(ready: JobDraft, dataset_id: str, **more: object) -> BenchmarkPlan:
    targets = tuple(
        BenchmarkTarget(service_id=ready.service_id, panel_id=each) for each in ("apps@one", "apps@two")
    )
    wanted = {"dataset_id": dataset_id, "targets": targets, "share": 0.2, "seed": 3}
    return BenchmarkPlan(**{**wanted, **more})  # type: ignore[arg-type]


async def made(desk: Desk, ready: JobDraft, folder: Path) -> Benchmark:
    source = await asyncio.to_thread(cohort, folder / "study.vcf", ("20",), 120)
    dataset_id = (await add_dataset(desk, (source,))).ids(Noun.DATASET)[0]
    people = folder / "groups.tsv"
    rows = [f"{name}\t{('EUR', 'AFR')[number % 2]}\n" for number, name in enumerate(PEOPLE)]
    people.write_text("sample\tsuperpopulation\n" + "".join(rows))
    changes = await make_benchmark(desk, plan(ready, dataset_id, people=str(people)))
    return await benchmark_of(desk, changes.ids(Noun.BENCHMARK)[0])


async def send(desk: Desk, benchmark_id: str) -> None:
    drafts = {
        key: await accept_terms(
            desk, draft.model_copy(update={"skip_check": True, "own_password": True}), ["check1"]
        )
        for key, draft in (
            await benchmark_drafts(desk, benchmark_id, {"population": "eur", "x": "y"})
        ).items()
    }
    await send_benchmark(desk, benchmark_id, drafts, SecretStr("a-password-of-24-letters"))


def doses(study: Path, noise: float) -> bytes:
    """A dose file with what the cohort has, some noise added."""
    matrix = read_matrix(study)
    rng = np.random.default_rng(5)
    counts = matrix.counts() + rng.normal(0, noise, (len(matrix), len(PEOPLE)))
    lines = ["##fileformat=VCFv4.2", '##FORMAT=<ID=DS,Number=1,Type=Float,Description="Dosage">']
    columns = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t"
    lines.append(columns + "\t".join(PEOPLE))
    for row, (chromosome, position, ref, alt) in enumerate(matrix.site_keys()):
        cells = "\t".join(f"{each:.3f}" for each in np.clip(counts[row], 0, 2))
        lines.append(f"{chromosome}\t{position}\t.\t{ref}\t{alt}\t.\tPASS\tIMPUTED\tDS\t{cells}")
    return ("\n".join(lines) + "\n").encode()


async def arrive(desk: Desk, fake: FakeFamily, remote_id: str, job: Job, content: bytes) -> None:
    fake.content = {"chr_20.zip": archive(SecretStr("a-password-of-24-letters"), "chr20.dose.vcf", content)}
    fake.give_files(remote_id)
    fake.set_state(remote_id, JobState.SUCCESS, 4)
    desk.last_lists.clear()
    await visit_jobs(desk, job.service_id)
    await fetch_results(desk, job.id)


def remote_of(fake: FakeFamily, job: Job) -> str:
    assert job.remote_id in fake.remote
    return str(job.remote_id)


def test_from_hiding_to_the_winner(desk: Desk, fake: FakeFamily, ready: JobDraft, tmp_path: Path) -> None:
    async def journey() -> None:
        bench = await made(desk, ready, tmp_path)
        masked = await desk.store.read(lambda c: datasets.dataset(c, bench.masked_id))
        assert masked is not None
        assert masked.prepared_here
        assert [Path(each.path).name for each in masked.files] == ["chr20.vcf.gz"]
        assert bench.states() == "2 ready"
        kept = Path(bench.hidden.truth_files[0])
        assert kept.parent.stat().st_mode & 0o077 == 0
        await send(desk, bench.id)
        assert [each.files for each in fake.submissions] == [masked.files, masked.files]
        assert fake.submissions[0].options["population"] == "eur"
        await refresh_benchmark(desk, bench.id)
        assert (await benchmark_of(desk, bench.id)).states() == "2 running"
        bench = await benchmark_of(desk, bench.id)
        found = await jobs_of(desk, bench)
        one, two = (found[each.key] for each in bench.entries)
        fake.set_state(remote_of(fake, two), JobState.FAILED, 5)
        await arrive(desk, fake, remote_of(fake, one), one, doses(tmp_path / "study.vcf", 0.3))
        await refresh_benchmarks(desk)
        bench = await benchmark_of(desk, bench.id)
        assert bench.states() == "1 scored, 1 failed"
        assert bench.done
        assert bench.entries[1].problem
        first = bench.entries[0]
        assert first.score is not None
        assert first.score.whole.sites == bench.hidden.hidden
        assert first.score.whole.missing == 0
        assert [each.label for each in first.score.by_ancestry] == ["AFR", "EUR"]
        assert first.standing is not None
        assert 0.5 < first.standing.score < 1
        again = await benchmark_drafts(desk, bench.id)
        assert list(again) == [bench.entries[1].key]
        await second(bench)

    async def second(bench: Benchmark) -> None:
        """The failed one is sent again, arrives, and is better."""
        await send(desk, bench.id)
        bench = await benchmark_of(desk, bench.id)
        job = (await jobs_of(desk, bench))[bench.entries[1].key]
        await arrive(desk, fake, remote_of(fake, job), job, doses(tmp_path / "study.vcf", 0.05))
        await refresh_benchmark(desk, bench.id)
        bench = await benchmark_of(desk, bench.id)
        assert [each.panel_id for each in bench.ranking] == ["apps@two", "apps@one"]
        assert bench.used
        draft = await winner_draft(desk, bench.id)
        assert (draft.dataset_id, draft.panel_id) == (bench.dataset_id, "apps@two")
        assert draft.options["population"] == "eur"
        assert "check1" not in draft.options
        other = await winner_draft(desk, bench.id, bench.entries[0].key)
        assert other.panel_id == "apps@one"
        folder = Path(bench.hidden.sites_file).parent
        await remove_benchmark(desk, bench.id)
        assert not folder.exists()
        assert await desk.store.read(benchmarks.benchmarks) == ()

    asyncio.run(journey())


def test_what_stands_in_the_way_of_one_is_kept_in_its_entry(
    desk: Desk, ready: JobDraft, tmp_path: Path
) -> None:
    async def journey() -> None:
        bench = await made(desk, ready, tmp_path)
        drafts = await benchmark_drafts(desk, bench.id, {"population": "eur"})
        without = {key: draft.model_copy(update={"skip_check": True}) for key, draft in drafts.items()}
        with pytest.raises(ProblemError):
            await send_benchmark(desk, bench.id, without)
        kept = await benchmark_of(desk, bench.id)
        assert kept.states() == "2 failed"
        assert all(each.problem for each in kept.entries)
        first = bench.entries[0].key
        mixed = {**without, first: await accept_terms(desk, without[first], ["check1"])}
        await send_benchmark(desk, bench.id, mixed)
        kept = await benchmark_of(desk, bench.id)
        assert [each.state for each in kept.entries] == [EntryState.RUNNING, EntryState.FAILED]
        with pytest.raises(ProblemError, match="no winner"):
            await winner_draft(desk, bench.id)

    asyncio.run(journey())


def test_nothing_stays_of_what_cannot_be_made(
    desk: Desk, ready: JobDraft, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def journey() -> None:
        with pytest.raises(ProblemError, match="share is not possible"):
            await make_benchmark(desk, plan(ready, ready.dataset_id, share=0.9))
        with pytest.raises(ProblemError, match="Nothing to compare"):
            await make_benchmark(desk, plan(ready, ready.dataset_id, targets=()))
        odd = BenchmarkTarget(service_id=ready.service_id, panel_id="apps@none")
        with pytest.raises(ProblemError, match="No such panel"):
            await make_benchmark(desk, plan(ready, ready.dataset_id, targets=(odd,)))
        with pytest.raises(ProblemError):
            await make_benchmark(desk, plan(ready, ready.dataset_id))  # no genotypes in it
        assert list((tmp_path / masked_benchmark.FOLDER).iterdir()) == []
        assert await desk.store.read(benchmarks.benchmarks) == ()
        with pytest.raises(ProblemError, match="No such benchmark"):
            await refresh_benchmark(desk, "bench-none")

    asyncio.run(journey())


def test_filters_by_r2_are_known_by_their_names() -> None:
    assert is_r2_filter("r2Filter")
    assert is_r2_filter("rsq_filter")
    assert not is_r2_filter("refpanel")
