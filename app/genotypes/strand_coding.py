"""In which coding alleles are written: letters of a genome strand, Illumina's TOP or A and B, or numbers.

Illumina's TOP strand is defined so that an unambiguous SNP is A/C or A/G, never C/T or G/T (A/T and C/G are
decided by the flanks and tell nothing). On a strand of the genome each kind makes up about half, so a few
dozen pairs decide. Rule: `genotypes.md` 5a row 42, as in `bcftools +fixref`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from app.genotypes.texts import Texts

ENOUGH = 50  # pairs; by chance a strand of the genome looks like TOP with a probability of 2 ** -50
NEARLY_ALL = 0.98
_MIXED = 0.65  # half and three standard deviations at 100 pairs


class CodingKind(StrEnum):
    """`PLUS` is any strand of the genome: plus and dbSNP's forward look alike here."""

    PLUS = "plus"
    TOP = "top"
    BOTTOM = "bottom"
    MIXED = "mixed"  # part of the sites are TOP or BOTTOM, as where two exports were joined
    AB = "ab"
    ONE_TWO = "12"
    NUMBERS = "1234"
    INSERTIONS = "id"
    UNKNOWN = "unknown"  # too few pairs


@dataclass(frozen=True)
class Coding:
    """What the pairs say. `share_top` is the share of A/C and A/G among the `judged` pairs that tell TOP from
    BOTTOM (0.5 where none does); `pairs` counts rows with two alleles of one character; `shares` are those of
    the pairs of letters, A/B, 1/2, numbers and I/D among them."""

    kind: str
    share_top: float
    judged: int
    pairs: int = 0
    shares: tuple[tuple[str, float], ...] = ()


def coding_of(refs: Texts, alts: Texts) -> Coding:
    """The coding of rows with two known alleles; their order does not matter, nor do others' letters."""
    low, high = _pairs(refs, alts)
    counts = {name: int(_is_pair(low, high, *sets).sum()) for name, sets in _SETS.items()}
    total = sum(counts.values())
    top = int(((low == ord("A")) & ((high == ord("C")) | (high == ord("G")))).sum())
    bottom = int(((high == ord("T")) & ((low == ord("C")) | (low == ord("G")))).sum())
    judged = top + bottom
    share = top / judged if judged else 0.5
    shares = tuple((name, counts[name] / total) for name in _SETS if total)
    return Coding(_kind(counts, share, judged), share, judged, len(low), shares)


_SETS: dict[str, tuple[bytes, bytes]] = {
    "letters": (b"ACGT", b"ACGT"),
    "ab": (b"A", b"B"),
    "12": (b"1", b"2"),
    "1234": (b"1234", b"34"),
    "id": (b"D", b"I"),
}
_KINDS = {
    "ab": CodingKind.AB,
    "12": CodingKind.ONE_TWO,
    "1234": CodingKind.NUMBERS,
    "id": CodingKind.INSERTIONS,
}


def _pairs(refs: Texts, alts: Texts) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The smaller and the larger letter of each row with two different alleles of one character."""
    one, two = (texts.first_letters() for texts in (refs, alts))
    lower = ord("a") - ord("A")
    one, two = (np.where((x >= ord("a")) & (x <= ord("z")), x - lower, x) for x in (one, two))
    known = (one != two) & ~np.isin(one, [0, ord("."), ord("0")]) & ~np.isin(two, [0, ord("."), ord("0")])
    return np.minimum(one, two)[known], np.maximum(one, two)[known]


def _is_pair(low: NDArray[np.uint8], high: NDArray[np.uint8], lows: bytes, highs: bytes) -> NDArray[np.bool_]:
    return np.isin(low, list(lows)) & np.isin(high, list(highs))


def _kind(counts: dict[str, int], share: float, judged: int) -> CodingKind:
    name, most = max(counts.items(), key=lambda item: item[1])
    if name == "12" and counts["1234"] > most / 10 or name == "1234":
        return CodingKind.NUMBERS if counts["12"] + counts["1234"] >= ENOUGH else CodingKind.UNKNOWN
    if name != "letters":
        return _KINDS[name] if most >= ENOUGH else CodingKind.UNKNOWN
    if judged < ENOUGH:
        return CodingKind.UNKNOWN
    if share >= NEARLY_ALL:
        return CodingKind.TOP
    if share <= 1 - NEARLY_ALL:
        return CodingKind.BOTTOM
    bound = max(_MIXED, 0.5 + 2.5 / judged**0.5)
    return CodingKind.PLUS if 1 - bound <= share <= bound else CodingKind.MIXED
