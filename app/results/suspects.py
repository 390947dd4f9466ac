"""Typed sites whose genotypes the panel does not believe: their empirical R2 is far below their R2.

Where the data are imputed as if the site had not been typed and the answer does not resemble what was typed
(ER2), while the site itself is well supported (R2), the genotypes are likely wrong: a strand flip, swapped
alleles, another build, a bad probe.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from pathlib import Path

from app.domain.model import Model
from app.domain.problem import ProblemError
from app.results.quality import SiteFigures, figure_files, site_figures

LOWEST_R2 = 0.8
HIGHEST_ER2 = 0.3
LOWEST_MAF = 0.01
MOST = 1000


class Suspect(Model):
    """A typed site, with both figures as the result file has them."""

    chrom: str
    pos: int
    ref: str
    alt: str
    r2: float
    er2: float


def suspects(source: Path | Iterable[Path]) -> tuple[Suspect, ...]:
    """The suspect sites of a result folder or of info and dose files, worst first, at most 1,000.

    Rare sites (MAF below 0.01) are left out, as their ER2 says little, and sites whose position is not told.
    Files that cannot be read are left to `quality`, which tells of them.
    """
    found = (each for path in figure_files(source) for each in _of_file(path))
    worst = heapq.nsmallest(MOST, found, key=lambda each: (each.er2, each.chrom, each.pos))
    return tuple(worst)


def _of_file(path: Path) -> Iterator[Suspect]:
    try:
        for site in site_figures(path):
            if _is_suspect(site):
                position, ref, alt = (each.decode("ascii", "replace") for each in site.site)
                yield Suspect(
                    chrom=site.chromosome, pos=int(position), ref=ref, alt=alt, r2=site.r2, er2=site.er2
                )
    except ProblemError:
        return


def _is_suspect(site: SiteFigures) -> bool:
    believed = site.r2 >= LOWEST_R2 and site.maf >= LOWEST_MAF
    return believed and site.er2 < HIGHEST_ER2 and site.site[0].isdigit()
