"""Any file with genotypes as one with dosages: imputed VCF and BCF, PGEN and BGEN with theirs, hard calls."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.domain.problem import Kind, ProblemError, problem
from app.genotypes.cohort import HOM_ALT, MISSING, Cohort, RowFlag
from app.genotypes.readers.contract import FormatError
from app.genotypes.sniff import look
from app.results.doses.contract import DoseBatch, DoseReader, Field, InfoColumns
from app.results.doses.reading import open_doses
from app.results.export.kernel import Kernel

_OWN = ("vcf", "bcf")


def open_source(
    path: Path,
    want: Field,
    *,
    lines: bool = False,
    kernel: Kernel | None = None,
    cohort: Cohort | None = None,
) -> DoseReader:
    """Open a file; `cohort` are its hard calls where it has nothing else. ProblemError."""
    if cohort is not None:
        return CohortDoses(cohort)
    try:
        if (name := look(path).name) in ("pgen", "bgen"):
            return _opened(path, name, kernel)
    except FormatError as error:
        raise unreadable(path, f"{error.title} {error.place}".strip(), error.advice) from error
    except OSError as error:
        raise unreadable(path, error.strerror or str(error), "Look at its place.") from error
    return open_doses(path, want, lines=lines)


def _opened(path: Path, name: str, kernel: Kernel | None) -> DoseReader:
    from app.genotypes.readers.file_sets import file_set
    from app.results.export.bgen_source import BgenDoses
    from app.results.export.pgen_source import PgenDoses

    return PgenDoses(file_set(path), kernel) if name == "pgen" else BgenDoses(file_set(path))


def has_dosages(path: Path) -> bool:
    """Whether a file can be opened without its hard calls as a cohort. OSError; FormatError of a .pgen."""
    name = look(path).name
    if name == "pgen":
        from app.results.export.pgen_source import PgenDoses

        return PgenDoses.is_one(path)
    return name == "bgen" or name in _OWN


def unreadable(path: Path, why: str, advice: str) -> ProblemError:
    """The error of a file that cannot be read."""
    return problem(
        Kind.INPUT,
        "The file cannot be read as genotypes",
        f"{path.name}: {why}.",
        advice or "Copy or make the file again.",
        subject=str(path),
    )


class CohortDoses:
    """Hard calls as dosages; see `DoseReader`. What is phased in a row keeps its haplotypes."""

    def __init__(self, cohort: Cohort) -> None:
        self._cohort = cohort
        self.samples = cohort.samples
        contigs = dict(cohort.origin.contigs)
        names = [f"##contig=<ID={name}" for name in cohort.names]
        self.header = tuple(
            f"{start},length={contigs[name]}>" if name in contigs else f"{start}>"
            for name, start in zip(cohort.names, names, strict=True)
        )
        self.fields = Field.HAPLOTYPES | Field.DOSAGE | Field.GENOTYPES
        self.packed_done = 0

    def batches(self) -> Iterator[DoseBatch]:
        """See `DoseReader`."""
        for rows in self._cohort.slices():
            chromosome = np.asarray(self._cohort.chromosome[rows])
            cuts = [0, *(np.flatnonzero(np.diff(chromosome)) + 1).tolist(), len(chromosome)]
            for first, last in zip(cuts[:-1], cuts[1:], strict=True):
                yield self._batch(slice(rows.start + first, rows.start + last))
            self.packed_done = rows.stop

    def _batch(self, rows: slice) -> DoseBatch:
        cohort = self._cohort
        codes = cohort.genotypes(rows)
        swapped, haploid = cohort.phase(rows), cohort.haploid(rows)
        phased = (np.asarray(cohort.flags[rows]) & np.uint32(int(RowFlag.PHASED)) > 0)[:, None]
        calls = _alleles(codes, swapped, haploid)
        haplotypes = calls.astype(np.float32)
        haplotypes[calls == -1] = haplotypes[calls == -2] = np.nan
        haplotypes[(codes == 1) & ~phased] = 0.5  # a het whose phase nobody knows
        nothing = np.full(len(codes), np.nan, np.float32)
        return DoseBatch(
            chromosome=cohort.names[int(cohort.chromosome[rows][0])],
            first_line=rows.start,
            position=np.asarray(cohort.position[rows]),
            ids=cohort.ids[rows],
            refs=cohort.refs[rows],
            alts=cohort.alts[rows],
            info=InfoColumns(nothing, nothing, nothing, nothing, np.zeros(len(codes), np.uint8)),
            dosage=np.nansum(haplotypes, axis=2, dtype=np.float32)
            + np.where(calls[:, :, 0] == -1, np.nan, 0),
            haplotypes=haplotypes,
            genotypes=calls,
            phased=np.broadcast_to(phased, codes.shape).copy(),
        )

    def close(self) -> None:
        """Nothing is open."""


def _alleles(
    codes: NDArray[np.uint8], swapped: NDArray[np.bool_], haploid: NDArray[np.bool_]
) -> NDArray[np.int8]:
    first = np.where(codes == MISSING, -1, (codes == HOM_ALT) | ((codes == 1) & swapped))
    second = np.where(codes == MISSING, -1, (codes == HOM_ALT) | ((codes == 1) & ~swapped))
    return np.stack([first, np.where(haploid, -2, second)], axis=2).astype(np.int8)
