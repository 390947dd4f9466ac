"""Sites of common arrays with their positions in three builds: what builds and ancestry are told by.

The table is `resources/known_sites.npz`; `resources/known_sites.md` says where it comes from.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from app.domain.resources import resource

KNOWN_BUILDS = ("NCBI36", "GRCh37", "GRCh38")
SITE_CHROMOSOMES = (*map(str, range(1, 23)), "X")
NO_ALLELES = 254  # in `code`, for sites of which only the position is known
_PLACE_BITS = np.uint64(40)

Positions = NDArray[np.int64]
Keys = NDArray[np.uint64]


@dataclass(frozen=True, eq=False)
class KnownSites:
    """Columns of one length, sorted by chromosome and GRCh38 position.

    `chromosome` holds indices into SITE_CHROMOSOMES, `position` a column a build (0: not in that build),
    `code` the alleles as in `SiteTable.code` (REF of GRCh38), or NO_ALLELES.
    """

    chromosome: NDArray[np.uint8]
    position: dict[str, Positions]
    code: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.code)

    @cached_property
    def _sorted(self) -> dict[str, tuple[Keys, NDArray[np.intp]]]:
        result = {}
        for build, position in self.position.items():
            keys = place_keys(self.chromosome, position)
            order = np.argsort(keys, kind="stable")
            result[build] = keys[order], order
        return result

    def rows(self, build: str, chromosome: str, positions: Positions) -> NDArray[np.int64]:
        """The row of the known site at each position in a build, -1 where there is none."""
        if build not in self.position or chromosome not in SITE_CHROMOSOMES or not len(positions):
            return np.full(len(positions), -1, np.int64)
        keys, order = self._sorted[build]
        number = np.uint8(SITE_CHROMOSOMES.index(chromosome))
        wanted = place_keys(np.full(len(positions), number), np.clip(positions, 0, 2**31))
        place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        hit = (keys[place] == wanted) & (positions > 0)
        result: NDArray[np.int64] = np.where(hit, order[place], -1)
        return result


def place_keys(chromosome: NDArray[np.uint8], position: Positions) -> Keys:
    """One sortable number for a chromosome and a position."""
    result: Keys = chromosome.astype(np.uint64) << _PLACE_BITS | position.astype(np.uint64)
    return result


@cache
def known_sites() -> KnownSites:
    """The table of the program, read once."""
    with np.load(resource("known_sites.npz")) as stored:
        sizes, code = stored["sizes"], stored["alleles"]
        steps = np.ascontiguousarray(stored["GRCh38"].T).view("<i4").ravel()
        new = np.cumsum(steps, dtype=np.int64)
        old = new + np.cumsum(stored["GRCh37"], dtype=np.int64)
        oldest = old + np.cumsum(stored["NCBI36"], dtype=np.int64)
        oldest[np.unpackbits(stored["lacks_NCBI36"], count=len(code)).astype(bool)] = 0
    chromosome = np.repeat(np.arange(len(sizes), dtype=np.uint8), sizes)
    return KnownSites(chromosome, dict(zip(KNOWN_BUILDS, (oldest, old, new), strict=True)), code)
