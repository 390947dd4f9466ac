"""`check`: what is in files and what is wrong with them. Imports no store, no network, no Qt."""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import typer

from app.cli.output import pairs, table
from app.cli.program import Session
from app.domain.finding import CheckReport, Finding
from app.domain.service import Limits
from app.domain.verdict import Outcome, Verdict
from app.genotypes.check import CheckOptions, check_files
from app.genotypes.worker import Throttle
from app.imputation.scratch import remove_abandoned, scratch_folder
from app.operations.ordinary_file import files_inside, readable_stat

SCRATCH = "haplodesk-check-"


@dataclass(frozen=True)
class Target:
    """For whom the files are checked; empty texts: for nobody in particular."""

    service: str = ""
    panel: str = ""
    population: str = ""
    build: str = ""
    reference: Path | None = None


@dataclass(frozen=True)
class ReportWish:
    """Where a report is to be written; `names`: with names of people."""

    path: Path
    names: bool = False


def check(session: Session, files: Sequence[Path], target: Target, wish: ReportWish | None = None) -> None:
    """Check files; ends with 1 when they would not be accepted."""
    paths = readable(files)
    if wish is not None:
        _refuse_genotypes(wish.path, paths)
    limits = _limits(session, target) if target.service else Limits()
    options = CheckOptions(
        limits=limits,
        for_service=bool(target.service),
        build=target.build or None,
        reference=_genome(target.reference),
    )
    throttle = Throttle(partial(session.out.bar.show, "Checking"))
    place = Path(tempfile.gettempdir())
    remove_abandoned(place, SCRATCH)
    with scratch_folder(place, SCRATCH) as folder:
        report = check_files(paths, options, throttle, folder)
        verdict = _verdict(session, paths, target, report) if target.service else None
        if wish is not None:
            _write_report(wish, paths, report, verdict, folder)
    row, lines = report_row(report), report_lines(report)
    if verdict is not None:
        from app.cli.work.verdict import verdict_lines, verdict_row

        row["verdict"] = verdict_row(verdict)
        lines = [*verdict_lines(verdict), "", *report_lines(report, "the files")]
    session.out.answer(row, lines)
    if not report.accepted or (verdict is not None and verdict.outcome is Outcome.REFUSES):
        raise typer.Exit(1)


def _genome(path: Path | None) -> str | None:
    """The reference genome; ProblemError when it is none, before files are read."""
    from app.genotypes.reference_sequence import ReferenceSequence

    if path is None:
        return None
    ReferenceSequence(path).close()
    return str(path)


def _verdict(session: Session, paths: Sequence[Path], target: Target, report: CheckReport) -> Verdict:
    from app.cli.work.verdict import verdict_for

    return verdict_for(session, paths, target, report)


def _refuse_genotypes(path: Path, inputs: Sequence[Path]) -> None:
    """Before a check that takes minutes."""
    from app.genotypes.readers.file_sets import file_set
    from app.operations.save_report import refuse_genotypes

    if path.exists():
        refuse_genotypes(path, [member for each in inputs for member in file_set(each)])


def _write_report(
    wish: ReportWish, paths: Sequence[Path], report: CheckReport, verdict: Verdict | None, folder: Path
) -> None:
    from app.genotypes.figures import load_figures
    from app.operations.add_dataset import dataset_for_report
    from app.operations.save_report import write_report

    figures = load_figures(folder / report.figures) if report.figures else None
    dataset = dataset_for_report(tuple(paths), report, () if verdict is None else (verdict,))
    write_report(wish.path, dataset, figures, wish.names)


def readable(files: Sequence[Path]) -> list[Path]:
    """The files, folders replaced by the genotype files in them; ProblemError when one cannot be read."""
    found: list[Path] = []
    for each in files:
        found += files_inside(each) if each.is_dir() else [each]
    for path in found:
        readable_stat(path)
    return found


def _limits(session: Session, target: Target) -> Limits:
    """The limits of a known service; only here the data folder is opened, and never the keyring."""
    from app.cli.work.known import known_target

    return known_target(session.program.database(session.home), target).limits


def report_row(report: CheckReport) -> dict[str, object]:
    """The answer of a check."""
    groups = [
        {"name": each.name, "samples": each.people, "snps": each.snps, "build": each.build.value}
        for each in report.groups
    ]
    more = {"groups": groups} if groups else {}
    return more | {
        "accepted": report.accepted,
        "stage": report.stage,
        "error": report.error,
        "build": {
            "value": report.build.value,
            "confidence": report.build.confidence,
            "evidence": list(report.build.evidence),
        },
        "samples": report.samples,
        "snps": report.snps,
        "chromosomes": list(report.chromosomes),
        "phased": report.phased,
        "findings": [finding_row(f) for f in report.findings],
    }


def finding_row(finding: Finding) -> dict[str, object]:
    """One finding."""
    return {
        "code": finding.code,
        "severity": finding.severity,
        "title": finding.title,
        "detail": " ".join(text for text in (finding.detail, finding.what_to_do) if text),
        "file": finding.file,
        "where": finding.where,
        "count": finding.count,
        "fix": finding.fix,
    }


def report_lines(report: CheckReport, what: str = "answer") -> list[str]:
    """The answer for people; `what` is accepted or not."""
    answer = "accepted" if report.accepted else f"not accepted: {report.error}"
    if report.accepted and what != "answer":
        answer = "nothing in them that every service refuses"
    lines = pairs([(what, answer), *(_facts(report) if was_read(report) else ())])
    lines += [f"  {each}" for each in report.build.evidence]
    if not report.findings:
        return lines
    names = _names_of({finding.file for finding in report.findings if finding.file})
    rows = [(f.severity, f.title, f.count, names.get(f.file or "", ""), f.where) for f in report.findings]
    lines += ["", *table(("severity", "finding", "count", "file", "where"), rows)]
    more = dict.fromkeys(each for each in map(_explained, report.findings) if each)
    return [*lines, *(["", "What it means and what you can do", *more] if more else [])]


def _names_of(paths: Iterable[str]) -> dict[str, str]:
    """The names of files; with their folders where two have the same name."""
    paths = list(paths)
    names = Counter(map(os.path.basename, paths))
    return {
        path: os.sep.join(Path(path).parts[-2:])
        if names[os.path.basename(path)] > 1
        else os.path.basename(path)
        for path in paths
    }


def was_read(report: CheckReport) -> bool:
    """Whether any file is a VCF with something in it; of others there is nothing to count."""
    return bool(report.samples or report.snps or report.chromosomes)


def _facts(report: CheckReport) -> list[tuple[str, object]]:
    build = report.build
    sure = f"{build.value} ({build.confidence * 100:.0f} % sure)"
    return [
        ("build", sure if build.value else "unknown"),
        ("samples", report.samples),
        ("variants", report.snps),
        ("chromosomes", ", ".join(report.chromosomes)),
        ("phased", report.phased),
    ]


def _explained(finding: Finding) -> str:
    text = " ".join(each for each in (finding.detail, finding.what_to_do) if each)
    return f"{finding.code}: {text}" if text else ""
