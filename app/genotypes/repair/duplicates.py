"""Sites that stand twice: the same alleles, or two assays of one position."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.domain.repair import RepairCode as R
from app.genotypes.cohort import MISSING, RowFlag
from app.genotypes.repair.alleles import Stand, stands
from app.genotypes.repair.draft import Draft, Rows
from app.genotypes.repair.genotype_rows import count_merged, pieces, read_block
from app.genotypes.site_table import OTHER


def duplicates(draft: Draft) -> None:
    """One row for each pair of alleles at a position; with a panel, only what the panel has of a position.

    The row with the best call rate stays. Its gaps are filled from the other where both agree on almost all
    calls.
    """
    keep, extra = _pairs(draft)
    same = agreement(draft, keep, extra)
    alike = same >= draft.choices.merge_concordance
    gain = draft.counts[keep, MISSING] > 0
    merged = draft.offer(
        R.MERGE_DUPLICATES, keep[alike & gain], why="Both agree; each fills the gaps of the other."
    )
    chosen = np.isin(keep, merged) & alike
    draft.partner[keep[chosen]] = extra[chosen]
    count_merged(draft, np.unique(keep[chosen]))
    why = "Services count or refuse them; the one with more calls stays."
    draft.offer(
        R.DROP_DUPLICATES, np.union1d(extra, _not_in_panel(draft)).astype(np.intp), loses=True, why=why
    )


def _sorted(draft: Draft) -> Rows:
    """Rows still there by place and alleles, the best call rate first; rows of one record stay apart."""
    rows = np.flatnonzero(draft.alive)
    order = np.lexsort(
        (draft.counts[rows, MISSING], _letters(draft, rows), draft.position[rows], draft.chromosome[rows])
    )
    result: Rows = rows[order]
    return result


def _letters(draft: Draft, rows: Rows) -> NDArray[np.int64]:
    """A number for each pair of alleles, whichever of them is REF."""
    code = draft.code[rows].astype(np.int64)
    ordered: NDArray[np.int64] = np.minimum(code, (code & 3) << 2 | code >> 2 & 3)
    numbers: dict[frozenset[str], int] = {}
    for at in np.flatnonzero(draft.code[rows] == OTHER).tolist():
        pair = frozenset(draft.alleles(int(rows[at])))
        ordered[at] = 256 + numbers.setdefault(pair, len(numbers))
    return ordered


def _pairs(draft: Draft) -> tuple[Rows, Rows]:
    """(stays, goes) for every row whose place and alleles stand more than once."""
    rows = _sorted(draft)
    letters = _letters(draft, rows)
    again = np.zeros(len(rows), bool)
    again[1:] = (
        (draft.chromosome[rows[1:]] == draft.chromosome[rows[:-1]])
        & (draft.position[rows[1:]] == draft.position[rows[:-1]])
        & (letters[1:] == letters[:-1])
    )
    first = np.maximum.accumulate(np.where(again, 0, np.arange(len(rows))))
    # The first of a group has one partner at most: the next best row.
    stays: Rows = rows[first[again]]
    goes: Rows = rows[again]
    return stays, goes


def agreement(draft: Draft, keep: Rows, extra: Rows) -> NDArray[np.float64]:
    """Share of calls that agree among those both rows have; 0 without any, or with REF and ALT exchanged."""
    result = np.zeros(len(keep))
    people = np.flatnonzero(draft.kept)
    places = np.arange(len(keep))
    for piece in pieces(draft, places, len(people)):
        one = read_block(draft, keep[piece], people).genotypes
        two = read_block(draft, extra[piece], people).genotypes
        both = (one != MISSING) & (two != MISSING)
        total = both.sum(axis=1)
        result[piece] = np.where(total > 0, ((one == two) & both).sum(axis=1) / np.maximum(total, 1), 0.0)
    result[draft.code[keep] != draft.code[extra]] = 0.0
    return result


def _not_in_panel(draft: Draft) -> Rows:
    """Rows that do not fit the panel at a position where another row does."""
    if not draft.target.panel:
        return np.empty(0, np.intp)
    rows = np.flatnonzero(draft.alive)
    key = _keys(draft, rows)
    _, back, size = np.unique(key, return_inverse=True, return_counts=True)
    shared = rows[size[back] > 1]
    if not len(shared):
        return np.empty(0, np.intp)
    stand = stands(draft, shared)
    fits = set(_keys(draft, shared[stand <= Stand.SAME_PALINDROME]).tolist())
    misfit = (stand > Stand.SAME_PALINDROME) & (draft.flags[shared] & RowFlag.SPLIT == 0)
    result: Rows = shared[misfit & np.isin(_keys(draft, shared), list(fits))]
    return result


def _keys(draft: Draft, rows: Rows) -> NDArray[np.int64]:
    keys: NDArray[np.int64] = draft.chromosome[rows].astype(np.int64) << 40 | draft.position[rows]
    return keys
