"""Typed sites whose genotypes the panel does not believe: their empirical R2 is far below their R2.

Where the data are imputed as if the site had not been typed and the answer does not resemble what was typed
(ER2), while the site itself is well supported (R2), the genotypes are likely wrong: a strand flip, swapped
alleles, another build, a bad probe.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from pathlib import Path

from app.domain.problem import ProblemError
from app.domain.quality import SuspectSite as Suspect
from app.results.figures.info_tables import info_rows
from app.results.figures.noted_sites import SuspectSums
from app.results.quality import figure_files

__all__ = ["Suspect", "suspects"]


def suspects(source: Path | Iterable[Path]) -> tuple[Suspect, ...]:
    """The suspect sites of a result folder or of info and dose files, worst first, at most 1,000.

    Rare sites (MAF below 0.01) are left out, as their ER2 says little, and sites whose position is not told.
    Files that cannot be read are left to `quality`, which tells of them.
    """
    found = SuspectSums()
    for path in figure_files(source):
        with contextlib.suppress(ProblemError):
            for rows in info_rows(path):
                found.add(rows.sites, rows.refs, rows.alts)
    return found.figures()
