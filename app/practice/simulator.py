"""Invented cohorts with truth: haplotypes of three populations, a phased panel and an array of a cohort.

Haplotypes come from a coalescent with recombination (`genealogy.py`) on a map with hotspots, so that
frequencies (mostly rare), linkage and relatedness between panel and cohort are like those of people.
Nothing is read from outside and no person is behind it. The same spec gives the same bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from app.domain.model import Model
from app.imputation.genetic_map import GeneticMap
from app.practice.demography import POPULATIONS, out_of_africa
from app.practice.genealogy import Genealogy, draw_genealogy

_BASES = np.array(list("ACGT"))
_COMPLEMENT = {"A": "T", "T": "A", "C": "G", "G": "C"}
_TRANSITION = {"A": "G", "G": "A", "C": "T", "T": "C"}
_SITES_PER_BP = 20_000 / 3e6
_HOTSPOT_BIN = 5_000
_CM_PER_MB = 1.2
_SPARE = 1.15  # drawn sites per wanted one: some are not seen in the panel


class SimulationSpec(Model):
    """What to invent.

    `samples` people of the cohort and `panel_samples` of the panel, a third of each from each population;
    `sites` of the panel; `array_sites` of them were typed in the cohort (common, no A/T or C/G). The
    region starts at `start` (bp) of `chromosome` and is as long as `sites` need at a human density.
    """

    samples: int = 50
    panel_samples: int = 400
    sites: int = 20_000
    array_sites: int | None = None
    seed: int = 1
    chromosome: str = "20"
    build: Literal["GRCh37", "GRCh38"] = "GRCh37"
    start: int = 10_000_000
    missing: float = 0.005
    genotype_error: float = 0.0005
    phased: bool = False
    array_min_maf: float = 0.05

    @property
    def length(self) -> int:
        """Base pairs of the region."""
        return max(200_000, int(self.sites / _SITES_PER_BP))

    @property
    def contig(self) -> str:
        """The chromosome's name as the build writes it."""
        return f"chr{self.chromosome}" if self.build == "GRCh38" else self.chromosome


@dataclass(frozen=True, eq=False)
class SimulatedData:
    """The invented data. Haplotypes are uint8 [sites, 2 * people], alleles of a person side by side.

    `array_sites` marks the typed ones; `array` is int8 [typed, 2 * people] with errors and -1 for missing
    genotypes, phased only when the spec says so.
    """

    spec: SimulationSpec
    positions: NDArray[np.int64]
    refs: list[str]
    alts: list[str]
    panel: NDArray[np.uint8]
    cohort: NDArray[np.uint8]
    array_sites: NDArray[np.bool_]
    array: NDArray[np.int8]
    panel_names: tuple[str, ...]
    cohort_names: tuple[str, ...]
    panel_populations: tuple[str, ...]
    cohort_populations: tuple[str, ...]
    genetic_map: GeneticMap


def simulate(spec: SimulationSpec) -> SimulatedData:
    """Invent a panel, a cohort, its array and the map. A few seconds at the default size.

    Randomness is split by purpose, so that for example another `missing` leaves the haplotypes as they are.
    """
    streams = np.random.default_rng(spec.seed).spawn(5)
    genetic_map = _draw_map(spec, streams[0])
    people = _people(spec.panel_samples), _people(spec.samples)
    populations = np.repeat(np.concatenate(people), 2)
    morgans = float(genetic_map.centimorgans[-1] - genetic_map.centimorgans[0]) / 100.0
    genealogy = draw_genealogy(populations, out_of_africa(), morgans, streams[1])
    positions, haplotypes = _mutate(spec, genealogy, genetic_map, streams[2])
    panel = np.ascontiguousarray(haplotypes[:, : 2 * spec.panel_samples])
    cohort = np.ascontiguousarray(haplotypes[:, 2 * spec.panel_samples :])
    refs, alts = _alleles(len(positions), streams[3])
    typed = _array_sites(spec, panel, refs, alts, streams[4])
    return SimulatedData(
        spec=spec,
        positions=positions,
        refs=refs,
        alts=alts,
        panel=panel,
        cohort=cohort,
        array_sites=typed,
        array=_array(spec, cohort[typed], streams[4]),
        panel_names=tuple(f"PANEL{i + 1:04d}" for i in range(spec.panel_samples)),
        cohort_names=tuple(f"PERSON{i + 1:04d}" for i in range(spec.samples)),
        panel_populations=tuple(POPULATIONS[p] for p in people[0]),
        cohort_populations=tuple(POPULATIONS[p] for p in people[1]),
        genetic_map=genetic_map,
    )


def _people(count: int) -> NDArray[np.int64]:
    return np.sort(np.arange(count) % len(POPULATIONS))


def _draw_map(spec: SimulationSpec, random: np.random.Generator) -> GeneticMap:
    """A map of 5 kb bins whose rates are gamma distributed: most are cold, few are hotspots."""
    edges = np.arange(0, spec.length + _HOTSPOT_BIN, _HOTSPOT_BIN, dtype=np.float64)
    rates = random.gamma(0.25, 4.0 * _CM_PER_MB, len(edges) - 1) + 0.02
    steps = rates * _HOTSPOT_BIN * 1e-6
    return GeneticMap(edges + spec.start, np.concatenate([[0.0], np.cumsum(steps)]))


def _mutate(
    spec: SimulationSpec, genealogy: Genealogy, genetic_map: GeneticMap, random: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """`sites` mutations seen in the panel, uniform on branches and base pairs; [sites, haplotypes]."""
    break_bp = np.interp(
        genealogy.breaks, genetic_map.centimorgans / 100.0, genetic_map.positions - spec.start
    )
    ends = np.concatenate([break_bp, [float(spec.length)]])
    area = np.cumsum(genealogy.lengths * np.diff(ends, prepend=0.0))
    drawn = np.sort(random.random(int(spec.sites * _SPARE) + 20)) * area[-1]
    interval = np.minimum(np.searchsorted(area, drawn, side="right"), len(area) - 1)
    before = np.concatenate([[0.0], area[:-1]])[interval]
    start = np.concatenate([[0.0], ends[:-1]])[interval]
    places = (start + (drawn - before) / genealogy.lengths[interval]).astype(np.int64) + spec.start + 1
    fresh = np.concatenate([[True], np.diff(places) > 0])
    haplotypes = _carriers(genealogy, interval[fresh], random)
    in_panel = haplotypes[:, : 2 * spec.panel_samples].sum(axis=1, dtype=np.int64)
    seen = np.flatnonzero((in_panel > 0) & (in_panel < 2 * spec.panel_samples))
    kept = np.sort(random.permutation(seen)[: spec.sites])
    return places[fresh][kept], haplotypes[kept]


def _carriers(
    genealogy: Genealogy, interval: NDArray[np.int64], random: np.random.Generator
) -> NDArray[np.uint8]:
    """For each mutation, by the tree it falls on: who carries it, uint8 [mutations, haplotypes]."""
    tree = genealogy.first.copy()
    carriers = np.zeros((len(interval), tree.leaves), dtype=np.uint8)
    applied = 0
    edges = np.cumsum(tree.length)
    for row, (number, chance) in enumerate(
        zip(interval.tolist(), random.random(len(interval)).tolist(), strict=True)
    ):
        if applied < number:
            for change in genealogy.changes[applied:number]:
                tree.apply(change)
            applied = number
            edges = np.cumsum(tree.length)
        node = min(int(np.searchsorted(edges, chance * edges[-1], side="right")), len(edges) - 1)
        carriers[row, tree.below(node)] = 1
    return carriers


def _alleles(count: int, random: np.random.Generator) -> tuple[list[str], list[str]]:
    """REF and ALT: two transitions for each transversion, as in people."""
    refs = _BASES[random.integers(0, 4, count)].tolist()
    kinds = random.random(count).tolist()
    alts = []
    for ref, kind in zip(refs, kinds, strict=True):
        others = [base for base in "ACGT" if base not in (ref, _TRANSITION[ref])]
        alts.append(_TRANSITION[ref] if kind < 2 / 3 else others[kind < 5 / 6])
    return refs, alts


def _array_sites(
    spec: SimulationSpec,
    panel: NDArray[np.uint8],
    refs: list[str],
    alts: list[str],
    random: np.random.Generator,
) -> NDArray[np.bool_]:
    """The sites of the array: common in the panel, readable on both strands, evenly spread by chance."""
    frequency = panel.mean(axis=1)
    clear = np.array([_COMPLEMENT[ref] != alt for ref, alt in zip(refs, alts, strict=True)], dtype=bool)
    common = np.minimum(frequency, 1 - frequency) >= spec.array_min_maf
    fit = np.flatnonzero(clear & common)
    wanted = spec.array_sites if spec.array_sites is not None else max(20, spec.length // 4_000)
    chosen = np.zeros(len(panel), dtype=bool)
    chosen[random.permutation(fit)[:wanted]] = True
    return chosen


def _array(spec: SimulationSpec, truth: NDArray[np.uint8], random: np.random.Generator) -> NDArray[np.int8]:
    """What the array reads: a few errors, a few missing genotypes, alleles unordered unless phased."""
    seen = truth.astype(np.int8)
    wrong = random.random(seen.shape) < spec.genotype_error / 2
    seen[wrong] = 1 - seen[wrong]
    if not spec.phased:
        seen = np.sort(seen.reshape(len(seen), -1, 2), axis=2).reshape(seen.shape)
    lost = random.random((len(seen), seen.shape[1] // 2)) < spec.missing
    seen[np.repeat(lost, 2, axis=1)] = -1
    return seen
