"""Which chromosome a name means; numbers of the names of a file, whose memory endless ones cannot fill."""

from __future__ import annotations

import re

MOST_NAMES = 5000
"""Names that are kept; a file with more is no file of human genotypes. Human names are kept beyond it too."""
OTHER_NAMES = "(other names)"
"""Stands for all names beyond those that are kept."""

_NUMBERED = {"23": "X", "24": "Y", "25": "XY", "26": "MT", "M": "MT"}
REFSEQ = re.compile(r"NC_0+(\d{1,2})\.(\d+)$")
_CHROMOSOMES = frozenset([*map(str, range(1, 23)), "X", "Y", "XY", "MT"])


def plain_chromosome(raw: str) -> str | None:
    """`chr7` → `7`, `23` → `X`, `NC_000022.10` → `22`; None when it is no human chromosome."""
    name = raw[3:] if raw[:3].lower() == "chr" else raw
    if match := REFSEQ.match(name):
        name = match[1]
    elif name.startswith("NC_012920."):
        return "MT"
    name = _NUMBERED.get(name.upper(), name.upper())
    return name if name in _CHROMOSOMES else None


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
    return known < 2 * MOST_NAMES and plain_chromosome(name) is not None
