"""Whether files of an export are there already: said before the work, not after an hour of it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from app.domain.export import ExportFormat
from app.domain.problem import Kind, ProblemError, problem

ENDINGS = {
    ExportFormat.VCF: (".vcf.gz", ".vcf.gz.tbi", ".vcf.gz.csi"),
    ExportFormat.BCF: (".bcf", ".bcf.csi"),
    ExportFormat.BGEN: (".bgen", ".bgen.bgi", ".sample"),
    ExportFormat.PGEN: (".pgen", ".pvar", ".psam"),
    ExportFormat.BED: (".bed", ".bim", ".fam"),
    ExportFormat.TABLE: (".dosage.tsv.gz",),
}


def refuse_existing(form: ExportFormat, out: Path, stems: Sequence[str]) -> None:
    """ProblemError where one of the files that will be written has a name that is taken."""
    for stem in stems:
        for ending in ENDINGS[form]:
            path = out / f"{stem}{ending}"
            if os.path.lexists(path):
                raise _is_there(path)


def _is_there(path: Path) -> ProblemError:
    return problem(
        Kind.INPUT,
        "A file is there already",
        f"{path} would be overwritten.",
        "Choose another folder, or allow that files of the same names are replaced (--replace).",
        subject=str(path),
    )
