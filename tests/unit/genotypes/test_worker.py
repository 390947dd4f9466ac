"""The process that does genotype work: results, progress, cancelling, crashes."""

import asyncio
import ctypes
import multiprocessing
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.domain.problem import Kind, ProblemError, problem
from app.domain.progress import Progress, Report
from app.genotypes.spare_worker import spares
from app.genotypes.worker import Throttle, keep_no_process, keep_process_ready, run_in_process

pytestmark = pytest.mark.usefixtures("spawned")


def add(a: int, b: int, report: Report) -> int:
    for n in range(1000):
        report(Progress(done=n, total=1000))
    return a + b


def refuse(report: Report) -> None:
    raise problem(Kind.INPUT, "No", "Because.", subject="a.vcf")


def stumble(report: Report) -> None:
    raise KeyError("oops")


def crash(report: Report) -> None:
    ctypes.string_at(0)


def sleep_long(report: Report) -> None:
    report(Progress(counts={"pid": os.getpid()}))
    time.sleep(60)


def unpicklable(report: Report) -> object:
    return lambda: None


def qt_modules(report: Report) -> list[str]:
    return [name for name in sys.modules if name.startswith("PySide6")]


def test_result_and_progress() -> None:
    seen: list[Progress] = []
    began = time.monotonic()
    assert asyncio.run(run_in_process(add, 2, 3, report=seen.append)) == 5
    # The first, the last, and four a second of the time that the process had at most.
    assert 2 <= len(seen) <= 3 + 4 * (time.monotonic() - began)
    assert seen[-1].done == 999
    assert threading.active_count() == 1


def test_problem_crosses_unchanged() -> None:
    with pytest.raises(ProblemError) as caught:
        asyncio.run(run_in_process(refuse))
    assert (caught.value.problem.kind, caught.value.problem.subject) == (Kind.INPUT, "a.vcf")


@pytest.mark.parametrize(
    ("function", "words"), [(stumble, "KeyError: 'oops'"), (crash, "SIGSEGV"), (unpicklable, "pickle")]
)
def test_faults_become_bugs(function: object, words: str) -> None:
    if function is crash and sys.platform == "win32":
        pytest.skip("no signals here")
    with pytest.raises(ProblemError) as caught:
        asyncio.run(run_in_process(function))  # type: ignore[arg-type]
    assert caught.value.problem.kind is Kind.BUG
    assert words in caught.value.problem.details


def test_cancel_ends_the_process_at_once() -> None:
    pids: list[int] = []

    async def main() -> None:
        began = asyncio.Event()

        def note(progress: Progress) -> None:
            pids.append(progress.counts["pid"])
            began.set()

        task = asyncio.create_task(run_in_process(sleep_long, report=note))
        await began.wait()
        task.cancel()
        async with asyncio.timeout(30):  # half of what it would sleep
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(main())
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)
    assert threading.active_count() == 1


def test_child_has_no_qt() -> None:
    assert asyncio.run(run_in_process(qt_modules)) == []


def test_throttle_keeps_the_last_reading_and_adds_the_rate() -> None:
    now = [0.0]
    seen: list[Progress] = []
    throttle = Throttle(seen.append, clock=lambda: now[0])
    for n in range(41):
        now[0] = n * 0.05
        throttle(Progress(done=n * 100, total=8000))
    throttle.flush()
    assert 8 <= len(seen) <= 10
    assert seen[-1].done == 4000
    assert seen[-1].rate == pytest.approx(2000)
    assert seen[-1].left_s == pytest.approx(2)


def pid_and_warmth(report: Report) -> tuple[int, bool]:
    return os.getpid(), "this_test_is_warm" in sys.modules


def become_warm() -> None:
    sys.modules["this_test_is_warm"] = sys


def break_down() -> None:
    raise RuntimeError("no warmth")


@pytest.fixture
def no_spares() -> Iterator[None]:
    """However the test ends, nothing waits any more."""
    yield
    keep_no_process()
    assert not multiprocessing.active_children()


def waiting_pid() -> int | None:
    begun = spares._waiting.get(pid_and_warmth)
    return begun.process.pid if begun is not None else None


@pytest.mark.usefixtures("no_spares")
def test_a_process_kept_ready_takes_the_next_call_and_another_one_follows() -> None:
    keep_process_ready(pid_and_warmth, become_warm)
    first = waiting_pid()
    assert asyncio.run(run_in_process(add, 1, 1)) == 2
    assert waiting_pid() == first, "another function does not take it"
    assert asyncio.run(run_in_process(pid_and_warmth)) == (first, True)
    second = waiting_pid()
    assert second not in (None, first)
    assert asyncio.run(run_in_process(pid_and_warmth)) == (second, True)


@pytest.mark.usefixtures("no_spares")
def test_a_process_that_died_while_it_waited_is_replaced() -> None:
    keep_process_ready(pid_and_warmth, become_warm)
    spares._waiting[pid_and_warmth].process.kill()
    spares._waiting[pid_and_warmth].process.join()
    pid, warm = asyncio.run(run_in_process(pid_and_warmth))
    assert not warm
    assert pid != os.getpid()


@pytest.mark.usefixtures("no_spares")
def test_what_fails_in_warming_up_does_not_keep_the_call_from_its_answer() -> None:
    keep_process_ready(pid_and_warmth, break_down)
    first = waiting_pid()
    assert asyncio.run(run_in_process(pid_and_warmth)) == (first, False)


@pytest.mark.usefixtures("no_spares")
def test_nothing_waits_and_nothing_follows_after_the_end() -> None:
    keep_process_ready(pid_and_warmth, become_warm)
    first = waiting_pid()
    keep_no_process()
    assert waiting_pid() is None
    assert asyncio.run(run_in_process(pid_and_warmth))[0] != first
    assert waiting_pid() is None


def test_an_errand_that_cannot_be_sent_is_a_bug_and_leaves_no_process() -> None:
    with pytest.raises(ProblemError) as caught:
        asyncio.run(run_in_process(add, lambda: 1, 2))
    assert "pickle" in caught.value.problem.details
    assert not multiprocessing.active_children()


LEAVING = """
import asyncio, threading, time
from app.genotypes.worker import keep_process_ready, run_in_process
from tests.unit.genotypes.test_worker import become_warm, sleep_long, stumble

def main():
    keep_process_ready(sleep_long, become_warm)
    keep_process_ready(stumble, become_warm)
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    asyncio.run_coroutine_threadsafe(run_in_process(sleep_long), loop)
    while not __import__("multiprocessing").active_children():
        time.sleep(0.05)
    print("leaving", flush=True)

if __name__ == "__main__":
    main()
"""


def test_the_program_does_not_wait_for_work_when_it_ends(tmp_path: Path) -> None:
    script = tmp_path / "leaving.py"
    script.write_text(LEAVING, encoding="utf-8")
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run(
        [sys.executable, str(script)],
        env=os.environ | {"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "leaving\n")
    assert done.stderr == ""


def share_a_file(path: str, report: Report) -> int:
    from app.genotypes.scan import scan_file

    return len(scan_file(path, report, processes=2).sites)


def test_work_may_start_processes_of_its_own(tmp_path: Path) -> None:
    from app.genotypes.bgzf import BgzfWriter
    from tests.unit.genotypes.vcf_text import good

    path = tmp_path / "a.vcf.gz"
    with BgzfWriter(path) as writer:
        writer.write(good(40, 4000))
    assert asyncio.run(run_in_process(share_a_file, str(path))) == 4000
