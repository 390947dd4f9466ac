"""CPU seconds of the scan against bgzip, bcftools stats and plink2 on a file that it writes.

Run: python -m tests.benchmarks.bench_check [--samples 2000] [--variants 20000]
"""

from __future__ import annotations

import argparse
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from app.genotypes.bgzf import BgzfWriter

SCAN = "import sys; from app.genotypes.scan import scan_file; print(len(scan_file(sys.argv[1]).sites))"
CHECK = "import sys; from app.genotypes.check import check_files; print(check_files(sys.argv[1:]).snps)"
IDLE = "import sys; import app.genotypes.check"


def write_cohort(path: Path, samples: int, variants: int, seed: int = 7) -> int:
    """An array-like cohort with Hardy–Weinberg genotypes and 0.65 % missing; gives the bytes of text."""
    rng = np.random.default_rng(seed)
    cells = np.frombuffer(b"0/0\t0/1\t1/1\t./.\t", np.uint8).reshape(4, 4)
    names = "\t".join(f"S{n}" for n in range(samples))
    text = 0
    with BgzfWriter(path) as writer:
        head = "##fileformat=VCFv4.2\n##contig=<ID=20,length=63025520>\n"
        head += '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
        head += f"#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t{names}\n"
        writer.write(head.encode())
        for n in range(variants):
            dosage = rng.binomial(2, rng.beta(0.6, 1.4), samples)
            dosage[rng.random(samples) < 0.0065] = 3
            row = cells[dosage].reshape(-1).copy()
            row[-1] = 10
            fixed = f"20\t{60_000 + 600 * n}\trs{n}\tA\tG\t.\tPASS\t.\tGT\t".encode()
            writer.write(fixed + row.tobytes())
            text += len(fixed) + len(row)
    return text


def cpu_seconds(command: Sequence[str], folder: Path, runs: int = 3) -> float:
    """The least user and system time of some runs of a command."""
    best = float("inf")
    for _ in range(runs):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        best = min(best, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return best


def commands(path: Path) -> dict[str, list[str]]:
    """What is measured, as far as the programs are there."""
    root = str(Path(__file__).resolve().parents[2])
    python = [sys.executable, "-c"]
    prefix = f"import sys; sys.path.insert(0, {root!r}); "
    wanted = {
        "bgzip -dc": ["bgzip", "-dc", str(path)],
        "scan": [*python, prefix + SCAN, str(path)],
        "check (with SHA-256)": [*python, prefix + CHECK, str(path)],
        "imports alone": [*python, prefix + IDLE],
        "plink2 --freq --missing --hardy": ["plink2", "--vcf", str(path), "--freq", "--missing", "--hardy"],
        "bcftools stats -s -": ["bcftools", "stats", "-s", "-", str(path)],
    }
    return {name: words for name, words in wanted.items() if shutil.which(words[0])}


def main() -> None:
    """Print a table of CPU seconds and ratios to the inflating alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--variants", type=int, default=20_000)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "cohort.vcf.gz"
        text = write_cohort(path, chosen.samples, chosen.variants)
        print(
            f"{chosen.samples:,} samples x {chosen.variants:,} variants, {text / 1e6:.0f} MB of text,",
            end=" ",
        )
        print(f"{path.stat().st_size / 1e6:.1f} MB packed")
        measured = {what: cpu_seconds(words, folder) for what, words in commands(path).items()}
    floor = measured.get("bgzip -dc") or min(measured.values())
    measured["scan, imports taken off"] = measured["scan"] - measured["imports alone"]
    for what, seconds in measured.items():
        print(f"{what:34} {seconds:7.2f} s  {seconds / floor:6.2f} x bgzip")


if __name__ == "__main__":
    main()
