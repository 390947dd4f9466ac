"""What the beginning of large files says is kept while the rest is read."""

import asyncio
import multiprocessing
import subprocess
import sys
from pathlib import Path

import pytest

from app.domain.changes import Noun
from app.domain.dataset import DatasetState
from app.domain.finding import CheckReport
from app.domain.progress import Progress, Report
from app.genotypes import check
from app.genotypes.worker import keep_no_process
from app.operations import check_dataset as operation
from app.operations.add_dataset import add_dataset
from app.operations.check_dataset import check_dataset, dataset_of, keep_check_ready
from app.operations.desk import Desk
from tests.helpers.fake_family import write_vcf
from tests.unit.genotypes.vcf_text import record, vcf

EARLY = CheckReport(accepted=False, stage="qc", samples=51, snps=100)
WHOLE = CheckReport(accepted=True, stage="ok", samples=51, snps=7824)


def test_the_first_look_is_kept_while_the_check_goes_on(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asyncio.run(_check_is_followed(desk, write_vcf(tmp_path), monkeypatch))


async def _check_is_followed(desk: Desk, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reading = asyncio.Event()

    async def run_check(_paths: object, _wanted: object, _folder: Path, report: Report) -> CheckReport:
        report(Progress(total=10, first_look=EARLY))
        report(Progress(done=5, total=10))
        await reading.wait()
        return WHOLE

    monkeypatch.setattr(operation, "run_check", run_check)
    (key,) = (await add_dataset(desk, (path,))).ids(Noun.DATASET)
    checking = asyncio.create_task(check_dataset(desk, key))
    found = await dataset_of(desk, key)
    while found.report is None:
        await asyncio.sleep(0.01)
        found = await dataset_of(desk, key)
    assert (found.state, found.report) == (DatasetState.CHECKING, EARLY)
    reading.set()
    await checking
    found = await dataset_of(desk, key)
    assert (found.state, found.report) == (DatasetState.CHECKED, WHOLE)


def test_the_first_look_comes_before_anything_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check, "FIRST_LOOK_FROM", 0)
    told: list[Progress] = []
    path = tmp_path / "a.vcf"
    path.write_bytes(vcf([record(n, ["0|0", "0|1"]) for n in range(1, 50)], ["a", "b"]))
    whole = check.check_files([path], report=told.append)
    early = told[0].first_look
    assert early is not None
    assert (early.samples, early.chromosomes, early.accepted) == (whole.samples, whole.chromosomes, False)
    assert [each.first_look for each in told[1:]] == [None] * (len(told) - 1)


def test_the_process_of_a_check_imports_no_database() -> None:
    code = (
        "import sys, app.genotypes.worker_child, app.genotypes.check_errand, app.genotypes.check;"
        "app.genotypes.check_errand.warm();"
        "sys.exit(', '.join(each for each in ('sqlalchemy', 'asyncio', 'httpx') if each in sys.modules) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_process_that_waits_takes_the_check(
    desk: Desk, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    request.addfinalizer(keep_no_process)
    asyncio.run(_checked_by_the_one_that_waits(desk, write_vcf(tmp_path)))


async def _checked_by_the_one_that_waits(desk: Desk, path: Path) -> None:
    desk.closing = True
    await keep_check_ready(desk)
    assert not multiprocessing.active_children(), "a program that ends prepares nothing"
    desk.closing = False
    await keep_check_ready(desk)
    waiting = multiprocessing.active_children()[0].pid
    (key,) = (await add_dataset(desk, (path,))).ids(Noun.DATASET)
    await check_dataset(desk, key)
    assert (await dataset_of(desk, key)).state is DatasetState.CHECKED
    (next_one,) = multiprocessing.active_children()
    assert next_one.pid != waiting, "it was used once, and the next one waits"
