"""Every site that any check of packed data names, for tables, exports and proofs."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from app.genotypes.checks import cohort_frequency, cohort_panel, cohort_variants
from app.genotypes.checks.cohort_subject import CohortSubject
from app.genotypes.checks.finding_of import FEW_PEOPLE, INFO, WARNING
from app.genotypes.checks.row_answers import RowAnswer, Rule, each_cohort, sites_of

_CALL_RATE = Rule("site.call_rate", WARNING, "Variants with a low call rate")
_MONOMORPHIC = Rule("site.monomorphic", INFO, "Variants that do not vary in these samples")
_DUPLICATE = Rule("site.duplicate", WARNING, "Variants that occur more than once")

ROW_CHECKS = (
    *cohort_panel.ROW_CHECKS,
    *cohort_frequency.ROW_CHECKS,
    *cohort_variants.ROW_CHECKS,
)


def of_counts(subject: CohortSubject) -> Iterable[RowAnswer]:
    """The rows that the checks of a file name by their counts and places (`checks/sites.py`)."""
    low, same, twice = [], [], []
    for cohort in subject.cohorts:
        counts, people = cohort.counts, len(cohort.samples)
        missing = counts[:, 3] > (1 - subject.options.variant_call_rate) * people + 1e-9
        low.append(missing & (people >= FEW_PEOPLE))
        alone = (counts[:, 1] == 0) & ((counts[:, 0] == 0) != (counts[:, 2] == 0))
        same.append(alone & (people > 1))
        place = cohort.chromosome.astype(np.int64) << 40 | cohort.position
        first = np.zeros(len(cohort), bool)
        first[np.unique(place, return_index=True)[1]] = True
        twice.append(~first)
    yield each_cohort(subject, _CALL_RATE, low)
    yield each_cohort(subject, _MONOMORPHIC, same)
    yield each_cohort(subject, _DUPLICATE, twice)


def site_findings(subject: CohortSubject) -> list[tuple[str, int, str]]:
    """Plain chromosome, position and code of every site that breaks a rule, in the order of the checks."""
    result = [site for answer in of_counts(subject) for site in sites_of(subject, answer)]
    for check in ROW_CHECKS:
        for answer in check(subject):
            result += sites_of(subject, answer)
    return result
