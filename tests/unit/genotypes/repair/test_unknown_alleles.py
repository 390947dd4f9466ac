"""Sites of which a format does not know the reference or the other allele: named as such, never guessed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from app.domain.finding import BuildGuess
from app.domain.repair import RepairCode, RepairOutcome
from app.genotypes.cohort import Cohort, Reference
from app.genotypes.matrix import read_matrix
from app.genotypes.repair.apply import repair
from app.genotypes.repair.target import RepairChoices, RepairTarget
from app.genotypes.site_table import SiteTable, table_of
from tests.helpers.cohorts import cohort_of_rows

SURE = BuildGuess(value="GRCh37", confidence=0.999)
SITES, OUTSIDE = 60, 15


def cohort_of(folder: Path, reference: Reference, alt: str = "G") -> Cohort:
    """The last sites are not in the panel."""
    random = np.random.default_rng(4)
    rows = [
        (
            "22",
            20_000_000 + 5000 * at,
            f"rs{at + 1}",
            "A",
            "G" if at < SITES - OUTSIDE else alt,
            codes.tolist(),
        )
        for at, codes in enumerate(random.integers(0, 3, (SITES, 12)))
    ]
    return cohort_of_rows(folder, [f"s{i}" for i in range(12)], rows, reference=reference)


def panel(partial: bool = False) -> dict[str, SiteTable]:
    table = table_of([(20_000_000 + 5000 * at, "A", "G") for at in range(SITES - OUTSIDE)])
    return {"22": SiteTable(table.position, table.code, partial=partial)}


def repaired(
    tmp_path: Path, cohort: Cohort, target: RepairTarget, keep: RepairCode | None = None
) -> RepairOutcome:
    choices = RepairChoices(sample_call_rate=0, site_call_rate=0, hwe_p=0, het_deviations=99)
    if keep is not None:
        chosen = frozenset(RepairCode) - {keep, RepairCode.DROP_TYPED_ONLY}
        choices = RepairChoices(
            chosen=chosen, sample_call_rate=0, site_call_rate=0, hwe_p=0, het_deviations=99
        )
    outcome = repair([cohort], target, choices, tmp_path / "out")
    assert outcome.ledger.adds_up
    return outcome


def removed(outcome: RepairOutcome) -> dict[str, int]:
    return {line.code: line.removed_sites for line in outcome.ledger.lines if line.removed_sites}


@pytest.mark.parametrize("reference", [Reference.PROVISIONAL, Reference.UNKNOWN])
def test_sites_with_a_guessed_reference_are_left_out(tmp_path: Path, reference: Reference) -> None:
    target = RepairTarget(study_build=SURE, panel=panel())
    outcome = repaired(tmp_path, cohort_of(tmp_path / "c", reference), target)
    assert removed(outcome) == {RepairCode.DROP_UNKNOWN_REFERENCE: OUTSIDE}
    assert len(read_matrix(Path(outcome.files[0].path)).positions) == SITES - OUTSIDE
    assert not outcome.unresolved


def test_a_person_may_keep_them_and_is_told(tmp_path: Path) -> None:
    target = RepairTarget(study_build=SURE, panel=panel())
    cohort = cohort_of(tmp_path / "c", Reference.PROVISIONAL)
    outcome = repaired(tmp_path, cohort, target, keep=RepairCode.DROP_UNKNOWN_REFERENCE)
    assert not removed(outcome)
    assert [(each.code, each.sites) for each in outcome.unresolved] == [("reference_unknown", OUTSIDE)]


def test_sites_with_a_stated_reference_stay(tmp_path: Path) -> None:
    target = RepairTarget(study_build=SURE, panel=panel())
    outcome = repaired(tmp_path, cohort_of(tmp_path / "c", Reference.KNOWN), target)
    assert not removed(outcome)


def test_a_list_that_is_not_the_whole_panel_leaves_nothing_out(tmp_path: Path) -> None:
    target = RepairTarget(study_build=SURE, panel=panel(partial=True))
    outcome = repaired(tmp_path, cohort_of(tmp_path / "c", Reference.PROVISIONAL), target)
    assert not removed(outcome)
    assert outcome.unresolved[0].sites == OUTSIDE


@pytest.mark.parametrize(
    ("alt", "code"),
    [
        (".", RepairCode.DROP_UNKNOWN_ALLELE),
        ("0", RepairCode.DROP_UNKNOWN_ALLELE),
        ("*", RepairCode.DROP_INVALID_ALLELES),
        ("<DEL>", RepairCode.DROP_INVALID_ALLELES),
    ],
)
def test_an_unknown_allele_is_no_bad_one(tmp_path: Path, alt: str, code: RepairCode) -> None:
    target = RepairTarget(study_build=SURE, panel=panel())
    outcome = repaired(tmp_path, cohort_of(tmp_path / "c", Reference.UNKNOWN, alt), target)
    assert removed(outcome) == {code: OUTSIDE}
