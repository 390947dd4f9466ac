"""A site list like that of HRC: rows a CPU second, bytes a site, peak memory, and matching an array with it.

Run: python -m tests.benchmarks.bench_panels [--rows 4000000] [--array 700000]
The peers of the same run are `bgzip -dc` (the floor) and `zcat | wc -l` (what a shell needs to count lines).
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from app.genotypes.bgzf import BgzfWriter
from app.genotypes.builds import length
from app.genotypes.panels.match import MatchKind, match
from app.genotypes.panels.store import open_panel
from app.genotypes.texts import Texts

BUILD = """
import resource, sys
from pathlib import Path
from app.genotypes.panels.store import PanelAbout, build_panel
found = build_panel([Path(sys.argv[1])], Path(sys.argv[2]), PanelAbout("bench", "GRCh37"))
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(found.about.sites, found.size, round(peak))
"""
_HEAD = (
    b"#CHROM\tPOS\tID\tREF\tALT\tAC\tAN\tAF\tAC_EXCLUDING_1000G\tAN_EXCLUDING_1000G\tAF_EXCLUDING_1000G\tAA\n"
)
_PIECE = 100_000


def write_list(path: Path, rows: int, seed: int = 3) -> None:
    """Rows over the 22 autosomes in proportion to their lengths, sorted, with the columns of HRC r1.1."""
    rng = np.random.default_rng(seed)
    lengths = [length("GRCh37", str(n)) or 0 for n in range(1, 23)]
    with BgzfWriter(path, level=1) as writer:
        writer.write(_HEAD)
        for number, bases in enumerate(lengths, 1):
            _write_chromosome(writer, rng, number, bases, int(rows * bases / sum(lengths)))


def _write_chromosome(
    writer: BgzfWriter, rng: np.random.Generator, number: int, bases: int, rows: int
) -> None:
    position = np.sort(rng.integers(10_000, bases, rows))
    for at in range(0, rows, _PIECE):
        here = position[at : at + _PIECE]
        count = np.maximum(1, (rng.beta(0.1, 3, len(here)) * 64_940).astype(int))
        names = rng.integers(1, 1_500_000_000, len(here))
        pair = rng.integers(0, 12, len(here))
        columns = zip(here.tolist(), names.tolist(), pair.tolist(), count.tolist(), strict=True)
        writer.write("".join(_line(number, *each) for each in columns).encode())


_PAIRS = [f"{ref}\t{alt}" for ref in "ACGT" for alt in "ACGT" if ref != alt]


def _line(chromosome: int, position: int, name: int, pair: int, count: int) -> str:
    share = f"{count / 64_940:g}"
    return (
        f"{chromosome}\t{position}\trs{name}\t{_PAIRS[pair]}\t{count}\t64940\t{share}"
        f"\t{count}\t60000\t{share}\t{_PAIRS[pair][0]}\n"
    )


def match_array(folder: Path, sites: int) -> tuple[float, int]:
    """CPU seconds to match an array of which the list has half, by chromosome; and exact matches."""
    rng = np.random.default_rng(5)
    found = open_panel(folder)
    exact = 0
    spent = 0.0
    for name in found.about.chromosomes:
        table = found.table(name)
        assert table is not None
        count = sites * len(table) // found.about.sites
        rows = np.sort(rng.integers(0, len(table), count))
        position = table.position[rows].astype(np.int64)
        position[::2] += 1
        pairs = [table.alleles(int(row)) for row in rows]
        refs, alts = Texts.of(pair[0] for pair in pairs), Texts.of(pair[1] for pair in pairs)
        began = time.process_time()
        kinds = match(table, position, refs, alts).counts()
        spent += time.process_time() - began
        exact += kinds[MatchKind.EXACT]
    return spent, exact


def cpu_seconds(command: Sequence[str], folder: Path) -> tuple[float, str]:
    """User and system seconds of a command, and what it printed."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with (folder / "printed").open("w+", encoding="utf-8") as printed:
        root = Path(__file__).resolve().parents[2]
        subprocess.run(command, check=True, stdout=printed, cwd=root)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        printed.seek(0)
        told = printed.read(1000)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, told


def main() -> None:
    """Print figures and ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=4_000_000)
    parser.add_argument("--array", type=int, default=700_000)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        path = work / "bench.sites.tab.gz"
        write_list(path, chosen.rows)
        print(f"{chosen.rows:,} rows, {path.stat().st_size / 1e6:.0f} MB packed")
        floor, _ = cpu_seconds(["sh", "-c", f"bgzip -dc {path} > {os.devnull}"], work)
        count, _ = cpu_seconds(["sh", "-c", f"zcat {path} | wc -l"], work)
        began = time.perf_counter()
        spent, told = cpu_seconds([sys.executable, "-c", BUILD, str(path), str(work / "list")], work)
        wall = time.perf_counter() - began
        sites, size, peak = map(int, told.split())
        print(f"bgzip -dc         {floor:7.2f} s CPU")
        print(f"zcat | wc -l      {count:7.2f} s CPU")
        print(f"build             {spent:7.2f} s CPU, {wall:.1f} s in all: {spent / floor:.1f} x bgzip,")
        print(f"                  {spent / count:.1f} x zcat | wc; {sites / spent:,.0f} rows a CPU second")
        print(f"                  {size / sites:.2f} bytes a site, {peak} MB at the peak")
        seconds, exact = match_array(work / "list", chosen.array)
        print(f"match {chosen.array:,} sites: {seconds:.2f} s CPU, {exact:,} exact")


if __name__ == "__main__":
    main()
