"""Men between the pseudoautosomal parts of X who are written with two alleles.

Array programs write them so, and an engine takes such a man for a person with two equal haplotypes: his
dosages run from 0 to 2, he counts twice in R2, and his alleles are phased for nothing. Who is meant is seen
from the data: at sites where the panel expects a woman to be heterozygous again and again, he never is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.genotypes.matrix import ABSENT, MISSING
from app.imputation.chunks import MEGABASE
from app.imputation.panel_format.reader import Panel

Site = tuple[int, str, str]
NON_PAR_PART = "nonPAR"
ENOUGH_MEGABASES = 20  # that tell: one stretch a woman may well have twice, from a common ancestor
MOST_HET = 0.05  # of what is expected: wrong calls of men; women have about all of it, inbred ones half


def expected_het(panel: Panel, positions: NDArray[np.int64]) -> dict[Site, float]:
    """How likely a woman is heterozygous at each panel site of some positions: 2 p (1 - p) in the panel."""
    if not len(positions):
        return {}
    ends = int(positions.min()), int(positions.max())
    sites = panel.sites(*ends)
    share = panel.alt_counts(*ends) / panel.size
    wanted = np.isin(sites.positions, positions)
    sites, share = sites.take(wanted), share[wanted]
    keys = zip(sites.positions.tolist(), sites.refs.tolist(), sites.alts.tolist(), strict=True)
    return dict(zip(keys, (2 * share * (1 - share)).tolist(), strict=True))


class XCalls:
    """What the genotypes of X tell of each person, gathered row by row."""

    def __init__(self, people: int, chances: dict[Site, float]) -> None:
        self._chances = chances
        self._expected = np.zeros(people)
        self._het = np.zeros(people, dtype=np.int64)
        self._once = np.zeros(people, dtype=bool)
        self._twice = np.zeros(people, dtype=bool)
        self._megabases: dict[int, float] = {}

    def note(self, site: Site, cells: NDArray[np.int8]) -> None:
        """A typed site in the coding of the panel; alleles [2 * people]."""
        first, second = cells[0::2], cells[1::2]
        two = (first >= 0) & (second >= 0)
        chance = self._chances.get(site, 0.0)
        self._expected += chance * two
        self._het += two & (first != second)
        self._once |= (first >= 0) & (second == ABSENT)
        self._twice |= two
        there = site[0] // MEGABASE
        self._megabases[there] = self._megabases.get(there, 0.0) + chance

    @property
    def men(self) -> NDArray[np.bool_]:
        """Who is a man and has two alleles, at all sites or at some."""
        telling = sum(expected >= 1.0 for expected in self._megabases.values())
        sure = (self._het <= MOST_HET * self._expected) & (telling >= ENOUGH_MEGABASES)
        return np.asarray(self._twice & (sure | (self._once & (self._het == 0))), dtype=bool)


def with_one_allele(cells: NDArray[np.int8], men: NDArray[np.bool_]) -> NDArray[np.int8]:
    """A row of alleles [2 * people] in which men have one; a heterozygous call of a man is none."""
    first, second = cells[0::2], cells[1::2]
    differ = men & (second != ABSENT) & (first != second)
    one = np.where(differ, MISSING, first)
    turned = np.empty_like(cells)
    turned[0::2] = one
    turned[1::2] = np.where(men, ABSENT, second)
    return turned
