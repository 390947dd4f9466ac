"""CPU seconds of writing imputed dosages for other programs, beside plink2 and bcftools on the same file.

What is measured is the command `haplodesk results filter` as a whole process, the start of Python counted; it
reads every file back and compares it, unless it says otherwise. Peers run with one thread. All run in turn,
some times, and the median counts, for the machine may be busy. Python keeps its bytecode in a folder of the
benchmark, as an installed program has it. VCF and BCF are measured beside plink2, which makes GT, DS and HDS
anew as we do; bcftools, which copies records, is told too.

Run: python -m tests.benchmarks.bench_export [--samples 2000] [--variants 4000] [--runs 5] [--file VCF]
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
from statistics import median

import numpy as np
from numpy.typing import NDArray

from tests.helpers.dose_rows import write_result

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
    prefix = f"import sys; sys.path.insert(0, {root!r})\n"
    name, peer = PEERS[form]
    ours = [sys.executable, "-c", prefix + "from app.__main__ import main; sys.exit(main(sys.argv[1:]))"]
    ours += ["results", "filter", "x.vcf.gz", "--out", "out", "--format", form, "--replace"]
    commands = {
        "idle": [sys.executable, "-c", prefix + IDLE],
        "proved": ours,
        "alone": [*ours, "--no-read-back"],
        "peer": list(peer),
    }
    if form in BCFTOOLS:
        commands["bcftools"] = list(BCFTOOLS[form])
    cpu_seconds(commands["alone"], folder)  # makes the bytecode
    took: dict[str, list[float]] = {what: [] for what in commands}
    for _ in range(runs):
        for what, command in commands.items():
            took[what].append(cpu_seconds(command, folder))
    middle = {what: median(seconds) for what, seconds in took.items()}
    whole = middle["proved"]
    print(
        f"{form:5} read back {whole:6.2f} s  not {middle['alone']:6.2f} s  start {middle['idle']:.2f} s  "
        f"{name:24} {middle['peer']:6.2f} s  {whole / middle['peer']:5.2f} x"
        + (f"  bcftools {middle['bcftools']:6.2f} s" if "bcftools" in middle else ""),
        flush=True,
    )


def main() -> None:
    """Print a table of CPU seconds and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--variants", type=int, default=4000)
    parser.add_argument("--runs", type=int, default=5)
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
