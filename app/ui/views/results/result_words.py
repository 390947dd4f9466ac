"""A result in words and rows."""

from __future__ import annotations

from datetime import datetime
from pathlib import PurePath
from typing import Any

from PySide6.QtCore import QCoreApplication, QLocale

from app.domain.job import Job
from app.domain.result import MafBin, Quality, Result, ResultState
from app.domain.service import Service
from app.ui import text
from app.ui.colours import Status
from app.ui.models.table import Column
from app.ui.status import Shown
from app.ui.text import plural
from app.ui.views.results.quality_curve import Completeness, curves, good_from

Pairs = list[tuple[str, str]]


def _t(words: str) -> str:
    return QCoreApplication.translate("Results", words)


def _n(words: str, n: int) -> str:
    return plural(QCoreApplication.translate("Results", words, None, n), n)


def name_of(result: Result, job: Job | None) -> str:
    """The name of its job; of its folder when the job was forgotten."""
    if job is not None:
        return job.name
    return result.name or PurePath(result.folder).name or result.id


def fresh(value: tuple[bool | None, str]) -> str:
    """A word for whole results that nobody has looked at, from `seen` and the state."""
    seen, state = value
    return _t("New") if not seen and state == ResultState.VERIFIED else ""


def complete_shown(adds_up: bool | None) -> Shown:
    """Whether the books of a result account for everything."""
    if adds_up is None:
        return Shown(Status.WAITING, _t("Not counted"), "unknown")
    return Shown(Status.DONE, _t("Complete")) if adds_up else Shown(Status.FAILED, _t("Not complete"))


def origin(elsewhere: bool) -> str:
    """Where a result came from."""
    return _t("elsewhere") if elsewhere else _t("a job")


def heading_words(result: Result, job: Job | None, service: Service | None, now: datetime) -> str:
    """The line beside the name."""
    parts = []
    if job is not None:
        parts = [service.name if service is not None else job.service_id, job.panel_name or job.panel_id]
    elif result.origin:
        parts = [result.origin]
    if result.verified is not None:
        parts.append(_t("verified {0}").format(text.relative(result.verified, now)))
    else:
        parts.append(_t("begun {0}").format(text.relative(result.started, now)))
    return " · ".join(parts)


def verdict_words(result: Result) -> str:
    """The line above everything."""
    if result.verdict:
        return result.verdict
    return _t("It is not judged yet: that happens when all its files are here.")


def complete_words(found: Completeness | None) -> tuple[Shown, str] | None:
    """Whether everything came back."""
    if found is None:
        return None
    numbers = _t("{0} of {1} chromosomes, {2} of {3} people.").format(
        *(text.number(n) for n in (*found.chromosomes, *found.people))
    )
    if found.complete:
        return Shown(Status.DONE, _t("Complete")), numbers
    missing = _t("Missing: {0}.").format(", ".join(found.missing)) if found.missing else ""
    return Shown(Status.WARNING, _t("Not complete")), f"{numbers} {missing}".strip()


# Quality.


def maf(value: float) -> str:
    """A frequency with as many digits as it needs: `0.001`, `0.05`, `0.5`."""
    return QLocale().toString(value, "g", 3)


def bin_words(each: MafBin) -> str:
    """`0.01–0.05`, `< 0.001` for the rarest."""
    if each.maf_from <= 0:
        return _t("< {0}").format(maf(each.maf_to))
    return f"{maf(each.maf_from)}–{maf(each.maf_to)}"


def curve_summary(quality: Quality) -> str:
    """The plot in words, for those who do not see it and for those who do not want to read it off."""
    bins = curves(quality).bins
    known = [b for b in bins if b.mean_r2 is not None]
    if not known:
        return _t("No R2 is given in this result.")
    first, last = known[0], known[-1]
    said = _t("Mean R2 is {0} at MAF {1} and {2} at MAF {3}.").format(
        r2(first.mean_r2), bin_words(first), r2(last.mean_r2), bin_words(last)
    )
    good = good_from(quality)
    if good is not None:
        said += " " + _t("It is 0.8 or more from MAF {0} on.").format(maf(good.maf_from))
    if quality.mean_er2 is not None:
        said += " " + _t("Mean empirical R2 of typed sites: {0}.").format(r2(quality.mean_er2))
    return said


def r2(value: float | None) -> str:
    """Two digits."""
    return text.number(value, 2)


def per_cent(value: float | None) -> str:
    """A share without its sign; that stands in the header."""
    return text.number(None if value is None else value * 100, 1)


def bin_columns() -> tuple[Column, ...]:
    """By allele frequency."""
    return (
        Column("maf", _t("MAF"), 100),
        Column("variants", _t("Variants"), 90, show=text.number, numeric=True),
        Column("mean", _t("Mean R2"), 80, show=r2, numeric=True),
        Column("share_03", _t("R2 ≥ 0.3 (%)"), 95, show=per_cent, numeric=True),
        Column("share_08", _t("R2 ≥ 0.8 (%)"), 95, show=per_cent, numeric=True),
    )


def bin_rows(quality: Quality) -> list[tuple[Any, ...]]:
    """Rare to common."""
    return [(bin_words(b), b.variants, b.mean_r2, b.share_r2_03, b.share_r2_08) for b in curves(quality).bins]


def chromosome_columns() -> tuple[Column, ...]:
    """By chromosome."""
    return (
        Column("chromosome", _t("Chromosome"), 110),
        Column("variants", _t("Variants"), 95, show=text.number, numeric=True),
        Column("typed", _t("Typed"), 80, show=text.number, numeric=True),
        Column("mean", _t("Mean R2"), 80, show=r2, numeric=True),
    )


def chromosome_rows(quality: Quality) -> list[tuple[Any, ...]]:
    """In the order of the result."""
    return [(c.chromosome, c.variants, c.typed, c.mean_r2) for c in quality.by_chromosome]


# Files and provenance.


def files_summary(result: Result) -> str:
    """How many and how large."""
    size = text.size(sum(f.size for f in result.files))
    return f"{_n('%Ln file(s)', len(result.files))}, {size}"


def provenance_pairs(result: Result, job: Job | None, service: Service | None) -> Pairs:
    """Where it comes from: enough for the methods of a paper."""
    pairs: Pairs = [(_t("Folder"), result.folder)]
    if job is None and not result.job_id:
        where = (
            _t("taken in, the files stay where they are") if result.in_place else _t("taken in and copied")
        )
        taken = [
            (_t("Made by"), result.origin),
            (_t("Files"), where),
            (_t("When"), text.exact(result.verified)),
        ]
        return [*pairs, *((name, value) for name, value in taken if value)]
    if job is None:
        return [*pairs, (_t("Job"), _t("forgotten on this computer"))]
    pairs += [
        (_t("Job"), f"{job.name} ({job.remote_id or job.id})"),
        (_t("Service"), service.name if service is not None else job.service_id),
        (_t("Address"), service.base_url if service is not None else ""),
        (_t("Application"), _application(job, service)),
        (_t("Panel"), f"{job.panel_name} ({job.panel_id})" if job.panel_name else job.panel_id),
        (_t("Sent"), text.exact(job.submitted)),
        (_t("Ended"), text.exact(job.ended)),
        (_t("Fetched"), text.exact(result.verified)),
    ]
    pairs += [(name, _option(value)) for name, value in job.options.items()]
    return [(name, value) for name, value in pairs if value]


def _application(job: Job, service: Service | None) -> str:
    app = next((a for a in service.apps if a.id == job.app_id), None) if service is not None else None
    return f"{app.name} ({job.app_id})" if app is not None else job.app_id


def _option(value: str | bool) -> str:
    return (_t("on") if value else _t("off")) if isinstance(value, bool) else value
