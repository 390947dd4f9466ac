"""CPU seconds of reading GT:DS:HDS:GP and measuring a result, beside the programs that people use for it.

Peers are `bcftools query -f '%INFO/R2\\n'` and `plink2 --vcf … dosage=HDS --make-pgen` on the same file in
the same run, measured whole; of ours the import of Python's modules is taken off. Memory is the highest
resident size of the whole process.

Run: python -m tests.benchmarks.bench_doses [--samples 2000] [--variants 10000] [--runs 3]
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from multiprocessing import get_context
from pathlib import Path

import numpy as np

from app.genotypes.texts import Texts
from app.results.doses.kernel import dose_kernel
from app.results.doses.writing import DoseWriter

IDLE = "import app.results.figures.measuring"
MEASURE = """
import sys
from pathlib import Path
from app.results.figures.measuring import measure
measure([Path(sys.argv[1])])
"""
READ = """
import sys
from pathlib import Path
import app.results.figures.measuring
from app.results.doses.contract import Field
from app.results.doses.reading import open_doses
want = Field.DOSAGE | Field.HAPLOTYPES | Field.PROBABILITIES | Field.GENOTYPES
for batch in open_doses(Path(sys.argv[1]), want).batches():
    pass
"""
_ROWS = 200
_KEYS = ("AF", "MAF", "AVG_CS", "R2", "ER2")


def cpu_seconds(command: list[str], folder: Path, runs: int) -> tuple[float, int]:
    """The least user and system time of some runs of a command, and its resident size in MB."""
    best, highest = float("inf"), 0
    for _ in range(runs):
        child = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            raise subprocess.CalledProcessError(child.returncode, command)
        best = min(best, used.ru_utime + used.ru_stime)
        highest = max(highest, used.ru_maxrss // 1024)
    return best, highest


def write_result(path: Path, samples: int, variants: int, seed: int = 7) -> None:
    """A dose file as Minimac writes it: mostly sure haplotypes, rare variants in the majority."""
    rng = np.random.default_rng(seed)
    header = [f'##INFO=<ID={key},Number=1,Type=Float,Description="{key}">' for key in _KEYS]
    header += [f'##INFO=<ID={key},Number=0,Type=Flag,Description="{key}">' for key in ("IMPUTED", "TYPED")]
    names = [f"S{number}" for number in range(samples)]
    chromosomes = [("20", 64_444_167)]
    with DoseWriter(
        path, names, chromosomes=chromosomes, header=header, fields="GT:DS:HDS:GP", level=6
    ) as out:
        for first in range(0, variants, _ROWS):
            rows = min(_ROWS, variants - first)
            haplotypes = _haplotypes(rng, rows, samples)
            position = 60_000 + 600 * np.arange(first, first + rows)
            ids = Texts.of(f"20:{at}:A:C" for at in position.tolist())
            alleles = Texts.of(["A"] * rows), Texts.of(["C"] * rows)
            out.write("20", position, ids, *alleles, _infos(haplotypes, first), haplotypes)


def _haplotypes(rng: np.random.Generator, rows: int, samples: int) -> np.ndarray:
    shape = rows, samples, 2
    carried = rng.random(shape) < rng.beta(0.3, 1.5, (rows, 1, 1))
    unsure = np.where(rng.random(shape) < 0.15, rng.beta(1, 12, shape), 0.0)
    return np.abs(carried - unsure).astype(np.float32)


def _infos(haplotypes: np.ndarray, first: int) -> list[str]:
    p = haplotypes.mean((1, 2), dtype=np.float64)
    r2 = haplotypes.var((1, 2), dtype=np.float64) / np.maximum(p * (1 - p), 1e-9)
    return [
        f"AF={af:.6g};MAF={min(af, 1 - af):.6g};AVG_CS=0.99;R2={one:.6g};"
        + ("ER2=0.9;TYPED;IMPUTED" if number % 50 == 0 else "IMPUTED")
        for number, (af, one) in enumerate(zip(p.tolist(), r2.tolist(), strict=True), first)
    ]


def main() -> None:
    """Print a table of CPU seconds, memory and the ratio to the two peers together."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--variants", type=int, default=10_000)
    parser.add_argument("--runs", type=int, default=3)
    chosen = parser.parse_args()
    if not all(map(shutil.which, ("bcftools", "plink2"))):
        sys.exit("bcftools and plink2 are needed.")
    if dose_kernel() is None:
        sys.exit("Build the extension in C first: python3 packaging/dev.py setup")
    prefix = f"import sys; sys.path.insert(0, {str(Path(__file__).resolve().parents[2])!r})\n"
    ours = {"nothing (imports)": IDLE, "reading all fields": READ, "measuring": MEASURE}
    name = "chr20.dose.vcf.gz"
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        writer = get_context("spawn").Process(
            target=write_result, args=(folder / name, chosen.samples, chosen.variants)
        )
        writer.start()  # in a process of its own: children inherit the highest resident size of this one
        writer.join()
        size = (folder / name).stat().st_size / 1e6
        print(f"{chosen.samples:,} samples x {chosen.variants:,} variants, {size:.0f} MB, CPU seconds")
        query = ["bcftools", "query", "-f", "%INFO/R2\n", name]
        plink = ["plink2", "--vcf", name, "dosage=HDS", "--make-pgen", "--out", "x", "--threads", "1"]
        peers = {"bcftools query R2": query, "plink2 dosage=HDS": plink}
        told = {what: cpu_seconds(words, folder, chosen.runs) for what, words in peers.items()}
        told |= {
            what: cpu_seconds([sys.executable, "-c", prefix + code, name], folder, chosen.runs)
            for what, code in ours.items()
        }
    both = sum(told[what][0] for what in peers)
    for what, (seconds, memory) in told.items():
        net = seconds - told["nothing (imports)"][0]
        ratio = f"{net / both:6.2f} x both peers" if what in ours else ""
        print(f"{what:22} {net if net and ratio else seconds:7.2f} s {memory:6} MB  {ratio}")


if __name__ == "__main__":
    main()
