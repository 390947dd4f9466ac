"""Rows made of one record with several ALT alleles: what each of them may say of a call.

A packed row counts copies of its own ALT, so that `0/2` looks like two copies of REF in the row of the first
ALT. Written so, or with REF and ALT exchanged, that would be a wrong genotype: in each row a call with an
allele that is neither REF nor this ALT is missing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from app.genotypes.cohort import HET, HOM_ALT, MISSING, Codes, RowFlag
from app.genotypes.repair.study import Study

Rows = NDArray[np.intp]
_CELLS_AT_ONCE = 1 << 22


def _nothing() -> NDArray[np.int64]:
    return np.empty(0, np.int64)


@dataclass(frozen=True, eq=False)
class SplitRecords:
    """`rows` are those of such records, the rows of a record together; [`first`, `last`) of them are the
    record of each row of the study, empty where it is of no such record. `set_missing` has the number of
    calls that are set missing in a row, only where there are any.
    """

    rows: NDArray[np.int64] = field(default_factory=_nothing)
    first: NDArray[np.int64] = field(default_factory=_nothing)
    last: NDArray[np.int64] = field(default_factory=_nothing)
    set_missing: dict[int, int] = field(default_factory=dict)


def split_records(study: Study, flags: NDArray[np.uint32], counts: NDArray[np.int32]) -> SplitRecords:
    """Find such rows; `counts` of them become those of the calls that are not missing in this sense."""
    rows = np.flatnonzero(flags & np.uint32(int(RowFlag.SPLIT)))
    if not len(rows):
        return SplitRecords()
    record = np.asarray(study.column("record"))[rows].astype(np.int64)
    cohort = study.cohort[rows]
    order = np.lexsort((rows, record, cohort))
    rows, record, cohort = rows[order].astype(np.int64), record[order], cohort[order]
    start = np.ones(len(rows), bool)
    start[1:] = (record[1:] != record[:-1]) | (cohort[1:] != cohort[:-1])
    starts = np.flatnonzero(start)
    group = np.cumsum(start) - 1
    first, last = np.zeros(len(study), np.int64), np.zeros(len(study), np.int64)
    first[rows] = starts[group]
    last[rows] = np.append(starts[1:], len(rows))[group]
    found = SplitRecords(rows, first, last)
    _count(study, found, counts)
    return found


def _count(study: Study, split: SplitRecords, counts: NDArray[np.int32]) -> None:
    everyone = np.arange(len(study.samples))
    step = max(16, _CELLS_AT_ONCE // max(1, len(everyone)))
    for at in range(0, len(split.rows), step):
        rows = split.rows[at : at + step].astype(np.intp)
        codes = stored_codes(study, rows, everyone)
        before = np.count_nonzero(codes == MISSING, axis=1)
        hide_other_alleles(study, split, rows, everyone, codes)
        found = np.stack([np.count_nonzero(codes == code, axis=1) for code in range(4)], axis=1)
        counts[rows] = found
        lost = found[:, MISSING] - before
        split.set_missing.update(zip(rows[lost > 0].tolist(), lost[lost > 0].tolist(), strict=True))


def stored_codes(study: Study, rows: Rows, samples: Rows) -> Codes:
    """[rows, samples] codes as they are packed, of some samples of the study."""
    codes = np.empty((len(rows), len(samples)), np.uint8)
    for number in np.unique(study.cohort[rows]).tolist():
        columns = study.columns[number]
        mine = np.flatnonzero(study.cohort[rows] == number)
        found = study.cohorts[number].genotypes(study.row[rows[mine]].astype(np.intp))
        codes[mine] = found[:, samples if columns is None else columns[samples]]
    return codes


def hide_other_alleles(study: Study, split: SplitRecords, rows: Rows, samples: Rows, codes: Codes) -> None:
    """Set calls missing, in place, that have an allele which is neither REF nor the ALT of their row."""
    if not len(split.rows):
        return
    mine = np.flatnonzero(split.last[rows])
    first, last = split.first[rows[mine]], split.last[rows[mine]]
    for step in range(int((last - first).max(initial=0))):
        there = first + step < last
        places = mine[there]
        others = split.rows[first[there] + step].astype(np.intp)
        places, others = places[others != rows[places]], others[others != rows[places]]
        theirs = stored_codes(study, others, samples)
        cells = codes[places]
        cells[(theirs == HET) | (theirs == HOM_ALT)] = MISSING
        codes[places] = cells
