"""Two ways of writing an insertion or deletion are one change only where the bases between them prove it."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import pytest

from app.domain.finding import BuildGuess
from app.domain.repair import RepairCode, RepairPlan
from app.genotypes.repair.indel_spelling import Indel, indel_of, same_change
from app.genotypes.repair.plan import plan_repairs
from app.genotypes.repair.target import RepairChoices, RepairTarget
from app.genotypes.site_table import table_of
from tests.helpers.cohorts import cohort_of_rows

SURE = BuildGuess(value="GRCh37", confidence=0.999)


def changed(text: str, indel: Indel) -> str:
    if indel.deletion:
        return text[: indel.position] + text[indel.position + len(indel.unit) :]
    return text[: indel.position] + indel.unit + text[indel.position :]


def indels_of(text: str) -> list[Indel]:
    """All insertions and deletions of one or two bases; positions count from 1."""
    places = range(1, len(text) - 2)
    lost = [Indel(p, text[p : p + n], True) for p in places for n in (1, 2)]
    units = ["".join(each) for n in (1, 2) for each in itertools.product("ACGT", repeat=n)]
    return lost + [Indel(p, unit, False) for p in places for unit in units]


@pytest.mark.parametrize("seed", range(3))
def test_they_are_one_change_just_when_the_sequences_are_equal(seed: int) -> None:
    random = np.random.default_rng(seed)
    text = "".join(random.choice(list("AC"), 14))
    known = {at: base for at, base in enumerate(text, start=1)}
    for one, other in itertools.combinations(indels_of(text), 2):
        if one.position == other.position:
            continue
        assert same_change(one, other, known) == (changed(text, one) == changed(text, other))
        assert same_change(one, other, {}) in ((None,) if same_change(one, other, known) else (None, False))


def test_only_plain_indels_have_a_unit() -> None:
    assert indel_of(5, "AT", "A") == Indel(5, "T", True)
    assert indel_of(5, "A", "ATT") == Indel(5, "TT", False)
    for pair in (("A", "G"), ("AT", "GC"), ("AT", "G"), ("A", "<DEL>"), ("A", "."), ("A", "AN")):
        assert indel_of(5, *pair) is None


def planned(folder: Path, site: tuple[int, str, str], panel: list[tuple[int, str, str]]) -> RepairPlan:
    cohort = cohort_of_rows(folder, list("abcd"), [("1", site[0], "v", *site[1:], [0, 1, 2, 1])])
    target = RepairTarget(build="GRCh37", panel={"1": table_of(panel)}, study_build=SURE)
    return plan_repairs([cohort], target, RepairChoices(hwe_p=0))


def test_a_deletion_is_found_where_the_panel_has_it(tmp_path: Path) -> None:
    """Of G AC AC T the second AC is lost, and the panel says that the first is."""
    plan = planned(tmp_path / "c", (102, "CAC", "C"), [(100, "GAC", "G")])
    assert [each.sites for each in plan.steps if each.code is RepairCode.NORMALISE] == [1]
    assert not {RepairCode.DROP_TYPED_ONLY, RepairCode.DROP_MISMATCH} & {e.code for e in plan.steps}


def test_an_unproved_one_is_told(tmp_path: Path) -> None:
    plan = planned(tmp_path / "c", (110, "A", "AA"), [(100, "G", "GA")])
    assert RepairCode.NORMALISE not in {each.code for each in plan.steps}
    assert {each.code: each.sites for each in plan.unresolved}["indel_spelling"] == 1


def test_a_base_between_them_contradicts(tmp_path: Path) -> None:
    plan = planned(tmp_path / "c", (110, "A", "AA"), [(100, "G", "GA"), (105, "C", "T")])
    assert RepairCode.NORMALISE not in {each.code for each in plan.steps}
    assert "indel_spelling" not in {each.code for each in plan.unresolved}
