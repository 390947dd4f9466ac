"""A dataset in words: its heading line, its verdict, its findings and files as rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

from PySide6.QtCore import QCoreApplication

from app.domain.dataset import OTHER_FORMAT, Dataset, DatasetState
from app.domain.finding import BuildGuess, CheckReport, FileFacts, Finding, Severity
from app.domain.verdict import Outcome
from app.ui import status, text
from app.ui.colours import Status
from app.ui.models.table import Column
from app.ui.status import Shown
from app.ui.text import plural
from app.ui.views.uploads.service_fit import WAY, Fit, Reason, ServiceFit, Why, was_read
from app.ui.views.uploads.verdict_words import predicted_shown

CERTAIN, LIKELY = 0.99, 0.9
_SILENT = ("None of", "No known")
_ORDER = {Severity.SEVERE: 0, Severity.WARNING: 1, Severity.INFO: 2}


def _t(words: str) -> str:
    return QCoreApplication.translate("Uploads", words)


def _n(words: str, n: int) -> str:
    return plural(QCoreApplication.translate("Uploads", words, None, n), n)


def chromosome_span(chromosomes: Sequence[str]) -> str:
    """`20–22, X` for 20, 21, 22 and X; neighbours are joined, the order is kept."""
    runs: list[list[str]] = []
    for each in chromosomes:
        last = runs[-1][-1] if runs else ""
        if last.isdigit() and each.isdigit() and int(each) == int(last) + 1:
            runs[-1].append(each)
        else:
            runs.append([each])
    joined = [run[0] if len(run) == 1 else f"{run[0]}–{run[-1]}" for run in runs]
    return ", ".join(joined)


def build_words(build: BuildGuess) -> str:
    """`GRCh37 (certain: 3,981 of 3,990 known positions)`."""
    if build.value is None:
        return _t("build not known")
    sure = _t("certain") if build.confidence >= CERTAIN else _t("likely")
    if build.confidence < LIKELY:
        sure = _t("uncertain")
    speaks = [each.rstrip(".") for each in build.evidence if not each.startswith(_SILENT)]
    evidence = f": {speaks[0]}" if speaks else ""
    return f"{build.value} ({sure}{evidence})"


def heading_words(dataset: Dataset) -> str:
    """The line beside the name of a dataset."""
    report = dataset.report
    if report is None or not was_read(report):
        files = _n("%Ln file(s)", len(dataset.files))
        return f"{files} · {text.size(dataset.size)}"
    parts = [
        _t("{0} people").format(text.number(report.samples)) if report.samples != 1 else _t("1 person"),
        _t("{0} variants").format(text.number(report.snps)),
    ]
    if report.chromosomes:
        parts.append("chr" + chromosome_span(report.chromosomes))
    stated = dataset.stated_build and dataset.stated_build == report.build.value
    build = _t("{0} (as you stated)").format(report.build.value) if stated else build_words(report.build)
    return " · ".join([*parts, build])


def dataset_shown(value: tuple[str, bool | None, str, str]) -> Shown:
    """The badge of the table: the newest prediction in its own words, else what the check says."""
    state, accepted, outcome, verdict = value
    if verdict and state == DatasetState.CHECKED:
        return predicted_shown(outcome, verdict)
    return status.dataset_state(state, accepted, to_prepare=outcome == "prepare")


def fit_shown(fit: ServiceFit) -> Shown:
    """The sign before a service."""
    if fit.fit is Fit.TAKES and any(r.why is Why.FAILED_BEFORE for r in fit.reasons):
        return Shown(Status.WARNING, _t("Failed there before"))
    if fit.fit is Fit.TAKES:
        noted = any(r.why in WAY for r in fit.reasons)
        return Shown(Status.WARNING if noted else Status.DONE, _t("Would take it"))
    if fit.fit is Fit.REFUSES:
        return Shown(Status.FAILED, _t("Would refuse it"))
    return Shown(Status.WAITING, _t("Not checked"))


def fit_words(fit: ServiceFit) -> str:
    """What follows the name of a service."""
    said = [reason_words(r) for r in fit.reasons]
    if fit.fit is Fit.TAKES:
        said = said or [_t("Nothing known stands in the way.")]
        said.append(_t("Not compared with the panel's sites."))
    return " ".join(said)


def reason_words(reason: Reason) -> str:
    """One reason as a sentence."""
    here, allowed = reason.here, reason.allowed
    if reason.why is Why.FINDING:
        more = int(allowed) - 1
        return f"{here}." if more < 1 else f"{here} {_n('and %Ln more finding(s)', more)}."
    sentences = {
        Why.FILE_NAME: _t("{0} does not end in {1}."),
        Why.FAILED_BEFORE: _t("Failed there before: {0}"),
        Why.FEW_SAMPLES: _people(here, _t("at least {1} are needed.")),
        Why.MANY_SAMPLES: _people(here, _t("at most {1} are allowed.")),
        Why.LARGE_FILE: _t("A file of {0}, at most {1} are allowed."),
        Why.LARGE_UPLOAD: _t("{0} together, at most {1} are allowed."),
        Why.CHROMOSOMES: _t("Chromosome {0} is not imputed there."),
        Why.OTHER_BUILD: _t("The files are {0}; its panels are {1}, so the service would lift it over."),
        Why.SWITCHED_OFF: _t("It is switched off."),
        Why.NO_TOKEN: _t("It has no token yet."),
        Why.BAD_TOKEN: _t("It does not accept the token."),
        Why.DOWN: _t("It does not answer now."),
    }
    return sentences[reason.why].format(_amount(reason.why, here), _amount(reason.why, allowed))


def _people(here: str | int, allowed: str) -> str:
    people = _t("{0} person") if here == 1 else _t("{0} people")
    return f"{people}, {allowed}"


def _amount(why: Why, value: str | int) -> str:
    if not isinstance(value, int):
        return value
    return text.size(value) if why in {Why.LARGE_FILE, Why.LARGE_UPLOAD} else text.number(value)


def verdict_words(dataset: Dataset) -> tuple[Shown, str]:
    """The badge and the sentence of the verdict on the files themselves."""
    accepted = dataset.report.accepted if dataset.report else None
    shown = status.dataset_state(dataset.state, accepted, to_prepare=dataset.to_prepare)
    if dataset.state is DatasetState.FAILED:
        return shown, dataset.problem
    report = dataset.report
    if report is None:
        return shown, dataset.problem or _t("What is in the files is not known yet.")
    severe, warnings = report.count(Severity.SEVERE), report.count(Severity.WARNING)
    if dataset.state is DatasetState.CHECKING:
        said = report.error or _t("The beginning of the files is in order.")
        return shown, _t("So far: {0} The check goes on.").format(said.rstrip(".") + ".")
    if dataset.to_prepare:
        return shown, _preparing(report)
    if report.accepted:
        tail = _n("%Ln warning(s) to look at.", warnings) if warnings else ""
        if any(v.outcome is Outcome.REFUSES for v in dataset.verdicts):
            in_order = Shown(Status.WAITING, _t("Files in order"), "done")
            return in_order, f"{_t('The files themselves are sound; services differ.')} {tail}".strip()
        return shown, f"{_t('Nothing in the files stops a submission.')} {tail}".strip()
    more = f" {_n('%Ln finding(s) stop a submission.', severe)}" if severe > 1 else ""
    return shown, f"{(report.error or '').rstrip('.')}.{more}"


def _preparing(report: CheckReport) -> str:
    """What has to be written anew before the files can be sent."""
    if any(f.code == OTHER_FORMAT for f in report.findings):
        return _t("Services take VCF. Haplodesk can write it: choose “Make it ready for”.")
    return _t("Each group of people is a job of its own. Haplodesk parts them: choose “Make it ready for”.")


# Findings.


def sorted_findings(findings: Sequence[Finding]) -> list[Finding]:
    """By severity, and as they were found within it."""
    return sorted(findings, key=lambda f: _ORDER[f.severity])


def fitting(findings: Sequence[Finding], words: str, only: str = "") -> list[Finding]:
    """Those that hold all words, and are of a severity if one is named."""
    wanted = words.casefold().split()
    return [
        f for f in findings if (not only or f.severity == only) and all(w in _searched(f) for w in wanted)
    ]


def _searched(f: Finding) -> str:
    return " ".join((f.code, f.title, f.detail, f.file or "", f.where, f.what_to_do)).casefold()


def finding_columns() -> tuple[Column, ...]:
    """What · where · how many · what to do."""
    return (
        Column("severity", _t("Severity"), 150, status=status.severity),
        Column("title", _t("What"), 260),
        Column("where", _t("Where"), 220),
        Column("count", _t("How many"), 80, show=text.number, numeric=True),
        Column("what_to_do", _t("What to do"), 300),
    )


def finding_row(f: Finding, several: bool = True) -> tuple[Any, ...]:
    """A finding as a row; the file is named where there are several."""
    file = PurePath(f.file).name if f.file and (several or not f.where) else ""
    place = ": ".join(p for p in (file, f.where) if p)
    return (f.severity, f.title, place or _t("all files"), f.count, f.what_to_do)


# Files.


def file_columns() -> tuple[Column, ...]:
    """The facts of each file."""
    return (
        Column("name", _t("File"), 220),
        Column("size", _t("Size"), 80, show=text.size, numeric=True),
        Column("format", _t("Format"), 130),
        Column("samples", _t("People"), 70, show=text.number, numeric=True),
        Column("variants", _t("Variants"), 85, show=text.number, numeric=True),
        Column("chromosomes", _t("Chromosomes"), 100),
        Column("phased", _t("Phased"), 70, show=yes_no),
        Column("call_rate", _t("Call rate (%)"), 95, show=_rate, numeric=True),
        Column("path", _t("Place"), 260),
    )


def yes_no(value: bool | None) -> str:
    """A mark in words."""
    return "–" if value is None else _t("yes") if value else _t("no")


def _rate(value: float | None) -> str:
    return text.number(None if value is None else value * 100, 2)


def file_rows(dataset: Dataset) -> list[tuple[Any, ...]]:
    """Every file of the dataset, with its facts where it was read."""
    facts = {f.path: f for f in dataset.report.files} if dataset.report is not None else {}
    return [_file_row(f.name, f.size, f.path, facts.get(f.path)) for f in dataset.files]


def _file_row(name: str, size: int, path: str, facts: FileFacts | None) -> tuple[Any, ...]:
    if facts is None:
        return (name, size, "", None, None, "", None, None, path)
    counted = facts.format in ("", "VCF") or facts.samples > 0
    version = facts.vcf_version.removeprefix("VCFv") if facts.format in ("", "VCF") else ""
    kind = ", ".join(part for part in (f"{facts.format} {version}".strip(), facts.compression) if part) or "–"
    return (
        name,
        size,
        kind,
        facts.samples if counted else None,
        facts.variants if counted else None,
        chromosome_span(facts.chromosomes),
        facts.phased,
        facts.call_rate,
        path,
    )
