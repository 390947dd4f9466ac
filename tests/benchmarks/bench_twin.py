"""CPU seconds of the twin of the server's quality control against bgzip and bcftools stats, in one run.

Run: python -m tests.benchmarks.bench_twin [--samples 5000] [--variants 100000]
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from app.genotypes.bgzf import BgzfWriter
from tests.benchmarks.bench_check import cost, write_cohort

TWIN = """
import resource, sys
from app.genotypes.server.panel_sites import SitesFiles
from app.genotypes.server.parameters import ServerQcParameters
from app.genotypes.server_qc import run_server_qc
answer = run_server_qc([sys.argv[1]], ServerQcParameters(), SitesFiles(sys.argv[2], "sites.$chr.gz"))
print(answer.stage, answer.snps, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, "MB")
"""
IDLE = "import app.genotypes.server_qc"


def write_sites(path: Path, variants: int) -> None:
    """A site list in which nine in ten sites of the cohort are found, one in a hundred swapped."""
    with BgzfWriter(path) as out:
        out.write(b"ID\tCHROM\tPOS\tREF\tALT\tAAF_EUR\n")
        for n in range(variants):
            pair = "G\tA" if n % 100 == 7 else "A\tG"
            if n % 10:
                out.write(f"rs{n}\t20\t{60_000 + 600 * n}\t{pair}\t0.3\n".encode())


def main() -> None:
    """Print CPU seconds, and the ratio to the inflating alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=5000)
    parser.add_argument("--variants", type=int, default=100_000)
    chosen = parser.parse_args()
    root = str(Path(__file__).resolve().parents[2])
    prefix = f"import sys; sys.path.insert(0, {root!r}); "
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "cohort.vcf.gz"
        text = write_cohort(path, chosen.samples, chosen.variants)
        write_sites(folder / "sites.20.gz", chosen.variants)
        commands = {
            "bgzip -dc": ["bgzip", "-dc", str(path)],
            "bcftools stats -s -": ["bcftools", "stats", "-s", "-", str(path)],
            "twin": [sys.executable, "-c", prefix + TWIN, str(path), name],
            "imports alone": [sys.executable, "-c", prefix + IDLE],
        }
        print(f"{chosen.samples:,} samples x {chosen.variants:,} variants, {text / 1e6:,.0f} MB of text")
        print(subprocess.run(commands["twin"], capture_output=True, text=True, check=True).stdout.strip())
        there = {what: words for what, words in commands.items() if shutil.which(words[0])}
        measured = {what: cost(words, folder, 2).seconds for what, words in there.items()}
        least = measured.get("bgzip -dc", measured["twin"])
        for what, seconds in measured.items():
            print(f"{what:24} {seconds:8.2f} s {seconds / least:8.2f} x")


if __name__ == "__main__":
    main()
