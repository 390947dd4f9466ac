"""What a reader of imputed files hands over, whatever engine or server wrote them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntFlag
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from app.genotypes.texts import Texts


class SiteKind(IntFlag):
    """How a record came to be: `TYPED` on the array, `IMPUTED` in the panel; both for a typed panel site."""

    NONE = 0
    TYPED = 1
    IMPUTED = 2


class Field(IntFlag):
    """What a caller wants to have read of every genotype; less is faster.

    With NO_INFO the figures of INFO may be left out: they are NaN then.
    """

    NONE = 0
    DOSAGE = 1
    HAPLOTYPES = 2
    PROBABILITIES = 4
    GENOTYPES = 8
    LEFT_OUT = 16
    NO_INFO = 32


@dataclass(frozen=True, eq=False)
class InfoColumns:
    """Figures of the records, float32 [records], NaN where INFO does not tell.

    `r2` is R2, DR2, INFO or Rsq (Minimac, Beagle, IMPUTE, Minimac 3); `af` is the frequency of ALT as told.
    `kind` uint8 [records] are bits of `SiteKind`.
    """

    r2: NDArray[np.float32]
    er2: NDArray[np.float32]
    af: NDArray[np.float32]
    maf: NDArray[np.float32]
    kind: NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class DoseBatch:
    """Some records of one chromosome, in the order of the file; a record with several ALTs is a row an ALT.

    `first_line` is the number of the line of the first record. `dosage` float32 [rows, samples] is the
    expected count of ALT (0…2, of a haploid call 0…1), NaN where missing; `haplotypes` float32
    [rows, samples, 2] that of each haplotype, its second NaN for a haploid call, None where the file has no
    HDS; `probabilities` float32 [rows, samples, 3] of hom-ref, het and hom-alt, None without GP; `genotypes`
    int8 [rows, samples, 2] alleles of GT: 1 this ALT, 0 another, -1 missing, -2 absent (haploid);
    `left_out` float32 [rows, samples, 2] is LDS of an empirical dose file. What was not wanted is None.
    `phased` bool [rows, samples] says where GT has a bar (or one allele), beside `genotypes`.
    `lines` are the rows of the file as bytes without line ends, one a record, when they were asked for;
    `record` int64 [rows] is the record of the batch that a row comes from, None where each row is one.
    Of a haploid call `probabilities` are those of without and with ALT, the third NaN.
    """

    chromosome: str
    first_line: int
    position: NDArray[np.int64]
    ids: Texts
    refs: Texts
    alts: Texts
    info: InfoColumns
    dosage: NDArray[np.float32] | None = None
    haplotypes: NDArray[np.float32] | None = None
    probabilities: NDArray[np.float32] | None = None
    genotypes: NDArray[np.int8] | None = None
    left_out: NDArray[np.float32] | None = None
    phased: NDArray[np.bool_] | None = None
    lines: Texts | None = None
    record: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.position)


class DoseReader(Protocol):
    """An open imputed file. Memory does not grow with the file.

    ProblemError (input) names the file and the line of what cannot be read.
    """

    samples: tuple[str, ...]
    header: tuple[str, ...]
    fields: Field

    @property
    def packed_done(self) -> int:
        """Bytes of the file that were read so far."""
        ...

    def batches(self) -> Iterator[DoseBatch]:
        """The records in order, at most some thousand a batch, never two chromosomes in one."""
        ...

    def close(self) -> None:
        """Close the file; a second time does nothing."""
        ...
