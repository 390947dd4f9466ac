"""Whole-genome and imputed input thinned to what an array measures: services expect arrays."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.domain.repair import RepairCode as R
from app.genotypes.cohort import MISSING
from app.genotypes.repair.draft import Draft, Rows
from app.genotypes.repair.study import CHROMOSOMES, Study

ARRAY_SPACING = 2_000
"""One site in so many bases: about 1.4 million on the genome, the density of a large array."""
LEAST_MAF = 0.01
LEAST_PEOPLE = 10
DENSE_WINDOW = 1_000_000
DENSE = 600
"""Sites in a window: 1.8 million in a genome, more than nearly all arrays have."""
WINDOW = 10_000_000


def thin(draft: Draft) -> None:
    """Keep the listed sites, or the most informative site of each stretch where there are too many."""
    imputed = looks_imputed(draft.study)
    if imputed:
        draft.cautions.append(
            "The data look imputed or phased before: sites without a gap, and not one genotype is missing. "
            "Imputing twice hides errors; send the genotypes as they were measured."
        )
    if draft.choices.sites is not None:
        why = "They are not on the list that you gave."
        draft.offer(R.THIN, _unlisted(draft), loses=True, why=why)
    elif draft.target.most_per_chunk:
        dense = _dense(draft)
        if len(dense):
            why = f"Over {draft.target.most_per_chunk:,} in a stretch: one in {ARRAY_SPACING:,} bases stays."
            draft.offer(R.THIN, _spare(draft, dense), loses=True, why=why)
            return
    if imputed and draft.choices.sites is None and draft.alive.any():
        why = f"As many as an array has: one in {ARRAY_SPACING:,} bases stays."
        caution = "These need not be the sites that were measured; those are better, where you have them."
        rows = _spare(draft, draft.present())
        draft.offer(R.THIN, rows, loses=True, proposed=False, why=why, caution=caution)


def looks_imputed(study: Study) -> bool:
    """Denser than arrays and complete, by the rule of the check of content."""
    missing = sum(int(each.counts[:, MISSING].sum(dtype=np.int64)) for each in study.cohorts)
    if missing or len(study.samples) < LEAST_PEOPLE or not len(study):
        return False
    windows = 0
    for each in study.cohorts:
        windows += len(np.unique(each.chromosome.astype(np.int64) << 32 | each.position // DENSE_WINDOW))
    return len(study) > DENSE * windows


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
