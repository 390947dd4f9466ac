"""From a result on disk to its report, in a process of its own."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from app.domain.ledger import ResultLedger
from app.domain.problem import Kind, ProblemError
from app.domain.progress import Report
from app.domain.result_report import OutputFact, RunFacts
from app.genotypes.reporting.hiding import Hiding
from app.results.crate.hashing import hash_files
from app.results.figures.frequencies import panel_tables
from app.results.figures.keeping import measured
from app.results.figures.measuring import Measured, measure
from app.results.figures.result_files import result_files
from app.results.reporting.html_page import html_page
from app.results.reporting.methods import methods_text
from app.results.reporting.pdf_pages import pdf_pages
from app.results.reporting.references import bibtex, references_of
from app.results.reporting.sections import ReportParts, result_document
from app.results.reporting.told_by_files import with_told


class ReportForm(StrEnum):
    """What a report can be written as."""

    HTML = "html"
    PDF = "pdf"
    METHODS = "methods"
    BIBTEX = "bibtex"


@dataclass(frozen=True)
class ReportErrand:
    """What to report: paths relative to `folder` with what is known of them; `keep_in` has the figures.

    `panel` are files with allele frequencies. `people` are names that must not be told unless `names`.
    """

    facts: RunFacts
    folder: str
    outputs: tuple[OutputFact, ...]
    keep_in: str = ""
    ledger: ResultLedger | None = None
    panel: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    names: bool = False


def make_reports(
    errand: ReportErrand, forms: Sequence[ReportForm], report: Report
) -> dict[ReportForm, bytes]:
    """The report in each form that is asked for. ProblemError when a file cannot be read."""
    parts, hiding = report_parts(errand, report)
    return {form: written(form, parts, hiding) for form in forms}


def report_parts(errand: ReportErrand, report: Report) -> tuple[ReportParts, Hiding]:
    """Everything measured, hashed and read that a report or a crate is made of, and what it may not tell."""
    folder = Path(errand.folder)
    figures = _measured(errand, folder, report)
    doses = [folder / each.path for each in errand.outputs if each.path.endswith((".vcf.gz", ".bcf", ".vcf"))]
    facts = with_told(errand.facts, folder, sorted(doses, key=lambda path: ".dose." not in path.name))
    outputs = hash_files(folder, errand.outputs, report)
    people = (*errand.people, *(figures.tables.samples if figures is not None else ()))
    return ReportParts(facts, outputs, figures, errand.ledger), Hiding(errand.names, people)


def _measured(errand: ReportErrand, folder: Path, report: Report) -> Measured | None:
    """The figures; None for a result without imputed variants."""
    paths = [folder / each.path for each in errand.outputs]
    listed = result_files(folder)
    mine = set(paths)
    files = [path for path in listed.every() if path in mine]
    if not files:
        return None
    panel = [Path(each) for each in errand.panel]
    try:
        if errand.keep_in:
            return measured(files, Path(errand.keep_in), report, panel=panel)
        with panel_tables(panel) if panel else contextlib.nullcontext() as tables:
            return measure(files, report, frequencies=tables)
    except ProblemError as error:
        if error.problem.kind is Kind.NOT_FOUND:
            return None
        raise


def written(form: ReportForm, parts: ReportParts, hiding: Hiding) -> bytes:
    """The report in one form."""
    figures = parts.measured.figures if parts.measured is not None else None
    if form is ReportForm.METHODS:
        return methods_text(parts.facts, figures, parts.ledger, hiding).encode("utf-8", "replace")
    if form is ReportForm.BIBTEX:
        return bibtex(references_of(parts.facts)).encode("ascii", "replace")
    document = result_document(parts, hiding)
    if form is ReportForm.PDF:
        return pdf_pages(document, parts.facts.made)
    return html_page(document).encode("utf-8", "replace")
