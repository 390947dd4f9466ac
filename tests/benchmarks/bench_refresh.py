"""Twenty services of mixed health looked at at once, two of which never answer, with the event loop watched.

Run as `python -m tests.benchmarks.bench_refresh`. Prints how long the whole took (at most 15 s are allowed),
the same for the ten good ones alone, and the longest time for which the loop of all HTTP was held up.
"""

from __future__ import annotations

import asyncio
import tempfile
import threading
import time
from functools import partial
from pathlib import Path

from app.operations.check_services import check_services
from app.operations.desk import Desk
from app.services.registry import Registry
from app.store import services
from app.store.secrets import open_secrets
from app.store.store import Store
from tests.services.mixed_health import twenty
from tests.services.test_mixed_health import service

LIMIT_S = 15.0


async def _ticks(gaps: list[float]) -> None:
    last = time.perf_counter()
    while True:
        await asyncio.sleep(0.005)
        now = time.perf_counter()
        gaps.append(now - last)
        last = now


async def _timed(desk: Desk, ids: tuple[str, ...], gaps: list[float]) -> float:
    ticking = asyncio.create_task(_ticks(gaps))
    start = time.perf_counter()
    await check_services(desk, ids)
    took = time.perf_counter() - start
    ticking.cancel()
    return took


def main() -> None:
    """Measure and print."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Store.open(Path(folder) / "haplodesk.db") as store,
        twenty(threading.Event()) as sick,
    ):
        desk = Desk(Path(folder), store, open_secrets({"HAPLODESK_KEYRING": "memory"}), Registry())
        for number, each in enumerate(sick):
            store.write_now(partial(services.save_service, service=service(number, each)))
        gaps: list[float] = []
        ids = tuple(f"s{number}" for number in range(len(sick)))
        good = asyncio.run(_timed(desk, ids[:10], gaps))
        whole = asyncio.run(_timed(desk, ids, gaps))
    print(f"ten good ones {good:.2f} s; all twenty {whole:.2f} s (at most {LIMIT_S:.0f} s)")
    print(f"longest gap of the event loop {1000 * max(gaps):.0f} ms")


if __name__ == "__main__":
    main()
