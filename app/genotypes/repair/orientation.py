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
LEAST_IN_PANEL = 100
LEAST_SHARE = 0.5
LEAST_FIT = 0.9
"""Share of the sites at positions of the panel that have its alleles in any order and strand."""
MOST_BY_CHANCE = 0.1
"""Sites of the panel a base beyond which sites of another build would meet them too often."""


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


def lies_in_panel(draft: Draft) -> bool:
    """Whether so many sites lie where the panel has these alleles that they must be of its build.

    Another build would meet the panel by chance only, as often as the panel has sites there.
    """
    fitting = present = judged = 0
    by_chance = 0.0
    for name, table in draft.target.panel.items():
        rows = draft.on(name)
        if not len(rows) or len(table) < LEAST_SITES or table.partial:
            continue
        stand = stands(draft, rows)
        fitting += int((stand < Stand.MISMATCH).sum())
        present += int((stand <= Stand.MISMATCH).sum())
        judged += len(rows)
        span = int(table.position[-1]) - int(table.position[0]) + 1
        by_chance = max(by_chance, len(table) / span)
    enough = fitting >= LEAST_IN_PANEL and fitting >= LEAST_SHARE * max(judged, 1)
    return enough and by_chance < MOST_BY_CHANCE and fitting >= LEAST_FIT * present
