"""Writes a result in the form of Minimac4 4.1: dose, info and empirical dose files.

Haploid dosages are kept as whole thousandths, so that every figure of a record follows from what is written.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from app.genotypes.tabix_index import IndexedRows, write_tabix
from app.imputation.bgzf_lines import BgzfLines
from app.imputation.contract import ImputationFigures
from app.imputation.crew import Crew
from app.imputation.dosage_cells import LONGEST_CELL, Thousandths, dose_lines, empirical_lines, sums
from app.imputation.tabix import write_index

_INFO = """\
##INFO=<ID=AF,Number=1,Type=Float,Description="Estimated alternate allele frequency">
##INFO=<ID=MAF,Number=1,Type=Float,Description="Estimated minor allele frequency">
##INFO=<ID=AVG_CS,Number=1,Type=Float,Description="Average call score">
##INFO=<ID=R2,Number=1,Type=Float,Description="Estimated imputation accuracy (R-square)">
##INFO=<ID=ER2,Number=1,Type=Float,Description="Empirical (leave-one-out) R-square, typed sites only">
"""
_FLAGS = """\
##INFO=<ID=IMPUTED,Number=0,Type=Flag,Description="Site is in the panel">
##INFO=<ID=TYPED,Number=0,Type=Flag,Description="Site was genotyped">
"""
_DOSE_FORMAT = """\
##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">
##FORMAT=<ID=DS,Number=1,Type=Float,Description="Alternate allele dosage: P(0/1) + 2 P(1/1)">
##FORMAT=<ID=HDS,Number=.,Type=Float,Description="Alternate allele dosage of each haplotype">
##FORMAT=<ID=GP,Number=G,Type=Float,Description="Probabilities of the genotypes 0/0, 0/1 and 1/1">
"""
_EMPIRICAL_FORMAT = """\
##FORMAT=<ID=GT,Number=1,Type=String,Description="Phased genotype of the array">
##FORMAT=<ID=LDS,Number=.,Type=Float,Description="Leave-one-out dosage of each haplotype">
"""
_LEVEL = 2
_TEXT_AT_ONCE, _MOST_TEXT = 1 << 19, 1 << 21
_FEW_ROWS = 100  # fewer take longer than their text


@dataclass(frozen=True, eq=False)
class Block:
    """Records in order. `dosages` are thousandths [records, 2 * samples], MISSING or ABSENT where none.

    `imputed` and `typed` are the flags. Records that have both are judged: `left_out` (thousandths) and
    `observed` (alleles, MISSING where not called) have a row for each of them, [judged, 2 * samples].
    """

    positions: NDArray[np.int64]
    ids: NDArray[np.object_]
    refs: NDArray[np.object_]
    alts: NDArray[np.object_]
    dosages: Thousandths
    imputed: NDArray[np.bool_]
    typed: NDArray[np.bool_]
    left_out: Thousandths
    observed: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.positions)

    @property
    def judged(self) -> NDArray[np.bool_]:
        """Which records have leave-one-out dosages."""
        return self.imputed & self.typed

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_] | slice) -> Block:
        """Some records, in the order of an index, a mask or a slice."""
        judged = self.judged
        chosen = (np.cumsum(judged) - 1)[rows][judged[rows]]
        return Block(
            self.positions[rows],
            self.ids[rows],
            self.refs[rows],
            self.alts[rows],
            self.dosages[rows],
            self.imputed[rows],
            self.typed[rows],
            self.left_out[chosen],
            self.observed[chosen],
        )

    def joined(self, other: Block) -> Block:
        """The records of both, by position; at one position those of `self` first."""
        if not len(other):
            return self
        both = Block(
            *(np.concatenate([getattr(each, f.name) for each in (self, other)]) for f in fields(self))
        )
        return both.take(np.argsort(both.positions, kind="stable"))


@dataclass(frozen=True)
class OutputPaths:
    """The files of chromosome N: `chrN.dose.vcf.gz` and so on."""

    dose: Path
    info: Path
    empirical: Path

    @classmethod
    def of(cls, folder: Path, bare_chromosome: str) -> OutputPaths:
        """The names in a folder; the chromosome without its `chr`."""
        stem = f"chr{bare_chromosome}"
        return cls(
            folder / f"{stem}.dose.vcf.gz",
            folder / f"{stem}.info.gz",
            folder / f"{stem}.empiricalDose.vcf.gz",
        )


class ResultWriter:
    """Writes blocks of records to all files of a chromosome; use in a `with`: all files or none.

    Blocks come in order of position. `threads` pack the text. The index of the dose file is made of what is
    known from writing it: `write_index` when the files have their names.
    """

    def __init__(
        self,
        paths: OutputPaths,
        chromosome: str,
        samples: tuple[str, ...],
        source: str,
        *,
        empirical: bool,
        min_r2: float = 0.0,
        threads: int = 1,
    ) -> None:
        self._paths = paths
        self._chromosome = chromosome
        self._samples = samples
        self._source = source
        self._min_r2 = min_r2
        self._with_empirical = empirical
        self._threads = threads
        self._stack = ExitStack()
        self._empirical: BgzfLines | None = None
        self.written = self.filtered = self.typed_only = 0
        self._r2: list[NDArray[np.float64]] = []
        self._er2: list[NDArray[np.float64]] = []
        self._spans: list[NDArray[np.int64]] = []
        self._stops: list[NDArray[np.int64]] = []

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            crew = stack.enter_context(Crew(self._threads)) if self._threads > 1 else None
            self._dose = stack.enter_context(BgzfLines(self._paths.dose, _LEVEL, crew))
            self._info = stack.enter_context(BgzfLines(self._paths.info, _LEVEL))
            self._dose.write(self._header(_INFO + _FLAGS + _DOSE_FORMAT, with_samples=True))
            self._info.write(self._header(_INFO + _FLAGS, with_samples=False))
            if self._with_empirical:
                self._empirical = stack.enter_context(BgzfLines(self._paths.empirical, _LEVEL))
                self._empirical.write(self._header(_FLAGS + _EMPIRICAL_FORMAT, with_samples=True))
            self._begin = self._dose.text
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def counted(self, figures: ImputationFigures) -> ImputationFigures:
        """The figures with what was written."""
        r2, er2 = (np.concatenate([*each, np.empty(0)]) for each in (self._r2, self._er2))
        return replace(
            figures,
            written=self.written,
            filtered=self.filtered,
            typed_only_written=self.typed_only,
            mean_r2=float(r2.mean()) if len(r2) else None,
            mean_er2=float(er2.mean()) if len(er2) else None,
        )

    def write_index(self) -> Path:
        """Write `<dose>.tbi`, when the block has ended."""
        dose = self._paths.dose
        if not self.written:
            return write_index(dose)
        spans, stops = np.concatenate(self._spans), np.concatenate(self._stops)
        places = self._dose.virtual(np.concatenate([[self._begin], stops]))
        path = dose.with_name(dose.name + ".tbi")
        write_tabix(path, self._chromosome, IndexedRows(spans[:, 0], spans[:, 1], places[:-1], places[1:]))
        return path

    def write(self, block: Block) -> None:
        """Add records."""
        row = LONGEST_CELL * max(1, len(self._samples))
        rows = max(1, _TEXT_AT_ONCE // row, min(_FEW_ROWS, _MOST_TEXT // row))
        for at in range(0, len(block), rows):
            self._write(block.take(slice(at, at + rows)))

    def _write(self, block: Block) -> None:
        quality = record_quality(block.dosages)
        good = quality.r2 >= self._min_r2
        if not good.all():
            self.filtered += int((~good).sum())
            block, quality = block.take(good), quality.take(good)
        if not len(block):
            return
        er2 = squared_correlations(block.left_out, block.observed)
        fixed = self._fixed(block)
        heads = [f"{a}{b}".encode() for a, b in zip(fixed, _infos(block, quality, er2), strict=True)]
        self._info.write(b"\n".join(heads) + b"\n")
        lines = dose_lines(heads, block.dosages)
        self._stops.append(self._dose.text + lines.ends)
        self._dose.write(lines.text)
        if self._empirical is not None and len(block.left_out):
            judged = [f"{fixed[row]}TYPED;IMPUTED".encode() for row in np.flatnonzero(block.judged).tolist()]
            self._empirical.write(empirical_lines(judged, block.left_out, block.observed).text)
        self._count(block, quality, er2)

    def _fixed(self, block: Block) -> list[str]:
        """The columns before INFO."""
        columns = (block.positions.tolist(), block.ids.tolist(), block.refs.tolist(), block.alts.tolist())
        name = self._chromosome
        rows = zip(*columns, strict=True)
        return [f"{name}\t{at}\t{rs}\t{ref}\t{alt}\t.\tPASS\t" for at, rs, ref, alt in rows]

    def _count(self, block: Block, quality: Quality, er2: NDArray[np.float64]) -> None:
        begin = block.positions - 1
        lengths = np.array([len(ref) for ref in block.refs.tolist()], dtype=np.int64)
        self._spans.append(np.stack([begin, begin + lengths], axis=1))
        self.written += len(block)
        self.typed_only += int((~block.imputed).sum())
        self._r2.append(quality.r2[block.imputed])
        self._er2.append(er2[np.isfinite(er2)])

    def _header(self, lines: str, *, with_samples: bool) -> bytes:
        columns = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO"]
        columns += ["FORMAT", *self._samples] if with_samples else []
        return (
            "##fileformat=VCFv4.2\n"
            '##FILTER=<ID=PASS,Description="All filters passed">\n'
            f"##filedate={datetime.now(UTC):%Y%m%d}\n"
            f"##source={self._source}\n##phasing=full\n##contig=<ID={self._chromosome}>\n"
            f"{lines}" + "\t".join(columns) + "\n"
        ).encode()


@dataclass(frozen=True, eq=False)
class Quality:
    """AF, MAF, average call score and R2 of each record."""

    frequency: NDArray[np.float64]
    minor: NDArray[np.float64]
    score: NDArray[np.float64]
    r2: NDArray[np.float64]

    def take(self, rows: NDArray[np.bool_]) -> Quality:
        """Those of some records."""
        return Quality(self.frequency[rows], self.minor[rows], self.score[rows], self.r2[rows])


def record_quality(dosages: Thousandths) -> Quality:
    """The figures of records [records, 2 * samples] from their haploid dosages, as they are written.

    R2 is var(HDS) / (p (1 - p)); 0 where all haplotypes are certainly the same.
    """
    known, total, squares, score = sums(dosages).T.astype(np.float64)
    known = np.maximum(known, 1.0)
    frequency = total / (1000.0 * known)
    variance = np.maximum(squares / (1e6 * known) - frequency**2, 0.0)
    chance = frequency * (1 - frequency)
    r2 = np.divide(variance, chance, out=np.zeros_like(chance), where=chance > 1e-12)
    return Quality(frequency, np.minimum(frequency, 1 - frequency), score / (1000.0 * known), r2)


def _infos(block: Block, quality: Quality, er2: NDArray[np.float64]) -> list[str]:
    """INFO of each record; ER2 where it is defined."""
    told = np.full(len(block), np.nan)
    told[block.judged] = er2
    rows = zip(
        quality.frequency.tolist(),
        quality.minor.tolist(),
        quality.score.tolist(),
        quality.r2.tolist(),
        told.tolist(),
        (block.typed + 2 * block.imputed).tolist(),
        strict=True,
    )
    return [
        f"AF={af:.6g};MAF={maf:.6g};AVG_CS={score:.6g};R2={r2:.6g}"
        f"{f';ER2={checked:.6g}' if checked == checked else ''}{_FLAG_TEXT[flags]}"
        for af, maf, score, r2, checked, flags in rows
    ]


_FLAG_TEXT = ("", ";TYPED", ";IMPUTED", ";TYPED;IMPUTED")


def squared_correlations(left_out: Thousandths, observed: NDArray[np.int8]) -> NDArray[np.float64]:
    """ER2 of rows: the squared correlation of leave-one-out dosage and allele; NaN where undefined."""
    known = (observed >= 0) & (left_out >= 0)
    expected = np.where(known, left_out, 0).astype(np.float64)
    alleles = np.where(known, observed, 0).astype(np.float64)
    many = known.sum(axis=1).astype(np.float64)
    one, two = expected.sum(axis=1), alleles.sum(axis=1)
    together = many * (expected * alleles).sum(axis=1) - one * two
    spread = (many * (expected**2).sum(axis=1) - one**2) * (many * (alleles**2).sum(axis=1) - two**2)
    answer = np.full(len(many), np.nan)
    np.divide(together**2, spread, out=answer, where=(spread > 0) & (many > 1))
    return answer
