"""Numbers of the chromosome names of a file, whose memory a file with endless names cannot fill."""

from __future__ import annotations

MOST_NAMES = 5000
"""Names that are kept; a file with more is no file of human genotypes. Human names are kept beyond it too."""
OTHER_NAMES = "(other names)"
"""Stands for all names beyond those that are kept."""


def number_of(name: str, names: list[str], numbers: dict[str, int]) -> int:
    """The number of a name in `names`; a new one is added while there is room.

    `numbers` is for this function: what is in `names` already.
    """
    found = numbers.get(name)
    if found is not None:
        return found
    kept = name if len(names) < MOST_NAMES or _is_kept_still(name, len(names)) else OTHER_NAMES
    if kept not in numbers:
        numbers[kept] = len(names)
        names.append(kept)
    return numbers[kept]


def _is_kept_still(name: str, known: int) -> bool:
    from app.genotypes.builds import plain_chromosome  # processes that only read need nothing of it

    return known < 2 * MOST_NAMES and plain_chromosome(name) is not None
