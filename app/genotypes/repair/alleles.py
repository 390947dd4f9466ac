"""Strand and order of alleles against the panel's sites, and positions by identifier."""

from __future__ import annotations

import re
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from app.domain.repair import RepairCode as R
from app.genotypes.repair.draft import Draft, Rows
from app.genotypes.repair.study import CHROMOSOMES
from app.genotypes.site_table import OTHER, SiteTable, complemented, swapped

_COMPLEMENT = str.maketrans("ACGT", "TGCA")
UNKNOWN_ALLELES = frozenset({".", "0", "N", "-", ""})
_NAMED = re.compile(rb"(?:chr)?(\w{1,2})[:_-](\d{1,9})[:_-]([ACGT])[:_-]([ACGT])", re.IGNORECASE)
_LEAST_FOR_ORDER, _MOST_SWITCHES = 50, 0.95
_RS = re.compile(rb"rs(\d{1,10})")


class Stand(IntEnum):
    """How a row stands to the panel; the lower of two wins where the panel has several rows."""

    EXACT = 0
    SAME_PALINDROME = 1
    TURNED_PALINDROME = 2
    SWITCH = 3
    FLIP = 4
    FLIP_SWITCH = 5
    MISMATCH = 6
    ABSENT = 7


def is_palindromic(code: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Whether the two alleles are complements of one another (A/T, C/G)."""
    result: NDArray[np.bool_] = (code != OTHER) & (complemented(code) == swapped(code))
    return result


def stand_of(
    table: SiteTable, position: NDArray[np.int64], code: NDArray[np.uint8]
) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """How pairs of letters stand to the panel, and the panel's row, -1 where it has no such position.

    A repair looks at every row of a position; a server looks at the last one only where none is exact, so
    that what fits any row passes there.
    """
    first, last = table.ranges(position)
    stand = np.full(len(position), Stand.ABSENT, np.uint8)
    place = np.full(len(position), -1, np.int64)
    for step in range(int((last - first).max(initial=0))):
        rows = np.flatnonzero(first + step < last)
        at = first[rows] + step
        here = _compared(code[rows], table.code[at])
        better = here < stand[rows]
        stand[rows[better]] = here[better]
        place[rows[better]] = at[better]
    return stand, place


def _compared(mine: NDArray[np.uint8], theirs: NDArray[np.uint8]) -> NDArray[np.uint8]:
    result = np.full(len(mine), Stand.MISMATCH, np.uint8)
    simple = (mine != OTHER) & (theirs != OTHER)
    turned = complemented(mine)
    for kind, pair in (
        (Stand.FLIP_SWITCH, swapped(turned)),
        (Stand.FLIP, turned),
        (Stand.SWITCH, swapped(mine)),
        (Stand.EXACT, mine),
    ):
        result[simple & (pair == theirs)] = kind
    palindromic = is_palindromic(theirs)
    result[palindromic & (result == Stand.EXACT)] = Stand.SAME_PALINDROME
    result[palindromic & (result == Stand.SWITCH)] = Stand.TURNED_PALINDROME
    return result


def stands(draft: Draft, rows: Rows) -> NDArray[np.uint8]:
    """How rows stand to the panel of their chromosomes; notes the rows of the panel in the draft."""
    result = np.full(len(rows), Stand.ABSENT, np.uint8)
    for name, table in draft.target.panel.items():
        mine = np.flatnonzero(draft.chromosome[rows] == CHROMOSOMES.index(name))
        if not len(mine):
            continue
        here = rows[mine]
        result[mine], draft.panel_row[here] = stand_of(table, draft.position[here], draft.code[here])
        _compare_long(draft, table, here, result, mine)
    return result


def _compare_long(
    draft: Draft, table: SiteTable, rows: Rows, result: NDArray[np.uint8], places: Rows
) -> None:
    """Insertions and deletions, one by one: exact or with REF and ALT exchanged."""
    for at in np.flatnonzero(draft.code[rows] == OTHER).tolist():
        mine = draft.alleles(int(rows[at]))
        first, last = table.ranges(draft.position[rows[at : at + 1]])
        for row in range(int(first[0]), int(last[0])):
            kind = {mine: Stand.EXACT, mine[::-1]: Stand.SWITCH}.get(table.alleles(row))
            if kind is not None and kind < result[places[at]]:
                result[places[at]] = kind
                draft.panel_row[rows[at]] = row


def position_of_identifiers(draft: Draft) -> None:
    """Sites whose identifier names a place that the panel has, with these alleles, and not this one."""
    moved: list[tuple[int, int]] = []
    rows = np.flatnonzero(draft.alive)
    stand = stands(draft, rows)
    for name, table in draft.target.panel.items():
        here = rows[(stand >= Stand.MISMATCH) & (draft.chromosome[rows] == CHROMOSOMES.index(name))]
        moved += _named_places(draft, table, name, here)
    if not moved:
        return
    places = np.array(moved, np.int64)
    why = "The panel has the identifier with these alleles at another position."
    done = draft.offer(R.UPDATE_POSITION, places[:, 0].astype(np.intp), why=why)
    if len(done):
        draft.position[done] = places[:, 1]


def _named_places(draft: Draft, table: SiteTable, name: str, rows: Rows) -> list[tuple[int, int]]:
    """(row, position) of rows that fit the panel where their identifier says."""
    wanted = np.zeros(len(rows), np.int64)
    by_rs = _by_rs(table)
    for at, identifiers in enumerate(draft.texts("ids", rows).raws()):
        named = (_place(each, name, by_rs, table) for each in identifiers.split(b";"))
        wanted[at] = next(filter(None, named), 0)
    told = np.flatnonzero((wanted > 0) & (wanted != draft.position[rows]))
    stand, _ = stand_of(table, wanted[told], draft.code[rows[told]])
    fits = told[stand < Stand.MISMATCH]
    return list(zip(rows[fits].tolist(), wanted[fits].tolist(), strict=True))


def _place(
    identifier: bytes,
    name: str,
    by_rs: tuple[NDArray[np.uint32], NDArray[np.intp]] | None,
    table: SiteTable,
) -> int:
    """The position that one of the identifiers of a site names on a chromosome, 0 for none."""
    if named := _NAMED.fullmatch(identifier):
        return int(named[2]) if named[1].decode().upper() == name else 0
    number = _RS.fullmatch(identifier) if by_rs is not None else None
    return _find(by_rs, table, int(number[1])) if by_rs is not None and number is not None else 0


def _by_rs(table: SiteTable) -> tuple[NDArray[np.uint32], NDArray[np.intp]] | None:
    if table.rs is None:
        return None
    order = np.argsort(table.rs, kind="stable")
    return np.asarray(table.rs)[order], order


def _find(by_rs: tuple[NDArray[np.uint32], NDArray[np.intp]], table: SiteTable, number: int) -> int:
    numbers, order = by_rs
    at = int(np.searchsorted(numbers, number))
    found = at < len(numbers) and int(numbers[at]) == number
    return int(table.position[order[at]]) if found else 0


def restore_missing(draft: Draft) -> None:
    """Records that state one allele only, as PLINK has it where everybody is alike."""
    rows, codes, exchanged = [], [], []
    for name, table in draft.target.panel.items():
        for row in draft.on(name)[draft.code[draft.on(name)] == OTHER].tolist():
            found = restored(table, int(draft.position[row]), draft.alleles(row))
            if found is not None:
                rows.append(row)
                codes.append(found[0])
                exchanged.append(found[1])
    why = "Only one allele was known; the panel says the other."
    done = draft.offer(R.RESTORE_REFERENCE, np.array(rows, np.intp), why=why)
    if len(done):
        draft.code[done] = np.array(codes, np.uint8)
        draft.swap[done] ^= np.array(exchanged, bool)


def restored(table: SiteTable, position: int, mine: tuple[str, str]) -> tuple[int, bool] | None:
    """The panel's pair for a site with one known allele, and whether genotypes are exchanged.

    None where the panel has no or several pairs, or the letter fits none; on an A/T or C/G site the letter is
    taken as it is.
    """
    known = [each in ("A", "C", "G", "T") for each in mine]
    unknown = sum(each in UNKNOWN_ALLELES for each in mine)
    first, last = table.ranges(np.array([position], np.int64))
    if sum(known) != 1 or unknown != 1 or int(last[0] - first[0]) != 1:
        return None
    code = int(table.code[int(first[0])])
    if code == OTHER:
        return None
    pair = table.alleles(int(first[0]))
    letter = mine[known.index(True)]
    if letter not in pair:
        letter = letter.translate(_COMPLEMENT)
    if letter not in pair:
        return None
    return code, pair.index(letter) != known.index(True)


def align(draft: Draft) -> None:
    """Flips, switches, and what has other alleles than the panel; A/T and C/G sites come later."""
    rows = np.flatnonzero(draft.alive)
    stand = stands(draft, rows)
    draft.flip_rate = flip_rate(stand)
    draft.aligned[rows] = stand == Stand.EXACT
    provisional = draft.provisional()[rows]
    _tell_other_order(draft, stand[~provisional])
    _switch(draft, rows[(stand == Stand.SWITCH) & provisional], R.RESTORE_REFERENCE)
    _switch(draft, rows[(stand == Stand.SWITCH) & ~provisional], R.SWITCH)
    why = "The alleles are those of the other strand."
    flipped = draft.offer(R.FLIP, rows[stand == Stand.FLIP], why=why)
    draft.code[flipped] = complemented(draft.code[flipped])
    draft.aligned[flipped] = True
    both = draft.offer(R.FLIP_SWITCH, rows[stand == Stand.FLIP_SWITCH], why=why)
    draft.code[both] = complemented(draft.code[both])
    draft.exchange(both)
    draft.aligned[both] = True
    mismatch = rows[stand == Stand.MISMATCH]
    draft.offer(R.DROP_MISMATCH, mismatch, loses=True, why="No strand and no order makes them fit the panel.")
    _guessed(draft, rows[(stand == Stand.ABSENT) & provisional & ~draft.proved[rows]])
    absent = rows[(stand == Stand.ABSENT) & draft.alive[rows]]
    why = "They are not imputed from, though they may help phasing."
    draft.offer(R.DROP_TYPED_ONLY, absent, loses=True, proposed=False, why=why)


def _tell_other_order(draft: Draft, stand: NDArray[np.uint8]) -> None:
    """One sentence where nearly all sites are switches: that is the order of the file, no fault of sites."""
    switches = int((stand == Stand.SWITCH).sum())
    judged = switches + int(np.isin(stand, (Stand.EXACT, Stand.FLIP, Stand.FLIP_SWITCH)).sum())
    if judged >= _LEAST_FOR_ORDER and switches > _MOST_SWITCHES * judged:
        draft.cautions.append(
            f"REF and ALT stand in the other order than in the panel at {switches / judged:.0%} of the "
            "sites, as in files that name the counted allele first. They are exchanged with their genotypes."
        )


def _guessed(draft: Draft, rows: Rows) -> None:
    """Offer to leave out sites whose REF is a guess of the format, and which no site list can prove."""
    partial = any(table.partial for table in draft.target.panel.values())
    why = "The panel does not have them, and the format does not say which allele is the reference."
    caution = "Kept, about every second one would be written with REF and ALT exchanged."
    if draft.study.guesses_by_frequency:
        caution = "Kept, some would be written with REF and ALT exchanged."
    draft.offer(R.DROP_UNKNOWN_REFERENCE, rows, loses=True, proposed=not partial, why=why, caution=caution)


def unanchored(draft: Draft) -> None:
    """Sites whose REF no site list could prove, in formats that order alleles by frequency."""
    rows = np.flatnonzero(draft.alive & draft.provisional() & ~draft.aligned & ~draft.proved)
    draft.leave("reference_unknown", "REF may be the other allele: no site list tells it", rows)


def _switch(draft: Draft, rows: Rows, code: R) -> None:
    why = {
        R.SWITCH: "REF and ALT stand in the other order than in the panel.",
        R.RESTORE_REFERENCE: "The format orders alleles by frequency; the panel says which is the reference.",
    }[code]
    done = draft.offer(code, rows, why=why)
    draft.exchange(done)
    draft.aligned[done] = True


def flip_rate(stand: NDArray[np.uint8]) -> float:
    """Share of sites on the other strand among those of which it is certain, never quite 0."""
    flips = int(np.isin(stand, (Stand.FLIP, Stand.FLIP_SWITCH)).sum())
    certain = flips + int(np.isin(stand, (Stand.EXACT, Stand.SWITCH)).sum())
    return min(0.5, max(1e-4, (flips + 0.5) / (certain + 1)))
