"""How the checks of packed sites answer: rows of each cohort under a rule, from which findings are made."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from app.domain.finding import Finding, Severity
from app.domain.repair import RepairCode
from app.genotypes.builds import plain_chromosome
from app.genotypes.checks.cohort_subject import CohortSubject
from app.genotypes.checks.finding_of import PLACES_SHOWN, some
from app.genotypes.cohort import Cohort

Rows = NDArray[np.intp]

KEPT = 200_000
"""Rows of an answer that are kept for lists."""


@dataclass(frozen=True)
class Rule:
    """A check's code and words; `fix` is the repair that mends what it finds."""

    code: str
    severity: Severity
    title: str
    detail: str = ""
    what_to_do: str = ""
    fix: RepairCode | None = None


@dataclass(frozen=True, eq=False)
class RowAnswer:
    """Rows that break a rule, for each cohort of the subject."""

    rule: Rule
    rows: Sequence[Rows]

    @property
    def count(self) -> int:
        """Rows in all cohorts."""
        return sum(map(len, self.rows))

    def saying(self, **words: object) -> RowAnswer:
        """The same with other words."""
        return replace(self, rule=replace(self.rule, **words))  # type: ignore[arg-type]


def place(cohort: Cohort, row: int) -> str:
    """`22:17,055,569` of a row."""
    return f"{cohort.names[cohort.chromosome[row]]}:{int(cohort.position[row]):,}"


def finding_of_rows(subject: CohortSubject, answer: RowAnswer) -> Iterable[Finding]:
    """One finding about all rows, none when there are none; the subject keeps the rows."""
    if not answer.count:
        return
    subject.named.append(replace(answer, rows=[rows[:KEPT].copy() for rows in answer.rows]))
    pairs = zip(subject.cohorts, answer.rows, strict=True)
    places = [place(cohort, int(row)) for cohort, rows in pairs for row in rows[:PLACES_SHOWN]]
    yield finding_of_rule(subject, answer.rule, places[:PLACES_SHOWN], answer.count)


def finding_of_rule(subject: CohortSubject, rule: Rule, places: list[str], count: int) -> Finding:
    """A finding in the words of a rule."""
    files = {cohort.origin.files[0] for cohort in subject.cohorts if cohort.origin.files}
    return Finding(
        code=rule.code,
        severity=rule.severity,
        title=rule.title,
        detail=rule.detail,
        file=files.pop() if len(files) == 1 else None,
        where=some(places, count),
        count=count,
        what_to_do=rule.what_to_do,
        fix=rule.fix.value if rule.fix else None,
    )


def each_cohort(subject: CohortSubject, rule: Rule, masks: Iterable[NDArray[np.bool_]]) -> RowAnswer:
    """Rows where the mask of each cohort is True."""
    answer = RowAnswer(rule, [np.flatnonzero(mask) for mask in masks])
    assert len(answer.rows) == len(subject.cohorts)
    return answer


def sites_of(subject: CohortSubject, answer: RowAnswer) -> list[tuple[str, int, str]]:
    """Plain chromosome, position and code of every row."""
    result = []
    for cohort, rows in zip(subject.cohorts, answer.rows, strict=True):
        names = [plain_chromosome(raw) or raw for raw in cohort.names]
        for row in rows:
            found = names[cohort.chromosome[row]], int(cohort.position[row])
            result.append((*found, answer.rule.code))
    return result


def alt_frequency(cohort: Cohort) -> NDArray[np.float64]:
    """Frequency of ALT in each row, NaN where nothing is called."""
    counts = cohort.counts.astype(np.float64)
    called = 2 * counts[:, :3].sum(axis=1)
    alt = counts[:, 1] + 2 * counts[:, 2]
    result = np.full(len(counts), np.nan)
    np.divide(alt, called, out=result, where=called > 0)
    return result
