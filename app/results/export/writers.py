"""The writer of a format; each is imported where it is used alone, for imports cost CPU too."""

from __future__ import annotations

from pathlib import Path

from app.domain.export import Cutoffs, ExportFormat, ExportRequest
from app.results.export.kernel import Kernel
from app.results.export.presets import PRESETS
from app.results.export.rounding import units
from app.results.export.row_source import RowSource
from app.results.export.rows import Writer


def writer_of(request: ExportRequest, stem: Path, source: RowSource, kernel: Kernel | None) -> Writer:
    """What writes the rows of a source as `stem` with the endings of the format. OSError."""
    limit = units(request.hard_call)
    names, header = source.samples, source.header
    match request.format:
        case ExportFormat.VCF:
            from app.results.export.vcf_file import VcfWriter

            csi = request.preset is not None and PRESETS[request.preset].csi
            return VcfWriter(stem, names, header, said(request.cutoffs), csi=csi)
        case ExportFormat.BCF:
            from app.results.export.bcf_file import BcfWriter

            return BcfWriter(stem, names, header, kernel)
        case ExportFormat.BGEN:
            from app.results.export.bgen_file import BgenWriter

            return BgenWriter(stem, names, request.phased, kernel, source.sexes)
        case ExportFormat.PGEN:
            from app.results.export.pgen_file import PgenWriter

            return PgenWriter(stem, names, header, limit, kernel, source.sexes)
        case ExportFormat.BED:
            from app.results.export.bed_file import BedWriter

            return BedWriter(stem, names, limit, kernel, source.sexes)
        case ExportFormat.TABLE:
            from app.results.export.dosage_table import TableWriter

            return TableWriter(stem, names)


def said(cuts: Cutoffs) -> str:
    """The cut-offs in one line, for the header; without names of samples."""
    words = [
        f"{name}={value}"
        for name, value in vars(cuts).items()
        if value and name not in ("samples", "r2_steps")
    ]
    words += [f"r2_from_maf_{step.maf_from:g}={step.min_r2:g}" for step in cuts.r2_steps]
    return "; ".join(words)
