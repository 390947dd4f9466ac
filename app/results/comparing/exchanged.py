"""Sites whose REF and ALT are exchanged between two results: one variant that would be counted as two."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from app.domain.finding import Finding, Severity
from app.results.merging.sites import Aligned

_ADVICE = (
    "In one of the results the panel, or the data where a variant was only typed, has REF the other way "
    "round. Compare the data with a reference genome, repair them and impute that result again. Exchanging "
    "alleles in the result is not enough: dosages count ALT and would have to be turned as well."
)


class ExchangedSites:
    """Counts them while results are compared; all that is kept is a number a pair and the first place."""

    def __init__(self, results: int) -> None:
        self._pairs: Counter[tuple[int, int]] = Counter()
        self._results = results
        self.sites = 0
        self.example = ""

    def add(self, chromosome: str, piece: Aligned) -> None:
        """Take in the variants of a piece; all that have one position stand in one piece."""
        present = piece.present
        for first, other in _turned(piece, np.flatnonzero(~present.all(axis=0))):
            only_first, only_other = (
                present[:, first] & ~present[:, other],
                present[:, other] & ~present[:, first],
            )
            if not (only_first.any() and only_other.any()):
                continue
            self.sites += 1
            self._count(only_first, only_other)
            if not self.example:
                ref, alt = piece.refs[first], piece.alts[first]
                self.example = f"{chromosome}:{piece.position[first]:,} {ref}/{alt} and {alt}/{ref}"

    def _count(self, only_first: NDArray[np.bool_], only_other: NDArray[np.bool_]) -> None:
        for a, b in combinations(range(self._results), 2):
            if (only_first[a] and only_other[b]) or (only_first[b] and only_other[a]):
                self._pairs[a, b] += 1

    def findings(self, names: Sequence[str]) -> tuple[Finding, ...]:
        """What is told of it; nothing where no site is exchanged."""
        if not self.sites:
            return ()
        one = self.sites == 1
        between = ", ".join(
            f"{count:,} between {names[a]} and {names[b]}" for (a, b), count in sorted(self._pairs.items())
        )
        return (
            Finding(
                code="comparison.exchanged",
                severity=Severity.WARNING,
                title=f"{self.sites:,} {'site has' if one else 'sites have'} REF and ALT exchanged",
                detail=f"{between}. {'It counts' if one else 'Each counts'} as two variants, each lacking "
                "in the other result.",
                where=self.example,
                count=self.sites,
                what_to_do=_ADVICE,
            ),
        )


def _turned(piece: Aligned, rows: NDArray[np.intp]) -> Iterator[tuple[int, int]]:
    """Pairs of these variants that stand at one position, with REF of one as ALT of the other."""
    position = piece.position[rows]
    again = np.flatnonzero(np.diff(position) == 0)
    shared = np.union1d(again, again + 1)
    seen: dict[tuple[int, str, str], int] = {}
    for row in rows[shared].tolist():
        at, ref, alt = int(piece.position[row]), piece.refs[row], piece.alts[row]
        first = seen.pop((at, alt, ref), None)
        if first is None:
            seen[at, ref, alt] = row
        else:
            yield first, row
