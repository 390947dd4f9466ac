"""CPU seconds and peak memory of the scan against bgzip, bcftools stats and plink2 on a file that it writes.

Run: python -m tests.benchmarks.bench_check [--quick] [--samples 5000] [--variants 100000] [--runs 3]

Every figure is of a whole process, user and system time; the time that Python needs to start and to import
the modules (already compiled, as in an installed program) is measured too and taken off in the lines that say
"net". The shared scan counts all its processes, and its memory is that of the largest one.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from app.genotypes.bgzf import BgzfWriter
from app.genotypes.row_block import compiled

ROWS_AT_ONCE = 64
SCAN = "scan_file(sys.argv[1], processes={processes}, kernel={kernel}, cohort={cohort})"
COHORT = "Path(tempfile.mkdtemp(dir='.')) / 'cohort'"
IMPORTS = (
    "import sys, tempfile; from pathlib import Path; from app.genotypes.scan import quick_scan, scan_file; "
)


@dataclass(frozen=True)
class Cost:
    """CPU seconds and the largest process in megabytes."""

    seconds: float
    megabytes: float


def write_cohort(path: Path, samples: int, variants: int, seed: int = 7) -> int:
    """An array-like cohort with Hardy–Weinberg genotypes and 0.65 % missing; gives the bytes of text."""
    rng = np.random.default_rng(seed)
    cells = np.frombuffer(b"0/0\t0/1\t1/1\t./.\t", np.uint32)
    names = "\t".join(f"S{n}" for n in range(samples))
    text = 0
    with BgzfWriter(path) as writer:
        head = "##fileformat=VCFv4.2\n##contig=<ID=20,length=63025520>\n"
        head += '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
        head += f"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t{names}\n"
        writer.write(head.encode())
        for first in range(0, variants, ROWS_AT_ONCE):
            rows = min(ROWS_AT_ONCE, variants - first)
            frequency = rng.beta(0.6, 1.4, (rows, 1))
            alleles = rng.random((2, rows, samples), np.float32) < frequency
            dosage = alleles.sum(axis=0)
            dosage[rng.random((rows, samples), np.float32) < 0.0065] = 3
            for n in range(rows):
                row = cells[dosage[n]].tobytes()[:-1] + b"\n"
                fixed = f"20\t{60_000 + 600 * (first + n)}\trs{first + n}\tA\tG\t.\tPASS\t.\tGT\t".encode()
                writer.write(fixed + row)
                text += len(fixed) + len(row)
    return text


def cost(command: Sequence[str], folder: Path, runs: int) -> Cost:
    """The least CPU time of some runs of a command, and the most memory."""
    best, most = float("inf"), 0.0
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    environment["PYTHONPYCACHEPREFIX"] = str(folder / "bytecode")  # as in a program that was installed
    for _ in range(runs):
        with open(os.devnull, "wb") as nowhere:
            process = subprocess.Popen(command, cwd=folder, env=environment, stdout=nowhere, stderr=nowhere)
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, list(command))
        best = min(best, used.ru_utime + used.ru_stime)
        most = max(most, used.ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10))
    return Cost(best, most)


def commands(path: Path) -> dict[str, list[str]]:
    """What is measured, as far as the programs are there."""
    root = str(Path(__file__).resolve().parents[2])

    def python(code: str) -> list[str]:
        return [sys.executable, "-c", f"import sys; sys.path.insert(0, {root!r}); {IMPORTS}{code}", str(path)]

    def scan(kernel: bool, cohort: bool, processes: int = 1) -> list[str]:
        return python(SCAN.format(processes=processes, kernel=kernel, cohort=COHORT if cohort else None))

    wanted = {
        "bgzip -dc": ["bgzip", "-dc", str(path)],
        "imports alone": python("pass"),
        "NumPy": scan(False, False),
        "NumPy, packed cohort written": scan(False, True),
        "first look (quick_scan)": python("quick_scan(sys.argv[1])"),
        "plink2 --freq --missing --hardy": ["plink2", "--vcf", str(path), "--freq", "--missing", "--hardy"],
        "bcftools stats -s -": ["bcftools", "stats", "-s", "-", str(path)],
    }
    if compiled is not None:
        wanted["kernel in C"] = scan(True, False)
        wanted["kernel in C, packed cohort written"] = scan(True, True)
        wanted["kernel in C, cohort, 2 processes"] = scan(True, True, 2)
    return {name: words for name, words in wanted.items() if shutil.which(words[0])}


def table(measured: Mapping[str, Cost]) -> list[str]:
    """One line a measurement, then those without the start of Python."""
    floor = measured["bgzip -dc"].seconds if "bgzip -dc" in measured else None
    start = measured["imports alone"].seconds

    def line(name: str, seconds: float, megabytes: float | None) -> str:
        ratio = f"{seconds / floor:6.2f} x bgzip" if floor else ""
        memory = "" if megabytes is None else f"{megabytes:7.0f} MB"
        return f"{name:42} {seconds:7.2f} s  {ratio} {memory}"

    lines = [line(name, each.seconds, each.megabytes) for name, each in measured.items()]
    ours = [name for name in measured if name.startswith(("kernel", "NumPy"))]
    lines += [line(f"net: {name}", measured[name].seconds - start, None) for name in ours]
    peer = measured.get("plink2 --freq --missing --hardy")
    if peer is not None:
        lines += [
            f"plink2 takes {peer.seconds / measured[name].seconds:.1f} x the time of: {name}" for name in ours
        ]
    return lines


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=5000)
    parser.add_argument("--variants", type=int, default=100_000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="2,000 samples x 20,000 variants")
    chosen = parser.parse_args()
    samples, variants = (2000, 20_000) if chosen.quick else (chosen.samples, chosen.variants)
    with tempfile.TemporaryDirectory(prefix="haplodesk-bench-") as name:
        folder = Path(name)
        path = folder / "cohort.vcf.gz"
        text = write_cohort(path, samples, variants)
        size = path.stat().st_size
        print(f"{samples:,} samples x {variants:,} variants: {text / 1e6:.0f} MB, packed {size / 1e6:.1f} MB")
        slow = ("plink2", "bcftools")
        measured = {}
        for what, words in commands(path).items():
            measured[what] = cost(words, folder, 1 if what.startswith(slow) else chosen.runs)
            for left in folder.glob("tmp*"):
                shutil.rmtree(left)
        print("\n".join(table(measured)))


if __name__ == "__main__":
    main()
