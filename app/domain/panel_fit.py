"""How a dataset fits a panel of a service, by rules and by what is known; nothing is computed anew."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from enum import StrEnum

from app.domain.dataset import Dataset
from app.domain.finding import CheckReport, Severity
from app.domain.model import Model
from app.domain.panel import Panel
from app.domain.panel_overlap import PanelOverlap
from app.domain.residency import Residency, why_forbidden
from app.domain.service import Service
from app.domain.verdict import Outcome, Verdict

MEGABYTE = 1_000_000
ENOUGH_OVERLAP = 50.0
"""Percent of the sites of a chunk that have to be in the panel, or services leave the chunk out."""
_PEOPLE = frozenset({"sample.too_few", "sample.too_many"})
_LIFTED = frozenset({"GRCh37", "GRCh38"})
"""The builds between which a service lifts, if it lifts at all."""
_POPULATIONS = {
    "AFR": "African",
    "AMR": "American",
    "EAS": "East Asian",
    "EUR": "European",
    "SAS": "South Asian",
}
_ANYBODY = ("global", "multi-ethnic")
_GROUPS_OF = {
    "AFR": ("african american",),
    "AMR": ("mexican",),
    "EAS": ("asian", "chinese", "han chinese", "japanese", "korean", "mongolian"),
    "SAS": ("asian",),
}
"""Words of operators for groups of people that are among those of a population."""


class FitVerdict(StrEnum):
    """The answer, best first."""

    FITS = "fits"
    REPAIR = "repair"
    NOT_KNOWN = "unknown"
    DOES_NOT_FIT = "no"


RANK = {each: number for number, each in enumerate(FitVerdict)}
"""Their order, for sorting and for what counts when reasons disagree: the worst."""


class FitReason(Model):
    """A sentence, and what it alone makes of the fit."""

    verdict: FitVerdict
    text: str


class PanelFit(Model):
    """The fit of one dataset to one panel; `hint` is about ancestry and never decides."""

    verdict: FitVerdict
    reasons: tuple[FitReason, ...] = ()
    hint: str = ""

    @property
    def words(self) -> tuple[str, ...]:
        """The sentences, those that decide first."""
        first = sorted(self.reasons, key=lambda each: -RANK[each.verdict])
        return tuple(each.text for each in first)


def panel_fit(
    dataset: Dataset,
    service: Service,
    panel: Panel,
    rule: Residency | None,
    overlap: PanelOverlap | None = None,
    *,
    lifts: bool = False,
) -> PanelFit:
    """How a dataset fits a panel: where it may go first, then what a prediction said, else limits and build.

    `rule` is what holds for where the data may go, `overlap` how many sites of the data are in the panel, as
    far as somebody compared them. `lifts`: the service moves positions between builds itself.
    """
    forbidden = why_forbidden(rule, service)
    if forbidden is not None:
        return _of([_no(forbidden)])
    verdict = _prediction(dataset, panel)
    by_rules = _by_rules(dataset, service, panel, lifts)
    reasons = [_predicted(verdict)] if verdict is not None else list(by_rules)
    reasons += _overlap(overlap)
    return _of(reasons, _ancestry(dataset.report, panel))


def known_overlap(dataset: Dataset, panel: Panel) -> PanelOverlap | None:
    """How many sites are in the panel by the last prediction for it; None without one."""
    verdict = _prediction(dataset, panel)
    percent = verdict.counters.get("reference_overlap_pct") if verdict is not None else None
    if percent is None:
        return None
    return PanelOverlap(percent=percent, build=panel.build or "", predicted=True)


def _of(reasons: list[FitReason], hint: str = "") -> PanelFit:
    worst = max((each.verdict for each in reasons), key=RANK.__getitem__, default=FitVerdict.FITS)
    return PanelFit(verdict=worst, reasons=tuple(reasons), hint=hint)


def _no(text: str) -> FitReason:
    return FitReason(verdict=FitVerdict.DOES_NOT_FIT, text=text)


def _repair(text: str) -> FitReason:
    return FitReason(verdict=FitVerdict.REPAIR, text=text)


def _unknown(text: str) -> FitReason:
    return FitReason(verdict=FitVerdict.NOT_KNOWN, text=text)


def _good(text: str) -> FitReason:
    return FitReason(verdict=FitVerdict.FITS, text=text)


def _prediction(dataset: Dataset, panel: Panel) -> Verdict | None:
    wanted = (panel.service_id, panel.id)
    return next((v for v in dataset.verdicts if (v.service_id, v.panel_id) == wanted), None)


def _predicted(verdict: Verdict) -> FitReason:
    text = " ".join(filter(None, (verdict.headline, verdict.remedy)))
    if verdict.outcome is Outcome.UNKNOWN:
        return _unknown(text)
    if verdict.outcome is not Outcome.REFUSES:
        return _good(text)
    stops = [each for each in verdict.reasons if each.stops]
    can = bool(stops) and all(each.fix and each.repairable != 0 for each in stops)
    return _repair(text) if can else _no(text)


def _by_rules(dataset: Dataset, service: Service, panel: Panel, lifts: bool) -> Iterator[FitReason]:
    yield from _sizes(dataset, service)
    report = dataset.report
    if report is None:
        yield _unknown("The files were not checked yet.")
        return
    checks: tuple[Callable[[CheckReport, Service, Panel], Iterable[FitReason]], ...] = (
        _findings,
        _people,
        _chromosomes,
        _vcf_version,
    )
    for each in checks:
        yield from each(report, service, panel)
    yield from _build(report, service, panel, lifts)


def _sizes(dataset: Dataset, service: Service) -> Iterator[FitReason]:
    limits = service.limits
    largest = max((each.size for each in dataset.files), default=0)
    for here, most, what in (
        (largest, limits.max_file_mb, "The largest file has"),
        (dataset.size, limits.max_upload_mb, "The files have"),
    ):
        if most is not None and here > most * MEGABYTE:
            yield _no(f"{what} {here / MEGABYTE:,.0f} MB, and {service.name} takes {most:,} MB.")


def _findings(report: CheckReport, _service: Service, _panel: Panel) -> Iterator[FitReason]:
    stops = [f for f in report.findings if f.severity is Severity.SEVERE and f.code not in _PEOPLE]
    if not stops:
        return
    if all(each.fix for each in stops):
        yield _repair(f"{stops[0].title}: Haplodesk can repair this.")
    else:
        yield _no(f"{next(each.title for each in stops if not each.fix)}.")


def _people(report: CheckReport, service: Service, _panel: Panel) -> Iterator[FitReason]:
    least, most = service.limits.min_samples, service.limits.max_samples
    if not report.samples:
        return
    if least is not None and report.samples < least:
        yield _no(f"{report.samples:,} people are too few: {service.name} wants {least:,}.")
    if most is not None and report.samples > most:
        text = f"{report.samples:,} people are too many for one job: {service.name} takes {most:,}."
        yield _repair(f"{text} Haplodesk can split them.")


def _chromosomes(report: CheckReport, service: Service, panel: Panel) -> Iterator[FitReason]:
    served = panel.chromosomes or service.limits.chromosomes
    missing = [each for each in report.chromosomes if served and each not in served]
    if not missing:
        return
    if len(missing) == len(report.chromosomes):
        yield _no(f"The panel has none of the chromosomes of the files ({', '.join(missing)}).")
    else:
        yield _repair(f"Chromosome {', '.join(missing)} is not in the panel and has to be left out.")


def _vcf_version(report: CheckReport, service: Service, _panel: Panel) -> Iterator[FitReason]:
    most = _version(service.limits.max_vcf_version or "")
    newest = max((_version(each.vcf_version) for each in report.files), default=())
    if most and newest > most:
        here = ".".join(map(str, newest))
        allowed = service.limits.max_vcf_version
        yield _repair(f"The files are VCF {here}; Haplodesk can write them as {allowed}, which it takes.")


def _version(text: str) -> tuple[int, ...]:
    """`VCFv4.3` and `4.3` as numbers; nothing for other words."""
    parts = text.upper().removeprefix("VCF").removeprefix("V").split(".")
    return tuple(map(int, parts)) if all(each.isdigit() for each in parts) else ()


def _build(report: CheckReport, service: Service, panel: Panel, lifts: bool) -> Iterator[FitReason]:
    here, there = report.build.value, panel.build
    if here is None:
        yield _unknown("The build of the files is not known.")
    elif not there:
        yield _unknown("The build of the panel is not known.")
    elif here == there:
        yield _good(f"Files and panel are {there}.")
    elif lifts and {here, there} <= _LIFTED:
        yield _good(f"The files are {here}, the panel is {there}: {service.name} lifts them over itself.")
    else:
        yield _repair(f"The files are {here}, the panel is {there}: Haplodesk lifts them over before.")


def _overlap(overlap: PanelOverlap | None) -> list[FitReason]:
    percent = overlap.percent if overlap is not None else None
    if overlap is None or percent is None:
        return []
    there = "are in the panel"
    if overlap.lifted:
        there += f" after lift-over from {' and '.join(overlap.lifted)} to {overlap.build}"
    if percent < ENOUGH_OVERLAP:
        return [_no(f"Only {percent:.0f} % of the sites {there}; {ENOUGH_OVERLAP:.0f} % are wanted.")]
    return [_good(f"{percent:.0f} % of the sites {there}.")]


def _ancestry(report: CheckReport | None, panel: Panel) -> str:
    """What ancestry lets expect, where the people were projected and the panel names its groups."""
    shares = report.cohort.ancestry if report is not None and report.cohort is not None else ()
    largest = max((each for each in shares if each.label in _POPULATIONS), key=_size, default=None)
    if largest is None or not panel.ancestry:
        return ""
    name = _POPULATIONS[largest.label]
    groups = ", ".join(panel.ancestry)
    total = sum(each.people for each in shares)
    who = f"{largest.people:,} of {total:,} people look {name}"
    named = {each.casefold() for each in panel.ancestry}
    if named & {name.casefold(), *_ANYBODY, *_GROUPS_OF.get(largest.label, ())}:
        return f"{who}, and the panel has people like them ({groups})."
    return f"{who}; the panel names other groups ({groups}), so rare variants may be imputed less well."


def _size(share: object) -> int:
    return int(getattr(share, "people", 0))
