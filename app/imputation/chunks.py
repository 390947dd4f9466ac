"""Where a chromosome is cut for imputation: pieces that touch, each informed by typed sites around it."""

from __future__ import annotations

from dataclasses import dataclass

MEGABASE = 1_000_000
CHUNK_BP = 20 * MEGABASE
OVERLAP_BP = 3 * MEGABASE
SMALLEST_BP = MEGABASE
_TOO_SHORT = 4  # a last piece under a quarter of the length joins the one before


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """A piece: results from `first` to `last`; typed sites from `informed_first` to `informed_last` count."""

    number: int
    first: int
    last: int
    informed_first: int
    informed_last: int

    def informs(self, position: int) -> bool:
        """Whether a typed site counts for it."""
        return self.informed_first <= position <= self.informed_last


def plan_chunks(
    first: int, last: int, length: int = CHUNK_BP, overlap: int = OVERLAP_BP
) -> tuple[Chunk, ...]:
    """Cut the sites from `first` to `last` at the multiples of `length`, as Minimac4 does by itself.

    No position lies in two pieces or in none; a short piece at either end joins its neighbour.
    """
    starts = [first, *range((first - 1) // length * length + length + 1, last + 1, length)]
    if len(starts) > 1 and starts[1] - first < length // _TOO_SHORT:
        del starts[1]
    if len(starts) > 1 and last - starts[-1] + 1 < length // _TOO_SHORT:
        del starts[-1]
    ends = [start - 1 for start in starts[1:]] + [last]
    return tuple(
        Chunk(
            number=number,
            first=begin,
            last=end,
            informed_first=max(1, begin - overlap),
            informed_last=end + overlap,
        )
        for number, (begin, end) in enumerate(zip(starts, ends, strict=True))
    )
