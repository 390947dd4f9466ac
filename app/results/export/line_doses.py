"""Whole-number dosages straight from the lines of a VCF: the quick way where the extension in C is there.

The fields of most imputed files are read without making figures of all of them first. A line that is not as
engines write it is read by `doses.cells`, which says what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from app.genotypes.texts import Texts
from app.results.doses.cells import ABSENT, DOSAGE, GENOTYPES, HAPLOTYPES, figures_of_row
from app.results.doses.contract import Field
from app.results.export.kernel import Kernel
from app.results.export.rounding import Doses, of_dosages, of_haplotypes


def doses_of_lines(
    lines: Texts,
    rows: NDArray[np.intp],
    samples: int,
    pair: bool,
    kernel: Kernel,
    refuse: Callable[[int, str], Exception],
) -> Doses:
    """Doses of some of the lines, by HDS (`pair`) or DS. `refuse(row, why)` makes the error of a bad line."""
    starts, stops = lines.starts[rows], lines.ends[rows]
    text = np.ascontiguousarray(lines.blob)
    shape = (len(rows), samples)
    total, delta = np.empty(shape, np.uint16), np.empty(shape if pair else (0, 0), np.int16)
    odd = np.empty(len(rows), np.uint8)
    kernel.lines(text, starts, stops, *shape, pair, total, delta, odd, None)
    haploid = None
    if (odd == 2).any():
        alone = np.zeros(shape, np.uint8)
        kernel.lines(text, starts, stops, *shape, pair, total, delta, odd, alone)
        haploid = alone.view(np.bool_)
    if (odd == 1).any():
        haploid = np.zeros(shape, bool) if haploid is None else haploid
        for row in np.flatnonzero(odd == 1).tolist():
            one = _slowly(lines.raw(int(rows[row])), samples, pair, partial(refuse, row))
            total[row] = one.total[0]
            haploid[row] = False if one.haploid is None else one.haploid[0]
            if pair:
                delta[row] = 0 if one.delta is None else one.delta[0]
    return Doses(total, delta if pair else None, haploid)


def _slowly(line: bytes, samples: int, pair: bool, refuse: Callable[[str], Exception]) -> Doses:
    words = line.split(b"\t")
    names, cells = tuple(words[8].split(b":")), words[9:]
    if len(cells) != samples:
        raise refuse(f"{len(cells):,} cells for {samples:,} samples")
    try:
        table, has = figures_of_row(names, cells, 1, Field.HAPLOTYPES | Field.DOSAGE | Field.GENOTYPES)
    except ValueError as error:
        raise refuse(str(error)) from error
    if pair and Field.HAPLOTYPES in has:
        return of_haplotypes(np.ascontiguousarray(table[:, :, HAPLOTYPES : HAPLOTYPES + 2]))
    if Field.DOSAGE in has:
        alone = table[:, :, GENOTYPES + 1] == ABSENT  # GT alone says who has one copy
        return of_dosages(np.ascontiguousarray(table[:, :, DOSAGE]), alone if alone.any() else None)
    raise refuse("FORMAT has neither HDS nor DS")
