"""R2 computed again from dosages, for all samples or for any of them.

Of haplotype dosages: their variance over p (1 - p), where p is their mean (Minimac's Rsq, `genotypes.md`
section 6a); a haploid call counts once. Of dosages alone: variance over 2 p (1 - p).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from app.domain.problem import Kind, problem
from app.genotypes.texts import Texts
from app.results.doses.contract import DoseBatch, Field
from app.results.doses.kernel import dose_kernel
from app.results.doses.reading import open_doses

Scalar = TypeVar("Scalar", bound=np.generic)
_LEAST = 1e-12  # of a variance: below it a site does not vary


@dataclass(frozen=True, eq=False)
class RecomputedRows:
    """Rows of a batch as some samples have them: float64 [rows], NaN where a site does not vary."""

    chromosome: str
    position: NDArray[np.int64]
    ids: Texts
    refs: Texts
    alts: Texts
    kind: NDArray[np.uint8]
    af: NDArray[np.float64]
    r2: NDArray[np.float64]
    written: NDArray[np.float32]


def moments(values: NDArray[np.float32], *, kernel: bool | None = None) -> NDArray[np.float64]:
    """float64 [rows, 3]: how many figures of a row are known, their sum, and the sum of their squares."""
    rows = len(values)
    out = np.zeros((rows, 3))
    fast = dose_kernel(kernel)
    if not values.size:
        return out
    if fast is not None:
        fast.moments(np.ascontiguousarray(values, np.float32), out, rows)
        return out
    flat = values.reshape(rows, -1).astype(np.float64)
    known = ~np.isnan(flat)
    flat[~known] = 0.0
    out[:, 0], out[:, 1] = known.sum(axis=1), flat.sum(axis=1)
    out[:, 2] = np.einsum("ij,ij->i", flat, flat)
    return out


def r2_and_frequency(batch: DoseBatch) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """R2 and ALT frequency of each row, from haplotypes where there are any, else from dosages."""
    if batch.haplotypes is not None:
        return _from_moments(moments(batch.haplotypes), 1.0)
    if batch.dosage is not None:
        return _from_moments(moments(batch.dosage), 2.0)
    return np.full(len(batch), np.nan), np.full(len(batch), np.nan)


def _from_moments(
    sums: NDArray[np.float64], ploidy: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    known = np.where(sums[:, 0] > 0, sums[:, 0], np.nan)
    mean = sums[:, 1] / known
    frequency = mean / ploidy
    expected = ploidy * frequency * (1 - frequency)
    variance = sums[:, 2] / known - mean * mean
    expected = np.where(expected > _LEAST, expected, np.nan)
    return np.maximum(variance, 0.0) / expected, frequency


def subset_r2(path: Path, samples: Sequence[str] | None = None) -> Iterator[RecomputedRows]:
    """R2 and frequency of each site of a dose file among some samples; among all without names.

    ProblemError when the file cannot be read or does not have all the samples.
    """
    reader = open_doses(path, Field.DOSAGE | Field.HAPLOTYPES)
    columns = None if samples is None else columns_of(path, reader.samples, samples)
    try:
        for batch in reader.batches():
            r2, frequency = r2_and_frequency(batch if columns is None else with_columns(batch, columns))
            info = batch.info
            yield RecomputedRows(
                batch.chromosome,
                batch.position,
                batch.ids,
                batch.refs,
                batch.alts,
                info.kind,
                frequency,
                r2,
                info.r2,
            )
    finally:
        reader.close()


def columns_of(path: Path, there: Sequence[str], wanted: Sequence[str]) -> NDArray[np.intp]:
    """The columns of some samples of a file; ProblemError when it does not have them all."""
    place = {name: number for number, name in enumerate(there)}
    missing = sum(name not in place for name in wanted)
    if missing or not wanted:
        raise problem(
            Kind.INPUT,
            "Samples are not in the result",
            f"{missing} of {len(wanted)} samples are not in {path.name}.",
            "Choose samples of this result.",
            subject=path.name,
        )
    return np.array([place[name] for name in wanted], np.intp)


def with_columns(batch: DoseBatch, columns: NDArray[np.intp]) -> DoseBatch:
    """The batch with these samples only."""

    def part(array: NDArray[Scalar] | None) -> NDArray[Scalar] | None:
        return None if array is None else array[:, columns]

    return replace(
        batch,
        dosage=part(batch.dosage),
        haplotypes=part(batch.haplotypes),
        probabilities=part(batch.probabilities),
        genotypes=part(batch.genotypes),
        left_out=part(batch.left_out),
        phased=part(batch.phased),
    )
