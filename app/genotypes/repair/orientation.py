"""Whether genotypes count the allele that the letters say: a list of alleles may be in the wrong columns.

The letters of such files still pass every comparison with a site list, and REF and ALT would be exchanged
with the genotypes until the letters fit, which makes the genotypes wrong for good. Frequencies tell.
"""

from __future__ import annotations

import numpy as np

from app.genotypes.repair.alleles import Stand, stands
from app.genotypes.repair.draft import Draft
from app.genotypes.repair.palindromic import panel_frequency

LEAST_SITES = 50
LEAST_PEOPLE = 20
_NEAR_HALF = 0.1
MOST_TURNED = 0.5


def prove(draft: Draft) -> None:
    """Refuse to change alleles where most frequencies fit the panel the other way round."""
    rows = np.flatnonzero(draft.alive)
    stand = stands(draft, rows)
    straight, turned = (
        np.isin(stand, (Stand.EXACT, Stand.FLIP)),
        np.isin(stand, (Stand.SWITCH, Stand.FLIP_SWITCH)),
    )
    places = np.flatnonzero(straight | turned)
    rows, turned = rows[places], turned[places]
    there, here = panel_frequency(draft, rows), draft.alt_frequency(rows)
    there = np.where(turned, 1 - there, there)
    telling = np.isfinite(there) & np.isfinite(here) & (np.abs(there - 0.5) > _NEAR_HALF)
    if telling.sum() < LEAST_SITES or draft.people < LEAST_PEOPLE:
        return
    mirrored = np.abs(here - (1 - there)) < np.abs(here - there)
    share = float(mirrored[telling].mean())
    if share > MOST_TURNED:
        draft.refused = (
            f"{share:.0%} of the sites have the frequency of the other allele: the columns of alleles were "
            "probably exchanged without the genotypes. Nothing is flipped or switched; export the data again."
        )
