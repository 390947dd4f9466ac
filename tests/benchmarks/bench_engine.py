"""The built-in engine beside Minimac4 and Beagle 5.4: accuracy by frequency, time, memory, switch errors.

`python -m tests.benchmarks.bench_engine FOLDER [--cases simulated,real,scaling] [--keep]`: FOLDER holds the
simulated data (made at the first run, some minutes) and all outputs. All engines run with two threads; each
is a process of its own with all it starts, ours the whole `haplodesk impute`. Each has the panel in its own
form, packed before. `--keep` takes peers' results of an earlier run: their times are then not of this run.
The small panels of some genes (pgx) are measured one by one and as one job: ours takes all chromosomes in one
run, Minimac4 is run once for each.
r2 is over all genotypes of a range of MAF (of the panel) at sites that were not typed.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from app.imputation.contract import WHOLE
from app.imputation.panel_format.building import pack_vcf
from app.imputation.panel_format.reader import Panel
from tests.benchmarks.engine_cases import Case, real_cases, scaling, simulated
from tests.benchmarks.engine_data import SCALING
from tests.benchmarks.engine_peers import Used, beagle, kept, minimac4, ours, ours_together
from tests.benchmarks.engine_scores import BINS, Scores, Site, scored, switch_errors, truth_of
from tests.helpers.shared import shared_folder

Run = tuple[Path, Used]


def packed(case: Case, folder: Path) -> Path:
    """The panel in our own form, made once as the others' forms are."""
    path = folder / "packed" / f"{case.name}.hpanel"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        pack_vcf(case.panel, path)
    return path


def frequencies(path: Path) -> dict[Site, float]:
    """Those of ALT in the panel."""
    found: dict[Site, float] = {}
    with Panel.open(path) as panel:
        for part in panel.stretches(1, WHOLE):
            sites = zip(part.positions.tolist(), part.refs.tolist(), part.alts.tolist(), strict=True)
            found.update(zip(sites, (part.alt_counts / part.size).tolist(), strict=True))
    return found


class Bench:
    """Runs one case and prints its tables."""

    def __init__(self, case: Case, folder: Path, *, keep: bool) -> None:
        self.case, self.keep = case, keep
        self.out = folder / "peers" / case.name
        self.out.mkdir(parents=True, exist_ok=True)
        self.panel = packed(case, folder)

    def peer(self, name: str, path: str, run: Callable[[], Run]) -> Run:
        """Run a peer, or take what was kept of it."""
        used = kept(self.out, name) if self.keep else None
        return (self.out / path, used) if used else run()

    def phased(self) -> dict[str, Run]:
        """Engines on phased input."""
        mine = ours(self.case, self.out, self.panel, phased=True)
        return {"ours": mine, "minimac4": self.phased_by_minimac4()}

    def phased_by_minimac4(self) -> Run:
        """Minimac4 on phased input."""
        return self.peer("minimac4", "minimac4.vcf.gz", lambda: minimac4(self.case, self.out))

    def unphased(self) -> dict[str, Run]:
        """Engines on unphased input."""
        both = self.peer("beagle", "beagle.vcf.gz", lambda: beagle(self.case, self.out, impute=True))
        return {"ours": ours(self.case, self.out, self.panel, phased=False), "beagle": both}

    def accuracy(self, runs: dict[str, Run]) -> None:
        """r2 by MAF of all runs, and what their R2 is worth."""
        truth, found = truth_of(self.case.truth, self.case.phased), frequencies(self.panel)
        scores = {name: scored(dose, truth, found) for name, (dose, _) in runs.items()}
        print(f"    {'MAF':>15} {'sites':>7} " + " ".join(f"{name:>9}" for name in scores))
        for low, high in zip(BINS, BINS[1:], strict=False):
            print(f"    {low:7.2%}-{high:7.2%} " + _line(scores, low, high))
        for name, each in scores.items():
            print(
                f"    {name}: R2 told and true correlate {each.told_and_true:.4f}; "
                f"R2 told and of the dosages differ at most {each.told_and_again:.4f}"
            )

    def switches(self, runs: dict[str, Run]) -> None:
        """Switch errors of phasing, ours from the empirical dosages, whose GT is the phased input."""
        ours_at = runs["ours"][0].parent / f"chr{self.case.chromosome}.empiricalDose.vcf.gz"
        for name, path in (("ours", ours_at), ("beagle", runs["beagle"][0])):
            wrong, pairs = switch_errors(path, self.case.phased)
            print(f"    {name}: {wrong} of {pairs} pairs switched, {wrong / max(pairs, 1):.4%}")


def _line(scores: dict[str, Scores], low: float, high: float) -> str:
    values = [each.r2(low, high) for each in scores.values()]
    return f"{values[0][0]:7d} " + " ".join(f"{r2:9.4f}" for _, r2 in values)


def _costs(runs: dict[str, Run]) -> None:
    (_, mine), (peer, (_, other)) = runs["ours"], list(runs.items())[1]
    for name, (_, used) in runs.items():
        print(
            f"    {name:>9}: {used.cpu:8.1f} s CPU, {used.wall:8.1f} s in all, {used.peak_mb:7.0f} MB at most"
        )
    print(
        f"    ours is {mine.cpu / other.cpu:.2f} x the CPU, {mine.wall / other.wall:.2f} x the time, "
        f"{mine.peak_mb / other.peak_mb:.2f} x the memory of {peer}"
    )


def compare(case: Case, folder: Path, *, keep: bool, ways: str) -> None:
    """Phased input against Minimac4, unphased input against Beagle."""
    bench = Bench(case, folder, keep=keep)
    if "phased" in ways.split(","):
        print(f"{case.name}, phased input")
        runs = bench.phased()
        _costs(runs)
        bench.accuracy(runs)
    if "unphased" in ways.split(","):
        print(f"{case.name}, unphased input")
        runs = bench.unphased()
        _costs(runs)
        bench.accuracy(runs)
        bench.switches(runs)


def grow(folder: Path) -> None:
    """Cost of phased input by panel haplotypes: with the sites of each panel, and with the same sites."""
    for same in (False, True):
        for size in SCALING:
            bench = Bench(scaling(folder, size, same=same), folder, keep=False)
            runs = bench.phased()
            told = ", ".join(
                f"{name} {used.cpu:.1f} s CPU {used.peak_mb:.0f} MB" for name, (_, used) in runs.items()
            )
            with Panel.open(bench.panel) as panel:
                print(f"{size} haplotypes, {len(panel.positions())} sites{' (the same)' * same}: {told}")


def together(parts: Sequence[Case], folder: Path) -> None:
    """What some chromosomes of the same people cost as one job of phased input; the peer's were measured."""
    out = folder / "peers" / "pgx"
    out.mkdir(parents=True, exist_ok=True)
    peers = [Bench(case, folder, keep=True).phased_by_minimac4()[1] for case in parts]
    used = ours_together(parts, out, [packed(case, folder) for case in parts])
    peer = Used(
        sum(each.cpu for each in peers),
        sum(each.wall for each in peers),
        max(each.peak_mb for each in peers),
    )
    print(f"pgx, {len(parts)} chromosomes in one job, phased input")
    _costs({"ours": (out, used), "minimac4": (out, peer)})


def cases(chosen: str, folder: Path) -> Iterator[Case]:
    """Those that are asked for, by name or as `real`."""
    names = chosen.split(",")
    if "simulated" in names:
        yield simulated(folder)
    root = shared_folder()
    if root is not None:
        for case in real_cases(root / "data", folder):
            if "real" in names or case.name in names:
                yield case


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--cases", default="simulated,real,scaling")
    parser.add_argument("--ways", default="phased,unphased")
    parser.add_argument("--keep", action="store_true", help="take peers' results of an earlier run")
    asked = parser.parse_args()
    genes = []
    for case in cases(asked.cases, asked.folder):
        compare(case, asked.folder, keep=asked.keep, ways=asked.ways)
        genes += [case] if case.name.startswith("pgx") else []
    if len(genes) > 1 and "phased" in asked.ways.split(","):
        together(genes, asked.folder)
    if "scaling" in asked.cases.split(","):
        grow(asked.folder)


if __name__ == "__main__":
    main()
