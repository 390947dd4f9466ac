"""Masked accuracy against true accuracy: 5 panels x 3 populations, by an engine of this computer.

`python -m tests.benchmarks.bench_masking [DATA] [SEEDS] [SHARE] [ENGINE] [WORK]`: panels are made of the
people of shared data (EUR, AFR, EAS, a fourth, a small mixed one), targets are 40 people each of GBR, YRI and
CHB who are in no panel, at the positions of a real array, in their true phase. The masked estimate is what a
benchmark of the program says (`mask`, `score_in_blocks`, `rank`); the true accuracy is that of a run with all
typed sites, at all untyped sites, over the same ranges of frequency with the same weights. Printed: both for
each cell, Spearman's rank correlation, the mean difference, and the places; and the accuracy of the masked
runs themselves at all untyped sites, which is lower by what hiding takes from the imputation (about a fifth
of it at the 2 % that the program hides). In a folder WORK a run that was
stopped goes on. The rules were chosen on `pgx`; `chr22` and `par1` were first looked at when they stood.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.domain.benchmark import Standing
from app.imputation.contract import EngineName, ImputationRequest
from app.imputation.run import impute_files
from app.results.figures.bins import MAF_BINS, MAF_COUNT
from app.results.masking.ranking import Blocks, HiddenResult, rank, standard_scores
from app.results.masking.untyped import Untyped, whole_lists
from app.results.masking.writing import SITES, MaskErrand, mask
from app.results.truth.scoring import Site, TruthRequest, score_in_blocks
from app.results.truth.sums import Sum, r2_of
from tests.benchmarks.bench_meta import shell
from tests.helpers.shared import shared_folder

POPULATIONS = ("GBR", "YRI", "CHB")
PEOPLE = 40
EACH_OF_MIXED = 8
WINDOW = 50_000

Floats = NDArray[np.float64]
Cell = tuple[str, str]
Cells = dict[Cell, HiddenResult]


@dataclass(frozen=True)
class Data:
    """Shared data: the panel of each chromosome, the array, the parts that are imputed, and the panels made.

    `array` has the positions of a real array; `renamed` gives the name of a chromosome in these files.
    """

    folder: str
    panel: str
    array: str
    parts: tuple[tuple[str, int, int], ...]
    panels: dict[str, tuple[str, ...]]
    renamed: dict[str, str] = field(default_factory=dict)

    @property
    def chromosomes(self) -> tuple[str, ...]:
        """As they are called here."""
        return tuple(dict.fromkeys(part[0] for part in self.parts))


WHOLE = (1, 300_000_000)
FOUR = {"EUR": ("EUR",), "AFR": ("AFR",), "EAS": ("EAS",), "AMR": ("AMR",), "mixed": ()}
DATA = {
    "pgx": Data(
        "impute_pgx_kgp3",
        "panel.chr{}.vcf.gz",
        "target.all_chr.vcf.gz",
        # The genes of chromosome 1 lie so far apart that Minimac4 stops at the empty stretches between them.
        (
            ("1", 97_000_000, 99_000_000),
            ("1", 169_000_000, 170_000_000),
            ("1", 200_000_000, 202_000_000),
            ("7", *WHOLE),
            ("10", *WHOLE),
            ("19", *WHOLE),
        ),
        {"EUR": ("EUR",), "AFR": ("AFR",), "EAS": ("EAS",), "SAS+AMR": ("SAS", "AMR"), "mixed": ()},
    ),
    "chr22": Data("impute_chr22_multi", "panel.chr{}.vcf.gz", "target.chr22.vcf.gz", (("22", *WHOLE),), FOUR),
    # All people are diploid there; a benchmark takes autosomes only, so it is called one.
    "par1": Data(
        "impute_chrX_PAR1_multi",
        "panel.chr{}.PAR1.vcf.gz",
        "target.chrX.PAR1.vcf.gz",
        (("21", *WHOLE),),
        FOUR,
        {"21": "X"},
    ),
}


@dataclass(frozen=True)
class Setting:
    """Where everything lies: the work folder and the people of each population."""

    data: Data
    source: Path
    work: Path
    engine: EngineName

    def panel(self, name: str, chromosome: str) -> Path:
        """A panel file."""
        return self.work / f"panel.{name}.{chromosome}.vcf.gz"

    def truth(self, population: str) -> tuple[Path, ...]:
        """The truth of a population."""
        return tuple(self.work / f"truth.{population}.{c}.vcf.gz" for c in self.data.chromosomes)


def prepare(setting: Setting) -> None:
    """Part the people into targets and panels and write their files."""
    rows = [line.split("\t") for line in (setting.source / "panel.samples.tsv").read_text().splitlines()[1:]]
    targets = {p: [row[0] for row in rows if row[1] == p][:PEOPLE] for p in POPULATIONS}
    held = {name for names in targets.values() for name in names}
    rest = [row for row in rows if row[0] not in held]
    everybody = [name for names in targets.values() for name in names]
    lists = {f"people.{p}": names for p, names in targets.items()} | {"people.all": everybody}
    for name, groups in setting.data.panels.items():
        chosen = [row[0] for row in rest if row[2] in groups] or [row[0] for row in rest[::EACH_OF_MIXED]]
        lists[f"panel.{name}"] = chosen
        print(f"panel {name}: {len(chosen)} people")
    for name, names in lists.items():
        (setting.work / f"{name}.txt").write_text("\n".join(names) + "\n")
    array = setting.source / setting.data.array
    for c in setting.data.chromosomes:
        whole, named = _whole(setting, c), setting.data.renamed.get(c, c)
        typed = setting.work / f"typed.{c}.tsv"
        form = f"{c}\\t%POS\\t%REF\\t%ALT\\n"
        typed.write_text(shell("bcftools", "query", "-r", named, "-f", form, array))
        for name in setting.data.panels:
            _view(setting, f"panel.{name}", whole, setting.panel(name, c), "-c", "1")
        for p in POPULATIONS:
            _view(setting, f"people.{p}", whole, setting.work / f"truth.{p}.{c}.vcf.gz")
        _view(setting, "people.all", whole, setting.work / f"target.{c}.vcf.gz", "-T", str(typed))


def _whole(setting: Setting, chromosome: str) -> Path:
    """Everybody of the shared panel, with the chromosome as it is called here."""
    named = setting.data.renamed.get(chromosome, chromosome)
    source = setting.source / setting.data.panel.format(named)
    if named == chromosome:
        return source
    names, made = setting.work / "names.txt", setting.work / f"whole.{chromosome}.vcf.gz"
    names.write_text(f"{named}\t{chromosome}\n")
    if not made.exists():
        shell("bcftools", "annotate", "--rename-chrs", names, "-Oz", "-o", made, source)
    return made


def _view(setting: Setting, people: str, source: Path, target: Path, *words: str) -> None:
    names = setting.work / f"{people}.txt"
    if not target.exists():
        shell("bcftools", "view", "-I", "-S", names, *words, "-Oz", "-o", target, source)


def impute(setting: Setting, panel: str, targets: dict[str, Path], out: Path) -> tuple[Path, ...]:
    """Impute all parts, unless that was done; the dose files."""
    found = []
    for chromosome, first, last in setting.data.parts:
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


def scored(
    setting: Setting,
    name: str,
    dose: tuple[Path, ...],
    truth: tuple[Path, ...],
    left_out: tuple[Site, ...] = (),
) -> HiddenResult:
    """What is kept of a result that is scored against a truth, without the sites `left_out`."""
    request = TruthRequest(
        name,
        dose,
        truth,
        project=False,
        typed=left_out,
        all_chromosomes=True,
        window=WINDOW,
        work=setting.work,
    )
    untyped = Untyped(WINDOW)
    made = score_in_blocks(request, watch=untyped)
    untyped.weigh()
    return HiddenResult(made.blocks, untyped.tables, whole_lists(untyped))


def true_results(setting: Setting) -> Cells:
    """For each panel and population: sums at untyped sites of a run with all typed sites."""
    found = {}
    targets = {c: setting.work / f"target.{c}.vcf.gz" for c in setting.data.chromosomes}
    for name in setting.data.panels:
        dose = impute(setting, name, targets, setting.work / f"full.{setting.engine}.{name}")
        for p in POPULATIONS:
            found[name, p] = scored(setting, name, dose, setting.truth(p))
    return found


def hidden_sites(kept: Path) -> tuple[Site, ...]:
    """The hidden sites as they are listed."""
    rows = [line.split("\t") for line in (kept / SITES).read_text().splitlines()[1:]]
    return tuple((row[0], int(row[1]), row[2], row[3]) for row in rows)


def masked_results(setting: Setting, seed: int, share: float) -> tuple[Cells, Cells]:
    """A masked run at its hidden sites, and at all sites that were never typed."""
    upload, kept, work = (setting.work / f"{what}.{seed}" for what in ("upload", "kept", "packed"))
    for folder in (upload, kept, work):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
    chromosomes = setting.data.chromosomes
    targets = tuple(str(setting.work / f"target.{c}.vcf.gz") for c in chromosomes)
    made = mask(MaskErrand(targets, upload, kept, work, share, seed, chromosomes, "GRCh37"))
    print(f"seed {seed}: {made.hidden} of {made.typed} typed sites hidden", flush=True)
    found, untyped = {}, {}
    left_out = hidden_sites(kept)
    for name in setting.data.panels:
        out = setting.work / f"masked.{setting.engine}.{share:g}.{seed}.{name}"
        dose = impute(setting, name, {c: upload / f"chr{c}.vcf.gz" for c in chromosomes}, out)
        for p in POPULATIONS:
            truth = []
            for each in made.truth_files:
                truth.append(kept / f"{p}.{each}")
                if not truth[-1].exists():
                    _view(setting, f"people.{p}", kept / each, truth[-1])
            found[name, p] = scored(setting, name, dose, tuple(truth))
            untyped[name, p] = scored(setting, name, dose, setting.truth(p), left_out)
    return found, untyped


def joined(parts: list[HiddenResult]) -> HiddenResult:
    """Several seeds as if they were one: sums stretch by stretch, the sites of the first."""
    hidden: dict[tuple[str, int], Floats] = {}
    own: dict[tuple[str, int], Floats] = {}
    for each in parts:
        for whole, blocks in ((hidden, each.hidden), (own, each.own)):
            for key, table in blocks.items():
                whole[key] = whole[key] + table if key in whole else table
    return HiddenResult(hidden, own, parts[0].sites)


def total(blocks: Blocks) -> Floats:
    """[ranges, columns] of all stretches."""
    return np.asarray(np.sum(np.stack(list(blocks.values())), axis=0), np.float64)


def ranks(values: list[float]) -> Floats:
    """Ranks of values that differ."""
    order = np.empty(len(values))
    order[np.argsort(values)] = np.arange(len(values))
    return order


def spearman(first: list[float], second: list[float]) -> float:
    """The rank correlation."""
    return float(np.corrcoef(ranks(first), ranks(second))[0, 1])


@dataclass(frozen=True)
class Told:
    """A cell: estimate and true value of the score, of r2 at sites that are there, and of the coverage.

    `same` is the score of the masked runs themselves at the sites that were never typed.
    """

    masked: Standing
    score: float
    r2: float
    same: float

    @property
    def pairs(self) -> tuple[tuple[float, float], ...]:
        """Estimate and truth of each figure."""
        present = self.score / self.r2 if self.r2 else 0.0
        mine = self.masked
        return (
            (mine.score, self.score),
            (mine.r2, self.r2),
            (mine.present, present),
            (mine.score, self.same),
        )


FIGURES = ("score", "r2 at sites that are there", "coverage", "score against that of the same masked runs")


def compare(true: Cells, masked: Cells, same: Cells, panels: Iterable[str]) -> None:
    """Print each cell, and over all of them Spearman's correlation and the mean difference."""
    told: list[Told] = []
    for p in POPULATIONS:
        ranked = rank([masked[name, p] for name in panels], WINDOW)
        used = np.array([any(low == MAF_BINS[n] for low, _ in ranked.used) for n in range(MAF_COUNT)])
        print(f"{p}: frequencies {', '.join(f'{low:g}-{high:g}' for low, high in ranked.used)}")
        here = []
        for name, one in zip(panels, ranked.standings, strict=True):
            sums = total(true[name, p].hidden)
            score, r2 = (float(standard_scores(sums, used, lacking=each)) for each in (True, False))
            again = float(standard_scores(total(same[name, p].hidden), used))
            here.append(Told(one, score, r2, again))
            print(
                f"  {name:8} score masked {one.score:.4f} +- {one.error or 0:.4f} true {score:.4f}   "
                f"r2 masked {one.r2:.4f} +- {one.r2_error or 0:.4f} true {r2:.4f}   "
                f"present {one.present:.3f}   place {one.place}, "
                f"as good: {','.join(map(str, one.not_apart)) or 'none'}"
            )
        told += here
        summary(p, here)
        for word in ranked.warnings:
            print(f"  {word}")
    summary("all", told)


def summary(title: str, told: list[Told]) -> None:
    """Print how estimates and truth agree."""
    for number, name in enumerate(FIGURES):
        estimated, true = (np.array([each.pairs[number][k] for each in told]) for k in (0, 1))
        off = estimated - true
        print(
            f"{title}: {name}: {len(told)} cells, Spearman {spearman(list(estimated), list(true)):.4f}, "
            f"mean difference {off.mean():+.4f}, mean absolute {np.abs(off).mean():.4f}, "
            f"largest {np.abs(off).max():.4f}"
        )


def by_frequency(true: Cells, masked: Cells) -> None:
    """Print r2 and the share of sites there, by frequency, of each cell: where the two differ."""
    for (name, p), result in true.items():
        for kind, table in (("true", total(result.hidden)), ("masked", total(masked[name, p].hidden))):
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
    words = dict(enumerate(sys.argv[1:]))
    data = DATA[words.get(0, "pgx")]
    seeds, share = int(words.get(1, 3)), float(words.get(2, 0.1))
    engine = EngineName(words.get(3, EngineName.BUILTIN))
    with tempfile.TemporaryDirectory() as named:
        work = Path(words.get(4, named))
        work.mkdir(exist_ok=True)
        setting = Setting(data, root / "data" / data.folder, work, engine)
        began = time.monotonic()
        prepare(setting)
        print(f"panels made in {time.monotonic() - began:.0f} s", flush=True)
        true = true_results(setting)
        print(f"true accuracy known after {time.monotonic() - began:.0f} s", flush=True)
        parts: dict[Cell, list[HiddenResult]] = {key: [] for key in true}
        same: dict[Cell, list[HiddenResult]] = {key: [] for key in true}
        for seed in range(1, seeds + 1):
            masked, untyped = masked_results(setting, seed, share)
            for key in true:
                parts[key].append(masked[key])
                same[key].append(untyped[key])
            one, other = ({key: joined(each) for key, each in kind.items()} for kind in (parts, same))
            compare(true, one, other, data.panels)
            print(f"after {time.monotonic() - began:.0f} s", flush=True)
        by_frequency(true, {key: joined(each) for key, each in parts.items()})


if __name__ == "__main__":
    main()
