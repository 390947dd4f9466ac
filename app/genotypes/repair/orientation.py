"""Whether genotypes count the allele that the letters say: a list of alleles may be in the wrong columns.

The letters of such files still pass every comparison with a site list, and REF and ALT would be exchanged
with the genotypes until the letters fit, which makes the genotypes wrong for good. Frequencies tell.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.domain.repair import RepairCode as R
from app.genotypes.people.ancestry import ancestry_kit, overlap
from app.genotypes.repair.alleles import Stand, stands
from app.genotypes.repair.draft import Draft, Rows
from app.genotypes.repair.palindromic import panel_frequency

LEAST_SITES = 50
LEAST_PEOPLE = 20
_NEAR_HALF = 0.1
MOST_TURNED = 0.5
SURELY_TURNED = 0.95
"""Share of sites with the frequency of the other allele from which the columns of a file are exchanged."""
LEAST_IN_PANEL = 100
LEAST_SHARE = 0.5
LEAST_FIT = 0.9
"""Share of the sites at positions of the panel that have its alleles in any order and strand."""
MOST_BY_CHANCE = 0.1
"""Sites of the panel a base beyond which sites of another build would meet them too often."""


def prove(draft: Draft) -> None:
    """Letters that genotypes do not count are put right where frequencies leave no doubt; else all is left.

    Files are judged one by one, and small ones together: the columns of one of them may be exchanged.
    """
    if draft.people < LEAST_PEOPLE:
        return
    rows, mirrored, believed = _mirrored(draft)
    shares = _shares(draft.study.cohort[rows], mirrored)
    if not shares and letters_are_exchanged(draft):
        draft.refused = EXCHANGED
        return
    least = SURELY_TURNED if believed else 1.0
    if doubtful := [share for _, share in shares if MOST_TURNED < share <= least]:
        draft.refused = _refusal(max(doubtful))
        return
    wrong = [files for files, share in shares if share > least]
    files = np.array([number for each in wrong for number in each], np.uint16)
    found = draft.alive & np.isin(draft.study.cohort, files)
    share = max((share for _, share in shares), default=0.0)
    why = f"{share:.0%} of the sites have the frequency of the other allele: only the letters are exchanged."
    done = draft.offer(R.EXCHANGE_LETTERS, found, why=why, caution=_CAUTION)
    if len(done):
        draft.exchange_letters(done)
    elif found.any():
        draft.refused = _refusal(share)


_CAUTION = "Only true where the frequencies of the site list are those of ALT."


def _refusal(share: float) -> str:
    return (
        f"{share:.0%} of the sites have the frequency of the other allele: the columns of alleles were "
        "probably exchanged without the genotypes. Nothing is flipped or switched; export the data again."
    )


def _mirrored(draft: Draft) -> tuple[Rows, NDArray[np.bool_], bool]:
    """Rows whose frequency tells the order, whether it is that of the other allele, and if the list is right.

    In a site list with frequencies of ALT, as it should be, those of most sites are below one half.
    """
    rows = np.flatnonzero(draft.alive)
    stand = stands(draft, rows)
    straight, turned = (
        np.isin(stand, (Stand.EXACT, Stand.FLIP)),
        np.isin(stand, (Stand.SWITCH, Stand.FLIP_SWITCH)),
    )
    places = np.flatnonzero(straight | turned)
    rows, turned = rows[places], turned[places]
    panel, here = panel_frequency(draft, rows), draft.alt_frequency(rows)
    there = np.where(turned, 1 - panel, panel)
    telling = np.isfinite(there) & np.isfinite(here) & (np.abs(there - 0.5) > _NEAR_HALF)
    mirrored = np.abs(here - (1 - there)) < np.abs(here - there)
    believed = bool((panel[telling] < 0.5).mean() > 0.5) if telling.any() else False
    return rows[telling], mirrored[telling], believed


def _shares(files: NDArray[np.uint16], mirrored: NDArray[np.bool_]) -> list[tuple[tuple[int, ...], float]]:
    """Files and their share of sites with the frequency of the other allele; small ones are judged as one."""
    numbers, counts = np.unique(files, return_counts=True)
    large = [(number,) for number in numbers[counts >= LEAST_SITES].tolist()]
    small = tuple(numbers[counts < LEAST_SITES].tolist())
    groups = [*large, *([small] if int(counts[counts < LEAST_SITES].sum()) >= LEAST_SITES else [])]
    return [(group, float(mirrored[np.isin(files, group)].mean())) for group in groups]


PROBABLY_EXCHANGED = (
    "the columns of alleles were probably exchanged without the genotypes. With a site list that has "
    "frequencies it can be put right; without one nothing is flipped or switched."
)
EXCHANGED = (
    "Most sites have the frequency of the other allele among people of all populations: " + PROBABLY_EXCHANGED
)


def letters_are_exchanged(draft: Draft) -> bool:
    """Whether frequencies of the files as they are run against those of people of all populations.

    A reference sequence and a list without frequencies would make REF right and leave the genotypes wrong.
    """
    build = draft.build.value
    put_right = any(each.code is R.EXCHANGE_LETTERS and each.chosen for each in draft.steps)
    if build is None or put_right or draft.people < LEAST_PEOPLE:
        return False
    kit, pairs = ancestry_kit(), []
    for cohort in draft.study.cohorts:
        met = overlap(cohort, build, kit)
        counts = np.asarray(cohort.counts)[met.rows].astype(np.float64)
        called = 2 * counts[:, :3].sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            here = (counts[:, 1] + 2 * counts[:, 2]) / called
        here = np.where(met.turned, 1 - here, here)
        pairs.append(np.stack([here, kit.mean[met.sites]])[:, ~met.palindromic & np.isfinite(here)])
    here, there = np.concatenate(pairs, axis=1)
    if len(here) < LEAST_SITES or np.ptp(here) == 0:
        return False
    return float(np.corrcoef(here, there)[0, 1]) < 0


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
