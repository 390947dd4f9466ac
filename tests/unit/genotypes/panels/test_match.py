"""Matching in bulk gives what the rules give one by one."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from app.genotypes.panels.match import MatchKind, match
from app.genotypes.site_table import table_of
from app.genotypes.texts import Texts

PALINDROMES = ({("A", "T"), ("T", "A")}, {("C", "G"), ("G", "C")})
COMPLEMENT = str.maketrans("ACGT", "TGCA")
Pair = tuple[str, str]


def judged(mine: Pair, rows: list[Pair]) -> MatchKind:
    """The rules, for one site and the rows at its position."""
    if mine in rows:
        return MatchKind.EXACT
    last = rows[-1]
    if any(mine in pairs and last in pairs for pairs in PALINDROMES):
        return MatchKind.AMBIGUOUS
    if mine == last[::-1]:
        return MatchKind.SWITCH
    turned = mine[0].translate(COMPLEMENT), mine[1].translate(COMPLEMENT)
    if not set(mine) <= set("ACGT") or mine[0] == mine[1]:
        return MatchKind.MISMATCH
    if turned == last:
        return MatchKind.FLIP
    return MatchKind.FLIP_SWITCH if turned == last[::-1] else MatchKind.MISMATCH


allele = st.one_of(
    st.sampled_from("ACGT"), st.sampled_from(["a", "c", "g", "t", "N", ".", "*", "AT", "TA", "CA", "<DEL>"])
)
row = st.tuples(st.integers(1, 12), allele, allele)


def one_by_one(
    panel: list[tuple[int, str, str]], sites: list[tuple[int, str, str]]
) -> list[tuple[MatchKind, tuple[str, str] | None]]:
    """The rules of the server for each site, and the alleles it was judged by."""
    answers: list[tuple[MatchKind, tuple[str, str] | None]] = []
    for position, ref, alt in sites:
        here = [(r, a) for p, r, a in panel if p == position]
        if not here:
            answers.append((MatchKind.ABSENT, None))
            continue
        kind = judged((ref, alt), here)
        answers.append((kind, (ref, alt) if kind is MatchKind.EXACT else here[-1]))
    return answers


@settings(max_examples=150, deadline=None)
@given(panel=st.lists(row, max_size=25), sites=st.lists(row, max_size=25))
def test_it_agrees_with_the_rules_one_by_one(
    panel: list[tuple[int, str, str]], sites: list[tuple[int, str, str]]
) -> None:
    table = table_of(panel)
    positions = np.array([site[0] for site in sites], np.int64)
    found = match(table, positions, Texts.of(s[1] for s in sites), Texts.of(s[2] for s in sites))
    answers = [
        (MatchKind(kind), None if at < 0 else table.alleles(at))
        for kind, at in zip(found.kind.tolist(), found.row.tolist(), strict=True)
    ]
    assert answers == one_by_one(panel, sites)


def test_every_pair_of_letters_against_every_other() -> None:
    pairs = [(r, a) for r in "ACGTacgt" for a in "ACGTacgt" if r != a]
    panel = [(n + 1, *theirs) for n, theirs in enumerate(pairs)]
    table = table_of(panel)
    positions = np.arange(1, len(pairs) + 1)
    for mine in pairs:
        found = match(table, positions, Texts.of([mine[0]] * len(pairs)), Texts.of([mine[1]] * len(pairs)))
        expected = [judged(mine, [theirs]) for theirs in pairs]
        assert found.kind.tolist() == expected


def test_counts_add_up_and_absent_sites_have_no_row() -> None:
    table = table_of([(10, "A", "G"), (10, "A", "C"), (20, "C", "G")])
    found = match(
        table, np.array([20, 5, 10, 10]), Texts.of(["G", "A", "A", "T"]), Texts.of(["C", "G", "G", "G"])
    )
    assert found.counts() == {kind: 0 for kind in MatchKind} | {
        MatchKind.AMBIGUOUS: 1,
        MatchKind.ABSENT: 1,
        MatchKind.EXACT: 1,
        MatchKind.FLIP: 1,
    }
    assert found.row.tolist() == [2, -1, 0, 1]
