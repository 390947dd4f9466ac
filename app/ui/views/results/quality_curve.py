"""The quality of a result as numbers to draw and to compare; without words or Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.domain.dataset import Dataset
from app.domain.result import MafBin, Quality


@dataclass(frozen=True)
class Curve:
    """One line of the plot: values between 0 and 1 at the numbers of the bins; gaps are left out."""

    places: tuple[float, ...]
    values: tuple[float, ...]


@dataclass(frozen=True)
class Curves:
    """R2 over the bins of minor allele frequency, rare to common; `edges` are the bounds of the bins."""

    bins: tuple[MafBin, ...]
    mean: Curve
    share_03: Curve
    share_08: Curve


def curves(quality: Quality) -> Curves:
    """The lines of the plot. Every bin has the same room: most of the interest lies among the rare ones."""
    bins = tuple(sorted((b for b in quality.by_maf if b.variants), key=lambda b: b.maf_from))
    return Curves(
        bins,
        _curve([b.mean_r2 for b in bins]),
        _curve([b.share_r2_03 for b in bins]),
        _curve([b.share_r2_08 for b in bins]),
    )


def _curve(values: Sequence[float | None]) -> Curve:
    known = [(float(place), value) for place, value in enumerate(values) if value is not None]
    return Curve(tuple(p for p, _ in known), tuple(v for _, v in known))


def good_from(quality: Quality, at_least: float = 0.8) -> MafBin | None:
    """The rarest bin from which on the mean R2 is good in every bin; None when it never is."""
    found: MafBin | None = None
    for each in reversed(curves(quality).bins):
        if each.mean_r2 is None or each.mean_r2 < at_least:
            break
        found = each
    return found


@dataclass(frozen=True)
class Completeness:
    """What came back of what was sent. Numbers are (here, sent)."""

    chromosomes: tuple[int, int]
    people: tuple[int, int]
    missing: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Nothing is missing."""
        return not self.missing and self.people[0] >= self.people[1]


def completeness(quality: Quality | None, dataset: Dataset | None) -> Completeness | None:
    """Compare a result with the dataset that was sent; None when one of them is not known."""
    report = dataset.report if dataset is not None else None
    if quality is None or report is None or not report.chromosomes:
        return None
    here = {_plain(c.chromosome) for c in quality.by_chromosome}
    missing = tuple(c for c in report.chromosomes if _plain(c) not in here)
    sent = len(report.chromosomes)
    return Completeness((sent - len(missing), sent), (quality.samples, report.samples), missing)


def _plain(chromosome: str) -> str:
    """`X` for `chrX`, `X_nonPAR` and `X.PAR1`: servers return the parts of X in files of their own."""
    name = chromosome.removeprefix("chr").upper()
    return "X" if name.startswith("X") else name
