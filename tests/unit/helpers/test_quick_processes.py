"""The quick processes of the tests inherit and end as spawned ones do."""

import asyncio
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

import pytest

from app.domain.problem import ProblemError
from app.domain.progress import Report
from app.genotypes.worker import run_in_process
from tests.helpers.leaks import Watch
from tests.helpers.quick_processes import server_pid

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="spawned elsewhere")


def surroundings(report: Report) -> tuple[str, str, str, bool]:
    loaded = any(name.startswith(("PySide6", "pytest")) for name in sys.modules)
    return os.environ.get("HAPLODESK_TEST", ""), str(Path.cwd()), tempfile.gettempdir(), loaded


def parent(report: Report) -> int:
    return os.getppid()


def die(report: Report) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_they_take_over_environment_and_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert asyncio.run(run_in_process(parent)) == server_pid()
    monkeypatch.setenv("HAPLODESK_TEST", "here")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    assert asyncio.run(run_in_process(surroundings))[:3] == ("here", str(tmp_path), str(tmp_path))


def test_a_kill_is_told_by_its_name() -> None:
    with pytest.raises(ProblemError) as caught:
        asyncio.run(run_in_process(die))
    assert caught.value.problem.details == "ended by signal SIGKILL"


def test_one_that_is_left_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    import multiprocessing

    from tests.helpers import leaks

    monkeypatch.setattr(leaks, "GRACE_S", 0.1)
    watch = Watch()
    process = multiprocessing.get_context("spawn").Process(target=time.sleep, args=(60,))
    process.start()
    assert [line.split(":")[0] for line in watch.leaks()] == ["a child process was left"]
    process.kill()
    process.join()
    assert watch.leaks() == []


@pytest.mark.usefixtures("spawned")
def test_the_way_of_the_program_can_be_had() -> None:
    assert asyncio.run(run_in_process(parent)) == os.getpid()
