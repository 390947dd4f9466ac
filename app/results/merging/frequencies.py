"""Variants whose frequency in one batch of a cohort is far from that in the others: a sign of a bad batch."""

from __future__ import annotations

import heapq
from collections.abc import Sequence

import numpy as np

from app.domain.batch_merge import BatchDifference
from app.results.merging.figures import Moments
from app.results.merging.sites import Aligned

LEAST = 0.05  # of frequency
FAR = 5.0  # standard errors
MOST = 1000


class FrequencyCheck:
    """Compares each batch with all others together, as the variants come."""

    def __init__(self, batches: Sequence[str]) -> None:
        self._batches = batches
        self._worst: list[tuple[float, int, BatchDifference]] = []
        self._noted = 0
        self.differing = 0

    def add(self, chromosome: str, piece: Aligned, moments: Sequence[Moments]) -> None:
        """Take in variants: the sums of each batch, nobody's where it lacks the variant."""
        whole = moments[0]
        for each in moments[1:]:
            whole = whole + each
        far = np.zeros(len(piece), dtype=bool)
        for name, mine in zip(self._batches, moments, strict=True):
            rest = whole - mine
            apart = mine.frequency - rest.frequency
            error = np.sqrt(mine.error + rest.error)
            z = np.divide(np.abs(apart), error, out=np.full(len(apart), np.inf), where=error > 0)
            here = (np.abs(apart) > LEAST) & (z > FAR)
            far |= here
            for row in np.flatnonzero(here).tolist():
                self._note(
                    BatchDifference(
                        chrom=chromosome,
                        pos=int(piece.position[row]),
                        ref=piece.refs[row],
                        alt=piece.alts[row],
                        batch=name,
                        frequency=round(float(mine.frequency[row]), 6),
                        elsewhere=round(float(rest.frequency[row]), 6),
                        z=round(float(min(z[row], 1e6)), 3),
                    )
                )
        self.differing += int(far.sum())

    def greatest(self) -> tuple[BatchDifference, ...]:
        """The differences that are farthest from chance, at most 1,000."""
        return tuple(each for _, _, each in sorted(self._worst, key=lambda each: (-each[0], each[1])))

    def _note(self, difference: BatchDifference) -> None:
        self._noted += 1
        entry = (difference.z, -self._noted, difference)
        if len(self._worst) < MOST:
            heapq.heappush(self._worst, entry)
        elif entry[:2] > self._worst[0][:2]:
            heapq.heapreplace(self._worst, entry)
