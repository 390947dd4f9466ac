"""The truth: genotypes of any format, packed on disk, searched by position."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.domain.problem import Kind, ProblemError, problem
from app.domain.progress import Report, silent
from app.genotypes.bgzf import ContainerError
from app.genotypes.cohort import MISSING, Cohort, Reference, RowFlag
from app.genotypes.matrix import compared_name
from app.genotypes.readers.contract import FormatError
from app.genotypes.reading import read_cohort
from app.genotypes.site_table import letters_code

NO_CALL = -1
_ABSENT = (b"", b".", b"0")

Rows = NDArray[np.intp]
Counts = NDArray[np.int16]


@dataclass(frozen=True, eq=False)
class TruthPart:
    """One chromosome of one truth file, sorted by position; `rows` are those of the cohort.

    `code` are letters as in `SiteTable.code`; `usable` is False where a second allele is not known.
    """

    cohort: Cohort
    rows: Rows
    position: NDArray[np.int64]
    code: NDArray[np.uint8]
    usable: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def reference_known(self) -> bool:
        """Whether the file says which allele is the reference on the forward strand."""
        return self.cohort.origin.reference is Reference.KNOWN

    def alleles(self, at: int) -> tuple[bytes, bytes]:
        """REF and ALT of a site."""
        row = int(self.rows[at])
        return self.cohort.refs.raw(row), self.cohort.alts.raw(row)

    def genotypes(self, at: Rows, columns: Rows) -> tuple[Counts, Counts]:
        """Copies of ALT (NO_CALL where missing) and of alleles (1 where haploid), [sites, people]."""
        rows = self.rows[at]
        counts = self.cohort.genotypes(rows)[:, columns].astype(np.int16)
        ploidy = np.full(counts.shape, 2, np.int16)
        counts[counts == MISSING] = NO_CALL
        if self.cohort.has_haploid:
            haploid = self.cohort.haploid(rows)[:, columns]
            ploidy[haploid] = 1
            counts[haploid & (counts > 0)] = 1
        return counts, ploidy


@dataclass(frozen=True, eq=False)
class Truth:
    """Cohorts of the truth files, and their parts by chromosome as by `compared_name`."""

    name: str
    cohorts: tuple[Cohort, ...]
    parts: dict[str, tuple[TruthPart, ...]]

    @property
    def samples(self) -> tuple[str, ...]:
        """Everybody of all files, in the order of the first that has them."""
        return tuple(dict.fromkeys(name for each in self.cohorts for name in each.samples))


def read_truth(paths: Sequence[Path], work: Path, report: Report = silent) -> Truth:
    """Read truth files; their genotypes are packed into `work`. ProblemError when one cannot be read."""
    name = paths[0].name if paths else ""
    try:
        cohorts = tuple(read_cohort(list(paths), work, report))
    except FormatError as error:
        raise _unreadable(name, f"{error.title} {error.place}".strip(), error.advice) from error
    except ContainerError as error:
        raise _unreadable(name, f"The file is {error.fault}", "Copy or make the file again.") from error
    except OSError as error:
        raise _unreadable(name, error.strerror or str(error), "Look at its place.") from error
    if not any(len(each) and each.samples for each in cohorts):
        raise _unreadable(name, "There are no genotypes in it", "Choose a file with genotypes of people.")
    return Truth(name, cohorts, _parts(cohorts))


def _parts(cohorts: Sequence[Cohort]) -> dict[str, tuple[TruthPart, ...]]:
    found: dict[str, tuple[TruthPart, ...]] = {}
    for cohort in cohorts:
        numbers = np.asarray(cohort.chromosome)
        names = [compared_name(each) for each in cohort.names]
        for name in dict.fromkeys(names):
            same = [number for number, each in enumerate(names) if each == name]
            rows = np.flatnonzero(np.isin(numbers, same))
            if len(rows):
                found[name] = (*found.get(name, ()), _part(cohort, rows))
    return found


def _part(cohort: Cohort, rows: Rows) -> TruthPart:
    position = np.asarray(cohort.position)[rows]
    order = np.argsort(position, kind="stable")
    rows, position = rows[order], position[order]
    code = letters_code(cohort.refs[rows], cohort.alts[rows])
    unknown = np.asarray(cohort.flags)[rows] & np.uint32(int(RowFlag.NO_ALLELES)) > 0
    lone = np.fromiter((raw in _ABSENT for raw in cohort.alts[rows].raws()), bool, len(rows))
    return TruthPart(cohort, rows, position, code, ~(unknown | lone))


def _unreadable(name: str, why: str, advice: str) -> ProblemError:
    return problem(
        Kind.INPUT, "The truth cannot be read", f"{name}: {why.rstrip('.')}.", advice, subject=name
    )
