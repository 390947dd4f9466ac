"""Twenty services of mixed health looked at at once, two of which never answer, with the window watched.

    python -m tests.benchmarks.bench_refresh

A real window shows the table of services meanwhile. Prints how long all took (at most 15 s are allowed), the
same for the ten good ones alone, and how late the loops of the window and of all HTTP were, beside a process
that does nothing but tick on this machine at the same time.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import threading
import time
from functools import partial
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("HAPLODESK_KEYRING", "memory")

from app.application import open_desk
from app.operations.check_services import check_services
from app.store import services
from app.ui.running import RunningWindow, leave_loaded_alone
from tests.benchmarks.bench_event_loop import TICK_MS, Lateness, measure
from tests.services.mixed_health import twenty
from tests.services.test_mixed_health import service

LIMIT_S = 15.0
QUIET_S = 3.0


async def _ticks(late: list[float]) -> None:
    last = time.perf_counter()
    while True:
        await asyncio.sleep(TICK_MS / 1000)
        now = time.perf_counter()
        late.append(max(0.0, 1000 * (now - last) - TICK_MS))
        last = now


async def _looked(running: RunningWindow, ids: tuple[str, ...], late: list[float]) -> float:
    """Seconds for all of them."""
    ticking = asyncio.create_task(_ticks(late))
    start = time.perf_counter()
    await check_services(running.desk, ids)
    took = time.perf_counter() - start
    ticking.cancel()
    return took


def _refresh(running: RunningWindow, name: str, ids: tuple[str, ...]) -> float:
    late: list[float] = []
    looking = running.bridge.submit(_looked(running, ids, late))
    found = measure(looking.done)
    took = looking.result(1)
    print(f"{name} {took:.2f} s (at most {LIMIT_S:.0f} s)")
    print(f"  window   {found.window.words()}")
    print(f"  HTTP     {Lateness(tuple(late)).words()}")
    print(f"  witness  {found.witness.words()}")
    return took


def main() -> int:
    """Measure and print."""
    with tempfile.TemporaryDirectory() as folder, twenty(threading.Event()) as sick:
        desk = open_desk(Path(folder) / "home")
        running = RunningWindow(desk)
        leave_loaded_alone()
        for number, each in enumerate(sick):
            desk.store.write_now(partial(services.save_service, service=service(number, each)))
        try:
            running.window.navigate("services")
            end = time.perf_counter() + QUIET_S
            measure(lambda: time.perf_counter() > end)
            ids = tuple(f"s{number}" for number in range(len(sick)))
            _refresh(running, "ten good ones", ids[:10])
            took = _refresh(running, "all twenty", ids)
        finally:
            running.window.close()
            running.close_down()
            desk.store.close()
    return int(took > LIMIT_S)


if __name__ == "__main__":
    sys.exit(main())
