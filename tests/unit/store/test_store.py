"""Threads, transactions, closing, and a process that is killed while it writes."""

import asyncio
import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from app.domain.job import JobState, SendPhase
from app.domain.problem import Kind, ProblemError
from app.store import jobs
from app.store.settings import set_state, state
from app.store.store import Store
from tests.unit.store.nouns import a_job, an_event


def test_a_function_that_raises_leaves_nothing_behind(store: Store) -> None:
    def half(c: Connection) -> None:
        jobs.save_job(c, a_job())
        raise ValueError("in the middle")

    with pytest.raises(ValueError, match="in the middle"):
        store.write_now(half)
    assert store.read_now(jobs.jobs) == ()


def test_a_reader_cannot_write(store: Store) -> None:
    with pytest.raises(ProblemError) as caught:
        store.read_now(lambda c: set_state(c, "a", "b"))
    assert caught.value.problem.kind == Kind.STORE
    assert store.read_now(lambda c: state(c, "a")) is None


def test_a_write_within_a_write_is_refused_rather_than_waiting_for_ever(store: Store) -> None:
    def nested(_c: Connection) -> None:
        store.write_now(lambda c: set_state(c, "a", "b"))

    with pytest.raises(RuntimeError, match="same thread"):
        store.write_now(nested)


def test_a_mistaken_question_is_told_as_a_bug(store: Store) -> None:
    with pytest.raises(ProblemError) as caught:
        store.read_now(lambda c: c.execute(text("select nothing from nowhere")))
    assert caught.value.problem.kind == Kind.BUG


def test_two_loops_with_many_writers_lose_nothing(store: Store) -> None:
    async def write(name: str) -> None:
        async def one(number: int) -> None:
            await store.write(lambda c: jobs.add_event(c, an_event(number, text=f"{name} {number}")))
            assert await store.read(lambda c: len(jobs.events(c, limit=5))) > 0

        await asyncio.gather(*(one(number) for number in range(50)))

    threads = [threading.Thread(target=lambda n=n: asyncio.run(write(n))) for n in ("one", "two")]
    for thread in threads:
        thread.start()
    for number in range(20):
        store.write_now(partial(jobs.add_event, event=an_event(text=f"sync {number}")))
    for thread in threads:
        thread.join()
    texts = {each.text for each in store.read_now(jobs.events)}
    assert len(texts) == 120


def test_a_read_sees_one_moment_while_others_write(store: Store) -> None:
    store.write_now(lambda c: set_state(c, "n", "1"))

    def twice(c: Connection) -> tuple[str | None, str | None]:
        before = state(c, "n")
        store.write_now(lambda other: set_state(other, "n", "2"))
        return before, state(c, "n")

    assert store.read_now(twice) == ("1", "1")
    assert store.read_now(lambda c: state(c, "n")) == "2"


def test_a_cancelled_task_does_not_disturb_the_store(store: Store) -> None:
    begun, free = threading.Event(), threading.Event()

    def long_write(_: Connection) -> None:
        begun.set()
        assert free.wait(60)

    async def main() -> None:
        slow = asyncio.ensure_future(store.write(long_write))
        waiting = asyncio.ensure_future(store.write(lambda c: set_state(c, "late", "yes")))
        assert await asyncio.to_thread(begun.wait, 60)
        waiting.cancel()
        slow.cancel()
        await asyncio.sleep(0)
        free.set()
        await asyncio.gather(slow, waiting, return_exceptions=True)
        await store.write(lambda c: set_state(c, "next", "yes"))

    asyncio.run(main())
    assert store.read_now(lambda c: state(c, "late")) is None
    assert store.read_now(lambda c: state(c, "next")) == "yes"


def test_after_closing_there_are_no_threads_and_a_sentence(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "a.db")
    asyncio.run(store.read(jobs.jobs))
    begun = threading.Semaphore(0)

    def write(_: Connection) -> None:
        begun.release()
        time.sleep(0.05)

    def late() -> None:
        with contextlib.suppress(ProblemError):  # one that comes after the closing is told so
            store.write_now(write)

    pending = [threading.Thread(target=late) for _ in range(3)]
    for thread in pending:
        thread.start()
    assert begun.acquire(timeout=60)
    store.close()
    store.close()
    for thread in pending:
        thread.join()
    assert not [each for each in threading.enumerate() if each.name.startswith("store-")]
    for call in (store.read_now, store.write_now):
        with pytest.raises(ProblemError, match="closed"):
            call(jobs.jobs)
    with pytest.raises(ProblemError, match="closed"):
        asyncio.run(store.read(jobs.jobs))
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.db"]


def test_two_programs_share_a_file(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.db") as one, Store.open(tmp_path / "a.db") as other:
        one.write_now(lambda c: set_state(c, "a", "1"))
        assert other.read_now(lambda c: state(c, "a")) == "1"
        other.write_now(lambda c: set_state(c, "a", "2"))
        assert one.read_now(lambda c: state(c, "a")) == "2"


@pytest.mark.skipif(os.name != "posix", reason="rights of files are a matter of POSIX")
def test_only_the_owner_may_read_the_file(tmp_path: Path) -> None:
    with Store.open(tmp_path / "new" / "a.db") as store:
        store.write_now(lambda c: set_state(c, "a", "1"))
        for each in (tmp_path / "new").iterdir():
            assert each.stat().st_mode & 0o077 == 0, each.name


def test_a_full_disk_is_a_sentence(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.db") as store:

        def too_much(c: Connection) -> None:
            c.execute(text("PRAGMA max_page_count = 1"))
            set_state(c, "a", "x" * 1_000_000)

        with pytest.raises(ProblemError) as caught:
            store.write_now(too_much)
        assert caught.value.problem.kind == Kind.DISK
        assert store.read_now(lambda c: state(c, "a")) is None


WRITER = """
import sys
from app.domain.job import SendPhase
from app.store import jobs
from app.store.store import Store
from tests.unit.store.nouns import a_job, an_event

store = Store.open(sys.argv[1])
for number in range(1_000_000):
    def write(c):
        jobs.save_job(c, a_job(f"job-{number}", phase=SendPhase.SEALED))
        for line in range(20):
            jobs.add_event(c, an_event(number, job_id=f"job-{number}", text="x" * 500))
    store.write_now(write)
    print(number, flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is a matter of POSIX")
@pytest.mark.parametrize("writes", [1, 7])
def test_a_killed_program_loses_no_committed_write(tmp_path: Path, writes: int) -> None:
    path = tmp_path / "a.db"
    program = [sys.executable, "-c", WRITER, str(path)]
    with subprocess.Popen(
        program, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3]
    ) as writer:
        assert writer.stdout is not None
        told = [int(writer.stdout.readline()) for _ in range(writes)]
        time.sleep(0.003 * writes)
        writer.send_signal(signal.SIGKILL)
        told += [int(line) for line in writer.stdout.read().split("\n")[:-1]]
    with Store.open(path) as store:
        found = {each.id: each for each in store.read_now(jobs.jobs)}
        assert set(found) >= {f"job-{number}" for number in told}
        assert {each.phase for each in found.values()} == {SendPhase.SEALED}
        assert all(each.state == JobState.RUNNING for each in found.values())
        for job_id in found:
            assert len(store.read_now(partial(jobs.events, job_id=job_id))) == 20
        store.write_now(lambda c: set_state(c, "after", "yes"))
    with closing(sqlite3.connect(path)) as plain:
        assert plain.execute("PRAGMA integrity_check").fetchone() == ("ok",)
