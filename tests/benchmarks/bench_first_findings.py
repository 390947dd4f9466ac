"""Seconds from dropping a large file to the first findings in the store, by the operations of the program.

Run: python -m tests.benchmarks.bench_first_findings [--gigabytes 10] [--runs 5] [--folder FOLDER]

It writes a BGZF file of 5,000 samples whose blocks are repeated until it has the size that was asked for.
Each run is a fresh program with a data folder of its own, as the window has: once with the process that
waits for a check, as a window keeps it from two seconds after its start, and once without one. The clock
starts when the files are handed to `add_dataset` and stops when another reader of the store sees the first
report; the check is cancelled then. What is written is the median, with the load of the machine before it:
with other work on it the figures mean little.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from app.genotypes.bgzf import EOF_MARKER
from tests.benchmarks.bench_check import write_cohort

PROGRAM = """
import asyncio, sys, tempfile, time
from pathlib import Path

async def drop(path, ready):
    from app.application import open_desk
    from app.domain.changes import Noun
    from app.operations.add_dataset import add_dataset
    from app.operations.check_dataset import check_dataset, dataset_of, keep_check_ready

    with tempfile.TemporaryDirectory() as home:
        desk = open_desk(Path(home))
        if ready:
            await keep_check_ready(desk)
            await asyncio.sleep(3)
        began = time.perf_counter()
        (key,) = (await add_dataset(desk, (path,))).ids(Noun.DATASET)
        check = asyncio.create_task(check_dataset(desk, key))
        while (found := await dataset_of(desk, key)).report is None and not check.done():
            await asyncio.sleep(0.005)
        seconds = time.perf_counter() - began
        assert not check.done(), "the check ended before there were first findings"
        check.cancel()
        await asyncio.gather(check, return_exceptions=True)
        desk.closing = True
        desk.store.close()
        print(seconds, found.report.snps, found.report.samples)

if __name__ == "__main__":
    asyncio.run(drop(Path(sys.argv[1]), sys.argv[2] == "ready"))
"""


def write_large(path: Path, size: int) -> None:
    """Blocks of a real cohort again and again: only the beginning is looked at."""
    write_cohort(path, 5000, 20_000)
    once = path.stat().st_size - len(EOF_MARKER)
    blocks = path.read_bytes()[:once]
    with path.open("r+b") as file:
        file.truncate(once)
        file.seek(once)
        while file.tell() < size:
            file.write(blocks)
        file.write(EOF_MARKER)


def measured(path: Path, how: str, runs: int, folder: Path) -> str:
    """The median of some runs in words; the first one, which compiles the modules, does not count."""
    script = folder / "drop.py"
    script.write_text(PROGRAM, encoding="utf-8")
    command = [sys.executable, str(script), str(path), how]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment |= {"PYTHONPYCACHEPREFIX": str(folder / "bytecode"), "PYTHONPATH": str(Path.cwd())}
    times: list[float] = []
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    for _ in range(runs + 1):
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        seconds, variants, samples = done.stdout.split()
        times.append(float(seconds))
    median, least, most = statistics.median(times[1:]), min(times[1:]), max(times[1:])
    seen = f"{int(variants):,} variants of {int(samples):,} samples"
    return f"{how:10} {median:6.2f} s ({least:.2f} to {most:.2f}; load before {load:.1f}), {seen} seen"


def main() -> None:
    """Write the file, measure, print."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--gigabytes", type=float, default=10)
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--folder", type=Path, help="where the file is written and removed")
    wanted = arguments.parse_args()
    with tempfile.TemporaryDirectory(dir=wanted.folder) as folder:
        path = Path(folder) / "large.vcf.gz"
        write_large(path, int(wanted.gigabytes * 1e9))
        print(f"{path.stat().st_size / 1e9:.1f} GB, {os.cpu_count()} cores; limit 1 s")  # noqa: T201
        for how in ("ready", "unprepared"):
            print(measured(path, how, wanted.runs, Path(folder)), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
