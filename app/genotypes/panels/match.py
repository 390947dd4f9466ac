"""How the alleles of many sites stand to those of a panel: the rules of the server, in bulk.

Source: `cloudgene.md` 7.3 rows 6–12 with 7.12 C: an exact match with any row at the position counts, every
other comparison is with the last row. Only pairs of two different letters have another strand.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from app.genotypes.site_table import OTHER, Alleles, SiteTable, complemented, letters_code, swapped
from app.genotypes.texts import Texts


class MatchKind(IntEnum):
    """What a pair of alleles is to the panel."""

    ABSENT = 0  # the panel has no row at the position
    EXACT = 1
    AMBIGUOUS = 2  # A/T or C/G in both, in the other order: strand cannot be told by letters
    SWITCH = 3
    FLIP = 4
    FLIP_SWITCH = 5
    MISMATCH = 6


@dataclass(frozen=True, eq=False)
class Matched:
    """For each site its kind, and the row of the panel that it was judged by (-1 when ABSENT).

    The row is the one that agrees when EXACT, else the last at the position.
    """

    kind: NDArray[np.uint8]
    row: NDArray[np.int64]

    def counts(self) -> dict[MatchKind, int]:
        """How many sites there are of each kind."""
        number = np.bincount(self.kind, minlength=len(MatchKind))
        return {kind: int(number[kind]) for kind in MatchKind}


def _kinds() -> NDArray[np.uint8]:
    """The kind for [my code, code of the last row], both two different letters."""
    table = np.full((256, 256), MatchKind.MISMATCH, np.uint8)
    for mine in range(16):
        code = np.array([mine], np.uint8)
        turned = complemented(code)
        # The later assignment wins: the order is that of the rules, backwards.
        table[mine, swapped(turned)[0]] = MatchKind.FLIP_SWITCH
        table[mine, turned[0]] = MatchKind.FLIP
        table[mine, swapped(code)[0]] = MatchKind.SWITCH
        if mine in _PALINDROMES:
            table[mine, [mine, int(swapped(code)[0])]] = MatchKind.AMBIGUOUS
        table[mine, mine] = MatchKind.EXACT
    return table


_PALINDROMES = frozenset((0 << 2 | 3, 3 << 2 | 0, 1 << 2 | 2, 2 << 2 | 1))
_KINDS = _kinds()


def match(table: SiteTable, positions: NDArray[np.int64], refs: Texts, alts: Texts) -> Matched:
    """Compare sites (any order) with the rows of one chromosome of a panel."""
    mine = letters_code(refs, alts)
    first, after = table.ranges(positions)
    row = after - 1
    kind = np.full(len(positions), MatchKind.ABSENT, np.uint8)
    row[after == first] = -1
    here = np.flatnonzero(row >= 0)
    if not len(here):
        return Matched(kind, row)
    kind[here] = _KINDS[mine[here], table.code[row[here]]]
    _match_earlier(table, mine, first, row, kind)
    _match_others(table, (refs, alts), mine, first, row, kind)
    return Matched(kind, row)


def _match_earlier(
    table: SiteTable,
    mine: NDArray[np.uint8],
    first: NDArray[np.int64],
    row: NDArray[np.int64],
    kind: NDArray[np.uint8],
) -> None:
    """Exact matches with rows before the last one at a position."""
    left = np.flatnonzero((row > first) & (kind != MatchKind.EXACT) & (mine != OTHER))
    at = first[left]
    while len(left):
        hit = table.code[at] == mine[left]
        kind[left[hit]] = MatchKind.EXACT
        last = row[left]
        row[left[hit]] = at[hit]
        going = ~hit & (at + 1 < last)
        left, at = left[going], at[going] + 1


def _match_others(
    table: SiteTable,
    texts: tuple[Texts, Texts],
    mine: NDArray[np.uint8],
    first: NDArray[np.int64],
    row: NDArray[np.int64],
    kind: NDArray[np.uint8],
) -> None:
    """Pairs that are not two different letters: compared as texts, one by one."""
    for site in np.flatnonzero((mine == OTHER) & (row >= 0)):
        pair = texts[0][int(site)], texts[1][int(site)]
        last = int(row[site])
        kind[site] = MatchKind.MISMATCH
        if table.code[last] == OTHER:
            kind[site] = compare(pair, table.alleles(last))
        for each in range(int(first[site]), last):
            if table.code[each] == OTHER and table.alleles(each) == pair:
                kind[site], row[site] = MatchKind.EXACT, each
                break


def compare(mine: Alleles, theirs: Alleles) -> MatchKind:
    """The rules for a pair that is not two different letters of ACGT: it has no other strand."""
    if mine == theirs:
        return MatchKind.EXACT
    return MatchKind.SWITCH if mine[::-1] == theirs else MatchKind.MISMATCH
