"""Info files: VCFs without samples, and the tables of Minimac before 4.1, in batches of rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.domain.problem import Kind, ProblemError, problem
from app.genotypes.bgzf import ContainerError, open_text_blocks
from app.genotypes.matrix import bare_name
from app.genotypes.texts import Texts
from app.results.doses.contract import Field, SiteKind
from app.results.doses.reading import open_doses
from app.results.figures.site_sums import UNKNOWN, Sites

_ROWS_AT_ONCE = 20_000
_BOTH = int(SiteKind.TYPED | SiteKind.IMPUTED)
_KIND_OF = {b"imputed": int(SiteKind.IMPUTED), b"typed_only": int(SiteKind.TYPED)}
_TABLE = (b"SNP\t", b"SNP ")


@dataclass(frozen=True, eq=False)
class InfoRows:
    """Rows of one chromosome, with their alleles."""

    sites: Sites
    refs: Texts
    alts: Texts
    af: NDArray[np.float64]


def info_rows(path: Path) -> Iterator[InfoRows]:
    """The rows of an info file of either generation, or of a dose file without its genotypes.

    The position is 0 where the table does not tell it. ProblemError when it cannot be read.
    """
    if not _is_table(path):
        yield from _of_vcf(path)
        return
    try:
        yield from _of_table(path)
    except (ContainerError, OSError, ValueError, LookupError) as error:
        raise _refused(path, error) from error


def _is_table(path: Path) -> bool:
    try:
        with open_text_blocks(path, piece_bytes=1 << 16) as blocks:
            return bytes(next(iter(blocks), b"")).startswith(_TABLE)
    except (ContainerError, OSError) as error:
        raise _refused(path, error) from error


def _refused(path: Path, error: Exception) -> ProblemError:
    return problem(
        Kind.INPUT,
        "A result file cannot be read",
        f"{path.name} is no info or dose file, or it is damaged.",
        "Fetch the result again.",
        subject=path.name,
        details=str(error),
    )


def _of_vcf(path: Path) -> Iterator[InfoRows]:
    reader = open_doses(path, Field.NONE)
    try:
        for batch in reader.batches():
            info = batch.info
            r2, er2, maf = (column.astype(np.float64) for column in (info.r2, info.er2, info.maf))
            sites = Sites(bare_name(batch.chromosome), batch.position, r2, er2, maf, info.kind)
            yield InfoRows(sites, batch.refs, batch.alts, info.af.astype(np.float64))
    finally:
        reader.close()


@dataclass(frozen=True)
class _Row:
    chromosome: str
    position: int
    ref: bytes
    alt: bytes
    figures: tuple[float, float, float, float]
    kind: int


def _of_table(path: Path) -> Iterator[InfoRows]:
    columns: dict[bytes, int] = {}
    rows: list[_Row] = []
    with open_text_blocks(path) as blocks:
        for piece in blocks:
            for line in bytes(piece).splitlines():
                if line.startswith(_TABLE):
                    columns = {name: number for number, name in enumerate(line.split())}
                elif line.strip():
                    rows.append(_row(line.split(), columns))
                if len(rows) == _ROWS_AT_ONCE:
                    yield from _by_chromosome(rows)
                    rows = []
    yield from _by_chromosome(rows)


def _row(cells: list[bytes], columns: dict[bytes, int]) -> _Row:
    """A line of the old table: `SNP REF(0) ALT(1) ALT_Frq MAF AvgCall Rsq Genotyped LooRsq EmpR EmpRsq …`."""
    name = cells[columns[b"SNP"]].split(b":", 2)
    is_place = len(name) > 1 and name[1].isdigit() and len(name[1]) <= 10
    ref, alt = (cells[columns[key]] if key in columns else b"" for key in (b"REF(0)", b"ALT(1)"))
    er2 = _number(cells[columns[b"EmpRsq"]]) if b"EmpRsq" in columns else float("nan")
    af = _number(cells[columns[b"ALT_Frq"]])
    maf = _number(cells[columns[b"MAF"]])
    return _Row(
        bare_name(name[0].decode("ascii", "replace")) if is_place else UNKNOWN,
        int(name[1]) if is_place else 0,
        ref,
        alt,
        (_number(cells[columns[b"Rsq"]]), er2, maf if maf == maf else min(af, 1 - af), af),
        _KIND_OF.get(cells[columns[b"Genotyped"]].lower(), _BOTH),
    )


def _number(text: bytes) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _by_chromosome(rows: list[_Row]) -> Iterator[InfoRows]:
    """The rows of each chromosome, in order of appearance."""
    if not rows:
        return
    names, first, place = np.unique([row.chromosome for row in rows], return_index=True, return_inverse=True)
    groups = np.split(np.argsort(place, kind="stable"), np.cumsum(np.bincount(place))[:-1])
    for number in np.argsort(first).tolist():
        mine = [rows[at] for at in groups[number].tolist()]
        r2, er2, maf, af = np.array([row.figures for row in mine], np.float64).T
        position = np.array([row.position for row in mine], np.int64)
        kind = np.array([row.kind for row in mine], np.uint8)
        sites = Sites(str(names[number]), position, r2, er2, maf, kind)
        yield InfoRows(sites, Texts.of(row.ref for row in mine), Texts.of(row.alt for row in mine), af)
