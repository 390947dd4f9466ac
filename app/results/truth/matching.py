"""Which site of a result is which of the truth: by position and alleles, exchanged or on the other strand."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from app.domain.accuracy import AlleleMatch, MissedWhy
from app.genotypes.site_table import OTHER, complemented, letters_code, swapped
from app.genotypes.texts import Texts
from app.results.doses.contract import DoseBatch, SiteKind
from app.results.truth.reading import Rows, TruthPart


class How(IntEnum):
    """How alleles stand; the first that holds counts. PALINDROMIC and NOT do not match."""

    SAME = 0
    EXCHANGED = 1
    STRAND = 2
    BOTH = 3
    PALINDROMIC = 4
    NOT = 5


MATCHES = {
    How.SAME: AlleleMatch.SAME,
    How.EXCHANGED: AlleleMatch.EXCHANGED,
    How.STRAND: AlleleMatch.STRAND,
    How.BOTH: AlleleMatch.BOTH,
}


class Fate(IntEnum):
    """What became of a site of the truth, from the least to the most that is known of it."""

    NOT_MET = 0
    ALLELES = 1
    PALINDROMIC = 2
    TWICE = 3
    TYPED = 4
    NOT_CALLED = 5
    COMPARED = 6


WHY = {
    Fate.NOT_MET: MissedWhy.NOT_IN_RESULT,
    Fate.ALLELES: MissedWhy.ALLELES,
    Fate.PALINDROMIC: MissedWhy.PALINDROMIC,
    Fate.TWICE: MissedWhy.TWICE,
    Fate.TYPED: MissedWhy.TYPED,
    Fate.NOT_CALLED: MissedWhy.NOT_CALLED,
}


@dataclass(eq=False)
class Matcher:
    """The sites of a part of the truth while results are read past it; `fate` is one of Fate a site.

    `typed` says which sites are left out as typed whatever the result says, None: none.
    """

    part: TruthPart
    typed: NDArray[np.bool_] | None = None
    fate: NDArray[np.uint8] = field(init=False)
    matched: dict[How, int] = field(init=False)

    def __post_init__(self) -> None:
        self.fate = np.zeros(len(self.part), np.uint8)
        self.matched = dict.fromkeys(MATCHES, 0)

    def match(self, batch: DoseBatch) -> tuple[Rows, Rows, NDArray[np.bool_]]:
        """Rows of the batch and sites of the truth that are the same and to be compared; whether ALT of the
        truth is REF of the result. Each site is given once in all batches."""
        rows, sites = self._meetings(batch.position)
        how = self._how(batch, rows, sites)
        self._note(sites[how == How.NOT], Fate.ALLELES)
        self._note(sites[how == How.PALINDROMIC], Fate.PALINDROMIC)
        self._note(sites[how < How.PALINDROMIC], Fate.TWICE)  # unless it is found to be more
        rows, sites, how = _once(rows, sites, how)
        typed = batch.info.kind[rows] & np.uint8(SiteKind.TYPED) > 0
        if self.typed is not None:
            typed |= self.typed[sites]
        self._note(sites[typed], Fate.TYPED)
        fresh = ~typed & (self.fate[sites] < Fate.TYPED)
        rows, sites, how = rows[fresh], sites[fresh], how[fresh]
        self._note(sites, Fate.COMPARED)
        for kind in self.matched:
            self.matched[kind] += int((how == kind).sum())
        return rows, sites, (how == How.EXCHANGED) | (how == How.BOTH)

    def not_called(self, sites: Rows) -> None:
        """Sites that were to be compared, but nobody has a genotype there."""
        self.fate[sites] = Fate.NOT_CALLED

    def _note(self, sites: Rows, fate: Fate) -> None:
        self.fate[sites] = np.maximum(self.fate[sites], np.uint8(fate))

    def _meetings(self, position: NDArray[np.int64]) -> tuple[Rows, Rows]:
        """All pairs of a row and a usable site at the same position."""
        first = np.searchsorted(self.part.position, position, side="left")
        many = np.searchsorted(self.part.position, position, side="right") - first
        rows = np.repeat(np.arange(len(position), dtype=np.intp), many)
        begin = np.repeat(first - (np.cumsum(many) - many), many)
        sites = (np.arange(len(rows)) + begin).astype(np.intp)
        usable = self.part.usable[sites]
        return rows[usable], sites[usable]

    def _how(self, batch: DoseBatch, rows: Rows, sites: Rows) -> NDArray[np.uint8]:
        here = letters_code(batch.refs[rows], batch.alts[rows])
        there = self.part.code[sites]
        how = compared(here, there, strand_known=self.part.reference_known)
        for pair in np.flatnonzero((here == OTHER) & (there == OTHER)).tolist():
            how[pair] = _long(batch.refs, batch.alts, int(rows[pair]), self.part.alleles(int(sites[pair])))
        return how


def compared(here: NDArray[np.uint8], there: NDArray[np.uint8], *, strand_known: bool) -> NDArray[np.uint8]:
    """How single letters stand. A/T and C/G pairs match only as they are written, where the strand is known.

    Exchanged they may be the other strand as well, and nothing but frequencies could tell.
    """
    palindromic = (here != OTHER) & (complemented(here) == swapped(here))
    how = np.full(len(here), How.NOT, np.uint8)
    for kind, form in (
        (How.BOTH, swapped(complemented(there))),
        (How.STRAND, complemented(there)),
        (How.EXCHANGED, swapped(there)),
        (How.SAME, there),
    ):
        how[(here == form) & (here != OTHER)] = kind
    told = (how == How.SAME) & strand_known
    how[palindromic & (how != How.NOT) & ~told] = How.PALINDROMIC
    return how


def _long(refs: Texts, alts: Texts, row: int, there: tuple[bytes, bytes]) -> How:
    """Alleles of several letters; those on the other strand would stand at another position."""
    here = refs.raw(row).upper(), alts.raw(row).upper()
    ref, alt = there[0].upper(), there[1].upper()
    if here == (ref, alt):
        return How.SAME
    return How.EXCHANGED if here == (alt, ref) else How.NOT


def _once(rows: Rows, sites: Rows, how: NDArray[np.uint8]) -> tuple[Rows, Rows, NDArray[np.uint8]]:
    """The best match of each site and each row, in the order of the rows."""
    kept = np.flatnonzero(how < How.PALINDROMIC)
    for numbers in (sites, rows):
        kept = kept[np.lexsort((how[kept], numbers[kept]))]
        kept = kept[np.unique(numbers[kept], return_index=True)[1]]
    kept.sort()
    return rows[kept], sites[kept], how[kept]
