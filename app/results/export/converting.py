"""One file in another format, with its dosages where both formats have them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from app.domain.export import ExportedSet, ExportFormat, ExportRequest, PresetName
from app.domain.problem import Kind, problem
from app.domain.progress import Report, silent
from app.genotypes.bgzf import ContainerError
from app.genotypes.cohort import Cohort
from app.genotypes.readers.contract import FormatError
from app.genotypes.reading import read_cohort
from app.genotypes.repair.staging import publish, staged
from app.genotypes.sniff import look
from app.results.doses.contract import Field
from app.results.doses.reading import open_doses
from app.results.export.conversion import export_one, settled
from app.results.export.kernel import export_kernel
from app.results.export.opening import has_dosages, unreadable
from app.results.export.presets import PRESETS

ENDINGS = {
    ".dosage.tsv.gz": ExportFormat.TABLE,
    ".tsv.gz": ExportFormat.TABLE,
    ".bcf": ExportFormat.BCF,
    ".bgen": ExportFormat.BGEN,
    ".pgen": ExportFormat.PGEN,
    ".bed": ExportFormat.BED,
    ".vcf.gz": ExportFormat.VCF,
}
"""Endings of names and what is written for them, the longer first."""
_ALWAYS = (ExportFormat.TABLE, ExportFormat.BCF, ExportFormat.BGEN, ExportFormat.PGEN)
_IMPUTED = Field.HAPLOTYPES | Field.PROBABILITIES | Field.DOSAGE


def ending_of(target: Path) -> str:
    """The known ending of a name, empty when it has none."""
    name = target.name.lower()
    return next((each for each in ENDINGS if name.endswith(each) and len(name) > len(each)), "")


def carries_dosages(source: Path, target: Path) -> bool:
    """Whether this conversion is one of dosages: by the format of the target, or by what the source has.

    False for what `genotypes.convert` does: hard calls to VCF and PLINK 1. OSError, FormatError or
    ProblemError where the source cannot be looked at.
    """
    ending = ending_of(target)
    if not ending:
        return False
    if ENDINGS[ending] in _ALWAYS:
        return True
    name = look(source).name
    if name in ("vcf", "bcf"):
        return _is_imputed(source)
    return name in ("pgen", "bgen") and has_dosages(source)


def _is_imputed(source: Path) -> bool:
    reader = open_doses(source, _IMPUTED | Field.GENOTYPES)
    reader.close()
    fields = reader.fields
    return (
        bool(fields & (Field.HAPLOTYPES | Field.PROBABILITIES)) or fields == Field.DOSAGE or _has_ds(source)
    )


def _has_ds(source: Path) -> bool:
    reader = open_doses(source, Field.DOSAGE)
    reader.close()
    return any(line.startswith("##FORMAT=<ID=DS,") for line in reader.header)


def convert_with_dosages(
    source: Path, target: Path, preset: PresetName | None = None, report: Report = silent
) -> ExportedSet:
    """Read a file, with the others of its set, and write it anew; read back and compared.

    ProblemError; nothing is overwritten.
    """
    ending = ending_of(target)
    request = settled(
        ExportRequest(source=str(source), out=str(target.parent), format=ENDINGS[ending], preset=preset)
    )
    if request.format is not ENDINGS[ending]:
        wanted = next(each for each, form in ENDINGS.items() if form is request.format)
        raise problem(
            Kind.INPUT,
            "The name does not fit the program",
            f"{PRESETS[preset].title} wants {wanted}, and {target.name} ends in {ending}."
            if preset is not None
            else f"{target.name} does not end in {wanted}.",
            f"Choose a name that ends in {wanted}.",
            subject=str(target),
        )
    with staged(target.parent) as stage:
        cohort = None if _opens(source) else _hard_calls(source, stage.work, report)
        stem = stage.files / target.name[: -len(ending)]
        made = export_one(request, source, stem, export_kernel(), report, cohort)
        if ending == ".tsv.gz":
            Path(made.files[0]).rename(stage.files / target.name)
        files = tuple(str(each) for each in publish(stage))
    return replace(made, files=files)


def _opens(source: Path) -> bool:
    try:
        return has_dosages(source)
    except FormatError as error:
        raise unreadable(source, f"{error.title} {error.place}".strip(), error.advice) from error
    except OSError as error:
        raise unreadable(source, error.strerror or str(error), "Look at its place.") from error


def _hard_calls(source: Path, folder: Path, report: Report) -> Cohort:
    try:
        cohorts = read_cohort([source], folder, report)
    except FormatError as error:
        raise unreadable(source, f"{error.title} {error.place}".strip(), error.advice) from error
    except ContainerError as error:
        raise unreadable(source, f"the file is {error.fault}", "Copy or download it again.") from error
    except OSError as error:
        raise unreadable(source, error.strerror or str(error), "Look at its place.") from error
    if len(cohorts) != 1 or not len(cohorts[0]):
        raise unreadable(source, "there are no genotypes in it", "Check the file.")
    return cohorts[0]
