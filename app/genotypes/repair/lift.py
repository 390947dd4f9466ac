"""From the build of the files to that of the panel: strand-aware, proved by going back, every loss listed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.domain.problem import Kind, problem
from app.domain.repair import RepairCode as R
from app.genotypes.liftover import Chain, LiftStatus, lift, read_chain, round_trip
from app.genotypes.repair.draft import Draft, Rows
from app.genotypes.repair.study import CHROMOSOMES
from app.genotypes.site_table import OTHER, complemented

_COMPLEMENT = str.maketrans("ACGTacgt", "TGCAtgca")


def lift_over(draft: Draft) -> None:
    """Move every site; what has no place, another chromosome or no way back is left out.

    On a stretch that runs backwards in the other build the alleles are complemented. An insertion or deletion
    there starts at another base, which needs the reference sequence: it is left out.
    """
    target = draft.target
    if not target.build or target.build == draft.build.value or not draft.certain:
        return
    if target.chain is None:
        title = f"The files are {draft.build.value}, the panel is {target.build}: a chain file is needed"
        draft.leave("no_chain", title, np.flatnonzero(draft.alive))
        return
    back = read_chain(target.chain_back) if target.chain_back else None
    there = read_chain(target.chain)
    _prove(there, draft.build.value, target.build, target.chain)
    position, reverse, good = _lifted(draft, there, back)
    rows = np.flatnonzero(draft.alive)
    why = f"From {draft.build.value} to {target.build}, proved by lifting back."
    if target.chain_back is None:
        why = f"From {draft.build.value} to {target.build}; without a chain back it is not proved."
    done = draft.offer(R.LIFTOVER, rows[good], why=why)
    if not len(done):
        return
    draft.lifted = True
    draft.position[done] = position[good]
    _turn(draft, done[reverse[good]])
    why = "They have no place in the other build, or one on another chromosome, or none that leads back."
    draft.offer(R.LIFTOVER, rows[~good], loses=True, optional=False, why=why)


def _prove(chain: Chain, here: str | None, there: str, path: Path) -> None:
    """A chain of other builds would move every site to a wrong place. ProblemError."""
    leads = chain.builds
    if None in leads or leads == (here, there):
        return
    raise problem(
        Kind.INPUT,
        "The chain file is of other builds",
        f"{path.name} leads from {leads[0]} to {leads[1]}; needed is one from {here} to {there}.",
        "Choose the chain file of these builds.",
        subject=path.name,
    )


def _lifted(
    draft: Draft, there: Chain, back: Chain | None
) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.bool_]]:
    """New position, whether the strand turns, and whether it may be used; of rows still there."""
    rows = np.flatnonzero(draft.alive)
    position = np.zeros(len(rows), np.int64)
    reverse, good = np.zeros(len(rows), bool), np.zeros(len(rows), bool)
    for name in draft.present():
        mine = np.flatnonzero(draft.chromosome[rows] == CHROMOSOMES.index(name))
        old = draft.position[rows[mine]]
        if back is None:
            lifted, proved = lift(there, name, old), np.ones(len(old), bool)
        else:
            lifted, proved = round_trip(there, back, name, old)
        position[mine], reverse[mine] = lifted.position, lifted.reverse
        good[mine] = proved & (lifted.status == LiftStatus.LIFTED)
    long = draft.code[rows] == OTHER
    good &= ~(long & reverse)
    return position, reverse, good


def _turn(draft: Draft, rows: Rows) -> None:
    """Complement the alleles; genotypes stay, as REF stays REF."""
    draft.code[rows] = complemented(draft.code[rows])
    for row in rows[draft.code[rows] == OTHER].tolist():
        ref, alt = draft.alleles(row)
        draft.rewritten[row] = ref.translate(_COMPLEMENT), alt.translate(_COMPLEMENT)
