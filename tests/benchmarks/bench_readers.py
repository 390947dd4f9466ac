"""CPU seconds of the readers of other formats than VCF, beside the programs that people read them with.

Imports are taken off ours; peers are measured whole.

Run: python -m tests.benchmarks.bench_readers [--samples 2000] [--variants 10000]
"""

from __future__ import annotations

import argparse
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from app.genotypes.cohort import pack

READ = """
import sys
from pathlib import Path
from app.genotypes.readers.opening import open_reader
for batch in open_reader([Path(sys.argv[1])]).batches():
    pass
"""
COPY = "import sys; open('copy', 'wb').write(open(sys.argv[1], 'rb').read())"
IDLE = "import app.genotypes.readers.opening, app.genotypes.readers.bgen, app.genotypes.readers.bcf"
CYVCF2 = "import sys, cyvcf2\nfor v in cyvcf2.VCF(sys.argv[1], gts012=True): v.gt_types"
BGEN = "import sys, bgen\nfor v in bgen.BgenReader(sys.argv[1]): v.alt_dosage"
PGENLIB = """
import sys, numpy, pgenlib
reader = pgenlib.PgenReader(sys.argv[1].encode())
row = numpy.empty(reader.get_raw_sample_ct(), numpy.int8)
for number in range(reader.get_variant_ct()): reader.read(number, row)
"""
_BED_OF_CODE = np.array([3, 2, 0, 1], np.uint8)
_PEERS: dict[str, dict[str, str]] = {
    "x.bed": {"copy of the bytes": COPY},
    "x.pgen": {"Pgenlib": PGENLIB},
    "x.bgen": {"bgen": BGEN},
    "x.bcf": {"cyvcf2": CYVCF2},
    "x.gen": {},
    "x.ped": {},
}


def cpu_seconds(command: list[str], folder: Path, runs: int = 3) -> float:
    """The least user and system time of some runs of a command."""
    best = float("inf")
    for _ in range(runs):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        best = min(best, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return best


def write_sets(folder: Path, samples: int, variants: int, seed: int = 3) -> None:
    """One random cohort as .bed, and what plink2 makes of it."""
    rng = np.random.default_rng(seed)
    with (folder / "x.bed").open("wb") as bed:
        bed.write(b"\x6c\x1b\x01")
        for _ in range(variants):
            codes = rng.binomial(2, rng.beta(0.6, 1.4), samples)
            codes[rng.random(samples) < 0.0065] = 3
            bed.write(pack(_BED_OF_CODE[codes][None, :]).tobytes())
    (folder / "x.bim").write_text(
        "".join(f"20\trs{n}\t0\t{60_000 + 600 * n}\tG\tA\n" for n in range(variants))
    )
    (folder / "x.fam").write_text("".join(f"S{n}\tS{n}\t0\t0\t0\t-9\n" for n in range(samples)))
    for words in (
        ["--make-pgen"],
        ["--export", "bgen-1.2", "bits=8"],
        ["--export", "bcf"],
        ["--export", "oxford"],
        ["--export", "ped"],
    ):
        subprocess.run(
            ["plink2", "--bfile", "x", *words, "--out", "x"], cwd=folder, check=True, capture_output=True
        )  # fmt: skip


def measure(folder: Path, name: str) -> None:
    """One line a way of reading a file; imports are taken off ours."""
    root = str(Path(__file__).resolve().parents[2])
    start = [sys.executable, "-c"]
    prefix = f"import sys; sys.path.insert(0, {root!r})\n"
    idle = cpu_seconds([*start, prefix + IDLE], folder)
    ours = max(0.01, cpu_seconds([*start, prefix + READ, name], folder) - idle)
    print(f"{name:8} {'Haplodesk':22} {ours:7.2f} s  ({(folder / name).stat().st_size / 1e6:.1f} MB)")
    peers = {what: [*start, prefix + code, name] for what, code in _PEERS[name].items()}
    option = {"bed": "--bfile", "pgen": "--pfile"}.get(name.partition(".")[2])
    if option:
        peers["plink2 --freq"] = ["plink2", option, "x", "--freq", "--out", "y"]
    for what, words in peers.items():
        try:
            seconds = cpu_seconds(words, folder)
        except subprocess.CalledProcessError:
            continue  # the library is not installed
        print(f"{name:8} {what:22} {seconds:7.2f} s  {ours / max(0.01, seconds):6.2f} x")


def main() -> None:
    """Print a table of CPU seconds and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=2000)
    parser.add_argument("--variants", type=int, default=10_000)
    chosen = parser.parse_args()
    if shutil.which("plink2") is None:
        sys.exit("plink2 is needed to write the files.")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_sets(folder, chosen.samples, chosen.variants)
        print(f"{chosen.samples:,} samples x {chosen.variants:,} variants, CPU seconds")
        for each in _PEERS:
            measure(folder, each)


if __name__ == "__main__":
    main()
