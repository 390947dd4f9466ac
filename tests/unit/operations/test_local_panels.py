"""Panels of this computer, findings that it mends by itself, and the figures it works by."""

import asyncio
import sys
from pathlib import Path

import pytest

from app.domain.changes import Noun
from app.domain.dataset import DatasetState
from app.domain.finding import CheckReport, Finding, Severity
from app.domain.job import Job, JobState
from app.domain.problem import Kind, ProblemError
from app.domain.residency import residency_of
from app.domain.result import Result, ResultState
from app.domain.rule_file import RULE_FILE
from app.domain.service import Service
from app.domain.settings import LocalImputation
from app.imputation.contract import Tools
from app.operations import local_host, local_panels
from app.operations.add_dataset import add_dataset
from app.operations.desk import Desk
from app.operations.draft_job import JobDraft, check_dataset_state
from app.operations.exclusive import exclusive_file
from app.operations.local_host import memory_of, program_command, threads_of, total_memory_mb
from app.operations.local_panel_files import PanelParts, read_parts, take_local_panel
from app.operations.local_panels import LOCK, add_local_panel, remove_local_panel, tidy_local_panels
from app.operations.residency import state_residency
from app.operations.result_rule import rule_of_result
from app.operations.rule_files import rule_file
from app.store import datasets, jobs, results, services
from app.store.store import Connection
from tests.helpers.direct_work import work_directly
from tests.unit.imputation.vcf import panel_rows, write_vcf


def test_findings_that_the_service_mends_do_not_stand_in_the_way(desk: Desk, ready: JobDraft) -> None:
    several = Finding(code="chromosome.several", severity=Severity.SEVERE, title="Several chromosomes")
    report = CheckReport(accepted=False, stage="validate", findings=(several,))

    async def found() -> tuple[int, int]:
        dataset = await desk.store.read(lambda c: datasets.dataset(c, ready.dataset_id))
        assert dataset is not None
        dataset = dataset.model_copy(update={"state": DatasetState.CHECKED, "report": report})
        mends = frozenset({"chromosome.several"})
        plain, mended = check_dataset_state(ready, dataset), check_dataset_state(ready, dataset, mends)
        return len(plain), len(mended)

    assert asyncio.run(found()) == (1, 0)


def test_a_panel_with_its_map(tmp_path: Path) -> None:
    source = write_vcf(tmp_path / "panel.vcf", panel_rows())
    chart, other = tmp_path / "chr20.map", tmp_path / "chr1.map"
    chart.write_text("20 . 0.0 1\n20 . 0.04 40000\n")
    other.write_text("1 . 0.0 1\n1 . 0.04 40000\n")
    folder = tmp_path / "kept"
    folder.mkdir()
    nothing = Tools(minimac4="/nowhere", java="/nowhere")
    facts = take_local_panel((source,), (other, chart), folder, "GRCh37", nothing)
    kept = read_parts(folder)
    assert (facts.samples, kept.maps) == (10, {"20": "chr20.map"})
    assert [part.count for part in kept.of("20")] == [40]
    assert kept.of("21") == ()
    assert (folder / "chr20.map").read_text().startswith("20 . 0.000000 1\n")
    with pytest.raises(ProblemError, match="map does not fit"):
        take_local_panel((source,), (other,), tmp_path, "GRCh37", nothing)


def test_a_panel_is_under_the_rule_of_its_files(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It holds the genotypes of people, as the files do, and the rule stands there before them."""
    work_directly(monkeypatch)
    ruled = tmp_path / "ruled"
    ruled.mkdir()
    source = write_vcf(ruled / "panel.vcf", panel_rows())
    (ruled / RULE_FILE).write_text("ZA")
    seen: list[Path] = []

    def taken(*words: object, **more: object) -> object:
        seen.extend(desk.home.glob(f"local/panels/.new-*/{RULE_FILE}"))
        return take_local_panel(*words, **more)  # type: ignore[arg-type]

    monkeypatch.setattr("app.operations.local_panels.take_local_panel", taken)
    asyncio.run(local_panels._take_in(desk, "Mine", (source,), (), "GRCh37"))
    (folder,) = (desk.home / "local" / "panels").iterdir()
    assert rule_file(folder) == residency_of("ZA")
    assert len(seen) == 1


@pytest.mark.parametrize("when", ["before", "after"])
def test_what_is_imputed_here_is_under_the_rule_of_the_panel_too(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """It is made of the genotypes of both; a rule may be stated after the panel was taken in."""
    work_directly(monkeypatch)
    source = write_vcf(tmp_path / "panel.vcf", panel_rows())
    panel = asyncio.run(add_dataset(desk, (source,))).ids(Noun.DATASET)[0]
    if when == "before":
        asyncio.run(state_residency(desk, panel, "ZA"))
    asyncio.run(local_panels._take_in(desk, "Mine", (source,), (), "GRCh37"))
    if when == "after":
        asyncio.run(state_residency(desk, panel, "ZA"))
    made = Job(
        id="job-1",
        name="Here",
        remote_name="here",
        service_id="here",
        app_id="a",
        panel_id="mine",
        state=JobState.SUCCESS,
        created=desk.clock.now(),
    )
    result = Result(
        id="result-1",
        job_id="job-1",
        folder=str(tmp_path / "result"),
        state=ResultState.VERIFIED,
        started=desk.clock.now(),
    )
    here = Service(id="here", name="Here", family="local", base_url="http://here", added=desk.clock.now())

    def write(c: Connection) -> None:
        services.save_service(c, here)
        jobs.save_job(c, made)
        results.save_result(c, result)

    desk.store.write_now(write)
    assert asyncio.run(rule_of_result(desk, "result-1")) == residency_of("ZA")
    asyncio.run(desk.update_service("here", family="fake"))
    assert asyncio.run(rule_of_result(desk, "result-1")) is None, "a panel elsewhere, of the same name"


def test_a_panel_folder_that_is_not_whole(tmp_path: Path) -> None:
    with pytest.raises(ProblemError, match="not whole") as caught:
        read_parts(tmp_path)
    assert caught.value.problem.kind is Kind.NOT_FOUND
    (tmp_path / "parts.json").write_text(PanelParts(parts=()).model_dump_json()[:-1])
    with pytest.raises(ProblemError, match="not whole"):
        read_parts(tmp_path)


def test_one_panel_at_a_time_and_no_half_ones(desk: Desk) -> None:
    half = desk.home / "local" / "panels" / ".new-half"
    half.mkdir(parents=True)

    async def work() -> None:
        with exclusive_file(desk.locks_folder / f"{LOCK}.lock"):
            with pytest.raises(ProblemError, match="Another panel"):
                await add_local_panel(desk, "One", (desk.home / "x.vcf",))
            await tidy_local_panels(desk)
            assert half.exists()
        await tidy_local_panels(desk)
        assert not half.exists()
        with pytest.raises(ProblemError, match="Nothing to add"):
            await add_local_panel(desk, " ", ())
        with pytest.raises(ProblemError, match="No such panel"):
            await remove_local_panel(desk, "one")

    asyncio.run(work())


@pytest.mark.parametrize(("there", "used"), [(1, 1), (2, 2), (3, 2), (16, 15)])
def test_a_processor_is_left_for_the_window(there: int, used: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.operations.local_host.usable_processors", lambda: there)
    assert threads_of(LocalImputation()) == used


def test_memory_and_processors() -> None:
    assert memory_of(LocalImputation()) == max(512, total_memory_mb() // 2)
    assert memory_of(LocalImputation(memory_mb=700)) == 700
    assert threads_of(LocalImputation(threads=3)) == 3
    assert program_command()


def test_a_runner_that_fails_is_not_started_again_at_once(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        local_host, "program_command", lambda: [sys.executable, "-S", "-c", "raise SystemExit(3)"]
    )
    now = [1000.0]
    monkeypatch.setattr("app.operations.local_host.time.monotonic", lambda: now[0])
    host = local_host.ThisComputer(desk.home, desk.store)
    host.wake()
    (first,) = host._children
    host.wake()
    assert host._children == [first] or not host._children
    first.wait()
    host.wake()
    assert host._children == []
    now[0] += 2.1
    host.wake()
    (second,) = host._children
    assert second is not first
    second.wait()
    host.wake()
    now[0] += 2.1
    host.wake()
    assert host._children == []
    assert (desk.home / "local" / local_host.LOG).exists()
