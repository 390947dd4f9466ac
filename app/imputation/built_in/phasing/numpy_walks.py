"""The twin of _phasing.c in NumPy: the same method and the same random numbers, for machines without it.

Sums are added in another order, so that a draw may fall otherwise where two ways are equally likely to the
last digit; the phase is as good. Some people are walked side by side.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from app.imputation.built_in.phasing.composite import composed, every_other
from app.imputation.built_in.phasing.kernels import DRAW, EVERY, UNKNOWN_HETS, VOTE, Neighbours, Walks
from app.imputation.built_in.phasing.numpy_neighbours import nearest, relatives
from app.imputation.built_in.phasing.randomness import key_of, uniform
from app.imputation.built_in.phasing.words import WORD, unpacked

Floats = NDArray[np.float32]
Numbers = NDArray[np.intp]
SECOND = 0x80000000  # added to the site for the second random number of a genotype


class NumpyKernel:
    """See kernels.PhasingKernel."""

    def nearest(self, walks: Walks, found: Neighbours, *, backward: bool) -> None:
        """By one stable partition of all haplotypes a site."""
        nearest(walks, found, backward=backward)

    def relatives(self, walks: Walks, found: Neighbours, stride: int, people: tuple[int, int]) -> None:
        """By comparing all genotypes with all haplotypes."""
        relatives(walks, found, stride, people)

    def walk(self, walks: Walks, found: Neighbours, people: tuple[int, int], seed: int, flags: int) -> None:
        """Forward keeping the rows of what is not settled, then backward deciding."""
        numbers = np.arange(*people)
        busy = (walks.het[numbers] | walks.missing[numbers]).any(axis=1)
        own = slice(2 * people[0], 2 * people[1])
        walks.out[:, own] = walks.words[:, walks.panel :][:, own]
        if busy.any():
            _Walk(walks, found, numbers[busy], seed, flags).run()


@dataclass
class _Rows:
    """What the way forward keeps of a site: whose genotype it is not settled, and their rows."""

    who: Numbers
    rows: Floats


@dataclass
class _Walk:
    walks: Walks
    found: Neighbours
    people: Numbers
    seed: int
    flags: int
    kept: list[_Rows] = field(default_factory=list)

    def run(self) -> None:
        walks, sites = self.walks, self.walks.sites
        self.keys = key_of(self.seed, self.people)
        self.states = self._states()  # [people, width, states]
        pairs = walks.panel + np.stack([2 * self.people, 2 * self.people + 1], axis=1)
        own = unpacked(walks.words[:, pairs.ravel()], sites)
        self.alleles = own.reshape(sites, len(self.people), 2)
        self.het = unpacked(walks.het[self.people].T, sites).astype(bool)
        self.missing = unpacked(walks.missing[self.people].T, sites).astype(bool)
        self._forward()
        self._backward()

    def _states(self) -> NDArray[np.uint32]:
        if self.flags & EVERY:
            return np.stack([every_other(self.walks, int(person)) for person in self.people])
        return np.stack([composed(self.walks, self.found, int(each), self.seed) for each in self.people])

    def _has(self, site: int) -> NDArray[np.bool_]:
        """Whether each state has allele 1, [people, states]."""
        return (self.states[:, site // WORD] >> np.uint32(site % WORD) & np.uint32(1)).astype(bool)

    def _chances(self, site: int, alleles: NDArray[np.int8], unknown: NDArray[np.bool_]) -> Floats:
        """The chance of both alleles of each person under each state, [people, 2, states]."""
        same = self._has(site)[:, None, :] == (alleles[:, :, None] == 1)
        chances = np.where(same | unknown[:, None, None], np.float32(1), np.float32(self.walks.error))
        return np.asarray(chances, dtype=np.float32)

    def _forward(self) -> None:
        walks = self.walks
        rows = np.full((len(self.people), 2, walks.states), 1.0 / walks.states, dtype=np.float32)
        for site in range(walks.sites):
            unknown = self.missing[site]
            if self.flags & UNKNOWN_HETS:
                unknown = unknown | self.het[site]
            change = walks.change[site]
            rows = rows * ((1 - change) / rows.sum(axis=2, keepdims=True)) + change / np.float32(walks.states)
            rows *= self._chances(site, self.alleles[site], unknown)
            who = np.flatnonzero(self.het[site] | self.missing[site])
            self.kept.append(_Rows(who, rows[who]))

    def _backward(self) -> None:
        walks = self.walks
        rows = np.ones((len(self.people), 2, walks.states), dtype=np.float32)
        self.crossed = np.zeros(len(self.people), dtype=bool)
        self.right = np.full(len(self.people), -1, dtype=np.int8)  # of chain 0 at the het to the right
        self.beyond = self.right.copy()
        self.place = walks.places[self.people + 1]
        for site in range(walks.sites - 1, -1, -1):
            before = self.kept.pop()
            alleles = np.where(self.crossed[:, None], self.alleles[site][:, ::-1], self.alleles[site])
            if len(before.who):
                joint = self._joint(site, before, rows[before.who])
                het = self.het[site][before.who]
                if het.any():
                    alleles[before.who[het]] = self._turned(site, before.who[het], joint[het])
                if not het.all():
                    alleles[before.who[~het]] = self._drawn(site, before.who[~het], joint[~het])
            self._keep(site, alleles)
            rows *= self._chances(site, alleles, self.missing[site])
            change = walks.change[site]
            rows = rows * ((1 - change) / rows.mean(axis=2, keepdims=True)) + change

    def _joint(self, site: int, before: _Rows, right: Floats) -> NDArray[np.float64]:
        """Sums over the states by their allele: [who, chain on the left, chain on the right, allele]."""
        one = self._has(site)[before.who][:, None, :]
        parts = [np.einsum("pik,pjk->pij", before.rows * has, right) for has in (~one, one)]
        return np.stack(parts, axis=3).astype(np.float64)

    def _turned(self, site: int, who: Numbers, joint: NDArray[np.float64]) -> NDArray[np.int8]:
        """Which way round heterozygous genotypes are, and who crosses on the left side of them."""
        weight = self._weights(self.alleles[site][who], joint)
        total = weight.sum(axis=(1, 2))
        one = np.where(total > 0, weight[:, :, 1].sum(axis=1) / np.where(total > 0, total, 1), 0.5)
        if self.flags & DRAW:
            first = (uniform(self.keys[who], site) < one).astype(np.int8)
            ways = weight[np.arange(len(who)), :, first]
            line = ways.sum(axis=1)
            crossed = (line > 0) & (uniform(self.keys[who], site + SECOND) * line >= ways[:, 0])
        else:
            best = weight.reshape(-1, 4).argmax(axis=1)
            first, crossed = (best % 2).astype(np.int8), best >= 2
        self.place[who] -= 1
        if self.flags & VOTE:
            for votes, other in zip(self.walks.votes, (self.right[who], self.beyond[who]), strict=True):
                same = np.where(other == 1, 2 * one - 1, 1 - 2 * one)
                votes[self.place[who]] += np.where(other < 0, 0, same)
        self.beyond[who] = self.right[who]
        self.right[who], self.crossed[who] = first, crossed
        return np.stack([first, 1 - first], axis=1)

    def _weights(self, alleles: NDArray[np.int8], joint: NDArray[np.float64]) -> NDArray[np.float64]:
        """How likely each way is: [who, left side crossed, allele of chain 0]."""
        error = self.walks.error
        taken = np.ones((len(alleles), 2, 2))  # the evidence of the site itself in the rows from the left
        if not self.flags & UNKNOWN_HETS:
            taken = np.where(np.arange(2) == alleles[:, :, None], 1.0, error)
        joint = joint / taken[:, :, None, :]
        by_allele = joint @ np.array([[1.0, error], [error, 1.0]])  # [who, left, right, wanted allele]
        weight = np.empty((len(alleles), 2, 2))
        for crossed in range(2):
            for first in range(2):
                one, two = by_allele[:, crossed, 0, first], by_allele[:, 1 - crossed, 1, 1 - first]
                weight[:, crossed, first] = one * two
        return weight

    def _drawn(self, site: int, who: Numbers, joint: NDArray[np.float64]) -> NDArray[np.int8]:
        """Alleles of missing genotypes."""
        found = np.empty((len(who), 2), dtype=np.int8)
        for chain in range(2):
            left = chain ^ self.crossed[who].astype(np.intp)
            both = joint[np.arange(len(who)), left, chain]
            total = both.sum(axis=1)
            one = np.where(total > 0, both[:, 1] / np.where(total > 0, total, 1), 0.0)
            line = uniform(self.keys[who], site + SECOND * chain) if self.flags & DRAW else 0.5
            found[:, chain] = line < one
        return found

    def _keep(self, site: int, alleles: NDArray[np.int8]) -> None:
        mask = np.uint32(1 << (site % WORD))
        row = self.walks.out[site // WORD]
        for chain in range(2):
            own = 2 * self.people + chain
            row[own] = np.where(alleles[:, chain] == 1, row[own] | mask, row[own] & ~mask)
