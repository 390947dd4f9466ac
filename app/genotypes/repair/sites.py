"""Sites that a service or good practice leaves out: missing calls, HWE, monomorphic, another frequency."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.domain.problem import Kind, problem
from app.domain.repair import RepairCode as R
from app.genotypes.builds import SPOKEN
from app.genotypes.cohort import HOM_REF, MISSING, count
from app.genotypes.hwe import hwe_p
from app.genotypes.people.ancestry import LABELS, project
from app.genotypes.repair.draft import Draft, Rows
from app.genotypes.repair.genotype_rows import pieces, read_block
from app.genotypes.repair.palindromic import DRIFT, panel_frequency
from app.genotypes.repair.study import CHROMOSOMES, MT, X, Y

MOST_OFF_HWE = 0.02
"""With more sites than this off HWE the cohort is mixed, not the assays bad: nothing is proposed."""
MOST_FAR = 0.05
MOST_LOST = 0.2
"""Share of sites above which missing calls are no matter of assays, as when files of two arrays meet."""
LEAST_FOR_RATES = 10
"""People below whom one missing call would be a low call rate: it says nothing of the assay."""
_LEAST_PEOPLE = 2
_LEAST_OF_GROUP = 20


def named(draft: Draft) -> None:
    """Sites that the person names by their position; ProblemError when none of them can be found."""
    named = draft.choices.drop_sites
    if not named:
        return
    _must_be_of(draft, draft.choices.drop_build)
    rows = np.zeros(len(draft.position), bool)
    for chromosome, positions in named.items():
        here = draft.on(chromosome) if chromosome in CHROMOSOMES else np.empty(0, np.intp)
        rows[here[np.isin(draft.position[here], list(positions))]] = True
    count = sum(map(len, named.values()))
    if not rows.any():
        raise problem(
            Kind.INPUT,
            "None of the sites is in the dataset",
            f"{count:,} positions were looked for, and the files have none of them.",
            "See whether the dataset is the one that was sent.",
        )
    draft.offer(R.DROP_SITES, rows, loses=True, optional=False, why=f"You named {count:,} positions.")


def _must_be_of(draft: Draft, build: str) -> None:
    now = draft.build_now
    if not build or not draft.certain or now in (None, build):
        return
    raise problem(
        Kind.INPUT,
        "The sites are of another build",
        f"Their positions are of {SPOKEN.get(build, build)}, and the files are {SPOKEN.get(now, now)}.",
        "Bring a chain file that leads from one to the other, in “Make it ready for …”.",
    )


def quality(draft: Draft) -> None:
    """Filters in the order of `genotypes.md` 5b, with the counts of the samples that are left."""
    people = max(draft.people, 1)
    counts = draft.oriented_counts()
    low = draft.alive & (1 - counts[:, MISSING] / people < draft.choices.site_call_rate)
    why = f"Fewer than {draft.choices.site_call_rate:.0%} of the samples were called."
    if draft.people < LEAST_FOR_RATES and not draft.target.for_service:
        low &= counts[:, MISSING] == people
        why = "Nobody was called there."
    many = int(low.sum()) > MOST_LOST * int(draft.alive.sum())
    caution = "So many of the sites would go that a few samples are likelier at fault." if many else ""
    draft.offer(R.DROP_SITES_CALL_RATE, low, loses=True, proposed=not many, why=why, caution=caution)
    nothing = draft.alive & (counts[:, HOM_REF] + counts[:, MISSING] == people)
    if draft.people >= _LEAST_PEOPLE:
        why = "Services leave them out."
        draft.offer(R.DROP_MONOMORPHIC, nothing, loses=True, proposed=draft.target.for_service, why=why)
    _hwe(draft, counts)
    _frequency(draft)


def _hwe(draft: Draft, counts: NDArray[np.int32]) -> None:
    rows = np.flatnonzero(draft.alive & ~np.isin(draft.chromosome, (0, X, Y, MT)))
    probability = hwe_p(counts[rows, 0], counts[rows, 1], counts[rows, 2])
    off = _off_within_groups(draft, rows[probability < draft.choices.hwe_p])
    mixed = len(off) > max(20, MOST_OFF_HWE * len(rows))
    caution = (
        "So many sites are off that people of several ancestries are likelier than bad assays."
        if mixed
        else ""
    )
    why = f"p below {draft.choices.hwe_p:g}: usually a bad assay."
    draft.offer(R.DROP_SITES_HWE, off, loses=True, proposed=not mixed, why=why, caution=caution)


def _off_within_groups(draft: Draft, rows: Rows) -> Rows:
    """Of rows that are off among all people, those that are also off among the people of one ancestry.

    All of them where ancestry is not known.
    """
    groups = _groups(draft) if len(rows) else []
    if not groups:
        return rows
    off = np.zeros(len(rows), bool)
    for people in groups:
        for places in pieces(draft, np.arange(len(rows)), len(people)):
            counts = count(read_block(draft, rows[places], people).genotypes)
            off[places] |= hwe_p(counts[:, 0], counts[:, 1], counts[:, 2]) < draft.choices.hwe_p
    return rows[off]


def _groups(draft: Draft) -> list[Rows]:
    """The people of each ancestry, as the check tells it: none where most people are in no large group."""
    study, build = draft.study, draft.build.value
    if not draft.certain or build is None or any(each is not None for each in study.columns):
        return []
    projection = project(study.cohorts, build)
    labels = np.array(projection.label if projection is not None else ())
    found = [np.flatnonzero((labels == name) & draft.kept) for name in LABELS] if len(labels) else []
    large = [people for people in found if len(people) >= _LEAST_OF_GROUP]
    return large if 2 * sum(map(len, large)) >= draft.people else []


def _frequency(draft: Draft) -> None:
    """Far from the panel's frequency, and farther than chance and drift explain."""
    if not draft.target.panel:
        return
    rows = np.flatnonzero(draft.alive & draft.aligned)
    panel = panel_frequency(draft, rows)
    here = draft.alt_frequency(rows)
    called = np.maximum(2.0 * draft.counts[rows, :3].sum(axis=1), 1)
    with np.errstate(invalid="ignore"):
        spread = np.sqrt(np.maximum(panel * (1 - panel), 1e-3) * (1 / called + 2 * DRIFT))
        far = (np.abs(here - panel) > draft.choices.frequency_difference) & (
            np.abs(here - panel) > 5 * spread
        )
    known = draft.target.population not in ("", "off", "mixed", "all")
    caution = "" if known else "Only sensible where the panel's frequencies are those of your population."
    if known and int(far.sum()) > MOST_FAR * len(rows):
        known, caution = False, "So many sites differ that the people are likelier of another population."
    why = f"More than {draft.choices.frequency_difference:g} away."
    draft.offer(R.DROP_FREQUENCY, rows[far], loses=True, proposed=known, why=why, caution=caution)
