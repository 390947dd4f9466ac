"""Which services would take a dataset, by its report and by what is known of them; without words or Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.domain.dataset import Dataset
from app.domain.finding import CheckReport, Finding, Severity
from app.domain.job import ENDED_STATES, Job, JobState
from app.domain.panel import Panel
from app.domain.service import HealthState, Service

MEGABYTE = 1_000_000


class Fit(StrEnum):
    """What is to be expected."""

    TAKES = "takes"
    REFUSES = "refuses"
    UNKNOWN = "unknown"


class Why(StrEnum):
    """Reasons; those of `NOTES` do not stop a submission."""

    FINDING = "finding"
    FILE_NAME = "file_name"
    FEW_SAMPLES = "few_samples"
    MANY_SAMPLES = "many_samples"
    LARGE_FILE = "large_file"
    LARGE_UPLOAD = "large_upload"
    CHROMOSOMES = "chromosomes"
    OTHER_BUILD = "other_build"
    FAILED_BEFORE = "failed_before"
    SWITCHED_OFF = "switched_off"
    NO_TOKEN = "no_token"
    BAD_TOKEN = "bad_token"
    DOWN = "down"


WAY = frozenset({Why.SWITCHED_OFF, Why.NO_TOKEN, Why.BAD_TOKEN, Why.DOWN})
"""What stands in the way to a service, whatever the files are."""

NOTES = WAY | {Why.OTHER_BUILD, Why.FAILED_BEFORE}

ENDING = ".vcf.gz"
"""How the names of uploads must end; every service refuses the others."""

OF_SERVICES = frozenset(
    {
        "container.gzip",
        "container.plain",
        "chromosome.several",
        "chromosome.unknown",
        "chromosome.unusual_name",
        "build.not_supported",
        "content.format",
        "files.groups",
    }
)
"""Findings that are warnings while no service is meant, and for which each service refuses the file."""

PEOPLE = frozenset({"sample.too_few", "sample.too_many"})
"""The limits of people stand in the service: a finding made for another service says nothing here."""


@dataclass(frozen=True)
class Reason:
    """One reason: what is here and what is allowed, as numbers or names; `finding` is a title."""

    why: Why
    here: str | int = ""
    allowed: str | int = ""


@dataclass(frozen=True)
class ServiceFit:
    """The answer for one service."""

    service: Service
    fit: Fit
    reasons: tuple[Reason, ...] = ()


def fit_of(
    dataset: Dataset, service: Service, panels: Sequence[Panel], jobs: Sequence[Job] = ()
) -> ServiceFit:
    """What a service would say of these files, by its rules and by how the `jobs` of the dataset ended there.

    Unknown until they were checked, except for their names and sizes.
    """
    reasons = [*_names(dataset), *_sizes(dataset, service), *_people(dataset, service), *_findings(dataset)]
    reasons += _chromosomes(dataset, service)
    refused = any(r.why not in NOTES for r in reasons)
    known = dataset.report is not None
    fit = Fit.REFUSES if refused else Fit.TAKES if known else Fit.UNKNOWN
    notes = [*_build(dataset, [p for p in panels if p.service_id == service.id]), *_way(service)]
    notes = [*_failed(dataset, [j for j in jobs if j.service_id == service.id]), *notes]
    return ServiceFit(service, fit, (*reasons, *notes))


def fits(
    dataset: Dataset, services: Sequence[Service], panels: Sequence[Panel], jobs: Sequence[Job] = ()
) -> tuple[ServiceFit, ...]:
    """All services, those that take the files first, then by name."""
    order = {Fit.TAKES: 0, Fit.UNKNOWN: 1, Fit.REFUSES: 2}
    of_service: dict[str, list[Panel]] = {}
    for panel in panels:  # once: there may be thousands
        of_service.setdefault(panel.service_id, []).append(panel)
    found = [fit_of(dataset, s, of_service.get(s.id, ()), jobs) for s in services]
    return tuple(sorted(found, key=lambda f: (order[f.fit], len(f.reasons), f.service.name.casefold())))


def was_read(report: CheckReport) -> bool:
    """Whether any of the files is a VCF with something in it; of others there is nothing to count."""
    return bool(report.samples or report.snps or report.chromosomes)


def _names(dataset: Dataset) -> list[Reason]:
    wrong = [f.name for f in dataset.files if not f.name.endswith(ENDING)]
    return [Reason(Why.FILE_NAME, wrong[0], ENDING)] if wrong else []


def _failed(dataset: Dataset, jobs: Sequence[Job]) -> list[Reason]:
    """The last job that the service ended, if it failed and had the same files."""
    same = [j for j in jobs if not j.files or set(j.files) == set(dataset.files)]
    told = [j for j in same if j.remote_id and j.state in ENDED_STATES - {JobState.CANCELLED}]
    last = max(told, key=lambda j: j.ended or j.created, default=None)
    if last is None or last.state is not JobState.FAILED:
        return []
    return [Reason(Why.FAILED_BEFORE, last.problem.what_happened if last.problem else last.name)]


def _sizes(dataset: Dataset, service: Service) -> list[Reason]:
    limits, found = service.limits, []
    largest = max((f.size for f in dataset.files), default=0)
    if limits.max_file_mb is not None and largest > limits.max_file_mb * MEGABYTE:
        found.append(Reason(Why.LARGE_FILE, largest, limits.max_file_mb * MEGABYTE))
    if limits.max_upload_mb is not None and dataset.size > limits.max_upload_mb * MEGABYTE:
        found.append(Reason(Why.LARGE_UPLOAD, dataset.size, limits.max_upload_mb * MEGABYTE))
    return found


def _people(dataset: Dataset, service: Service) -> list[Reason]:
    report, limits = dataset.report, service.limits
    if report is None or not was_read(report):
        return []
    if limits.min_samples is not None and report.samples < limits.min_samples:
        return [Reason(Why.FEW_SAMPLES, report.samples, limits.min_samples)]
    if limits.max_samples is not None and report.samples > limits.max_samples:
        return [Reason(Why.MANY_SAMPLES, report.samples, limits.max_samples)]
    return []


def _findings(dataset: Dataset) -> list[Reason]:
    report = dataset.report
    stops = [f for f in report.findings if _stops(f)] if report is not None else []
    return [Reason(Why.FINDING, stops[0].title, len(stops))] if stops else []


def _stops(finding: Finding) -> bool:
    if finding.code in OF_SERVICES:
        return True
    return finding.severity is Severity.SEVERE and finding.code not in PEOPLE


def _chromosomes(dataset: Dataset, service: Service) -> list[Reason]:
    report, served = dataset.report, service.limits.chromosomes
    if report is None or not served:
        return []
    missing = [c for c in report.chromosomes if c not in served]
    return [Reason(Why.CHROMOSOMES, ", ".join(missing))] if missing else []


def _build(dataset: Dataset, panels: Sequence[Panel]) -> list[Reason]:
    value = dataset.report.build.value if dataset.report is not None else None
    builds = sorted({p.build for p in panels if p.build})
    if value is None or not builds or value in builds:
        return []
    return [Reason(Why.OTHER_BUILD, value, ", ".join(builds))]


def _way(service: Service) -> list[Reason]:
    if not service.enabled:
        return [Reason(Why.SWITCHED_OFF)]
    token = service.token
    wrong = Why.NO_TOKEN if not token.present else Why.BAD_TOKEN if token.valid is False else None
    found = [Reason(wrong)] if wrong is not None else []
    return [*found, Reason(Why.DOWN)] if service.state is HealthState.DOWN else found
