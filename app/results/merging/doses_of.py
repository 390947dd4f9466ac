"""The dosages of one result in the rows and the order of people that are wanted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain.problem import Kind, problem
from app.results.doses.contract import DoseBatch, Field
from app.results.doses.reading import open_doses
from app.results.merging.figures import Moments
from app.results.merging.files import OpenedResult
from app.results.merging.people import Columns, is_in_order

Values = NDArray[np.float32]

_ABSENT = -2  # the second allele of a haploid call


@dataclass(frozen=True, eq=False)
class Doses:
    """Dosages of haplotypes [rows, people, 2] as they are written.

    Where files have none (`paired` False) they are parts of DS that add up to it, and `genotypes` are those
    of the file.
    """

    haplotypes: Values
    genotypes: NDArray[np.int8] | None
    paired: bool

    def moments(self) -> Moments:
        """Sums of the figures of each row."""
        if self.paired:
            return Moments.of(self.haplotypes.reshape(len(self.haplotypes), -1))
        first, second = self.haplotypes[:, :, 0], self.haplotypes[:, :, 1]
        return Moments.of(np.where(np.isnan(second), 2 * first, first + second), most=2)


def have_haplotypes(results: Sequence[OpenedResult]) -> bool:
    """Whether all results have haplotype dosages (HDS), as their first files tell."""
    for each in results:
        reader = open_doses(each.files.dose[0], Field.HAPLOTYPES)
        reader.close()
        if not reader.fields & Field.HAPLOTYPES:
            return False
    return True


def wanted_fields(paired: bool) -> Field:
    """What has to be read for `doses_of`."""
    return Field.HAPLOTYPES if paired else Field.DOSAGE | Field.GENOTYPES


def written_fields(paired: bool) -> str:
    """FORMAT of what is written from it."""
    return "GT:DS:HDS" if paired else "GT:DS"


def doses_of(part: DoseBatch, rows: NDArray[np.intp], columns: Columns, name: str, *, paired: bool) -> Doses:
    """The dosages at `rows` (-1: missing) of the people in `columns`; `name` is for a problem."""
    people = len(columns)
    haplotypes = np.full((len(rows), people, 2), np.nan, np.float32)
    genotypes = None if paired else np.full((len(rows), people, 2), -1, np.int8)
    has = rows >= 0
    if has.any():
        haplotypes[has] = _some(_haplotypes(part, name, paired), rows[has], columns)
        if genotypes is not None and part.genotypes is not None:
            genotypes[has] = _some(part.genotypes, rows[has], columns)
    return Doses(haplotypes, genotypes, paired)


def _some(cells: NDArray[Any], rows: NDArray[np.intp], columns: Columns) -> NDArray[Any]:
    chosen = cells[rows]
    return chosen if is_in_order(columns, cells.shape[1]) else chosen[:, columns]


def _haplotypes(part: DoseBatch, name: str, paired: bool) -> Values:
    if paired:
        if part.haplotypes is None:
            raise _none(name, part.chromosome, "HDS")
        return part.haplotypes
    if part.dosage is None:
        raise _none(name, part.chromosome, "DS")
    first = np.minimum(part.dosage, np.float32(1))
    second = part.dosage - first
    if part.genotypes is not None:
        second[part.genotypes[:, :, 1] == _ABSENT] = np.nan
    return np.stack([first, second], axis=2)


def _none(name: str, chromosome: str, field: str) -> Exception:
    return problem(
        Kind.INPUT,
        "There are no dosages",
        f"Records of chromosome {chromosome} in {name} have no field {field}.",
        "Give results of one kind, with dosages in every record.",
        subject=name,
    )
