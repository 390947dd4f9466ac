"""Some rows of a batch, of some of the people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from app.domain.problem import Kind, problem
from app.genotypes.texts import Texts
from app.results.doses.contract import DoseBatch, InfoColumns
from app.results.export.rounding import Doses

Mask = NDArray[np.bool_]
_Values = TypeVar("_Values", bound=np.generic)


def people_of(names: Sequence[str], wanted: Sequence[str]) -> NDArray[np.intp] | None:
    """Places of the wanted people in the order of the file, None for all. ProblemError for unknown names."""
    if not wanted:
        return None
    missing = set(wanted) - set(names)
    if missing:
        raise problem(
            Kind.INPUT,
            "Not all of these samples are in the result",
            f"{len(missing):,} of {len(set(wanted)):,} names are not in it.",
            "Look at the spelling: names must be those of the result.",
        )
    chosen = set(wanted)
    places = np.array([place for place, name in enumerate(names) if name in chosen], np.intp)
    return None if len(places) == len(names) else places


def of_people(batch: DoseBatch, people: NDArray[np.intp]) -> DoseBatch:
    """The batch of some people; its lines are cut too."""
    return replace(
        batch,
        dosage=_columns(batch.dosage, people),
        haplotypes=_columns(batch.haplotypes, people),
        probabilities=_columns(batch.probabilities, people),
        genotypes=_columns(batch.genotypes, people),
        left_out=_columns(batch.left_out, people),
        phased=_columns(batch.phased, people),
        lines=None if batch.lines is None else _cut_lines(batch.lines, people),
    )


def _columns(values: NDArray[_Values] | None, people: NDArray[np.intp]) -> NDArray[_Values] | None:
    return None if values is None else np.ascontiguousarray(values[:, people])


def _cut_lines(lines: Texts, people: NDArray[np.intp]) -> Texts:
    places = people.tolist()
    cut = []
    for line in lines.raws():
        words = line.split(b"\t")
        cells = words[9:]
        cut.append(b"\t".join([*words[:9], *(cells[place] for place in places)]))
    return Texts.of(cut)


def of_rows(batch: DoseBatch, keep: Mask) -> DoseBatch:
    """The rows that stay; a line stays where a row of its record does."""
    if keep.all():
        return batch
    info = batch.info
    return replace(
        batch,
        position=batch.position[keep],
        ids=batch.ids[keep],
        refs=batch.refs[keep],
        alts=batch.alts[keep],
        info=InfoColumns(info.r2[keep], info.er2[keep], info.af[keep], info.maf[keep], info.kind[keep]),
        dosage=_rows(batch.dosage, keep),
        haplotypes=_rows(batch.haplotypes, keep),
        probabilities=_rows(batch.probabilities, keep),
        genotypes=_rows(batch.genotypes, keep),
        left_out=_rows(batch.left_out, keep),
        phased=_rows(batch.phased, keep),
        lines=None if batch.lines is None else batch.lines[_of_lines(batch, keep)],
        record=_rows(batch.record, keep),
    )


def _rows(values: NDArray[_Values] | None, keep: Mask) -> NDArray[_Values] | None:
    return None if values is None else values[keep]


def _of_lines(batch: DoseBatch, keep: Mask) -> Mask:
    assert batch.lines is not None
    if batch.record is None:
        return keep
    first = batch.record - batch.record[0]
    stays = np.zeros(len(batch.lines), bool)
    stays[first[keep]] = True
    return stays


def doses_of_rows(doses: Doses, keep: Mask) -> Doses:
    """The doses of the rows that stay."""
    if keep.all():
        return doses
    delta = None if doses.delta is None else doses.delta[keep]
    return Doses(doses.total[keep], delta, None if doses.haploid is None else doses.haploid[keep])
