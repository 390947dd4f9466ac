"""CPU seconds of writing imputed dosages for other programs, beside plink2 and bcftools on the same file.

Our runs read every file back and compare it, unless it says otherwise. The first ratio is of whole
processes, the start of Python counted, which is most of the cost of a small file; the second is without
the start, as for a file of millions of variants. Peers run with one thread. The least of some runs
counts, for the machine may be busy. Python keeps its bytecode in a folder of the benchmark, as an
installed program has it. VCF and BCF are measured beside plink2, which makes GT, DS and HDS anew as we
do; bcftools, which copies records, is told too.

Run: python -m tests.benchmarks.bench_export [--samples 2000] [--variants 4000] [--runs 3] [--file VCF]
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tests.helpers.dose_rows import write_result

EXPORT = """
import sys, tempfile
from pathlib import Path
from app.domain.export import ExportRequest
from app.results.export.conversion import export
form, verify = sys.argv[1], sys.argv[2] == "yes"
with tempfile.TemporaryDirectory() as out:
    export(ExportRequest(source="x.vcf.gz", out=out, format=form, verify=verify), Path(out))
"""
IDLE = "import app.results.export.conversion"
_PLINK2 = ("plink2", "--vcf", "x.vcf.gz", "dosage=HDS", "--threads", "1", "--out", "y")
PEERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "pgen": ("plink2 --make-pgen", (*_PLINK2, "--make-pgen")),
    "bgen": ("plink2 --export bgen-1.2", (*_PLINK2, "--export", "bgen-1.2", "bits=8", "ref-first")),
    "bed": ("plink2 --make-bed", (*_PLINK2, "--make-bed")),
    "vcf": ("plink2 --export vcf", (*_PLINK2, "--export", "vcf", "bgz", "vcf-dosage=HDS")),
    "bcf": ("plink2 --export bcf", (*_PLINK2, "--export", "bcf", "vcf-dosage=HDS")),
}
BCFTOOLS = {
    "vcf": ("bcftools", "view", "-Oz", "-o", "y.vcf.gz", "x.vcf.gz"),
    "bcf": ("bcftools", "view", "-Ob", "-o", "y.bcf", "x.vcf.gz"),
}


def invented(samples: int, variants: int, seed: int = 5) -> tuple[NDArray[np.float32], list[float]]:
    """Haplotype dosages as engines give them: mostly rare, sharp where R2 is high; and R2."""
    rng = np.random.default_rng(seed)
    frequency = rng.beta(0.15, 1.2, variants)
    r2 = np.where(frequency > 0.01, rng.beta(3, 1.2, variants), rng.beta(1.2, 1.5, variants))
    values = np.empty((variants, samples, 2), np.float32)
    for row in range(variants):
        noise = rng.exponential((1 - r2[row]) * min(2 * frequency[row], 0.4) + 1e-5, (samples, 2))
        carried = rng.random((samples, 2)) < frequency[row]
        values[row] = np.where(carried, 1 - np.minimum(noise, 0.9), np.minimum(noise, 0.9))
    return np.rint(values * 1000) / np.float32(1000), r2.round(5).tolist()


def cpu_seconds(command: list[str], folder: Path) -> float:
    """User and system time of a command."""
    own = {**os.environ, "PYTHONPYCACHEPREFIX": str(folder / "bytecode"), "PYTHONDONTWRITEBYTECODE": ""}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        command, check=True, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=own
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def measure(folder: Path, form: str, runs: int) -> None:
    """One line: ours read back, ours alone, the peers, and the ratios."""
    root = str(Path(__file__).resolve().parents[2])
    start = [sys.executable, "-c"]
    prefix = f"import sys; sys.path.insert(0, {root!r})\n"
    name, peer = PEERS[form]
    commands = {
        "idle": [*start, prefix + IDLE],
        "proved": [*start, prefix + EXPORT, form, "yes"],
        "alone": [*start, prefix + EXPORT, form, "no"],
        "peer": list(peer),
    }
    if form in BCFTOOLS:
        commands["bcftools"] = list(BCFTOOLS[form])
    cpu_seconds(commands["alone"], folder)  # makes the bytecode
    best = {
        what: min(cpu_seconds(command, folder) for _ in range(runs)) for what, command in commands.items()
    }
    whole = best["proved"]
    print(
        f"{form:5} read back {whole:6.2f} s  not {best['alone']:6.2f} s  start {best['idle']:.2f} s  "
        f"{name:24} {best['peer']:6.2f} s  {whole / best['peer']:5.2f} x  "
        f"without start {(whole - best['idle']) / best['peer']:5.2f} x"
        + (f"  bcftools {best['bcftools']:6.2f} s" if "bcftools" in best else "")
    )


def main() -> None:
    """Print a table of CPU seconds and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--variants", type=int, default=4000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--file", type=Path, help="a VCF with HDS instead of invented dosages")
    parser.add_argument("--only", choices=sorted(PEERS), action="append")
    chosen = parser.parse_args()
    if shutil.which("plink2") is None or shutil.which("bcftools") is None:
        sys.exit("plink2 and bcftools are needed as peers.")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "x.vcf.gz"
        if chosen.file is not None:
            path.symlink_to(chosen.file.absolute())
        else:
            values, r2 = invented(chosen.samples, chosen.variants)
            write_result(path, values, r2=r2, typed=range(0, chosen.variants, 40))
            print(f"{chosen.samples:,} samples x {chosen.variants:,} variants")
        print(f"{path.stat().st_size / 1e6:.1f} MB, CPU seconds")
        for form in chosen.only or PEERS:
            measure(folder, form, chosen.runs)


if __name__ == "__main__":
    main()
