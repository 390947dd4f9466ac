"""Accuracy of dose files against a truth by range of frequency, for comparisons of several results.

Sites are those of the truth that were not typed. The minor allele frequency is the truth's.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.domain.accuracy import MissedWhy, ScoredBin
from app.domain.model import Model
from app.results.figures.left_out import quality_scores
from app.results.truth.scoring import Site, TruthRequest, score

__all__ = ["Accuracy", "AccuracyBin", "Site", "accuracy", "imputation_quality_score"]

_NOT_MISSED = frozenset({MissedWhy.TYPED, MissedWhy.NOT_CALLED})


class AccuracyBin(Model):
    """Sites of a range of frequency.

    `r2` is the squared correlation of dosage and true allele count over all genotypes of the bin together.
    `nonref_concordance` is the share of equal genotypes among those where truth or result carries ALT.
    `iqs` is the mean over sites of the imputation quality score, agreement beyond chance (Lin and others,
    PLoS ONE 2010), where it is defined. None where there is nothing to compute it from.
    """

    maf_from: float
    maf_to: float
    sites: int
    r2: float | None
    nonref_concordance: float | None
    iqs: float | None


class Accuracy(Model):
    """The accuracy of a result by frequency; `missed` sites of the truth are not in the result."""

    samples: int
    sites: int
    missed: int
    by_maf: tuple[AccuracyBin, ...]


def imputation_quality_score(called: NDArray[np.int64], true: NDArray[np.int64]) -> float | None:
    """Agreement of genotypes beyond what their frequencies give by chance; None when chance explains all."""
    score = float(quality_scores(called[None, :], true[None, :], np.ones((1, len(called)), bool))[0])
    return None if np.isnan(score) else score


def accuracy(dose_files: Iterable[Path], truth: Path, typed: Iterable[Site] | None = None) -> Accuracy:
    """Compare dose files with a truth of any format, for the people that both have, by their names.

    Typed sites are left out: those that a dose file marks, and `typed` (chromosome without `chr`, position,
    REF, ALT) for results without marks. ProblemError when files cannot be read or have nobody in common.
    """
    dose = tuple(dose_files)
    name = dose[0].name if dose else ""
    told = score(TruthRequest(name, dose, (truth,), project=False, typed=tuple(typed or ())))
    return Accuracy(
        samples=told.people,
        sites=told.sites,
        missed=sum(each.sites for each in told.missed if each.reason not in _NOT_MISSED),
        by_maf=tuple(_bin(each) for each in told.by_maf),
    )


def _bin(each: ScoredBin) -> AccuracyBin:
    return AccuracyBin(
        maf_from=each.maf_from,
        maf_to=each.maf_to,
        sites=each.sites,
        r2=each.r2,
        nonref_concordance=each.nonref_concordance,
        iqs=each.iqs,
    )
