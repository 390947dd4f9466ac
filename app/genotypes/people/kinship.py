"""Who is the same person or a relative: KING-robust kinship from packed genotypes, by matrix products.

Manichaikul and others, Bioinformatics 26 (2010), the between-family estimator, as in `plink2 --make-king`:
`0.5 − Σ(gᵢ − gⱼ)² / (4 · min(hetᵢ, hetⱼ))` over the sites that both have. It needs no allele frequencies.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.genotypes.builds import plain_chromosome
from app.genotypes.cohort import HET, MISSING, Cohort, RowFlag

DUPLICATE, FIRST, SECOND, THIRD = 0.354, 0.177, 0.0884, 0.0442
DEGREES = (("duplicate", DUPLICATE), ("first", FIRST), ("second", SECOND), ("third", THIRD))
MOST_SITES = 10_000
MIN_SITES = 200
MIN_CHROMOSOMES = 5  # relatives share long pieces, so a few chromosomes say little but for the same person
WINDOW = 50_000
MIN_WINDOWS = 100
"""Pieces of WINDOW bases with a site: within a gene many people carry the same two haplotypes."""
_SITES_FOR_THIRD = 5000
_BLOCK = 512
MOST_PEOPLE = 50_000  # beyond, comparing all with all takes longer than anybody waits
_MOST_CELLS = 200_000_000  # people times sites, a byte each: above 20,000 people there are fewer sites
_MANY = 8000  # people from which pairs are screened by fewer sites first
_SCREEN_SITES = 1500
_SCREEN_ABOVE = 0.2  # correlation of standardised genotypes; relatives of the first degree have 0.5
_MOST_PAIRS = 200_000
_MANY_ALIKE = 0.02  # share of the pairs of two blocks from which matrix products are cheaper

Codes = NDArray[np.uint8]
Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Kin:
    """Pairs of sample indices [pairs, 2] and their kinship, most alike first; `sites` used, `least` reported.

    `cut` tells that there were more pairs than are kept.
    """

    pairs: NDArray[np.int32]
    kinship: NDArray[np.float32]
    sites: int
    least: float
    cut: bool = False

    def degrees(self) -> dict[str, int]:
        """Pairs by degree."""
        result, above = {}, 2.0
        for name, least in DEGREES:
            result[name] = int(((self.kinship >= least) & (self.kinship < above)).sum())
            above = least
        return result


def chosen_sites(cohorts: Sequence[Cohort], most: int = MOST_SITES) -> tuple[list[NDArray[np.intp]], int]:
    """Rows of each cohort with common, well called autosomal SNPs, thinned; and how many chromosomes."""
    usable, chromosomes = [], set()
    for cohort in cohorts:
        names = [plain_chromosome(raw) or "" for raw in cohort.names]
        autosome = np.array([name.isdigit() for name in names] or [False])
        counts = cohort.counts.astype(np.float64)
        called = counts[:, :3].sum(axis=1)
        p = (counts[:, 1] + 2 * counts[:, 2]) / np.maximum(2 * called, 1)
        good = autosome[cohort.chromosome] & (np.minimum(p, 1 - p) > 0.05)
        good &= called >= 0.9 * len(cohort.samples)
        good &= cohort.flags & np.uint32(int(RowFlag.SPLIT)) == 0
        rows = np.flatnonzero(good)
        rows = rows[np.unique(cohort.position[rows], return_index=True)[1]] if len(names) == 1 else rows
        usable.append(rows)
        chromosomes |= {names[number] for number in np.unique(cohort.chromosome[rows])}
    total = sum(map(len, usable))
    step = max(1.0, total / most)
    picked, offset = [], 0
    for rows in usable:
        wanted = np.unique((np.arange(int(np.ceil(total / step))) * step).astype(np.int64))
        mine = wanted[(wanted >= offset) & (wanted < offset + len(rows))] - offset
        picked.append(rows[mine])
        offset += len(rows)
    return picked, len(chromosomes)


def read_codes(cohorts: Sequence[Cohort], rows: Sequence[NDArray[np.intp]]) -> Codes:
    """[samples, sites] codes; a byte each, 50 MB for 5,000 people at 10,000 sites."""
    codes = np.empty((len(cohorts[0].samples), sum(map(len, rows))), np.uint8)
    place = 0
    for cohort, some in zip(cohorts, rows, strict=True):
        for at in range(0, len(some), 1024):
            part = cohort.genotypes(some[at : at + 1024])
            codes[:, place : place + len(part)] = part.T
            place += len(part)
    return codes


def kinship(
    cohorts: Sequence[Cohort], least: float | None = None, most_sites: int = MOST_SITES
) -> Kin | None:
    """Pairs with a kinship of at least `least`; only the same person when few chromosomes are there.

    Without `least` down to the third degree, or to the second where sites are few. None when there are too
    few, and with more than MOST_PEOPLE. With more than 8,000 people pairs are screened first, which finds
    relatives of the first degree and nearly all of the second; with more than 20,000 there are fewer sites.
    """
    if not cohorts or not 2 <= len(cohorts[0].samples) <= MOST_PEOPLE:
        return None
    most_sites = min(most_sites, _MOST_CELLS // len(cohorts[0].samples))
    rows, chromosomes = chosen_sites(cohorts, most_sites)
    sites = sum(map(len, rows))
    if sites < MIN_SITES or _windows_in(cohorts, rows) < MIN_WINDOWS:
        return None
    codes = read_codes(cohorts, rows)
    if least is None:
        least = THIRD if sites >= _SITES_FOR_THIRD else SECOND
    if chromosomes < MIN_CHROMOSOMES:
        least = max(least, DUPLICATE)
    found = _Found()
    (_of_screened if len(codes) > _MANY else _of_all)(codes, least, found)
    found.trim()
    return Kin(found.pairs[0], found.values[0], sites, least, found.cut)


class _Found:
    """Pairs and their kinship in pieces; of very many the most alike are kept, so that memory is bounded."""

    def __init__(self) -> None:
        self.pairs: list[NDArray[np.int32]] = [np.zeros((0, 2), np.int32)]
        self.values: list[Floats] = [np.zeros(0, np.float32)]
        self.cut = False

    def add(self, pairs: NDArray[np.signedinteger], values: Floats) -> None:
        """Add pairs of sample indices [pairs, 2]."""
        self.pairs.append(pairs.astype(np.int32))
        self.values.append(values)
        if sum(map(len, self.values)) > 4 * _MOST_PAIRS:
            self.trim()

    def trim(self) -> None:
        """Make one piece of all, most alike first."""
        pairs, values = np.concatenate(self.pairs), np.concatenate(self.values)
        order = np.argsort(-values, kind="stable")[:_MOST_PAIRS]
        self.cut |= len(values) > _MOST_PAIRS
        self.pairs, self.values = [pairs[order]], [values[order]]


def windows(chromosome: NDArray[np.generic], position: NDArray[np.int64]) -> int:
    """How many pieces of the genome some sites lie in."""
    return len(np.unique(chromosome.astype(np.int64) << 32 | position // WINDOW))


def _windows_in(cohorts: Sequence[Cohort], rows: Sequence[NDArray[np.intp]]) -> int:
    names: dict[str, int] = {}
    numbers, positions = [], []
    for cohort, some in zip(cohorts, rows, strict=True):
        plain = [names.setdefault(plain_chromosome(raw) or raw, len(names)) for raw in cohort.names] or [0]
        numbers.append(np.array(plain)[cohort.chromosome[some]])
        positions.append(cohort.position[some])
    return windows(np.concatenate(numbers), np.concatenate(positions))


def _of_all(codes: Codes, least: float, found: _Found) -> None:
    blocks = [_Block(codes[start : start + _BLOCK]) for start in range(0, len(codes), _BLOCK)]
    for number, mine in enumerate(blocks):
        mine.open()
        for other in range(number, len(blocks)):
            theirs = blocks[other]
            theirs.open()
            _of_blocks(mine, theirs, (number * _BLOCK, other * _BLOCK), least, found)
            if other != number:
                theirs.close()
        mine.close()


def _of_blocks(mine: _Block, theirs: _Block, starts: tuple[int, int], least: float, found: _Found) -> None:
    """Compare all with all of two open blocks whose first people have these indices."""
    value = _king(mine, theirs)
    if starts[0] == starts[1]:
        value[np.tril_indices(len(value))] = -1
    i, j = np.nonzero(value >= least)
    found.add(np.stack([i + starts[0], j + starts[1]], axis=1), value[i, j])


class _Block:
    """Some people: `turned` is −1, 0, 1 by ALT copies and 0 where missing, `same` its size, [people, sites].

    Missing calls are few, so what they change is summed over their sites alone instead of by matrix products.
    """

    def __init__(self, codes: Codes) -> None:
        self._codes = codes
        self.missing = codes == MISSING
        self.gaps = [np.flatnonzero(row) for row in self.missing]
        self.called = codes.shape[1] - self.missing.sum(axis=1)
        self.turned = self.same = np.empty((0, 0), np.float32)

    def __len__(self) -> int:
        return len(self._codes)

    def open(self) -> None:
        """Make the matrices, which are large, for as long as they are needed."""
        if not self.turned.size:
            self.turned = np.where(self.missing, np.float32(0), self._codes - np.float32(1))
            self.same = np.abs(self.turned)

    def close(self) -> None:
        """Give their memory back."""
        self.turned = self.same = np.empty((0, 0), np.float32)


def _king(mine: _Block, theirs: _Block) -> Floats:
    """[mine, theirs] kinship; sites up to 2 ** 24 are counted exactly.

    With x the turned counts and c the called sites, Σ(gᵢ − gⱼ)² = Σx²ᵢcⱼ + Σcᵢx²ⱼ − 2Σxᵢxⱼ, and the
    heterozygotes of i where j is called are Σcᵢcⱼ − Σx²ᵢcⱼ.
    """
    both = mine.turned @ theirs.turned.T
    lost = np.stack([_over(mine.missing, gaps) for gaps in theirs.gaps], axis=1)
    called = mine.called[:, None] - np.array([len(gaps) for gaps in theirs.gaps]) + lost
    same = mine.same.sum(axis=1)[:, None] - np.stack([_over(mine.same, gaps) for gaps in theirs.gaps], axis=1)
    other = theirs.same.sum(axis=1) - np.stack([_over(theirs.same, gaps) for gaps in mine.gaps])
    distance = same + other - 2 * both
    least = np.minimum(called - same, called - other)
    result: Floats = np.where(least > 0, 0.5 - distance / np.maximum(4 * least, 1), -1).astype(np.float32)
    return result


def _over(values: NDArray[np.generic], sites: NDArray[np.intp]) -> Floats:
    """Sum over some sites, [people]."""
    result: Floats = values[:, sites].sum(axis=1, dtype=np.float32)
    return result


def _of_screened(codes: Codes, least: float, found: _Found) -> None:
    step = max(1, codes.shape[1] // _SCREEN_SITES)
    few = np.ascontiguousarray(codes[:, ::step])
    counts = np.where(few == MISSING, 0, few).sum(axis=0, dtype=np.int64)
    p = counts / np.maximum(2 * (few != MISSING).sum(axis=0), 1)
    scale = np.sqrt(np.maximum(2 * p * (1 - p), 0.01) * few.shape[1]).astype(np.float32)
    middle = (2 * p).astype(np.float32)
    for start in range(0, len(few), 2 * _BLOCK):
        mine = _standardised(few[start : start + 2 * _BLOCK], middle, scale)
        for other in range(start, len(few), 2 * _BLOCK):
            alike = mine @ _standardised(few[other : other + 2 * _BLOCK], middle, scale).T
            i, j = np.nonzero(alike > _SCREEN_ABOVE)
            pairs = np.stack([i + start, j + other], axis=1)
            pairs = pairs[pairs[:, 0] < pairs[:, 1]]
            if len(pairs) > _MANY_ALIKE * alike.size:  # one population of several, or one person many times
                _of_two(codes, (start, other), least, found)
            else:
                _of_pairs(codes, pairs, least, found)


def _of_two(codes: Codes, starts: tuple[int, int], least: float, found: _Found) -> None:
    mine, theirs = (_Block(codes[start : start + 2 * _BLOCK]) for start in starts)
    mine.open()
    theirs.open()
    _of_blocks(mine, theirs, starts, least, found)


def _standardised(codes: Codes, middle: Floats, scale: Floats) -> Floats:
    result: Floats = np.where(codes == MISSING, np.float32(0), (codes - middle) / scale).astype(np.float32)
    return result


def _of_pairs(codes: Codes, pairs: NDArray[np.intp], least: float, found: _Found) -> None:
    for start in range(0, len(pairs), 256):
        part = pairs[start : start + 256]
        one, two = codes[part[:, 0]], codes[part[:, 1]]
        there = (one != MISSING) & (two != MISSING)
        first, second = ((each == HET) & there for each in (one, two))
        apart = np.where(there, np.abs(one.astype(np.int8) - two.astype(np.int8)), 0)
        distance = (apart.astype(np.int32) ** 2).sum(axis=1)
        smaller = np.minimum(first.sum(axis=1), second.sum(axis=1))
        value = np.where(smaller > 0, 0.5 - distance / np.maximum(4 * smaller, 1), -1).astype(np.float32)
        kept = value >= least
        found.add(part[kept], value[kept])
