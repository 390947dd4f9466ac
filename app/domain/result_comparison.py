"""Several results of one cohort side by side: what the compare page, the report and the command show."""

from __future__ import annotations

from enum import StrEnum

from app.domain.finding import Finding
from app.domain.model import Model


class ComparedSource(Model):
    """A result to compare: its folder or dose file, and what is known of it elsewhere.

    Without a `name` it is called as its folder. `seconds` from sending to the end; `price` in words.
    """

    source: str
    name: str | None = None
    seconds: float | None = None
    price: str | None = None


class RankedBy(StrEnum):
    """What a ranking rests on: genotypes known otherwise, or what the results say of themselves."""

    TRUTH = "truth"
    ESTIMATE = "estimated R2"


class TruthBin(Model):
    """Accuracy against the truth at sites of a range of its minor allele frequency; None: undefined."""

    maf_from: float
    maf_to: float
    sites: int
    r2: float | None
    nonref_concordance: float | None
    iqs: float | None


class EstimateBin(Model):
    """R2 as computed from the dosages, of the variants of a range of the result's own frequency.

    `over_03` and `over_08` count the variants with at least that R2.
    """

    maf_from: float
    maf_to: float
    variants: int
    mean_r2: float | None
    over_03: int
    over_08: int


class Coverage(Model):
    """Variants of a result with an R2 of at least `r2`: all, those so good in every result, in no other."""

    r2: float
    variants: int
    shared: int
    own: int


class ComparedResult(Model):
    """One result. `by_maf` is its accuracy, empty without a truth; `missed` sites of the truth it lacks.

    `score` is what the ranking goes by, 0…1: the mean r2 over the sites of the truth that the fullest result
    has, or the mean estimated R2 over the variants that any result has; one that is lacking counts as 0.
    `seconds` and `price` are None where nobody told them.
    """

    dir: str
    name: str
    variants: int
    own: int
    score: float | None
    by_maf: tuple[TruthBin, ...]
    missed: int | None
    estimated: tuple[EstimateBin, ...]
    coverage: tuple[Coverage, ...]
    seconds: float | None = None
    price: str | None = None


class AgreementBin(Model):
    """Squared correlation of the dosages of two results at variants of a range of frequency."""

    maf_from: float
    maf_to: float
    variants: int
    r2: float | None


class Agreement(Model):
    """Two results, by their place in the comparison, at the variants that both imputed."""

    first: int
    second: int
    variants: int
    r2: float | None
    by_maf: tuple[AgreementBin, ...]


class ChromosomeCoverage(Model):
    """Variants of each result on a chromosome, and those with an R2 of at least 0.8."""

    chromosome: str
    variants: tuple[int, ...]
    over_08: tuple[int, ...]
    mean_r2: tuple[float | None, ...]


class ResultComparison(Model):
    """All of it. `people` are in every result; `union` variants are in any, `shared` in every result.

    `ranking` has the places of the results (their `dir`), best first. `findings` say what makes the results
    less alike than they are.
    """

    people: int
    union: int
    shared: int
    results: tuple[ComparedResult, ...]
    agreements: tuple[Agreement, ...]
    chromosomes: tuple[ChromosomeCoverage, ...]
    ranking: tuple[str, ...]
    ranked_by: RankedBy
    truth: str | None = None
    findings: tuple[Finding, ...] = ()
    seconds: float = 0.0
