"""Empirical dose files of batches made one, and ER2 of all people from them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.genotypes.matrix import bare_name
from app.results.doses.contract import Field
from app.results.doses.writing import DoseWriter
from app.results.merging.batch_rows import take
from app.results.merging.files import OpenedResult, chromosome_batches
from app.results.merging.sites import Aligned, aligned

Key = tuple[int, bytes, bytes]
_FLAGS = (
    '##INFO=<ID=TYPED,Number=0,Type=Flag,Description="Site was genotyped">',
    '##INFO=<ID=IMPUTED,Number=0,Type=Flag,Description="Site is in the panel">',
)


def empirical_path(folder: Path, chromosome: str) -> Path:
    """Where the empirical doses of a chromosome are written."""
    return folder / f"chr{bare_name(chromosome)}.empiricalDose.vcf.gz"


def merge_left_out(
    batches: Sequence[OpenedResult], chromosome: str, folder: Path, *, write: bool
) -> dict[Key, float]:
    """ER2 at each typed site over the people of all batches that have it.

    The squared correlation of leave-one-out dosage and allele over haplotypes. With `write` the sites that
    all batches have are written to one empirical dose file of all people.
    """
    spelled = batches[0].spelled[chromosome]
    some = [each for each in batches if chromosome in each.empirical]
    samples = [name for each in some for name in each.samples]
    want = Field.GENOTYPES | Field.LEFT_OUT
    streams = [chromosome_batches(each.empirical[chromosome], chromosome, want) for each in some]
    found: dict[Key, float] = {}
    path = empirical_path(folder, spelled)
    out = (
        DoseWriter(path, samples, chromosomes=[(spelled, None)], header=_FLAGS, fields="GT:LDS")
        if write
        else nullcontext()
    )
    with out as writer:
        for piece in aligned(streams, [each.name for each in some]):
            alleles, left_out = _side_by_side(piece, [len(each.samples) for each in some])
            keys = zip(piece.position.tolist(), piece.refs.raws(), piece.alts.raws(), strict=True)
            for key, er2 in zip(keys, squared_correlations(alleles, left_out).tolist(), strict=True):
                found[key] = er2
            if writer is not None:
                rows = np.flatnonzero(piece.present.all(axis=0))
                texts = piece.ids[rows], piece.refs[rows], piece.alts[rows]
                flags = ["TYPED;IMPUTED"] * len(rows)
                writer.write(spelled, piece.position[rows], *texts, flags, left_out[rows], alleles[rows])
    return found


def squared_correlations(alleles: NDArray[np.int8], left_out: NDArray[np.float32]) -> NDArray[np.float64]:
    """ER2 of each site from [sites, people, 2]; NaN where nobody is known.

    0 where all alleles or all dosages are the same, as Minimac4 writes it: else the mean of a merged result
    would be of other sites than that of the same people imputed at once.
    """
    known = (alleles >= 0) & ~np.isnan(left_out)
    x = np.where(known, left_out, 0).reshape(len(alleles), -1).astype(np.float64)
    y = np.where(known, alleles, 0).reshape(len(alleles), -1).astype(np.float64)
    n = known.reshape(len(alleles), -1).sum(axis=1)
    spread_x = n * (x * x).sum(axis=1) - x.sum(axis=1) ** 2
    spread_y = n * (y * y).sum(axis=1) - y.sum(axis=1) ** 2
    joint = n * (x * y).sum(axis=1) - x.sum(axis=1) * y.sum(axis=1)
    spread = spread_x * spread_y
    found = np.where(n > 0, 0.0, np.nan)
    np.divide(joint**2, spread, out=found, where=(spread_x > 1e-9) & (spread_y > 1e-9))
    return found


def _side_by_side(piece: Aligned, people: Sequence[int]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Alleles and leave-one-out dosages of all people; -1 and NaN where a batch lacks the site."""
    shape = (len(piece), sum(people), 2)
    alleles, left_out = np.full(shape, -1, np.int8), np.full(shape, np.nan, np.float32)
    first = 0
    for part, row, many in zip(piece.parts, piece.rows, people, strict=True):
        has = np.flatnonzero(row >= 0)
        mine = take(part, row[has])
        if mine.genotypes is not None and mine.left_out is not None:
            alleles[has, first : first + many] = mine.genotypes
            left_out[has, first : first + many] = mine.left_out
        first += many
    return alleles, left_out
