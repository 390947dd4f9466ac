"""One pass over the genotypes of a dataset for every figure of a person: calls, heterozygotes, by chunk.

A tally is made once for a `CohortSubject` and shared by all checks of people.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.genotypes.builds import naturally, plain_chromosome
from app.genotypes.cohort import HET, MISSING, Cohort, RowFlag
from app.genotypes.rows import SiteFlag

CHUNK_BASES = 20_000_000
_LONGEST = 1 << 28  # bases; no chromosome is as long
_ROWS = 1024
_ODD = int(SiteFlag.SYMBOLIC | SiteFlag.BAD_ALLELE | SiteFlag.SAME_ALLELES | SiteFlag.NO_GT | RowFlag.SPLIT)

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]
_Chunks = dict[tuple[str, int], tuple[int, NDArray[np.int32]]]

# The part of X between the pseudoautosomal regions, first and last base, as published with each assembly.
NON_PAR = {
    "NCBI36": (2_709_521, 154_584_237),
    "GRCh37": (2_699_521, 154_931_043),
    "GRCh38": (2_781_480, 155_701_382),
    "T2T-CHM13": (2_394_411, 153_925_834),
}


@dataclass
class Tally:
    """Arrays with a value a sample, over the autosomes unless they say otherwise.

    `expected_het` is the sum of 2pq over the sites that a sample has. `x_…` is X between the PARs;
    `x_for_female` is the sum over its sites of the log of how much better a woman than a man explains the
    call, `x_haploid` counts its calls of one allele, `x_spread` is the variance that a woman's count of
    heterozygotes would have. `y_…` is Y.
    `chunk_…` has a value a chunk in natural order; `chunk_missing` is [chunks, samples]. Only places that
    there are on human chromosomes are in chunks, so that their number is bounded whatever a file says.
    """

    samples: int
    sites: int
    called: Counts
    het: Counts
    expected_het: Floats
    x_sites: int
    x_called: Counts
    x_het: Counts
    x_expected_het: Floats
    x_for_female: Floats
    x_spread: Floats
    y_sites: int
    y_called: Counts
    all_sites: int
    all_missing: Counts
    chunk_chromosome: list[str]
    chunk_start: Counts
    chunk_sites: Counts
    chunk_missing: NDArray[np.int32]
    x_haploid: Counts

    @classmethod
    def zero(cls, samples: int) -> Tally:
        """Nothing counted yet."""

        def counts() -> Counts:
            return np.zeros(samples, np.int64)

        def floats() -> Floats:
            return np.zeros(samples)

        none = np.zeros(0, np.int64)
        return cls(
            samples, 0, counts(), counts(), floats(), 0, counts(), counts(), floats(), floats(), floats(), 0,
            counts(), 0, counts(), [], none, none, np.zeros((0, samples), np.int32),
            counts(),
        )  # fmt: skip

    @property
    def call_rate(self) -> Floats:
        """Share of all genotypes of each sample that are called."""
        return 1 - self.all_missing / max(1, self.all_sites)

    @property
    def f(self) -> Floats:
        """Inbreeding coefficient: one minus observed over expected heterozygotes; NaN without sites."""
        return _f(self.het, self.expected_het)

    @property
    def x_f(self) -> Floats:
        """The same on X between the PARs."""
        return _f(self.x_het, self.x_expected_het)


def _f(het: Counts, expected: Floats) -> Floats:
    result = np.full(len(het), np.nan)
    np.divide(het, expected, out=result, where=expected > 0)
    return 1 - result


def tally_of(cohorts: Sequence[Cohort], build: str | None, chunk_bases: int = CHUNK_BASES) -> Tally:
    """Count everything in pieces of at most _ROWS rows of one chunk."""
    tally = Tally.zero(len(cohorts[0].samples) if cohorts else 0)
    chunks: _Chunks = {}
    for cohort in cohorts:
        for name, chunk, rows in _pieces(cohort, chunk_bases):
            codes = cohort.genotypes(rows)
            missing = codes == MISSING
            absent = missing.sum(axis=0)
            if chunk >= 0:
                sites, before = chunks.get((name, chunk), (0, np.zeros(tally.samples, np.int32)))
                chunks[name, chunk] = sites + len(rows), before + absent.astype(np.int32)
            tally.all_sites += len(rows)
            tally.all_missing += absent
            usable = tells_of_people(cohort.flags[rows])
            _add(tally, name, cohort.position[rows], codes, usable, cohort.counts[rows], build)
            if name == "X" and cohort.has_haploid:
                single = cohort.haploid(rows) & ~missing
                tally.x_haploid += single[usable & _between_pars(cohort.position[rows], build)].sum(axis=0)
    return _with_chunks(tally, chunks, chunk_bases)


def _between_pars(position: Counts, build: str | None) -> NDArray[np.bool_]:
    low, high = NON_PAR.get(build or "", NON_PAR["GRCh37"])
    inside: NDArray[np.bool_] = (position >= low) & (position <= high)
    return inside


def tells_of_people(flags: NDArray[np.uint32]) -> NDArray[np.bool_]:
    """Rows with two plain alleles, whose genotypes count for the figures of people."""
    plain: NDArray[np.bool_] = flags & np.uint32(_ODD) == 0
    return plain


def _pieces(cohort: Cohort, bases: int) -> Iterator[tuple[str, int, NDArray[np.intp]]]:
    """Plain chromosome (the raw name where there is none), number of the chunk, −1 for none, rows.

    The PARs under a name of their own are a part of X, as servers take them.
    """
    chunk = np.maximum(cohort.position - 1, 0) // bases
    human = np.array([plain_chromosome(raw) is not None for raw in cohort.names] or [False])
    chunk[~human[cohort.chromosome] | (cohort.position > _LONGEST)] = -1
    key = (cohort.chromosome.astype(np.int64) << 32) + chunk
    order = np.argsort(key, kind="stable")
    borders = np.flatnonzero(np.diff(key[order])) + 1
    for run in np.split(order, borders):
        for start in range(0, len(run), _ROWS):
            rows = run[start : start + _ROWS]
            raw = cohort.names[cohort.chromosome[rows[0]]]
            name = plain_chromosome(raw) or raw
            yield "X" if name == "XY" else name, int(chunk[rows[0]]), rows


def _add(
    tally: Tally,
    name: str,
    position: Counts,
    codes: NDArray[np.uint8],
    usable: NDArray[np.bool_],
    counts: NDArray[np.int32],
    build: str | None,
) -> None:
    """Add the rows of a piece to the figures of the autosomes, of X or of Y."""
    if name == "X":
        usable = usable & _between_pars(position, build)
    if not (name.isdigit() or name in ("X", "Y")) or not usable.any():
        return
    codes = codes[usable]
    if name == "Y":
        add_y(tally, codes)
        return
    if name == "X":
        add_x(tally, codes, counts[usable])
        return
    het, called = codes == HET, codes != MISSING
    expected = expected_het(counts[usable])
    tally.sites += len(codes)
    tally.called += called.sum(axis=0)
    tally.het += het.sum(axis=0)
    tally.expected_het += expected @ called


_MALE_HET = 0.005  # a share of a man's calls on X are wrongly het


def add_y(tally: Tally, codes: NDArray[np.uint8]) -> None:
    """Add sites of Y, [sites, samples]."""
    tally.y_sites += len(codes)
    tally.y_called += (codes != MISSING).sum(axis=0)


def add_x(tally: Tally, codes: NDArray[np.uint8], counts: NDArray[np.int32]) -> None:
    """Add sites of X between the PARs, [sites, samples], and how often each code occurs at them."""
    het, called, expected = codes == HET, codes != MISSING, expected_het(counts)
    tally.x_sites += len(het)
    tally.x_called += called.sum(axis=0)
    tally.x_het += het.sum(axis=0)
    tally.x_expected_het += expected @ called
    chance = np.clip(expected, 0.001, 0.6)
    tally.x_for_female += np.log(chance / _MALE_HET) @ het
    tally.x_for_female += np.log((1 - chance) / (1 - _MALE_HET)) @ (called & ~het)
    tally.x_spread += (chance * (1 - chance)) @ called


def expected_het(counts: NDArray[np.int32]) -> Floats:
    """2pq of each row by its counts hom-ref, het, hom-alt, missing, unbiased for few samples."""
    alleles = 2.0 * counts[:, :3].sum(axis=1)
    alt = counts[:, 1] + 2.0 * counts[:, 2]
    p = np.divide(alt, alleles, out=np.zeros(len(counts)), where=alleles > 0)
    correction = np.divide(alleles, alleles - 1, out=np.ones(len(counts)), where=alleles > 1)
    result: Floats = 2 * p * (1 - p) * correction
    return result


def _with_chunks(tally: Tally, chunks: _Chunks, bases: int) -> Tally:
    places = {name: place for place, name in enumerate(naturally({name for name, _ in chunks}))}
    keys = sorted(chunks, key=lambda key: (places[key[0]], key[1]))
    tally.chunk_chromosome = [name for name, _ in keys]
    tally.chunk_start = np.array([number * bases + 1 for _, number in keys], np.int64)
    tally.chunk_sites = np.array([chunks[key][0] for key in keys], np.int64)
    if keys:
        tally.chunk_missing = np.stack([chunks[key][1] for key in keys])
    return tally
