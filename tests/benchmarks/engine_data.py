"""Simulated panel, targets and truth for the benchmarks of the engines: made once, kept in a folder.

`python -m tests.benchmarks.engine_data FOLDER` makes 2,504 panel people and 500 targets over 20 Mb from the
out-of-Africa history of Gutenkunst and others (PLoS Genetics 2009: YRI, CEU, CHB) with a map of hotspots:
`ref.vcf.gz`, `ref.msav`, `target.vcf.gz` (array: unphased, 0.5 % missing, 0.05 % wrong alleles),
`target.phased.vcf.gz` (the same with true phase, nothing missing), `truth.vcf.gz`, `imp.map`.
`--scaling` makes panels of 1,000 to 20,000 haplotypes over 5 Mb in `FOLDER/scale`: `ref.K.vcf.gz` with
the sites that K haplotypes have, `ref.K.same.vcf.gz` with those of the smallest panel.

Sites have two alleles; people are simulated, so the answer is optimistic: one population for all. The package
msprime, which nothing else here needs, must be installed by hand.
"""

from __future__ import annotations

import argparse
import math
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from app.genotypes.bgzf import BgzfWriter

if TYPE_CHECKING:
    import msprime

CHROMOSOME = "20"
POPULATIONS = ("YRI", "CEU", "CHB")
MUTATIONS = 1.29e-8
SCALING = (1_000, 2_504, 5_000, 20_000)
_BIN_BP = 5_000
_ROWS_AT_ONCE = 2_000
_BASES_A_TYPED_SITE = 20_000_000 / 5_030
_TRANSITION = {"A": "G", "G": "A", "C": "T", "T": "C"}
_TRANSVERSIONS = {"A": "CT", "G": "CT", "C": "AG", "T": "AG"}

Alleles = NDArray[np.int8]


@dataclass(frozen=True, eq=False)
class Cohort:
    """Haplotypes of people, int8 [sites, 2 * people], with the names of both."""

    positions: NDArray[np.int64]
    refs: list[str]
    alts: list[str]
    people: list[str]
    alleles: Alleles

    def rows(self, rows: NDArray[np.intp]) -> Cohort:
        """Some of the sites."""
        refs, alts = [self.refs[row] for row in rows], [self.alts[row] for row in rows]
        return Cohort(self.positions[rows], refs, alts, self.people, self.alleles[rows])

    def some(self, people: NDArray[np.intp]) -> Cohort:
        """Some of the people."""
        columns = (2 * people[:, None] + np.arange(2)).ravel()
        names = [self.people[each] for each in people]
        return Cohort(self.positions, self.refs, self.alts, names, self.alleles[:, columns])


def out_of_africa() -> msprime.Demography:
    """The history of three populations as Gutenkunst and others fitted it; 25 years a generation."""
    import msprime

    apart, modern, older = 21_200 / 25, 140_000 / 25, 220_000 / 25
    growth = {"CEU": 0.004, "CHB": 0.0055}
    history = msprime.Demography()
    history.add_population(name="YRI", initial_size=12_300)
    for name, start in (("CEU", 1_000), ("CHB", 510)):
        size = start / math.exp(-growth[name] * apart)
        history.add_population(name=name, initial_size=size, growth_rate=growth[name])
    for name, size in (("OOA", 2_100), ("AMH", 12_300), ("ANC", 7_300)):
        history.add_population(name=name, initial_size=size)
    history.set_symmetric_migration_rate(["CEU", "CHB"], 9.6e-5)
    history.set_symmetric_migration_rate(["YRI", "CHB"], 1.9e-5)
    history.set_symmetric_migration_rate(["YRI", "CEU"], 3e-5)
    history.add_population_split(time=apart, derived=["CEU", "CHB"], ancestral="OOA")
    history.add_symmetric_migration_rate_change(time=apart, populations=["YRI", "OOA"], rate=25e-5)
    history.add_population_split(time=modern, derived=["YRI", "OOA"], ancestral="AMH")
    history.add_population_split(time=older, derived=["AMH"], ancestral="ANC")
    return history


def hotspots(bases: int, seed: int) -> msprime.RateMap:
    """Recombination in bins of 5 kb: gamma with shape 0.25, 1.2 cM a megabase in the mean."""
    import msprime

    edges = np.append(np.arange(0, bases, _BIN_BP), bases)
    rates = np.random.default_rng(seed).gamma(0.25, 1.2e-8 / 0.25, len(edges) - 1)
    return msprime.RateMap(position=edges, rate=rates)


def simulate(people: int, recombination: msprime.RateMap, seed: int) -> Cohort:
    """People in equal parts of the three populations, with alleles drawn as two of three are transitions."""
    import msprime

    shares = {name: people // 3 + (at < people % 3) for at, name in enumerate(POPULATIONS)}
    history = out_of_africa()
    trees = msprime.sim_ancestry(
        shares, demography=history, recombination_rate=recombination, random_seed=seed
    )
    model = msprime.BinaryMutationModel()
    trees = msprime.sim_mutations(trees, rate=MUTATIONS, model=model, random_seed=seed + 1)
    positions = trees.tables.sites.position.astype(np.int64)
    positions = np.maximum(positions, 1)
    alleles = np.empty((len(positions), 2 * people), dtype=np.int8)
    for at, variant in enumerate(trees.variants(copy=False)):
        alleles[at] = variant.genotypes
    names = [f"{name}{at:05d}" for name, count in shares.items() for at in range(count)]
    return Cohort(positions, *_letters(len(positions), seed), names, alleles)


def _letters(sites: int, seed: int) -> tuple[list[str], list[str]]:
    rng = np.random.default_rng(seed + 2)
    refs = rng.choice(list("ACGT"), sites).tolist()
    draws = rng.random(sites).tolist()
    alts = [
        _TRANSITION[ref] if draw < 2 / 3 else _TRANSVERSIONS[ref][draw > 5 / 6]
        for ref, draw in zip(refs, draws, strict=True)
    ]
    return refs, alts


def split(cohort: Cohort, targets: int, seed: int) -> tuple[Cohort, Cohort]:
    """A panel and targets with the sites at which the panel has both alleles; targets by population."""
    count = len(cohort.people)
    rng = np.random.default_rng(seed + 3)
    population = np.array([POPULATIONS.index(name[:3]) for name in cohort.people])
    chosen = np.zeros(count, dtype=bool)
    for at in range(len(POPULATIONS)):
        wanted = targets // 3 + (at < targets % 3)
        chosen[rng.choice(np.flatnonzero(population == at), wanted, replace=False)] = True
    panel, others = cohort.some(np.flatnonzero(~chosen)), cohort.some(np.flatnonzero(chosen))
    both = np.flatnonzero(np.ptp(panel.alleles, axis=1) > 0)
    return panel.rows(both), others.rows(both)


def array_sites(panel: Cohort, seed: int) -> NDArray[np.intp]:
    """Rows of sites like those of an array: one in 4 kb, MAF 2 % or more, no A/T and C/G."""
    rng = np.random.default_rng(seed + 4)
    frequency = panel.alleles.mean(axis=1)
    pairs = {("A", "T"), ("T", "A"), ("C", "G"), ("G", "C")}
    clear = np.array([pair not in pairs for pair in zip(panel.refs, panel.alts, strict=True)])
    fit = rng.permutation(np.flatnonzero(clear & (np.minimum(frequency, 1 - frequency) >= 0.02)))
    bins = (panel.positions[fit] / _BASES_A_TYPED_SITE).astype(int)
    _, first = np.unique(bins, return_index=True)
    rest = np.setdiff1d(fit, fit[first])
    missing = round(int(panel.positions[-1]) / _BASES_A_TYPED_SITE) - len(first)
    more = rng.choice(rest, min(max(missing, 0), len(rest)), replace=False)
    return np.sort(np.concatenate([fit[first], more]))


def measured(truth: Cohort, seed: int) -> tuple[Cohort, Alleles]:
    """What an array tells at its sites: 0.05 % of alleles wrong; and the same with 0.5 % missing (-1)."""
    rng = np.random.default_rng(seed + 5)
    wrong = rng.random(truth.alleles.shape) < 0.0005
    alleles = truth.alleles ^ wrong
    missing = rng.random((len(alleles), len(truth.people))) < 0.005
    array = alleles.copy()
    array[np.repeat(missing, 2, axis=1)] = -1
    return Cohort(truth.positions, truth.refs, truth.alts, truth.people, alleles), array


def write_vcf(path: Path, cohort: Cohort, alleles: Alleles | None = None, *, phased: bool = True) -> None:
    """GT of a cohort (or other alleles of it, -1 for missing) as BGZF with an index; unphased ones sorted."""
    alleles = cohort.alleles if alleles is None else alleles
    bases = 63_025_520
    with BgzfWriter(path, level=6) as writer:
        writer.write(
            f"##fileformat=VCFv4.2\n##contig=<ID={CHROMOSOME},length={bases}>\n"
            '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'
            "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t".encode()
        )
        writer.write(("\t".join(cohort.people) + "\n").encode())
        for start in range(0, len(alleles), _ROWS_AT_ONCE):
            rows = slice(start, start + _ROWS_AT_ONCE)
            writer.write(_records(cohort, rows, alleles[rows], phased))
    subprocess.run(["tabix", "-f", "-p", "vcf", path], check=True)


def _records(cohort: Cohort, rows: slice, alleles: Alleles, phased: bool) -> bytes:
    first, second = alleles[:, 0::2], alleles[:, 1::2]
    if not phased:
        first, second = np.minimum(first, second), np.maximum(first, second)
    cells = np.empty((*first.shape, 4), dtype=np.uint8)
    cells[..., 0] = np.where(first < 0, ord("."), first + ord("0"))
    cells[..., 1] = ord("|" if phased else "/")
    cells[..., 2] = np.where(second < 0, ord("."), second + ord("0"))
    cells[..., 3] = ord("\t")
    cells[:, -1, 3] = ord("\n")
    columns = zip(cohort.positions[rows].tolist(), cohort.refs[rows], cohort.alts[rows], cells, strict=True)
    pieces = []
    for position, ref, alt, cell in columns:
        pieces.append(f"{CHROMOSOME}\t{position}\t.\t{ref}\t{alt}\t.\tPASS\t.\tGT\t".encode())
        pieces.append(cell.tobytes())
    return b"".join(pieces)


def write_map(path: Path, recombination: msprime.RateMap) -> None:
    """A genetic map in PLINK's form, which all programs read."""
    at = np.asarray(recombination.position)[1:]
    centimorgans = 100 * recombination.get_cumulative_mass(at)
    lines = (f"{CHROMOSOME} . {cm:.6f} {int(bp)}\n" for cm, bp in zip(centimorgans, at, strict=True))
    path.write_text("".join([f"{CHROMOSOME} . 0.000000 1\n", *lines]), encoding="utf-8")


def pack_msav(path: Path) -> None:
    """The panel as Minimac4 wants it, beside the VCF."""
    out = path.with_name(path.name.replace(".vcf.gz", ".msav"))
    subprocess.run(["minimac4", "--compress-reference", path, "-o", out], check=True)


def make(folder: Path, megabases: float, panel_people: int, targets: int, seed: int) -> None:
    """All files of the main benchmark."""
    folder.mkdir(parents=True, exist_ok=True)
    recombination = hotspots(int(megabases * 1e6), seed)
    write_map(folder / "imp.map", recombination)
    panel, truth = split(simulate(panel_people + targets, recombination, seed), targets, seed)
    write_targets(folder, panel, truth, seed)
    write_vcf(folder / "ref.vcf.gz", panel)
    pack_msav(folder / "ref.vcf.gz")


def write_targets(folder: Path, panel: Cohort, truth: Cohort, seed: int) -> None:
    """Truth, and what an array tells of it, phased and not."""
    phased, array = measured(truth.rows(array_sites(panel, seed)), seed)
    write_vcf(folder / "target.vcf.gz", phased, array, phased=False)
    write_vcf(folder / "target.phased.vcf.gz", phased)
    write_vcf(folder / "truth.vcf.gz", truth)
    print(f"{len(panel.positions)} sites, {len(array)} typed, {len(panel.people)} people in the panel")


def make_scaling(folder: Path, megabases: float, targets: int, seed: int) -> None:
    """Panels of several sizes, of which each holds the smaller ones, and one target set."""
    folder.mkdir(parents=True, exist_ok=True)
    recombination = hotspots(int(megabases * 1e6), seed)
    write_map(folder / "imp.map", recombination)
    everybody = simulate(max(SCALING) // 2 + targets, recombination, seed)
    panel, truth = split(everybody, targets, seed)
    order = np.random.default_rng(seed + 6).permutation(len(panel.people))
    smallest = panel.some(np.sort(order[: min(SCALING) // 2]))
    same = np.flatnonzero(np.ptp(smallest.alleles, axis=1) > 0)
    write_targets(folder, smallest.rows(same), truth.rows(same), seed)
    for size in SCALING:
        part = panel.some(np.sort(order[: size // 2]))
        own = np.flatnonzero(np.ptp(part.alleles, axis=1) > 0)
        for name, rows in ((f"ref.{size}.vcf.gz", own), (f"ref.{size}.same.vcf.gz", same)):
            write_vcf(folder / name, part.rows(rows))
            pack_msav(folder / name)


def main() -> None:
    """Make the files that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--megabases", type=float, default=0)
    parser.add_argument("--panel", type=int, default=2_504)
    parser.add_argument("--targets", type=int, default=500)
    parser.add_argument("--seed", type=int, default=20)
    parser.add_argument("--scaling", action="store_true")
    asked = parser.parse_args()
    if asked.scaling:
        make_scaling(asked.folder / "scale", asked.megabases or 5, asked.targets, asked.seed)
    else:
        make(asked.folder, asked.megabases or 20, asked.panel, asked.targets, asked.seed)


if __name__ == "__main__":
    main()
