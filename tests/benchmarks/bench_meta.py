"""Meta-imputation of two panels that are one panel split by population, against each and simple means.

`python -m tests.benchmarks.bench_meta [pgx|eur]`: dosage r2 with the truth by frequency in the whole panel,
at untyped sites, pooled over people; then CPU seconds as a ratio to `bcftools view` reading the same files.
Targets are phased by their truth. A variant that a panel lacks counts as dosage 0 for it under “all sites”.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.genotypes.matrix import read_matrix
from app.imputation.contract import EngineName, ImputationRequest
from app.imputation.run import impute_files
from app.results.doses.contract import Field, SiteKind
from app.results.merging.files import chromosome_batches, look_at, result_files
from app.results.merging.people import columns_of_same
from app.results.merging.sites import aligned
from app.results.meta.consensus import ConsensusRequest, consensus
from app.results.meta.run import MetaRequest, meta_impute
from app.results.meta.weights import Start
from tests.helpers.shared import shared_folder

BINS = (0.0, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.501)
NAMES = ("A", "B", "consensus", "R2 mean", "meta", "fitted")
Site = tuple[int, str, str]


@dataclass(frozen=True)
class Split:
    """A panel of the shared data, the populations of part A (others alternate), its chromosomes and map."""

    folder: str
    target: str
    first: tuple[str, ...]
    second: tuple[str, ...]
    chromosomes: tuple[str, ...]


SPLITS = {
    "pgx": Split(
        "impute_pgx_kgp3", "target.all_chr.vcf.gz", ("AFR",), ("EAS", "SAS"), ("1", "7", "10", "19")
    ),
    "eur": Split("impute_chr22_eur", "target.gsa_v3.vcf.gz", ("CEU", "FIN"), ("GBR", "TSI"), ("22",)),
}


def shell(*words: object) -> str:
    """Run a program and give what it says."""
    return subprocess.run([str(w) for w in words], check=True, capture_output=True, text=True).stdout


def people(data: Path, split: Split) -> tuple[list[str], list[str]]:
    """The two halves: whole groups where they are named, every other person of the rest."""
    rows = [line.split("\t") for line in (data / "panel.samples.tsv").read_text().splitlines()[1:]]
    halves: tuple[list[str], list[str]] = ([], [])
    turn: dict[str, int] = {}
    for row in rows:
        if set(row[1:3]) & set(split.first):
            halves[0].append(row[0])
        elif set(row[1:3]) & set(split.second):
            halves[1].append(row[0])
        else:
            turn[row[2]] = turn.get(row[2], 0) + 1
            halves[turn[row[2]] % 2].append(row[0])
    return halves


def impute(data: Path, split: Split, work: Path) -> list[Path]:
    """Impute the targets, in their true phase, from each half."""
    folders = []
    for name, half in zip("AB", people(data, split), strict=True):
        (work / f"{name}.txt").write_text("\n".join(half) + "\n")
        print(f"panel {name}: {len(half)} people")
        folders.append(work / name)
        for c in split.chromosomes:
            panel, target, typed = (work / f"{what}.{c}.{kind}" for what, kind in _PARTS)
            whole = data / f"panel.chr{c}.vcf.gz"
            shell("bcftools", "view", "-S", work / f"{name}.txt", "-c", "1", "-Oz", "-o", panel, whole)
            form = "%CHROM\\t%POS\\t%REF\\t%ALT\\n"
            typed.write_text(shell("bcftools", "query", "-r", c, "-f", form, data / split.target))
            shell("bcftools", "view", "-T", typed, "-Oz", "-o", target, data / f"truth.chr{c}.vcf.gz")
            impute_files(
                ImputationRequest(
                    panel_vcf=panel,
                    target_vcf=target,
                    out_dir=folders[-1],
                    chromosome=c,
                    engine=EngineName.BUILTIN,
                )
            )
    return folders


_PARTS = (("panel", "vcf.gz"), ("target", "vcf.gz"), ("typed", "tsv"))


def frequencies(panel: Path) -> dict[Site, float]:
    """ALT frequency of each variant of the whole panel."""
    rows = shell("bcftools", "query", "-f", "%POS\\t%REF\\t%ALT\\t%AF\\n", panel).splitlines()
    split = (row.split("\t") for row in rows)
    return {(int(position), ref, alt): float(af) for position, ref, alt, af in split}


@dataclass
class Scores:
    """Moments of dosage and truth, [sites sets, methods, bins, 6]."""

    sums: NDArray[np.float64]
    sites: NDArray[np.int64]

    def add(self, which: int, place: int, doses: NDArray[np.float64], true: NDArray[np.float64]) -> None:
        """A site: dosages [methods, people]."""
        self.sites[which, place] += 1
        one = np.ones(len(doses))
        self.sums[which, :, place] += np.stack(
            [
                one * len(true),
                doses.sum(axis=1),
                one * true.sum(),
                (doses**2).sum(axis=1),
                one * (true @ true),
                doses @ true,
            ],
            axis=1,
        )

    def r2(self) -> NDArray[np.float64]:
        """[sites sets, methods, bins]."""
        n, x, y, xx, yy, xy = np.moveaxis(self.sums, -1, 0)
        with np.errstate(invalid="ignore", divide="ignore"):
            r2 = (n * xy - x * y) ** 2 / ((n * xx - x * x) * (n * yy - y * y))
        return np.asarray(r2, dtype=np.float64)


def rows(
    data: Path, split: Split, folders: list[Path]
) -> Iterator[tuple[float, list[bool], NDArray[np.float64]]]:
    """(frequency, which panel has it, dosages [methods + truth, people]) of each untyped site."""
    opened = [look_at(result_files(folder)) for folder in folders]
    columns = columns_of_same([each.samples for each in opened], [each.name for each in opened])
    for c in split.chromosomes:
        truth = read_matrix(data / f"truth.chr{c}.vcf.gz")
        order = [truth.samples.index(name) for name in opened[0].samples]
        counts = truth.counts()[:, order].astype(np.float64)
        known = {key[1:]: counts[i] for i, key in enumerate(truth.site_keys())}
        af = frequencies(data / f"panel.chr{c}.vcf.gz")
        streams = [chromosome_batches(each.dose[c], c, Field.DOSAGE) for each in opened]
        for piece in aligned(streams, [each.name for each in opened]):
            doses = np.zeros((len(opened), len(piece), len(order)))
            r2 = np.zeros((len(opened), len(piece)))
            for k, (part, row) in enumerate(zip(piece.parts, piece.rows, strict=True)):
                has = row >= 0
                if part.dosage is not None:
                    doses[k, has] = part.dosage[row[has]][:, columns[k]]
                r2[k, has] = np.nan_to_num(part.info.r2[row[has]])
            mean = (doses[:2] * (r2[:2, :, None] + 1e-9)).sum(axis=0) / (r2[:2, :, None] + 1e-9).sum(axis=0)
            present, kinds = piece.present, piece.kinds
            for i, site in enumerate(zip(piece.position.tolist(), piece.refs, piece.alts, strict=True)):
                if site in known and not kinds[i] & SiteKind.TYPED:
                    a, b, best, meta, fitted = doses[:, i]
                    yield (
                        af[site],
                        present[:2, i].tolist(),
                        np.stack([a, b, best, mean[i], meta, fitted, known[site]]),
                    )


def score(data: Path, split: Split, folders: list[Path]) -> None:
    """Print r2 by bin at all sites and at those of each panel, and whether meta keeps its promise."""
    scores = Scores(np.zeros((3, len(NAMES), len(BINS) - 1, 6)), np.zeros((3, len(BINS) - 1), np.int64))
    for frequency, has, doses in rows(data, split, folders):
        place = int(np.searchsorted(BINS, min(frequency, 1 - frequency), side="right")) - 1
        for which, wanted in enumerate((True, *has)):
            if wanted:
                scores.add(which, place, doses[:-1], doses[-1])
    r2 = scores.r2()
    for which, title in enumerate(("all sites", "sites of A", "sites of B")):
        print(f"{title:>15}  sites  " + "  ".join(f"{name:>9}" for name in NAMES))
        for place in range(len(BINS) - 1):
            if scores.sites[which, place]:
                values = "  ".join(f"{value:9.4f}" for value in r2[which, :, place])
                print(f"{BINS[place]:7}-{BINS[place + 1]:<7} {scores.sites[which, place]:6d}  {values}")
    gain = r2[:, 4] - np.maximum(r2[:, 0], r2[:, 1])
    print(f"least gain of meta over the better panel in any bin: {np.nanmin(gain):+.4f}")


def cpu(who: int) -> float:
    """CPU seconds so far."""
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Split, impute, join, score, time."""
    root = shared_folder()
    if root is None:
        print("The shared data are not on this machine.")
        return
    split = SPLITS[sys.argv[1] if len(sys.argv) > 1 else "pgx"]
    data = root / "data" / split.folder
    with tempfile.TemporaryDirectory() as named:
        work = Path(named)
        halves = impute(data, split, work)
        files = tuple(map(result_files, halves))
        consensus(ConsensusRequest(files, work / "consensus"))
        meta_impute(MetaRequest(files, work / "fitted", Start.FITTED))
        began, wall = cpu(resource.RUSAGE_SELF), time.monotonic()
        made = meta_impute(MetaRequest(files, work / "meta"))
        used, wall = cpu(resource.RUSAGE_SELF) - began, time.monotonic() - wall
        before = cpu(resource.RUSAGE_CHILDREN)
        for path in (path for each in files for path in (*each.dose, *each.empirical)):
            shell("bcftools", "view", "-Ou", "-o", work / "read.bcf", path)
        peer = cpu(resource.RUSAGE_CHILDREN) - before
        score(data, split, [*halves, work / "consensus", work / "meta", work / "fitted"])
        for each in made.chromosomes:
            weights = ", ".join(f"{p.name} {p.mean_weight:.3f}" for p in each.panels)
            print(f"chromosome {each.chromosome}: {each.typed} typed, {each.variants} variants, {weights}")
        print(
            f"meta {used:.2f} CPU s ({wall:.2f} s), bcftools view {peer:.2f} CPU s: ratio {used / peer:.2f}"
        )


if __name__ == "__main__":
    main()
