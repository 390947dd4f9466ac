"""Alleles against the reference sequence that a person gives: REF proved or restored, indels moved left.

A site list says more where it has a site: only sites that it lacks are oriented here.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.domain.repair import RepairCode as R
from app.genotypes.builds import SPOKEN
from app.genotypes.reference_sequence import ReferenceSequence
from app.genotypes.repair.alleles import UNKNOWN_ALLELES, Stand, is_palindromic, stands
from app.genotypes.repair.draft import Draft, Rows
from app.genotypes.repair.orientation import (
    EXCHANGED,
    LEAST_PEOPLE,
    PROBABLY_EXCHANGED,
    letters_are_exchanged,
)
from app.genotypes.repair.study import CHROMOSOMES
from app.genotypes.site_table import OTHER, complemented, letters_code, swapped
from app.genotypes.texts import Texts

_LETTERS = np.frombuffer(b"ACGT", np.uint8)
_LEAST_FIT = 0.9
_LEAST_FOR_FIT = 50
_NEAR_HALF, _LEAST_FOR_RARER = 0.1, 200
_MOST_RARER = 0.65
"""Of common variants the reference has the commoner allele at two in three or more; exchanged, at a third."""
_RARER = "At {share:.0%} of the sites the base of the reference sequence is the rarer allele"
FEW_FLIPS = 0.002
"""Share of sites on the other strand up to which A/T and C/G sites are taken to be on the forward one."""


def sequence_of(draft: Draft) -> ReferenceSequence | None:
    """The sequence, where it is of the build of the positions as they are now."""
    found = draft.target.reference
    return found if found is not None and draft.certain and found.build == draft.build_now else None


def tell_unused(draft: Draft) -> None:
    """Say why the sequence that was given is of no use here."""
    found = draft.target.reference
    if found is None or sequence_of(draft) is not None:
        return
    here = SPOKEN.get(draft.build_now or "", "unknown") if draft.certain else "not certain"
    there = SPOKEN.get(found.build or "", "not known")
    draft.cautions.append(
        f"The reference sequence was not used: its build is {there}, and that of the files is {here}."
    )


def orient(draft: Draft) -> None:
    """REF of sites that no site list has, by the base of the reference."""
    genome = sequence_of(draft)
    if genome is None or draft.refused:
        return
    if letters_are_exchanged(draft):
        draft.refused = EXCHANGED
        return
    rows = _unlisted(draft)
    known = rows[np.isin(draft.chromosome[rows], [CHROMOSOMES.index(n) for n in genome.chromosomes])]
    base = bases_of(draft, genome, known)
    _restore_missing(draft, known, base)
    simple = draft.code[known] != OTHER
    letters, base = known[simple], base[simple]
    stand = against(draft.code[letters], base)
    if _is_of_another_genome(draft, stand):
        return
    if (share := _rarer_share(draft, letters, stand)) > _MOST_RARER:
        draft.refused = f"{_RARER.format(share=share)}: {PROBABLY_EXCHANGED}"
        return
    _apply(draft, letters, stand)
    _long(draft, genome, known[~simple])


def _unlisted(draft: Draft) -> Rows:
    rows = np.flatnonzero(draft.alive)
    same = draft.target.build in (None, draft.build_now)
    if not draft.target.panel or not same:
        return rows
    absent: Rows = rows[stands(draft, rows) == Stand.ABSENT]
    return absent


def bases_of(draft: Draft, genome: ReferenceSequence, rows: Rows) -> NDArray[np.uint8]:
    """The base of the reference at rows, 0 where there is none."""
    base = np.zeros(len(rows), np.uint8)
    for name in genome.chromosomes:
        mine = np.flatnonzero(draft.chromosome[rows] == CHROMOSOMES.index(name))
        if len(mine):
            base[mine] = genome.at(name, draft.position[rows[mine]])
    return base


def against(code: NDArray[np.uint8], base: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """How pairs of letters stand to the base of the reference: a Stand, ABSENT where the base is none."""
    result = np.full(len(code), Stand.MISMATCH, np.uint8)
    turned = complemented(code)
    for kind, pair in (
        (Stand.FLIP_SWITCH, swapped(turned)),
        (Stand.FLIP, turned),
        (Stand.SWITCH, swapped(code)),
        (Stand.EXACT, code),
    ):
        result[(code != OTHER) & (_LETTERS[pair >> 2 & 3] == base)] = kind
    same, palindromic = result == Stand.EXACT, is_palindromic(code)
    result[palindromic & same] = Stand.SAME_PALINDROME
    result[palindromic & (result == Stand.SWITCH)] = Stand.TURNED_PALINDROME
    result[~np.isin(base, _LETTERS)] = Stand.ABSENT
    return result


def _is_of_another_genome(draft: Draft, stand: NDArray[np.uint8]) -> bool:
    """Nearly every pair of letters has the base of the right genome, half of them that of any other."""
    judged = int((stand != Stand.ABSENT).sum())
    bad = int((stand == Stand.MISMATCH).sum())
    if judged < _LEAST_FOR_FIT or bad <= (1 - _LEAST_FIT) * judged:
        return False
    draft.cautions.append(
        f"The reference sequence has another base at {bad / judged:.0%} of the sites, on any strand: it is "
        "not the genome of these files, and was not used."
    )
    return True


def _rarer_share(draft: Draft, rows: Rows, stand: NDArray[np.uint8]) -> float:
    """Share of sites at which the base of the genome is the rarer allele, 0 where few can tell."""
    straight = np.isin(stand, (Stand.EXACT, Stand.FLIP))
    told = straight | np.isin(stand, (Stand.SWITCH, Stand.FLIP_SWITCH))
    other = np.where(straight, draft.alt_frequency(rows), 1 - draft.alt_frequency(rows))[told]
    other = other[np.isfinite(other) & (np.abs(other - 0.5) > _NEAR_HALF)]
    if draft.people < LEAST_PEOPLE or len(other) < _LEAST_FOR_RARER:
        return 0.0
    return float((other > 0.5).mean())


def _apply(draft: Draft, rows: Rows, stand: NDArray[np.uint8]) -> None:
    provisional = draft.provisional()[rows]
    flips = int(np.isin(stand, (Stand.FLIP, Stand.FLIP_SWITCH)).sum())
    certain = flips + int(np.isin(stand, (Stand.EXACT, Stand.SWITCH)).sum())
    forward = flips <= FEW_FLIPS * certain and certain >= _LEAST_FOR_FIT
    palindromic = np.isin(stand, (Stand.SAME_PALINDROME, Stand.TURNED_PALINDROME))
    draft.proved[rows[(stand == Stand.EXACT) | ((stand == Stand.SAME_PALINDROME) & forward)]] = True
    turned = (stand == Stand.SWITCH) | ((stand == Stand.TURNED_PALINDROME) & forward)
    _switch(draft, R.RESTORE_REFERENCE, rows[turned & provisional])
    _switch(draft, R.SWITCH, rows[turned & ~provisional])
    why = "The reference sequence has the base of the other strand."
    flipped = draft.offer(R.FLIP, rows[stand == Stand.FLIP], why=why)
    draft.code[flipped] = complemented(draft.code[flipped])
    both = draft.offer(R.FLIP_SWITCH, rows[stand == Stand.FLIP_SWITCH], why=why)
    draft.code[both] = complemented(draft.code[both])
    draft.exchange(both)
    draft.proved[np.concatenate([flipped, both])] = True
    why = "The reference sequence has neither allele, on any strand."
    draft.offer(R.DROP_MISMATCH, rows[stand == Stand.MISMATCH], loses=True, why=why)
    if not forward:
        title = "A/T and C/G sites that only a site list with frequencies could orient"
        draft.leave("palindromic_reference", title, rows[palindromic])


def _switch(draft: Draft, code: R, rows: Rows) -> None:
    done = draft.offer(code, rows, why="The reference sequence has the base of ALT.")
    draft.exchange(done)
    draft.proved[done] = True


def _restore_missing(draft: Draft, rows: Rows, base: NDArray[np.uint8]) -> None:
    """Sites of which one allele is known and is not the base of the reference: that is the other."""
    found = []
    for at in np.flatnonzero((draft.code[rows] == OTHER) & np.isin(base, _LETTERS)).tolist():
        mine = draft.alleles(int(rows[at]))
        known = [each for each in mine if each in ("A", "C", "G", "T")]
        unknown = [each for each in mine if each in UNKNOWN_ALLELES]
        letter = chr(base[at])
        if len(known) == len(unknown) == 1 and known[0] != letter:
            found.append((int(rows[at]), letter, known[0], mine[0] == known[0]))
    why = "Only one allele was known; the reference sequence says the other."
    done = draft.offer(R.RESTORE_REFERENCE, np.array([each[0] for each in found], np.intp), why=why)
    if len(done):
        pairs = Texts.of(each[1] for each in found), Texts.of(each[2] for each in found)
        draft.code[done] = letters_code(*pairs)
        draft.swap[done] ^= np.array([each[3] for each in found], bool)
        draft.proved[done] = True


def _long(draft: Draft, genome: ReferenceSequence, rows: Rows) -> None:
    """Insertions and deletions: which allele stands in the sequence; REF where both do."""
    right, turned = [], []
    for row in rows.tolist():
        ref, alt = draft.alleles(row)
        name, position = CHROMOSOMES[int(draft.chromosome[row])], int(draft.position[row])
        fits = [genome.matches(name, position, each) for each in (ref, alt)]
        if fits[0]:
            right.append(row)
        elif fits[1]:
            turned.append(row)
    draft.proved[np.array(right, np.intp)] = True
    places = np.array(turned, np.intp)
    provisional = draft.provisional()[places]
    _switch(draft, R.RESTORE_REFERENCE, places[provisional])
    _switch(draft, R.SWITCH, places[~provisional])


def left_align(draft: Draft) -> None:
    """Insertions and deletions as far to the left as they go, where REF is that of the sequence."""
    genome = sequence_of(draft)
    if genome is None:
        return
    moved: list[tuple[int, int, str, str]] = []
    odd: list[int] = []
    other = np.flatnonzero(draft.alive & (draft.code == OTHER))
    for row in other[np.argsort(draft.position[other], kind="stable")].tolist():
        ref, alt = draft.alleles(row)
        if len(ref) == len(alt) or not set(ref + alt) <= set("ACGT"):
            continue
        name, position = CHROMOSOMES[int(draft.chromosome[row])], int(draft.position[row])
        if name not in genome.chromosomes:
            continue
        found = genome.left_aligned(name, position, ref, alt)
        if found is None:
            odd.append(row)
        elif found != (position, ref, alt):
            moved.append((row, *found))
    why = "Written as far to the left as the reference sequence lets them, as panels have them."
    rows = np.array([each[0] for each in moved], np.intp)
    done = draft.offer(R.NORMALISE, rows, why=why)
    if len(done):
        draft.position[done] = [each[1] for each in moved]
        draft.rewritten.update((each[0], (each[2], each[3])) for each in moved)
        draft.code[done] = OTHER
    title = "Insertions and deletions whose REF is not that of the reference sequence"
    draft.leave("indel_reference", title, np.array(odd, np.intp))
