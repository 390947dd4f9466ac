"""Single sites and stretches that are worth naming: suspects and gaps. At most a thousand of each."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

import numpy as np

from app.domain.quality import Gap, SuspectSite
from app.genotypes.texts import Texts
from app.results.figures.bins import reached
from app.results.figures.site_sums import CHUNK_BASES, Sites

LOWEST_R2 = 0.8
HIGHEST_ER2 = 0.3
LOWEST_MAF = 0.01
MOST = 1000
GAP_BASES = 1_000_000
_NEAR_BORDER = 250_000


@dataclass
class SuspectSums:
    """The worst suspects so far: typed sites with a high R2, a low ER2 and alleles that are not rare."""

    worst: list[tuple[float, str, int, SuspectSite]] = field(default_factory=list)

    def add(self, sites: Sites, refs: Texts, alts: Texts) -> None:
        """Take in rows of one chromosome."""
        believed = (sites.r2 >= reached(LOWEST_R2)) & (sites.maf >= reached(LOWEST_MAF))
        for row in np.flatnonzero(believed & (sites.er2 < HIGHEST_ER2) & (sites.position > 0)).tolist():
            site = SuspectSite(
                chrom=sites.chromosome,
                pos=int(sites.position[row]),
                ref=refs[row],
                alt=alts[row],
                r2=_shown(sites.r2[row]),
                er2=_shown(sites.er2[row]),
            )
            self.worst.append((site.er2, site.chrom, site.pos, site))
        self._trim()

    def merge(self, other: SuspectSums) -> None:
        """Take in what was found in other files."""
        self.worst += other.worst
        self._trim()

    def _trim(self) -> None:
        if len(self.worst) > 4 * MOST:
            self.worst = heapq.nsmallest(MOST, self.worst, key=lambda each: each[:3])

    def figures(self) -> tuple[SuspectSite, ...]:
        """Worst first."""
        return tuple(each for *_, each in heapq.nsmallest(MOST, self.worst, key=lambda each: each[:3]))


def _shown(value: float) -> float:
    """A float32 as the file had it, not with the digits that its widening adds."""
    return float(f"{value:.7g}")


@dataclass
class GapSums:
    """Stretches of a megabase and more without any variant."""

    chunk_bases: int = CHUNK_BASES
    found: list[Gap] = field(default_factory=list)
    _chromosome: str = ""
    _last: int = 0

    def add(self, sites: Sites) -> None:
        """Take in rows of one chromosome, in order of position."""
        position = sites.position[sites.position > 0]
        if not len(position):
            return
        known = np.concatenate([[self._last], position]) if self._chromosome == sites.chromosome else position
        for at in np.flatnonzero(np.diff(known) > GAP_BASES).tolist():
            if len(self.found) < MOST:
                self._note(sites.chromosome, int(known[at]) + 1, int(known[at + 1]) - 1)
        self._chromosome, self._last = sites.chromosome, int(position[-1])

    def merge(self, other: GapSums) -> None:
        """Take in what was found in other files."""
        self.found = [*self.found, *other.found][:MOST]

    def _note(self, chromosome: str, first: int, last: int) -> None:
        at_border = any(self._is_border(place) for place in (first, last))
        self.found.append(Gap(chromosome=chromosome, first=first, last=last, at_border=at_border))

    def _is_border(self, position: int) -> bool:
        """Whether a place lies near a border of two chunks: a whole chunk may be missing there."""
        rest = position % self.chunk_bases
        return min(rest, self.chunk_bases - rest) < _NEAR_BORDER
