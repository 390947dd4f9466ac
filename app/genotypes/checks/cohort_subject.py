"""What the checks of people and of frequencies get: all files of a dataset together, in packed form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from app.domain.cohort_summary import CohortSummary
from app.domain.finding import BuildGuess
from app.genotypes.builds import SURE, build_name, plain_chromosome
from app.genotypes.checks.finding_of import CheckOptions
from app.genotypes.checks.long_names import shorter
from app.genotypes.cohort import Cohort
from app.genotypes.figures import Figures
from app.genotypes.panels.match import MatchKind, match
from app.genotypes.people.ancestry import Projection, project
from app.genotypes.people.tally import Tally, tally_of
from app.genotypes.site_table import SiteTable

if TYPE_CHECKING:
    from app.genotypes.checks.row_answers import RowAnswer


@dataclass(frozen=True, eq=False)
class PanelMatch:
    """Rows of a cohort against the panel: `kind` (MatchKind), `judged` where a table of the chromosome was
    there, `frequency` of the cohort's ALT in the panel after turning (NaN where it is not known)."""

    kind: NDArray[np.uint8]
    judged: NDArray[np.bool_]
    frequency: NDArray[np.float64]


@dataclass
class CohortSubject:
    """The packed files of a dataset, one or 22 × 10; checks add to `figures` and `summary` as they go.

    `cohorts` all have the same samples in the same order (others are left out before, with a finding).
    `panel` gives the sites of the panel by plain chromosome name, empty when there is no site list. What
    several checks need is worked out once, when the first of them asks. `named` keeps the rows that became
    findings.
    """

    cohorts: Sequence[Cohort]
    options: CheckOptions
    build: BuildGuess
    panel: Mapping[str, SiteTable] = field(default_factory=dict)
    figures: Figures = field(default_factory=Figures)
    summary: CohortSummary = field(default_factory=CohortSummary)
    named: list[RowAnswer] = field(default_factory=list)

    @cached_property
    def samples(self) -> tuple[str, ...]:
        """Names of the samples as they are shown."""
        return tuple(map(shorter, self.cohorts[0].samples)) if self.cohorts else ()

    @cached_property
    def sure_build(self) -> str | None:
        """The build found if it is sure, else the one that the user states, else None."""
        sure = self.build.value if self.build.confidence >= SURE else None
        return sure or build_name(self.options.build)

    @cached_property
    def tally(self) -> Tally:
        """Counts of every sample, from one pass over the genotypes."""
        return tally_of(self.cohorts, self.sure_build, self.options.chunk_bases)

    @cached_property
    def projection(self) -> Projection | None:
        """Ancestry of the people; None when the build is not sure or few sites overlap."""
        return project(self.cohorts, self.sure_build) if self.sure_build and self.cohorts else None

    @cached_property
    def groups(self) -> tuple[str, ...]:
        """The ancestry group of each sample, all alike where ancestry is not known."""
        return self.projection.label if self.projection else ("",) * len(self.samples)

    @cached_property
    def matches(self) -> list[PanelMatch]:
        """How the rows of each cohort stand to the panel."""
        return [panel_match(cohort, self.panel) for cohort in self.cohorts]

    def on(self, chromosome: str) -> Iterator[tuple[Cohort, NDArray[np.intp]]]:
        """Each cohort with its rows on a chromosome by its plain name (`22`, `X`)."""
        for cohort in self.cohorts:
            wanted = [i for i, name in enumerate(cohort.names) if plain_chromosome(name) == chromosome]
            rows = np.flatnonzero(np.isin(cohort.chromosome, wanted))
            if len(rows):
                yield cohort, rows

    def learn(self, **values: object) -> None:
        """Set figures of the summary."""
        self.summary = self.summary.model_copy(update=values)

    def unknown(self, what: str, why: str) -> None:
        """Say why a figure could not be told."""
        self.learn(why=self.summary.why | {what: why})


def rows_by_chromosome(cohort: Cohort) -> Iterator[tuple[str, NDArray[np.intp]]]:
    """Plain name and rows of each chromosome of a cohort; what is no chromosome is left out."""
    for number, raw in enumerate(cohort.names):
        name = plain_chromosome(raw)
        rows = np.flatnonzero(cohort.chromosome == number)
        if name is not None and len(rows):
            yield name, rows


_TURNED = np.isin(np.arange(len(MatchKind)), [MatchKind.SWITCH, MatchKind.FLIP_SWITCH, MatchKind.AMBIGUOUS])
_COMPARABLE = np.isin(
    np.arange(len(MatchKind)),
    [MatchKind.EXACT, MatchKind.SWITCH, MatchKind.FLIP, MatchKind.FLIP_SWITCH, MatchKind.AMBIGUOUS],
)


def panel_match(cohort: Cohort, panel: Mapping[str, SiteTable]) -> PanelMatch:
    """Compare a cohort with the tables of a panel."""
    kind = np.full(len(cohort), MatchKind.ABSENT, np.uint8)
    judged = np.zeros(len(cohort), bool)
    frequency = np.full(len(cohort), np.nan)
    for name, rows in rows_by_chromosome(cohort):
        table = panel.get(name)
        if table is None:
            continue
        found = match(table, cohort.position[rows], cohort.refs[rows], cohort.alts[rows])
        judged[rows], kind[rows] = True, found.kind
        known = _COMPARABLE[found.kind]
        there = table.alt_frequency(found.row[known])
        frequency[rows[known]] = np.where(_TURNED[found.kind[known]], 1 - there, there)
    return PanelMatch(kind, judged, frequency)
