"""Joining results in a process: cancelled midway it leaves nothing; a full disk is told."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.domain.batch_merge import Keep
from app.domain.job import Job
from app.domain.problem import ProblemError
from app.domain.progress import Progress, Report
from app.domain.result import Result, ResultState
from app.operations import merge_batches
from app.operations.compare_results import source_of_job
from app.operations.meta_impute import meta_impute_results
from app.operations.unfinished import unfinished
from tests.unit.results.merging.made_results import made_results

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_cancelled_midway_it_leaves_nothing(tmp_path: Path) -> None:
    made = made_results(2, variants=4000, people=60)
    folders = [str(each.write(tmp_path / f"r{k}")) for k, each in enumerate(made)]
    out = tmp_path / "out"
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(_cancelled_when_begun(folders, out))
    assert not out.exists()


async def _cancelled_when_begun(folders: list[str], out: Path) -> None:
    begun = asyncio.Event()

    def report(progress: Progress) -> None:
        if progress.step.startswith(("Reading", "Weighing", "Joining")):
            begun.set()

    task = asyncio.ensure_future(meta_impute_results(folders, out, report=report))
    await asyncio.wait([task, asyncio.ensure_future(begun.wait())], return_when=asyncio.FIRST_COMPLETED)
    task.cancel()
    await task


def killed_midway(sources: Any, names: Any, out_dir: Path, staging: Path, keep: Keep, report: Report) -> Any:
    """The work of a merge in its process, which is killed when it first tells of itself with a file begun."""

    def told(_progress: Progress) -> None:
        if staging.is_dir() and any(staging.iterdir()):
            os.kill(os.getpid(), signal.SIGKILL)

    return merge_batches._merge(sources, names, out_dir, staging, keep, told)


@pytest.mark.skipif(sys.platform == "win32", reason="kills by signal")
def test_a_merge_that_is_killed_midway_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by a system that is short of memory."""
    (made,) = made_results(1, variants=4000, people=20)
    halves = (made.people(range(10)), made.people(range(10, 20)))
    folders = [str(each.write(tmp_path / f"r{k}")) for k, each in enumerate(halves)]
    out = tmp_path / "out"
    with monkeypatch.context() as patched:
        patched.setattr(merge_batches, "_merge", killed_midway)
        with pytest.raises(ProblemError) as caught:
            asyncio.run(merge_batches.merge_result_batches(folders, out))
    assert "SIGKILL" in caught.value.problem.details
    assert not out.exists()
    asyncio.run(merge_batches.merge_result_batches(folders, out))
    assert [each.name for each in sorted(out.glob("*.dose.vcf.gz"))] == ["chr20.dose.vcf.gz"]


def test_what_a_killed_program_left_goes_with_the_next_call_and_what_is_new_stays(tmp_path: Path) -> None:
    old, young = tmp_path / ".unfinished-a", tmp_path / ".unfinished-b"
    for folder in (old, young):
        folder.mkdir()
        (folder / "chr1.dose.vcf.gz.part").write_bytes(b"half")
    for path in (old / "chr1.dose.vcf.gz.part", old):
        os.utime(path, (0, 0))

    async def work() -> None:
        async with unfinished(tmp_path):
            assert not await asyncio.to_thread(old.exists)

    asyncio.run(work())
    assert (young / "chr1.dose.vcf.gz.part").read_bytes() == b"half"


async def _broken_off(out: Path) -> None:
    async with unfinished(out) as folder:
        folder.mkdir(parents=True)
        (folder / "chr1.dose.vcf.gz.part").write_bytes(b"half")
        raise RuntimeError


def test_what_was_made_so_far_goes_with_the_block(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError):
        asyncio.run(_broken_off(tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_a_folder_that_was_there_stays(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(RuntimeError):
        asyncio.run(_broken_off(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_the_time_of_a_job_is_from_sending_to_the_end() -> None:
    job = Job(
        id="j",
        name="chr20 on HRC",
        remote_name="r",
        service_id="s",
        app_id="a",
        panel_id="p",
        created=NOW,
        submitted=NOW + timedelta(minutes=1),
        ended=NOW + timedelta(minutes=31),
    )
    result = Result(id="r", job_id="j", folder="results/j", state=ResultState.VERIFIED, started=NOW)
    source = source_of_job(job, result)
    assert (source.name, source.source, source.seconds) == ("chr20 on HRC", "results/j", 1800.0)
    assert source_of_job(job.model_copy(update={"ended": None}), result).seconds is None
