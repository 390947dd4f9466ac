"""The history of three invented populations, and time measured as their coalescence rate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

POPULATIONS = ("north", "south", "east")
_SPLIT_NORTH_EAST = 848.0
_SPLIT_SOUTH = 2800.0
_OLD_CHANGE = 8800.0
_OLDEST = 1e7


def _grown(now: float, then: float, until: float, steps: int) -> list[tuple[float, float]]:
    """Exponential growth to `now` over the last `until` generations, as steps (start, size)."""
    edges = np.linspace(0.0, until, steps, endpoint=False)
    middles = edges + until / steps / 2
    return [(float(a), float(now * (then / now) ** (m / until))) for a, m in zip(edges, middles, strict=True)]


# People (diploid) by population, from (generations ago). In the form of Gutenkunst and others, PLoS Genetics
# 2009: "north" and "east" passed a bottleneck, "south" did not. There is no migration here, so the split is
# younger and the bottleneck wider than theirs, which keeps the populations as different as people are.
_SHARED = [(_SPLIT_NORTH_EAST, 4000.0), (_SPLIT_SOUTH, 12300.0), (_OLD_CHANGE, 7300.0)]
_SIZES: tuple[list[tuple[float, float]], ...] = (
    _grown(30_000, 1000, _SPLIT_NORTH_EAST, 16) + _SHARED,
    [(0.0, 12300.0), (_OLD_CHANGE, 7300.0)],
    _grown(54_000, 510, _SPLIT_NORTH_EAST, 16) + _SHARED,
)


@dataclass(frozen=True, eq=False)
class History:
    """When lineages of populations can meet, and how fast.

    `joined[p, q]` is when populations p and q became one (0 on the diagonal). `pace(p, t)` is the
    integral of 1 / (2 N) from now to t along the ancestors of p, so that two lineages of one population meet
    after one unit on average; `date` is its inverse.
    """

    joined: NDArray[np.float64]
    times: tuple[NDArray[np.float64], ...]
    paces: tuple[NDArray[np.float64], ...]

    def pace(self, population: int, times: NDArray[np.float64]) -> NDArray[np.float64]:
        """Generations to coalescent time."""
        return np.interp(times, self.times[population], self.paces[population])

    def date(self, population: int, pace: float) -> float:
        """Coalescent time to generations."""
        return float(np.interp(pace, self.paces[population], self.times[population]))


def out_of_africa() -> History:
    """The history that the practice data are drawn from."""
    joined = np.full((3, 3), _SPLIT_SOUTH)
    np.fill_diagonal(joined, 0.0)
    joined[0, 2] = joined[2, 0] = _SPLIT_NORTH_EAST
    times, paces = [], []
    for sizes in _SIZES:
        edges = np.array([start for start, _ in sizes] + [_OLDEST])
        rates = 0.5 / np.array([size for _, size in sizes])
        times.append(edges)
        paces.append(np.concatenate([[0.0], np.cumsum(np.diff(edges) * rates)]))
    return History(joined, tuple(times), tuple(paces))
