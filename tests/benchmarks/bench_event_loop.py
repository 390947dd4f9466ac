"""How late the window's event loop is while 2 GB are sent and another file is checked.

    python -m tests.benchmarks.bench_event_loop [--size MB] [--rate MB/s]

A timer of 16 ms ticks in the Qt thread of a real window; lateness is the time between two ticks beyond 16 ms.
A witness, a process of its own that does nothing but tick, tells how late this machine makes anybody at the
same time. Prints both, idle, at the rate of a network of 1 Gbit/s, and unthrottled.
"""

from __future__ import annotations

import argparse
import gc
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("HAPLODESK_KEYRING", "memory")

from PySide6.QtCore import QEventLoop, Qt, QTimer

from app.application import open_desk
from app.domain.changes import Noun
from app.domain.dataset import DataFile
from app.operations.add_dataset import add_dataset
from app.operations.check_dataset import check_dataset
from app.operations.tasks import TaskKind
from app.practice.cohort import make_practice_data
from app.transport.multipart import FilePart, Multipart
from app.transport.upload import Upload, upload
from app.ui.running import RunningWindow, leave_loaded_alone

MB = 1024 * 1024
TICK_MS = 16
GIGABIT_MB_S = 117
IDLE_S = 3.0

SINK = """
import socket, sys, time
rate = float(sys.argv[1]) * 1048576
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
listener.bind(("127.0.0.1", 0))
listener.listen()
print(listener.getsockname()[1], flush=True)
while True:
    sock = listener.accept()[0]
    data = b""
    while b"\\r\\n\\r\\n" not in data:
        data += sock.recv(65536)
    head, _, rest = data.partition(b"\\r\\n\\r\\n")
    left = int(head.lower().split(b"content-length: ")[1].split(b"\\r\\n")[0]) - len(rest)
    buffer, got, start = bytearray(1 << 18), 0, time.monotonic()
    while left > 0:
        n = sock.recv_into(buffer) or left
        left, got = left - n, got + n
        early = got / rate - (time.monotonic() - start) if rate else 0
        if early > 0.002:
            time.sleep(early)
    sock.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\nConnection: close\\r\\n\\r\\nok")
    sock.close()
"""
WITNESS = """
import sys, threading, time
tick = float(sys.argv[1])
end = threading.Event()
threading.Thread(target=lambda: (sys.stdin.readline(), end.set()), daemon=True).start()
late, due = [], time.perf_counter() + tick
print("ready", flush=True)
while not end.is_set():
    time.sleep(max(0.0, due - time.perf_counter()))
    now = time.perf_counter()
    late.append(max(0.0, now - due))
    due = now + tick
print(" ".join(f"{1000 * each:.2f}" for each in late), flush=True)
"""


@dataclass(frozen=True)
class Lateness:
    """Milliseconds beyond the tick."""

    ticks: tuple[float, ...]

    @property
    def worst(self) -> float:
        """The latest of all."""
        return max(self.ticks, default=0.0)

    def part(self, share: float) -> float:
        """The lateness that `share` of the ticks stay below."""
        ordered = sorted(self.ticks)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0

    def words(self) -> str:
        """A line of a table."""
        middle = statistics.median(self.ticks) if self.ticks else 0.0
        return f"median {middle:5.1f}   p99 {self.part(0.99):6.1f}   max {self.worst:6.1f} ms"


@dataclass(frozen=True)
class Measure:
    """The window and the witness over the same seconds.

    `own` is the lateness of the window less the time that its threads waited for a processor.
    """

    window: Lateness
    own: Lateness
    witness: Lateness
    seconds: float


@contextmanager
def process(code: str, argument: float) -> Iterator[subprocess.Popen[str]]:
    """A Python of its own; ends with the block."""
    command = [sys.executable, "-c", code, str(argument)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as started:
        try:
            yield started
        finally:
            started.kill()


def measure(until: Callable[[], bool]) -> Measure:
    """How late the loop of Qt and a witness are, from now until something holds; a window has to be there."""
    loop, ticks, own = QEventLoop(), list[float](), list[float]()
    timer = QTimer(interval=TICK_MS, timerType=Qt.TimerType.PreciseTimer)
    with process(WITNESS, TICK_MS / 1000) as witness:
        assert witness.stdout is not None
        assert witness.stdin is not None
        witness.stdout.readline()
        start = last = time.perf_counter()
        queued = _queued_ms()

        def tick() -> None:
            nonlocal last, queued
            now, waited = time.perf_counter(), _queued_ms()
            ticks.append(max(0.0, 1000 * (now - last) - TICK_MS))
            own.append(max(0.0, ticks[-1] - max(0.0, waited - queued)))
            last, queued = now, waited
            if until():
                loop.quit()

        timer.timeout.connect(tick)
        timer.start()
        loop.exec()
        timer.stop()
        seconds = time.perf_counter() - start
        witness.stdin.write("\n")
        witness.stdin.flush()
        told = tuple(float(each) for each in witness.stdout.readline().split())
    return Measure(Lateness(tuple(ticks[2:])), Lateness(tuple(own[2:])), Lateness(told[2:]), seconds)


def _queued_ms() -> float:
    """How long the threads of this process have waited for a processor; 0 where the system does not tell."""
    total = 0
    for path in Path("/proc/self/task").glob("*/schedstat"):
        with suppress(OSError):  # it ended just now
            total += int(path.read_bytes().split()[1])
    return total / 1e6


class Load:
    """A real window over a data folder, and the work that goes on beside it."""

    def __init__(self, folder: Path, size: int) -> None:
        self.running = RunningWindow(open_desk(folder / "home"))
        leave_loaded_alone()  # as `exec` does
        self.running.window.navigate("activity")
        self.big = folder / "cohort.vcf.gz"
        with self.big.open("wb") as file:
            file.truncate(size)
        self._checked = make_practice_data(folder / "data", samples=200, sites=20_000).cohort

    def close(self) -> None:
        """As at the end of the program."""
        self.running.window.close()
        self.running.close_down()
        self.running.desk.store.close()
        gc.unfreeze()

    def measure(self, until: Callable[[], bool]) -> Measure:
        """Let Qt's loop run until something holds."""
        return measure(until)

    def idle(self, seconds: float = IDLE_S) -> Measure:
        """Nothing to do."""
        end = time.perf_counter() + seconds
        return self.measure(lambda: time.perf_counter() > end)

    def busy(self, rate: float) -> Measure:
        """Send the big file at `rate` MB/s (0: unthrottled) while others are checked again and again."""
        with process(SINK, rate) as sink:
            assert sink.stdout is not None
            url = f"http://127.0.0.1:{int(sink.stdout.readline())}/x"
            sent = self.running.bridge.submit(self._send(url))
            checked = self.running.bridge.submit(self._check_until(sent))
            found = self.measure(sent.done)
            sent.result(1)
            checked.result(120)
            return found

    async def _send(self, url: str) -> None:
        seen = self.big.stat()
        file = DataFile(path=str(self.big), name=self.big.name, size=seen.st_size, modified=seen.st_mtime_ns)
        body = Multipart([("job-name", "bench")], [FilePart("files", file)])

        async def seal() -> None:
            return

        with self.running.desk.tasks.running_task(TaskKind.UPLOAD, "cohort.vcf.gz") as task:
            await upload(Upload(url, body), task.report, seal)

    async def _check_until(self, sent: Future[None]) -> None:
        desk = self.running.desk
        while not sent.done():
            added = await add_dataset(desk, self._checked)
            await check_dataset(desk, added.ids(Noun.DATASET)[0])


def main(size_mb: int, rate: float) -> int:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        load = Load(Path(folder), size_mb * MB)
        try:
            load.idle(1.0)
            for name, found in (
                ("idle", load.idle()),
                (f"{size_mb} MB at {rate:.0f} MB/s, and a check", load.busy(rate)),
                (f"{size_mb} MB unthrottled, and a check", load.busy(0)),
            ):
                speed = f"{size_mb / found.seconds:5.0f} MB/s" if name != "idle" else ""
                print(f"{name} {speed}\n  window   {found.window.words()}")
                print(f"  witness  {found.witness.words()}")
        finally:
            load.close()
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--size", type=int, default=2048)
    parser.add_argument("--rate", type=float, default=GIGABIT_MB_S)
    given = parser.parse_args()
    sys.exit(main(given.size, given.rate))
