"""Chromosome X outside the pseudo-autosomal regions: men have one copy there."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.domain.repair import RepairCode as R
from app.genotypes.cohort import HET, MALE, MISSING, UNKNOWN, count
from app.genotypes.people.sex import sex_of
from app.genotypes.people.tally import Tally, add_x, add_y, tells_of_people
from app.genotypes.repair.draft import Draft, Rows
from app.genotypes.repair.genotype_rows import pieces, read_block
from app.genotypes.repair.regions import in_non_par
from app.genotypes.repair.study import Y

MOST_MEN = 0.05
"""Share of men with heterozygous calls from which a site is left out: its assay measures Y or a PAR too."""


def ploidy(draft: Draft) -> None:
    """Set men's heterozygous calls missing, and make every sample haploid or diploid all along."""
    on_x = draft.on("X")
    rows = on_x[in_non_par(draft.position[on_x], draft.build_now)]
    if not len(rows):
        return
    settle_sex(draft, rows)
    male = (draft.study.sex == MALE) & draft.kept
    hets, haploid, diploid = _calls(draft, rows)
    rows = _male_hets(draft, rows, male)
    _constant(draft, rows, haploid, diploid, hets)


def settle_sex(draft: Draft, rows: Rows) -> None:
    """Sex as the check tells it from X and Y; what the files say stands where these do not speak clearly.

    `rows` are those of X between the PARs. Who is contradicted is named as such, as X is written by its sex.
    """
    found = sex_of(_counted(draft, rows))
    if found is None:
        return
    stated = draft.study.sex.copy()
    told = found != UNKNOWN
    draft.study.sex[told] = found[told]
    against = int((told & (stated != UNKNOWN) & (found != stated) & draft.kept).sum())
    draft.leave(
        "sex_contradicted",
        "The sex that the files state is not that of the X chromosome, by which X is written",
        rows[:0],
        against,
    )


def _counted(draft: Draft, rows: Rows) -> Tally:
    """Calls on X, and on Y also where its sites are left out of the output."""
    everyone = np.arange(len(draft.study.samples))
    result = Tally.zero(len(everyone))
    for piece in pieces(draft, rows[tells_of_people(draft.flags[rows])], len(everyone)):
        codes = read_block(draft, piece, everyone).genotypes
        add_x(result, codes, count(codes[:, draft.kept]))
    on_y = np.flatnonzero((draft.chromosome == Y) & tells_of_people(draft.flags))
    for piece in pieces(draft, on_y, len(everyone)):
        add_y(result, read_block(draft, piece, everyone).genotypes)
    return result


def _calls(draft: Draft, rows: Rows) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """For each sample of the study: heterozygous calls, calls of one allele, and of two."""
    everyone = np.arange(len(draft.study.samples))
    hets, haploid, called = (np.zeros(len(everyone), np.int64) for _ in range(3))
    for piece in pieces(draft, rows, len(everyone)):
        block = read_block(draft, piece, everyone)
        hets += np.count_nonzero(block.genotypes == HET, axis=0)
        haploid += np.count_nonzero(block.haploid, axis=0)
        called += np.count_nonzero((block.genotypes != MISSING) & ~block.haploid, axis=0)
    return hets, haploid, called


def _male_hets(draft: Draft, rows: Rows, male: NDArray[np.bool_]) -> Rows:
    """Set men's heterozygous calls missing; a site where many men have them is no site of one copy, and goes.

    Gives the rows that are left.
    """
    men = np.flatnonzero(male)
    per_site = np.zeros(len(rows), np.int64)
    for places in pieces(draft, np.arange(len(rows)), max(1, len(men))):
        per_site[places] = (read_block(draft, rows[places], men).genotypes == HET).sum(axis=1)
    many = per_site > max(2.0, MOST_MEN * len(men))
    why = f"More than {MOST_MEN:.0%} of the men have two alleles there."
    draft.offer(R.MALE_HETS, rows[many], loses=True, why=why)
    caution = "Their sex is told from X and Y; where these are not clear, the files say it."
    few = rows[(per_site > 0) & ~many]
    who = (read_block(draft, few, men).genotypes == HET).any(axis=0)
    done = draft.offer(R.MALE_HETS, few, samples=int(who.sum()), caution=caution)
    draft.male_hets_missing = bool(len(done))
    left: Rows = rows[draft.alive[rows]]
    return left


def _constant(
    draft: Draft, rows: Rows, haploid: NDArray[np.int64], diploid: NDArray[np.int64], hets: NDArray[np.int64]
) -> None:
    """Men haploid where the files write anybody so; a woman, or one with heterozygous calls, never."""
    if not haploid.any():
        return
    sex = draft.study.sex
    single = (sex == MALE) | (sex == UNKNOWN) & (haploid > 0) & (hets == 0)
    mixed = np.where(single, diploid > 0, haploid > 0) & draft.kept
    why = "A service refuses samples that are haploid at one site and diploid at another."
    if not mixed.any():
        draft.haploid_on_x = single  # so that missing calls are written with as many alleles as the others
    elif draft.offer_samples(R.CONSTANT_PLOIDY, mixed, loses=False, why=why):
        draft.mark(R.CONSTANT_PLOIDY, rows)
        draft.haploid_on_x = single
