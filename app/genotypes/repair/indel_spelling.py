"""The same insertion or deletion where the panel writes it, without a reference sequence.

In a repeat a change can be written at several positions. Two ways of writing it are the same where all bases
between them are known, from REF of the panel's sites and of the files, and let the one be moved to the other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from app.domain.repair import RepairCode as R
from app.genotypes.repair.alleles import Stand, stands
from app.genotypes.repair.draft import Draft
from app.genotypes.site_table import OTHER, SiteTable

FARTHEST = 100
"""Bases between two ways of writing that are compared; repeats of SNP arrays and calls are shorter."""
_ACGT = frozenset("ACGT")


@dataclass(frozen=True)
class Indel:
    """`unit` is inserted behind the base at `position`, or lost there where `deletion`."""

    position: int
    unit: str
    deletion: bool


def indel_of(position: int, ref: str, alt: str) -> Indel | None:
    """An indel in the fewest bases; None for anything else."""
    short, long = sorted((ref, alt), key=len)
    if len(short) != 1 or len(long) < 2 or short[0] != long[0] or not set(long) <= _ACGT:
        return None
    return Indel(position, long[1:], deletion=len(ref) > len(alt))


def same_change(one: Indel, other: Indel, known: dict[int, str]) -> bool | None:
    """Whether two are one change; None where a base between them is not known and nothing contradicts.

    Moving left by a base takes the last base of the unit to its front, and needs that base in the sequence.
    """
    if one.deletion != other.deletion or len(one.unit) != len(other.unit):
        return False
    right, left = sorted((one, other), key=lambda each: -each.position)
    steps = right.position - left.position
    turn = steps % len(right.unit)
    if right.unit[len(right.unit) - turn :] + right.unit[: len(right.unit) - turn] != left.unit:
        return False
    proved = True
    for step in range(steps):
        base = known.get(right.position - step)
        if base is None:
            proved = False
        elif base != right.unit[-1 - step % len(right.unit)]:
            return False
    return True if proved else None


def respell(draft: Draft) -> None:
    """Take the panel's way of writing where it is proved to be the same change; name where it may be."""
    found: list[tuple[int, int, str, str]] = []
    open_rows: list[int] = []
    for name, table in draft.target.panel.items():
        rows = draft.on(name)
        rows = rows[draft.code[rows] == OTHER]
        for row in rows[stands(draft, rows) >= Stand.MISMATCH].tolist():
            answer = _in_panel(draft, table, row)
            if isinstance(answer, tuple):
                found.append((row, *answer))
            elif answer is None:
                open_rows.append(row)
    why = "The panel writes the same change at another position; the bases between them prove it."
    done = draft.offer(R.NORMALISE, np.array([each[0] for each in found], np.intp), why=why)
    if len(done):
        draft.position[done] = [each[1] for each in found]
        draft.rewritten.update((each[0], (each[2], each[3])) for each in found)
    title = "Insertions and deletions that the panel may write elsewhere: a reference genome would tell"
    draft.leave("indel_spelling", title, np.array(open_rows, np.intp))


def _in_panel(draft: Draft, table: SiteTable, row: int) -> tuple[int, str, str] | bool | None:
    """Position and alleles of the panel for the same change; None where one may be it, else False."""
    ref, alt = draft.alleles(row)
    mine = indel_of(int(draft.position[row]), ref, alt)
    if mine is None:
        return False
    near = _near(table, mine.position)
    known = _known(table, near)
    known |= {mine.position + at: base for at, base in enumerate(ref)}
    answers = []
    for place in near:
        position = int(table.position[place])
        theirs = indel_of(position, *table.alleles(place)) if position != mine.position else None
        if theirs is not None:
            answers.append((same_change(mine, theirs, known), position, *table.alleles(place)))
    proved = [each[1:] for each in answers if each[0]]
    if len(proved) == 1:
        return proved[0]
    return None if any(each[0] is None for each in answers) else False


def _near(table: SiteTable, position: int) -> range:
    ends = np.array([max(position - FARTHEST, 0), position + FARTHEST], np.int64)
    first, last = table.ranges(ends)
    return range(int(first[0]), int(last[1]))


def _known(table: SiteTable, rows: Iterable[int]) -> dict[int, str]:
    """Bases that REF of the panel's rows tells."""
    known: dict[int, str] = {}
    for row in rows:
        ref, _ = table.alleles(row)
        known |= {int(table.position[row]) + at: base for at, base in enumerate(ref)}
    return known
