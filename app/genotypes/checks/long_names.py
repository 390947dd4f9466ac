"""Names of samples that are too long to be shown: in a column of names, all are as wide as the longest."""

from __future__ import annotations

LONGEST_NAME = 200
"""Letters of a name that are shown; names of real studies have some ten."""


def shorter(name: str) -> str:
    """A name as it is shown."""
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"
