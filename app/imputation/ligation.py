"""Joins phased pieces of a chromosome: which of a person's two haplotypes goes on as which.

Phase is arbitrary in each piece. Two neighbours both phased the sites around their border; at heterozygous
ones they either agree or have the haplotypes the other way round. The majority decides for each person,
sites near the border count most: there the two are joined.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.imputation.chunks import Chunk


@dataclass(frozen=True, eq=False)
class PhasedPiece:
    """Typed sites of a chunk and around it: `positions` ascending, `keys` naming each site.

    `haplotypes` int8 [sites, 2 * people], two columns a person.
    """

    chunk: Chunk
    positions: NDArray[np.int64]
    keys: NDArray[np.str_]
    haplotypes: NDArray[np.int8]


class Ligation:
    """Takes pieces in order and gives each back with one phase along the chromosome.

    Only two pieces are in memory. `agreement` is, over all borders so far, the mean share of the weight that
    spoke for what was done; None without a border at which anybody is heterozygous. `swapped` counts people
    and borders where haplotypes changed places.
    """

    def __init__(self) -> None:
        self._before: PhasedPiece | None = None
        self._crossed: NDArray[np.bool_] | None = None
        self._shares: list[float] = []
        self.swapped = 0

    @property
    def agreement(self) -> float | None:
        """See the class."""
        return float(np.mean(self._shares)) if self._shares else None

    def add(self, piece: PhasedPiece) -> PhasedPiece:
        """The next piece: all its sites, with the haplotypes of the pieces before going on."""
        if self._before is None or self._crossed is None:
            self._crossed = np.zeros(piece.haplotypes.shape[1] // 2, dtype=bool)
        else:
            against, share = _across(self._before, piece)
            self.swapped += int(against.sum())
            self._crossed = self._crossed ^ against
            self._shares += [share] if share is not None else []
        self._before = piece
        turned = _turned(piece.haplotypes, self._crossed)
        return PhasedPiece(piece.chunk, piece.positions, piece.keys, turned)


def _turned(haplotypes: NDArray[np.int8], crossed: NDArray[np.bool_]) -> NDArray[np.int8]:
    """The two columns of some people, exchanged."""
    order = np.arange(haplotypes.shape[1])
    order[0::2] += crossed
    order[1::2] -= crossed
    return haplotypes[:, order]


def _across(left: PhasedPiece, right: PhasedPiece) -> tuple[NDArray[np.bool_], float | None]:
    """Who has the haplotypes the other way round in the right piece, and how sure that is."""
    _, mine, theirs = np.intersect1d(left.keys, right.keys, return_indices=True)
    border = right.chunk.first
    reach = max(1, left.chunk.informed_last - border)
    one, two = left.haplotypes[mine], right.haplotypes[theirs]
    het = (one[:, 0::2] + one[:, 1::2] == 1) & (two[:, 0::2] + two[:, 1::2] == 1)
    weight = np.exp(-4.0 * np.abs(left.positions[mine] - border) / reach)[:, None] * het
    same = one[:, 0::2] == two[:, 0::2]
    total, straight = weight.sum(axis=0), (weight * same).sum(axis=0)
    against = straight < total / 2
    known = total > 0
    if not known.any():
        return against, None
    winner = np.maximum(straight, total - straight)[known] / total[known]
    return against, float(winner.mean())
