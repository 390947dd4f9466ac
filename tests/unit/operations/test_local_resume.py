"""A job that failed and is sent again goes on with what is done, where nothing has changed."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from app.domain.dataset import DataFile
from app.domain.job import JobState
from app.domain.problem import Kind, ProblemError
from app.domain.progress import Progress
from app.imputation.contract import EngineName, Tools
from app.operations.local_job import LocalOrder, run_local_job
from app.operations.local_panel_files import read_parts, take_local_panel
from app.operations.local_resume import WORK, adopt_work, fingerprint, work_done
from app.services.local.layout import JOB, LocalJob, LocalPanel, jobs_folder, read_steps, write_record
from tests.unit.imputation.vcf import panel_rows, write_vcf

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NONE = Tools(minimac4="absent", java="absent")
ABOUT = LocalPanel(id="p", name="P", build="GRCh37", samples=10, variants=40, chromosomes=("20",), added=NOW)


class World:
    """A panel, a target of a few sites, and jobs of both, none of them through a queue."""

    def __init__(self, folder: Path) -> None:
        self.root = folder
        self.panel = folder / "panels" / "p"
        self.panel.mkdir(parents=True)
        take_local_panel([write_vcf(folder / "panel.vcf", panel_rows())], [], self.panel, "GRCh37", NONE)
        rows = [(p, r, a, cells[:3]) for p, r, a, cells in panel_rows()[::4]]
        self.target = write_vcf(folder / "target.vcf", rows, prefix="T")

    def job(self, name: str, **how: Any) -> LocalJob:
        seen = self.target.stat()
        file = DataFile(
            path=str(self.target), name=self.target.name, size=seen.st_size, modified=seen.st_mtime_ns
        )
        job = LocalJob(id=name, name=name, app_id="impute", panel_id="p", files=(file,), submitted=NOW, **how)
        folder = jobs_folder(self.root) / name
        folder.mkdir(parents=True, exist_ok=True)
        write_record(folder / JOB, job)
        return job

    def order(self, job: LocalJob, memory_mb: int = 2000) -> LocalOrder:
        folder = jobs_folder(self.root) / job.id
        return LocalOrder(
            job=job, panel=ABOUT, folder=folder, panel_folder=self.panel, memory_mb=memory_mb, threads=1,
            tools=NONE,
        )  # fmt: skip

    def fail(self) -> Path:
        """A job that ends with a full disk when its chunk is done; its dosages."""
        job = self.job("first", state=JobState.FAILED)

        def full(progress: Progress) -> None:
            if progress.step == "Export of the result":
                raise OSError(28, "No space left on device")

        with pytest.raises(ProblemError, match="No space left"):
            run_local_job(self.order(job), full)
        return jobs_folder(self.root) / "first" / WORK / "20" / "chunk-0" / "chr20.dose.vcf.gz"


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_it_goes_on_with_what_is_done(world: World) -> None:
    made = world.fail().stat()
    job = world.job("second")
    assert adopt_work(world.root, job)
    assert work_done(jobs_folder(world.root) / "second") == 1
    seen: list[int] = []

    def look(progress: Progress) -> None:
        if progress.step == "Export of the result":
            dose = jobs_folder(world.root) / "second" / WORK / "20" / "chunk-0" / "chr20.dose.vcf.gz"
            seen.append(dose.stat().st_mtime_ns)

    run_local_job(world.order(job), look)
    assert seen == [made.st_mtime_ns]
    words = " ".join(m.text for step in read_steps(world.root, "second") for m in step.messages)
    assert "1 finished pieces of an earlier try" in words


@pytest.mark.parametrize("what", ["options", "state", "files", "nothing there"])
def test_other_work_is_not_taken_over(what: str, world: World) -> None:
    world.fail()
    changed: dict[str, Any] = {}
    if what == "options":
        changed["options"] = {"r2Filter": "0.3"}
    elif what == "state":
        world.job("first", state=JobState.CANCELLED)
    elif what == "files":
        os.utime(world.target, ns=(1, 1))
    else:
        shutil.rmtree(jobs_folder(world.root) / "first" / WORK)
    assert not adopt_work(world.root, world.job("second", **changed))


def test_a_changed_panel_or_limit_makes_it_start_anew(world: World) -> None:
    world.fail()
    job = world.job("second")
    assert adopt_work(world.root, job)
    run_local_job(world.order(job, memory_mb=1500))
    words = " ".join(m.text for step in read_steps(world.root, "second") for m in step.messages)
    assert "earlier try" not in words
    parts = read_parts(world.panel)
    before = fingerprint(world.panel, parts, [EngineName.BUILTIN], NONE, (1, 1))
    assert before == fingerprint(world.panel, parts, [EngineName.BUILTIN], NONE, (1, 1))
    os.utime(world.panel / str(parts.parts[0].packed), ns=(1, 1))
    assert before != fingerprint(world.panel, parts, [EngineName.BUILTIN], NONE, (1, 1))


def at_imputation(what: Callable[[], object]) -> Callable[[Progress], None]:
    """Does something once, when the imputation is about to begin."""
    waiting = [what]

    def report(progress: Progress) -> None:
        if waiting and "imputation" in progress.step:
            waiting.pop()()

    return report


@pytest.mark.parametrize("name", ["chr20.vcf.gz", "chr20.sites.gz"])
@pytest.mark.parametrize("how", ["touched", "garbled", "deleted"])
def test_a_panel_that_changes_under_a_job(name: str, how: str, world: World) -> None:
    path = world.panel / name

    def change() -> None:
        if how == "touched":
            os.utime(path, ns=(1, 1))
        elif how == "garbled":
            path.write_bytes(path.read_bytes()[::-1])
        else:
            path.unlink()

    order = world.order(world.job("only"))
    with pytest.raises(ProblemError) as caught:
        run_local_job(order, at_imputation(change))
    assert caught.value.problem.kind in {Kind.INPUT, Kind.DISK}
    assert "panel" in caught.value.problem.sentence().casefold()
    assert not (order.folder / "output").exists()


def test_a_panel_of_an_earlier_version_is_packed_on_first_use(world: World) -> None:
    """It was kept as a VCF with a list of its sites; both stay."""
    (part,) = read_parts(world.panel).parts
    part.write_slice(world.panel, 1, 10**6, world.panel / "chr20.vcf.gz")
    (world.panel / "chr20.hpanel").unlink()
    before = part.model_dump(mode="json", exclude={"packed"})
    before |= {"vcf": "chr20.vcf.gz", "sites": "chr20.sites.gz", "places": [[1000, 99]]}
    (world.panel / "parts.json").write_text(json.dumps({"parts": [before], "maps": {}}))
    run_local_job(world.order(world.job("first")))
    assert read_parts(world.panel).parts[0].packed == "chr20.hpanel"
    assert {each.name for each in world.panel.iterdir()} == {"chr20.hpanel", "chr20.vcf.gz", "parts.json"}
