"""Calls of records that were split into one row an ALT allele, as rows that stand alone may tell them."""

from __future__ import annotations

import numpy as np

from app.genotypes.cohort import MISSING, Codes, Cohort, RowFlag


def alone(cohort: Cohort, rows: slice) -> Codes:
    """[rows, samples] codes of some rows; a call with another ALT allele than the row's own is missing.

    A packed row counts copies of its ALT only: `0/2` and `2/2` of a record with two ALT alleles look like
    hom-ref in the first of its rows, which would be a wrong genotype where that row is written by itself.
    """
    codes = cohort.genotypes(rows)
    split = np.flatnonzero(cohort.flags[rows] & np.uint32(int(RowFlag.SPLIT)))
    if not len(split):
        return codes
    record = np.asarray(cohort.record)
    for wanted in np.unique(record[rows.start + split]).tolist():
        first, last = np.searchsorted(record, [wanted, wanted + 1]).tolist()
        copies = cohort.genotypes(slice(first, last)).astype(np.int8)
        copies[copies == MISSING] = 0
        others = copies.sum(axis=0) - copies
        inside = slice(max(first, rows.start), min(last, rows.stop))
        hidden = others[inside.start - first : inside.stop - first] > 0
        codes[inside.start - rows.start : inside.stop - rows.start][hidden] = MISSING
    return codes
