"""Missing calls that differ between cases and controls. Row 50 of the table."""

from __future__ import annotations

from collections.abc import Iterable
from math import erfc, exp, lgamma, sqrt

import numpy as np
from numpy.typing import NDArray

from app.domain.finding import Finding
from app.genotypes.checks.cohort_subject import CohortSubject
from app.genotypes.checks.cohort_variants import MIN_PEOPLE, places
from app.genotypes.checks.finding_of import WARNING
from app.genotypes.checks.row_answers import Rule, each_cohort, finding_of_rows
from app.genotypes.cohort import CASE, CONTROL, MISSING, Cohort

_DIFFERS = Rule(
    "variant.missing_differs",
    WARNING,
    "Sites that were called differently in cases and controls",
    "Where cases and controls were measured apart, such sites look associated with the disease.",
    "Leave these sites out of the analysis, or out of the data.",
)
_WORTH_A_LOOK = 10.0
"""Chi-squared below which no test of four numbers gives a p of 1e-5."""
_LEAST_EXPECTED = 5.0
_ROWS = 4096


def differing(subject: CohortSubject) -> Iterable[Finding]:
    """Tests sites on autosomes and X where at least 20 cases and 20 controls are known."""
    stated = np.array(subject.cohorts[0].phenotype if subject.cohorts else (), np.uint8)
    cases, controls = stated == CASE, stated == CONTROL
    if min(cases.sum(), controls.sum()) < MIN_PEOPLE:
        return
    masks = []
    for cohort in subject.cohorts:
        mask = np.zeros(len(cohort), bool)
        rows = np.concatenate(places(cohort, subject.sure_build))
        rows = rows[cohort.counts[rows, MISSING] > 0]
        mask[rows] = _p_values(cohort, rows, cases, controls) < subject.options.missing_p
        masks.append(mask)
    yield from finding_of_rows(subject, each_cohort(subject, _DIFFERS, masks))


def _p_values(
    cohort: Cohort, rows: NDArray[np.intp], cases: NDArray[np.bool_], controls: NDArray[np.bool_]
) -> NDArray[np.float64]:
    result = np.ones(len(rows))
    first, second = int(cases.sum()), int(controls.sum())
    for start in range(0, len(rows), _ROWS):
        missing = cohort.genotypes(rows[start : start + _ROWS]) == MISSING
        one, other = missing[:, cases].sum(axis=1), missing[:, controls].sum(axis=1)
        score = chi_squared(one, first, other, second)
        for at in np.flatnonzero(score > _WORTH_A_LOOK).tolist():
            lost, people = int(one[at] + other[at]), first + second
            least = min(lost, people - lost) * min(first, second) / people
            exact = least < _LEAST_EXPECTED
            result[start + at] = (
                fisher(int(one[at]), first, int(other[at]), second)
                if exact
                else erfc(sqrt(float(score[at]) / 2))
            )
    return result


def chi_squared(
    one: NDArray[np.int64], first: int, other: NDArray[np.int64], second: int
) -> NDArray[np.float64]:
    """Of `one` in `first` people against `other` in `second`, without correction; 0 where nothing differs."""
    lost, people = (one + other).astype(np.float64), first + second
    below = lost * (people - lost) * first * second
    apart = people * (one * float(second) - other * float(first)) ** 2
    result: NDArray[np.float64] = np.divide(apart, below, out=np.zeros(len(lost)), where=below > 0)
    return result


def fisher(one: int, first: int, other: int, second: int) -> float:
    """Two-sided exact p: the sum over all tables of these margins that are no likelier than this one."""
    lost = one + other
    possible = range(max(0, lost - second), min(lost, first) + 1)
    chances = {
        k: exp(_ways(first, k) + _ways(second, lost - k) - _ways(first + second, lost)) for k in possible
    }
    here = chances[one] * (1 + 1e-7)
    return min(1.0, sum(chance for chance in chances.values() if chance <= here))


def _ways(of: int, chosen: int) -> float:
    return lgamma(of + 1) - lgamma(chosen + 1) - lgamma(of - chosen + 1)
