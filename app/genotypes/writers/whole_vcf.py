"""A cohort as one VCF with all of its chromosomes, rows and names as they are in the cohort: GT only."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np

from app.domain.problem import Kind, problem
from app.domain.progress import Progress, Report, silent
from app.genotypes.bgzf import BgzfWriter
from app.genotypes.cohort import Cohort, RowFlag
from app.genotypes.split_calls import alone
from app.genotypes.texts import Texts
from app.genotypes.writers.vcf import VcfRows, breaks, lines_of

_STEP = "Writing VCF"
_COLUMNS = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT"]
_ABSENT = (b"", b".", b"0")


def write_vcf(cohort: Cohort, path: Path, report: Report = silent) -> Path:
    """Write a VCF, packed by BGZF where the name ends in `.gz`; it has its name when it is whole.

    A record with several ALT alleles becomes several; in each a call with another ALT allele is missing.
    Where the cohort does not know REF it is N. OSError comes through unchanged; ProblemError for names that
    would break a line.
    """
    if any(map(breaks, (*cohort.samples, *cohort.names))):
        raise problem(
            Kind.INPUT,
            "The file cannot be written",
            "There are control characters in a name of a sample or a chromosome.",
            "Give the samples other names.",
        )
    with _opened(path) as file:
        file.write(_header(cohort))
        for rows in cohort.slices():
            for chromosome, some in _of_one_chromosome(cohort, rows):
                file.write(b"".join(lines_of(_rows(cohort, some), chromosome)))
            report(Progress(done=rows.stop, total=len(cohort), step=_STEP))
    return path


def _header(cohort: Cohort) -> bytes:
    from app import __version__

    lines = ["##fileformat=VCFv4.2", '##FILTER=<ID=PASS,Description="All filters passed">']
    lines.append(f"##source=Haplodesk {__version__}")
    if cohort.origin.build:
        lines.append(f"##reference={cohort.origin.build}")
    lines += [f"##contig=<ID={name}>" for name in cohort.names]
    lines.append('##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">')
    lines.append("\t".join([*_COLUMNS, *cohort.samples]))
    return "\n".join(lines).encode() + b"\n"


def _of_one_chromosome(cohort: Cohort, rows: slice) -> Iterator[tuple[str, slice]]:
    """Runs of rows on one chromosome, with its name."""
    number = np.asarray(cohort.chromosome[rows])
    cuts = [0, *(np.flatnonzero(np.diff(number)) + 1).tolist(), len(number)]
    for start, stop in zip(cuts[:-1], cuts[1:], strict=True):
        yield cohort.names[int(number[start])], slice(rows.start + start, rows.start + stop)


def _rows(cohort: Cohort, rows: slice) -> VcfRows:
    return VcfRows(
        position=cohort.position[rows],
        ids=cohort.ids[rows],
        refs=_told(cohort.refs[rows], b"N"),
        alts=_told(cohort.alts[rows], b"."),
        genotypes=alone(cohort, rows),
        phased=cohort.flags[rows] & np.uint32(int(RowFlag.PHASED)) > 0,
        phase=cohort.phase(rows),
        haploid=cohort.haploid(rows) if cohort.has_haploid else None,
    )


def _told(alleles: Texts, otherwise: bytes) -> Texts:
    raws = list(alleles.raws())
    return Texts.of(otherwise if raw in _ABSENT else raw for raw in raws)


@contextmanager
def _opened(path: Path) -> Iterator[BgzfWriter | BinaryIO]:
    if path.name.lower().endswith(".gz"):
        with BgzfWriter(path) as packed:
            yield packed
        return
    part = path.with_name(path.name + ".part")
    try:
        with part.open("wb") as file:
            yield file
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
