"""Genotypes of any format that is read, written in another: VCF or PLINK 1, by the ending of the new name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app.domain.problem import Kind, ProblemError, problem
from app.domain.progress import Report, silent
from app.genotypes.bgzf import ContainerError
from app.genotypes.cohort import Cohort
from app.genotypes.readers.contract import FormatError
from app.genotypes.reading import read_cohort
from app.genotypes.repair.staging import publish, staged
from app.genotypes.writers.bed import write_bed
from app.genotypes.writers.whole_vcf import write_vcf

ENDINGS = (".vcf.gz", ".vcf", ".bed")


@dataclass(frozen=True)
class Converted:
    """The files that were written, and what is in them."""

    files: tuple[Path, ...]
    sites: int
    samples: int


def ending_of(target: Path) -> str:
    """By which a file is written; ProblemError when it is of no format that is written."""
    found = next((each for each in ENDINGS if target.name.lower().endswith(each)), None)
    if found is None or len(target.name) == len(found):
        raise problem(
            Kind.INPUT,
            "This format is not written",
            f"{target.name} does not end in {', '.join(ENDINGS[:-1])} or {ENDINGS[-1]}.",
            "Choose a name with one of these endings; PLINK 2 makes other formats from a .bed file.",
            subject=str(target),
        )
    return found


def convert(source: Path, target: Path, report: Report = silent) -> Converted:
    """Read a file, with the others of its set, and write it anew. ProblemError; nothing is overwritten."""
    ending = ending_of(target)
    with staged(target.parent) as stage:
        cohort = _only(source, _read(source, stage.work, report))
        try:
            if ending == ".bed":
                write_bed(cohort, stage.files / target.name[: -len(ending)], report)
            else:
                write_vcf(cohort, stage.files / target.name, report)
        except OSError as error:
            raise problem(
                Kind.DISK,
                "The file cannot be written",
                f"{target}: {error.strerror or error}.",
                "Look at the room on the disk and at the permissions of the folder.",
                subject=str(target),
            ) from error
        return Converted(publish(stage), len(cohort), len(cohort.samples))


def _read(source: Path, folder: Path, report: Report) -> Sequence[Cohort]:
    try:
        return read_cohort([source], folder, report)
    except FormatError as error:
        raise _unreadable(source, f"{error.title} {error.place}".strip(), error.advice) from error
    except ContainerError as error:
        raise _unreadable(source, f"The file is {error.fault}", "Copy or download it again.") from error
    except OSError as error:
        raise _unreadable(source, error.strerror or str(error), "Look at its place.") from error


def _only(source: Path, cohorts: Sequence[Cohort]) -> Cohort:
    if len(cohorts) != 1 or not len(cohorts[0]):
        raise _unreadable(source, "There are no genotypes in it", "Check the file.")
    return cohorts[0]


def _unreadable(source: Path, why: str, advice: str) -> ProblemError:
    return problem(
        Kind.INPUT,
        "The file cannot be read as genotypes",
        f"{source.name}: {why}.",
        advice,
        subject=str(source),
    )
