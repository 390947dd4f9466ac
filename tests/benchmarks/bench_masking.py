"""Masked accuracy against true accuracy: 5 panels x 3 populations, by an engine of this computer.

`python -m tests.benchmarks.bench_masking [SEEDS] [SHARE] [ENGINE] [WORK]`: panels are made of the people of
the shared data (EUR, AFR, EAS, SAS and AMR, a small mixed one), targets are 40 people each of GBR, YRI and
CHB who are in no panel, at the positions of a real array, in their true phase. The masked estimate is what a
benchmark of the program says (`mask`, `score_in_blocks`, `rank`); the true accuracy is that of a run with all
typed sites, at all untyped sites, over the same ranges of frequency with the same weights. Printed: both for
each cell, Spearman's rank correlation, the mean difference, and the places. In a folder WORK a run that was
stopped goes on.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.imputation.contract import EngineName, ImputationRequest
from app.imputation.run import impute_files
from app.results.figures.bins import MAF_BINS, MAF_COUNT
from app.results.masking.ranking import Blocks, rank, standard_scores
from app.results.masking.writing import MaskErrand, mask
from app.results.truth.scoring import TruthRequest, score_in_blocks
from app.results.truth.sums import Sum, r2_of
from tests.benchmarks.bench_meta import shell
from tests.helpers.shared import shared_folder

CHROMOSOMES = ("1", "7", "10", "19")
PARTS = (
    ("1", 97_000_000, 99_000_000),
    ("1", 169_000_000, 170_000_000),
    ("1", 200_000_000, 202_000_000),
    ("7", 1, 200_000_000),
    ("10", 1, 200_000_000),
    ("19", 1, 200_000_000),
)
"""The genes of chromosome 1 lie so far apart that Minimac4 stops at the empty stretches between them."""
POPULATIONS = ("GBR", "YRI", "CHB")
PEOPLE = 40
PANELS: dict[str, tuple[str, ...]] = {
    "EUR": ("EUR",),
    "AFR": ("AFR",),
    "EAS": ("EAS",),
    "SAS+AMR": ("SAS", "AMR"),
    "mixed": (),
}
EACH_OF_MIXED = 8
WINDOW = 50_000

Floats = NDArray[np.float64]
Cells = dict[tuple[str, str], Blocks]


@dataclass(frozen=True)
class Setting:
    """Where everything lies: the work folder and the people of each population."""

    data: Path
    work: Path
    engine: EngineName

    def panel(self, name: str, chromosome: str) -> Path:
        """A panel file."""
        return self.work / f"panel.{name}.{chromosome}.vcf.gz"

    def truth(self, population: str) -> tuple[Path, ...]:
        """The truth of a population."""
        return tuple(self.work / f"truth.{population}.{c}.vcf.gz" for c in CHROMOSOMES)


def prepare(setting: Setting) -> None:
    """Part the people into targets and panels and write their files."""
    rows = [line.split("\t") for line in (setting.data / "panel.samples.tsv").read_text().splitlines()[1:]]
    targets = {p: [row[0] for row in rows if row[1] == p][:PEOPLE] for p in POPULATIONS}
    held = {name for names in targets.values() for name in names}
    rest = [row for row in rows if row[0] not in held]
    everybody = [name for names in targets.values() for name in names]
    lists = {f"people.{p}": names for p, names in targets.items()} | {"people.all": everybody}
    for name, groups in PANELS.items():
        chosen = [row[0] for row in rest if row[2] in groups] or [row[0] for row in rest[::EACH_OF_MIXED]]
        lists[f"panel.{name}"] = chosen
        print(f"panel {name}: {len(chosen)} people")
    for name, names in lists.items():
        (setting.work / f"{name}.txt").write_text("\n".join(names) + "\n")
    for c in CHROMOSOMES:
        whole, typed = setting.data / f"panel.chr{c}.vcf.gz", setting.work / f"typed.{c}.tsv"
        form = "%CHROM\\t%POS\\t%REF\\t%ALT\\n"
        array = setting.data / "target.all_chr.vcf.gz"
        typed.write_text(shell("bcftools", "query", "-r", c, "-f", form, array))
        for name in PANELS:
            _view(setting, f"panel.{name}", whole, setting.panel(name, c), "-c", "1")
        for p in POPULATIONS:
            _view(setting, f"people.{p}", whole, setting.work / f"truth.{p}.{c}.vcf.gz")
        _view(setting, "people.all", whole, setting.work / f"target.{c}.vcf.gz", "-T", str(typed))


def _view(setting: Setting, people: str, source: Path, target: Path, *words: str) -> None:
    names = setting.work / f"{people}.txt"
    if not target.exists():
        shell("bcftools", "view", "-I", "-S", names, *words, "-Oz", "-o", target, source)


def impute(setting: Setting, panel: str, targets: dict[str, Path], out: Path) -> tuple[Path, ...]:
    """Impute all parts, unless that was done; the dose files."""
    found = []
    for chromosome, first, last in PARTS:
        folder = out / f"{chromosome}.{first}"
        found.append(folder / f"chr{chromosome}.dose.vcf.gz")
        if not found[-1].exists():
            impute_files(
                ImputationRequest(
                    panel_vcf=setting.panel(panel, chromosome),
                    target_vcf=targets[chromosome],
                    out_dir=folder,
                    chromosome=chromosome,
                    engine=setting.engine,
                    empirical=False,
                    first=first,
                    last=last,
                )
            )
    return tuple(found)


def scored(setting: Setting, name: str, dose: tuple[Path, ...], truth: tuple[Path, ...]) -> Blocks:
    """The sums by stretches of a result against a truth."""
    request = TruthRequest(
        name, dose, truth, project=False, all_chromosomes=True, window=WINDOW, work=setting.work
    )
    return score_in_blocks(request).blocks


def true_blocks(setting: Setting) -> dict[tuple[str, str], Blocks]:
    """For each panel and population: sums at untyped sites of a run with all typed sites."""
    found = {}
    targets = {c: setting.work / f"target.{c}.vcf.gz" for c in CHROMOSOMES}
    for name in PANELS:
        out = setting.work / f"full.{setting.engine}.{name}"
        dose = impute(setting, name, targets, out)
        for p in POPULATIONS:
            found[name, p] = scored(setting, name, dose, setting.truth(p))
    return found


def masked_blocks(setting: Setting, seed: int, share: float) -> dict[tuple[str, str], Blocks]:
    """The same at hidden sites of a masked run."""
    upload, kept, work = (setting.work / f"{what}.{seed}" for what in ("upload", "kept", "packed"))
    for folder in (upload, kept, work):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
    targets = tuple(str(setting.work / f"target.{c}.vcf.gz") for c in CHROMOSOMES)
    made = mask(MaskErrand(targets, upload, kept, work, share, seed, CHROMOSOMES, "GRCh37"))
    print(f"seed {seed}: {made.hidden} of {made.typed} typed sites hidden", flush=True)
    found = {}
    for name in PANELS:
        out = setting.work / f"masked.{setting.engine}.{share:g}.{seed}.{name}"
        dose = impute(setting, name, {c: upload / f"chr{c}.vcf.gz" for c in CHROMOSOMES}, out)
        for p in POPULATIONS:
            truth = []
            for each in made.truth_files:
                truth.append(kept / f"{p}.{each}")
                if not truth[-1].exists():
                    _view(setting, f"people.{p}", kept / each, truth[-1])
            found[name, p] = scored(setting, name, dose, tuple(truth))
    return found


def joined(parts: list[Blocks]) -> dict[tuple[str, int], Floats]:
    """The sums of several seeds, stretch by stretch."""
    whole: dict[tuple[str, int], Floats] = {}
    for each in parts:
        for key, table in each.items():
            whole[key] = whole[key] + table if key in whole else table
    return whole


def total(blocks: Blocks) -> Floats:
    """[ranges, columns] of all stretches."""
    return np.sum(np.stack(list(blocks.values())), axis=0)


def ranks(values: list[float]) -> Floats:
    """Ranks of values that differ."""
    order = np.empty(len(values))
    order[np.argsort(values)] = np.arange(len(values))
    return order


def spearman(first: list[float], second: list[float]) -> float:
    """The rank correlation."""
    return float(np.corrcoef(ranks(first), ranks(second))[0, 1])


def compare(true: Cells, masked: Cells) -> None:
    """Print each cell, and over all of them Spearman's correlation and the mean difference."""
    told: list[tuple[float, float, float, float]] = []
    for p in POPULATIONS:
        ranked = rank([masked[name, p] for name in PANELS])
        used = np.array([any(low == MAF_BINS[n] for low, _ in ranked.used) for n in range(MAF_COUNT)])
        print(f"{p}: frequencies {', '.join(f'{low:g}-{high:g}' for low, high in ranked.used)}")
        here = []
        for name, one in zip(PANELS, ranked.standings, strict=True):
            sums = total(true[name, p])
            score = float(standard_scores(sums, used))
            r2 = float(standard_scores(sums, used, lacking=False))
            here.append((one.score, score, one.r2, r2))
            print(
                f"  {name:8} score masked {one.score:.4f} +- {one.error or 0:.4f} true {score:.4f}   "
                f"r2 masked {one.r2:.4f} +- {one.r2_error or 0:.4f} true {r2:.4f}   "
                f"place {one.place}, as good: {','.join(map(str, one.not_apart)) or 'none'}"
            )
        told += here
        print(f"  Spearman of scores {spearman([x[0] for x in here], [x[1] for x in here]):.3f}")
        for word in ranked.warnings:
            print(f"  {word}")
    for title, first in (
        ("score (a site that is lacking counts as 0)", 0),
        ("r2 at sites that are there", 2),
    ):
        estimates, truths = [x[first] for x in told], [x[first + 1] for x in told]
        differences = np.array(estimates) - np.array(truths)
        print(
            f"{title}: {len(told)} cells, Spearman {spearman(estimates, truths):.4f}, mean difference "
            f"{differences.mean():+.4f}, mean absolute {np.abs(differences).mean():.4f}, "
            f"largest {np.abs(differences).max():.4f}"
        )


def by_frequency(true: Cells, masked: Cells) -> None:
    """Print r2 and the share of sites there, by frequency, of each cell: where the two differ."""
    for (name, p), blocks in true.items():
        for kind, table in (("true", total(blocks)), ("masked", total(masked[name, p]))):
            r2 = r2_of(table)
            whole = table[:, Sum.SITES] + table[:, Sum.MISSING]
            cells = [
                f"{MAF_BINS[n]:g}: {r2[n]:.3f} {table[n, Sum.SITES]:.0f}/{whole[n]:.0f}"
                for n in range(MAF_COUNT)
                if whole[n]
            ]
            print(f"{p} {name:8} {kind:6} {'  '.join(cells)}")


def main() -> None:
    """Make panels, impute, mask, compare."""
    root = shared_folder()
    if root is None:
        print("The shared data are not on this machine.")
        return
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    share = float(sys.argv[2]) if len(sys.argv) > 2 else 0.1
    engine = EngineName(sys.argv[3] if len(sys.argv) > 3 else EngineName.BUILTIN)
    with tempfile.TemporaryDirectory() as named:
        work = Path(sys.argv[4] if len(sys.argv) > 4 else named)
        work.mkdir(exist_ok=True)
        setting = Setting(root / "data" / "impute_pgx_kgp3", work, engine)
        began = time.monotonic()
        prepare(setting)
        print(f"panels made in {time.monotonic() - began:.0f} s", flush=True)
        true = true_blocks(setting)
        print(f"true accuracy known after {time.monotonic() - began:.0f} s", flush=True)
        parts: dict[tuple[str, str], list[Blocks]] = {key: [] for key in true}
        for seed in range(1, seeds + 1):
            for key, blocks in masked_blocks(setting, seed, share).items():
                parts[key].append(blocks)
            compare(true, {key: joined(each) for key, each in parts.items()})
            print(f"after {time.monotonic() - began:.0f} s", flush=True)
        by_frequency(true, {key: joined(each) for key, each in parts.items()})


if __name__ == "__main__":
    main()
