"""Illumina GenomeStudio final reports, long and matrix, with or without the manifest of the array.

Which alleles are read: plus, then forward, then TOP, then design; A and B only with a manifest, which turns
all of them to the plus strand. Genotypes with a GenCall score under 0.15, Illumina's own cut, are missing.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from app.genotypes.readers.contract import FormatError
from app.genotypes.readers.final_report_layout import ReportLayout, report_layout
from app.genotypes.readers.final_report_long import LongReader
from app.genotypes.readers.final_report_matrix import MatrixReader
from app.genotypes.readers.illumina_manifest import Manifest, looks_like_manifest
from app.genotypes.readers.text_lines import TextLines

LONGEST_LINE = 64 << 20


def open_final_report(paths: Sequence[Path]) -> LongReader | MatrixReader:
    """A reader of long reports (several are joined) or of one matrix; a manifest may be among the paths.

    FormatError when columns, positions or usable alleles are missing; the advice names what to add.
    """
    manifests = [path for path in paths if looks_like_manifest(path)]
    reports = [path for path in paths if path not in manifests]
    if not reports:
        title = "There is a manifest but no report with genotypes"
        raise FormatError("final_report.none", os.fspath(paths[0]), title, advice="Add the final report.")
    layouts = [_layout(path) for path in reports]
    manifest = Manifest(manifests[0]) if manifests else None
    for path, layout in zip(reports, layouts, strict=True):
        _require(path, layout, manifest)
    kinds = {(layout.kind, layout.coding) for layout in layouts}
    if len(kinds) > 1 or (len(reports) > 1 and layouts[0].kind == "matrix"):
        raise FormatError(
            "final_report.mixed",
            os.fspath(reports[1]),
            "The reports are not of one kind",
            advice="Add them one by one, or export them with the same columns.",
        )
    if layouts[0].kind == "matrix":
        return MatrixReader(reports[0], layouts[0], manifest)
    return LongReader(reports, layouts, manifest)


def _layout(path: Path) -> ReportLayout:
    lines = TextLines(path, longest=LONGEST_LINE)
    layout = report_layout(lines)
    if layout is not None:
        return layout
    if not lines.number:
        raise lines.error("final_report.empty", "The file is empty")
    raise lines.error(
        "final_report.columns",
        "The columns of a final report were not found",
        f"line {lines.number:,}",
        "Export SNP Name, Sample ID, Allele1 - Plus, Allele2 - Plus, Chr, Position and GC Score.",
    )


def _require(path: Path, layout: ReportLayout, manifest: Manifest | None) -> None:
    """What a report must have when no manifest fills the gap."""
    if manifest is not None:
        return
    array = f"Add the manifest of {layout.content} (the .csv file from Illumina's support page) to the report"
    if layout.coding == "ab":
        title = "The report has the letters A and B only"
        advice = f"{array}, or export the columns Allele1 - Plus and Allele2 - Plus."
        raise FormatError("final_report.ab_only", os.fspath(path), title, _columns_line(layout), advice)
    if not layout.has_positions:
        title = "The report has no chromosomes and positions"
        advice = f"{array}, or export the columns Chr and Position."
        raise FormatError("final_report.no_positions", os.fspath(path), title, _columns_line(layout), advice)


def _columns_line(layout: ReportLayout) -> str:
    return f"line {layout.lines:,}"
