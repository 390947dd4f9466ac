"""Whole-genome and imputed input thinned to what an array measures: services expect arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.domain.repair import RepairCode as R
from app.genotypes.cohort import MISSING
from app.genotypes.repair.draft import Draft, Rows
from app.genotypes.repair.study import CHROMOSOMES

ARRAY_SPACING = 2_000
"""One site in so many bases: about 1.4 million on the genome, the density of a large array."""
LEAST_MAF = 0.01
WINDOW = 10_000_000


def thin(draft: Draft) -> None:
    """Keep the listed sites, or the most informative site of each stretch where there are too many."""
    if draft.choices.sites is not None:
        why = "They are not on the list that you gave."
        draft.offer(R.THIN, _unlisted(draft), loses=True, why=why)
    elif draft.target.most_per_chunk:
        dense = _dense(draft)
        if len(dense):
            why = f"Over {draft.target.most_per_chunk:,} in a stretch: one in {ARRAY_SPACING:,} bases stays."
            draft.offer(R.THIN, _spare(draft, dense), loses=True, why=why)


def _unlisted(draft: Draft) -> NDArray[np.bool_]:
    listed = draft.choices.sites or {}
    result = draft.alive.copy()
    for name, positions in listed.items():
        if name in CHROMOSOMES:
            here = draft.on(name)
            result[here[np.isin(draft.position[here], np.array(sorted(positions), np.int64))]] = False
    return result


def _dense(draft: Draft) -> list[str]:
    """Chromosomes with a stretch that holds more sites than the service takes."""
    return [
        name
        for name in draft.present()
        if np.bincount(draft.position[draft.on(name)] // WINDOW).max() > draft.target.most_per_chunk
    ]


def _spare(draft: Draft, names: list[str]) -> Rows:
    """Rows of dense chromosomes but the best of each stretch: in the panel, well called, common."""
    spare: list[Rows] = []
    for name in names:
        rows = draft.on(name)
        frequency = np.nan_to_num(draft.alt_frequency(rows))
        maf = np.minimum(frequency, 1 - frequency)
        missing = draft.counts[rows, MISSING] / max(draft.people, 1)
        worth = draft.aligned[rows].astype(float) + maf - missing
        stretch = draft.position[rows] // ARRAY_SPACING
        order = np.lexsort((-worth, stretch))
        first = np.ones(len(order), bool)
        first[1:] = stretch[order][1:] != stretch[order][:-1]
        best = order[first]
        best = best[maf[best] >= LEAST_MAF]
        spare.append(np.delete(rows, best))
    return np.concatenate(spare)
