"""What the checks of people and of frequencies get: all files of a dataset together, in packed form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from app.domain.cohort_summary import CohortSummary
from app.domain.finding import BuildGuess
from app.genotypes.builds import plain_chromosome
from app.genotypes.checks.finding_of import CheckOptions
from app.genotypes.cohort import Cohort
from app.genotypes.figures import Figures
from app.genotypes.site_table import SiteTable


@dataclass
class CohortSubject:
    """The packed files of a dataset, one or 22 × 10; checks add to `figures` and `summary` as they go.

    `cohorts` all have the same samples in the same order (others are left out before, with a finding).
    `panel` gives the sites of the panel by plain chromosome name, empty when there is no site list.
    """

    cohorts: Sequence[Cohort]
    options: CheckOptions
    build: BuildGuess
    panel: Mapping[str, SiteTable] = field(default_factory=dict)
    figures: Figures = field(default_factory=Figures)
    summary: CohortSummary = field(default_factory=CohortSummary)

    @cached_property
    def samples(self) -> tuple[str, ...]:
        """Names of the samples."""
        return self.cohorts[0].samples if self.cohorts else ()

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
