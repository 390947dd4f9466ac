"""A cohort as PLINK 1 files: .bed, .bim and .fam, as `plink2 --make-bed` writes them.

A1 is ALT and A2 is REF. A record with several ALT alleles is written as several variants, in each of which a
call with another ALT allele is missing. Phase is lost.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np

from app.domain.progress import Progress, Report, silent
from app.genotypes.cohort import UNKNOWN, Cohort, RowFlag, pack
from app.genotypes.readers.packing import to_bed
from app.genotypes.split_calls import alone

_BED_START = b"\x6c\x1b\x01"
_STEP = "Writing PLINK files"


def write_bed(cohort: Cohort, stem: Path, report: Report = silent) -> tuple[Path, Path, Path]:
    """Write `<stem>.bed`, `.bim` and `.fam`; the files get their names when all three are whole.

    OSError comes through unchanged, and nothing half-written stays.
    """
    paths = (
        stem.with_name(stem.name + ".bed"),
        stem.with_name(stem.name + ".bim"),
        stem.with_name(stem.name + ".fam"),
    )
    with _written(*paths) as (bed, bim, fam):
        _write_fam(cohort, fam)
        bed.write(_BED_START)
        for rows in cohort.slices():
            split = (cohort.flags[rows] & np.uint32(int(RowFlag.SPLIT))).any()
            packed = pack(alone(cohort, rows)) if split else np.asarray(cohort.packed[rows])
            bed.write(np.ascontiguousarray(to_bed(packed, len(cohort.samples))).data)
            bim.write(_bim_lines(cohort, rows))
            report(Progress(done=rows.stop, total=len(cohort), step=_STEP))
    return paths


def _bim_lines(cohort: Cohort, rows: slice) -> bytes:
    names = [name.encode() for name in cohort.names]
    columns = zip(
        cohort.chromosome[rows].tolist(),
        cohort.ids[rows].raws(),
        cohort.position[rows].tolist(),
        cohort.alts[rows].raws(),
        cohort.refs[rows].raws(),
        strict=True,
    )
    return b"".join(
        b"%b\t%b\t0\t%d\t%b\t%b\n" % (names[chromosome], _word(name), position, _allele(alt), _allele(ref))
        for chromosome, name, position, alt, ref in columns
    )


def _word(text: bytes) -> bytes:
    """An ID without blanks, which would make two columns of one."""
    return b"_".join(text.split()) or b"."


def _allele(text: bytes) -> bytes:
    return b"0" if text == b"." else _word(text)


def _write_fam(cohort: Cohort, fam: BinaryIO) -> None:
    count = len(cohort.samples)
    names = [_word(name.encode()) for name in cohort.samples]
    families = [_word(name.encode()) for name in cohort.families] or [b"0"] * count
    fathers = [_word(name.encode()) for name in cohort.fathers] or [b"0"] * count
    mothers = [_word(name.encode()) for name in cohort.mothers] or [b"0"] * count
    for person in range(count):
        sex = cohort.sex[person] if cohort.sex else 0
        phenotype = cohort.phenotype[person] if cohort.phenotype else UNKNOWN
        told = b"%d" % phenotype if phenotype != UNKNOWN else b"-9"
        words = families[person], names[person], fathers[person], mothers[person], b"%d" % sex, told
        fam.write(b"\t".join(words) + b"\n")


@contextmanager
def _written(*paths: Path) -> Iterator[list[BinaryIO]]:
    """Files under the name `.part` until all is well."""
    parts = [path.with_name(path.name + ".part") for path in paths]
    try:
        with ExitStack() as stack:
            yield [stack.enter_context(part.open("wb")) for part in parts]
        for part, path in zip(parts, paths, strict=True):
            os.replace(part, path)
    except BaseException:
        for part in parts:
            part.unlink(missing_ok=True)
        raise
