"""Packed cohorts made slowly and plainly, for tests of what reads them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from app.genotypes.cohort import MISSING, Batch, Cohort, CohortWriter, Origin, Reference, RowFlag, open_cohort
from app.genotypes.matrix import ABSENT, GenotypeMatrix, read_matrix
from app.genotypes.texts import Texts


def cohort_of_vcf(path: Path, folder: Path, **people: Sequence[int] | Sequence[str]) -> Cohort:
    """The cohort of a VCF by way of `read_matrix`; a record with several ALT alleles becomes several rows."""
    matrix = read_matrix(path)
    with CohortWriter(folder, Origin("VCF", (str(path),)), matrix.samples, **people) as writer:
        writer.append(_batch(matrix))
    return open_cohort(folder)


def cohort_of_rows(
    folder: Path,
    samples: Sequence[str],
    rows: Sequence[tuple[str, int, str, str, str, Sequence[int]]],
    *,
    reference: Reference = Reference.KNOWN,
    **people: Sequence[int] | Sequence[str],
) -> Cohort:
    """A cohort of (chromosome, position, id, ref, alt, codes) rows."""
    names = list(dict.fromkeys(row[0] for row in rows))
    codes = np.array([row[5] for row in rows], np.uint8).reshape(len(rows), len(samples))
    with CohortWriter(folder, Origin("VCF", (), reference), samples, **people) as writer:
        writer.append(
            Batch(
                names=names,
                chromosome=np.array([names.index(row[0]) for row in rows], np.uint16),
                position=np.array([row[1] for row in rows], np.int64),
                ids=Texts.of(row[2] for row in rows),
                refs=Texts.of(row[3] for row in rows),
                alts=Texts.of(row[4] for row in rows),
                flags=np.zeros(len(rows), np.uint32),
                record=np.arange(len(rows), dtype=np.int64),
                genotypes=codes,
            )
        )
    return open_cohort(folder)


def _batch(matrix: GenotypeMatrix) -> Batch:
    names = list(dict.fromkeys(matrix.chromosomes.tolist()))
    pairs = [(row, alt) for row, text in enumerate(matrix.alts) for alt in range(1, text.count(",") + 2)]
    rows = np.array([row for row, _ in pairs], np.intp)
    wanted = np.array([alt for _, alt in pairs], np.int8)[:, None]
    first, second = matrix.haplotypes[rows, 0::2], matrix.haplotypes[rows, 1::2]
    haploid = second == ABSENT
    codes = (first == wanted).astype(np.uint8) + ((second == wanted) | haploid & (first == wanted))
    codes[(first < 0) | (second == -1)] = MISSING
    split = np.array([matrix.alts[row].count(",") > 0 for row in rows], bool)
    flags = np.where(split, np.uint32(RowFlag.SPLIT), np.uint32(0))
    flags |= np.where(matrix.phased[rows], np.uint32(RowFlag.PHASED), np.uint32(0))
    return Batch(
        names=names,
        chromosome=np.array([names.index(name) for name in matrix.chromosomes[rows]], np.uint16),
        position=matrix.positions[rows],
        ids=Texts.of(matrix.ids[rows]),
        refs=Texts.of(matrix.refs[rows]),
        alts=Texts.of(matrix.alts[row].split(",")[alt - 1] for row, alt in pairs),
        flags=flags.astype(np.uint32),
        record=rows.astype(np.int64),
        genotypes=codes.astype(np.uint8),
        phase=(first == wanted) & (second != wanted),
        haploid=haploid,
    )
