"""Writes a result in the form of Minimac4 4.1: dose, info and empirical dose files.

Haploid dosages are kept as whole thousandths, so that every figure of a record follows from what is written.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from app.genotypes.bgzf import BgzfWriter
from app.genotypes.matrix import ABSENT, MISSING
from app.imputation.contract import ImputationFigures

Thousandths = NDArray[np.int16]

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
_CODES = 1003  # -2 (absent), -1 (missing), 0 … 1000
_TEXT = [f"{value / 1000:g}" for value in range(2001)]
_LEVEL = 4


@dataclass(frozen=True, eq=False)
class Block:
    """Records in order. `dosages` are thousandths [records, 2 * samples], MISSING or ABSENT where none.

    `imputed` and `typed` are the flags; `left_out` and `observed` [records, 2 * samples] count at records
    that have both flags: thousandths and alleles (MISSING where not called).
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

    def take(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> Block:
        """Some records, in the order of an index or a mask."""
        return Block(*(getattr(self, each.name)[rows] for each in fields(self)))

    def joined(self, other: Block) -> Block:
        """The records of both, by position; at one position those of `self` first."""
        if not len(other.positions):
            return self
        names = [each.name for each in fields(self)]
        both = Block(*(np.concatenate([getattr(self, n), getattr(other, n)]) for n in names))
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


def thousandths(chances: NDArray[np.float32]) -> Thousandths:
    """Probabilities as whole thousandths."""
    return np.asarray(np.rint(chances * 1000.0), dtype=np.int16)


class ResultWriter:
    """Writes blocks of records to all files of a chromosome; use in a `with`: all files or none."""

    def __init__(
        self,
        paths: OutputPaths,
        chromosome: str,
        samples: tuple[str, ...],
        source: str,
        *,
        empirical: bool,
        min_r2: float = 0.0,
    ) -> None:
        self._paths = paths
        self._chromosome = chromosome
        self._samples = samples
        self._source = source
        self._min_r2 = min_r2
        self._with_empirical = empirical
        self._stack = ExitStack()
        self._cells = np.full(_CODES * _CODES, None, dtype=object)
        self._empirical: BgzfWriter | None = None
        self.written = self.filtered = self.typed_only = 0
        self._r2: list[float] = []
        self._er2: list[float] = []

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._dose = stack.enter_context(BgzfWriter(self._paths.dose, level=_LEVEL))
            self._info = stack.enter_context(BgzfWriter(self._paths.info))
            self._dose.write(self._header(_INFO + _FLAGS + _DOSE_FORMAT, with_samples=True))
            self._info.write(self._header(_INFO + _FLAGS, with_samples=False))
            if self._with_empirical:
                self._empirical = stack.enter_context(BgzfWriter(self._paths.empirical, level=_LEVEL))
                self._empirical.write(self._header(_FLAGS + _EMPIRICAL_FORMAT, with_samples=True))
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def counted(self, figures: ImputationFigures) -> ImputationFigures:
        """The figures with what was written."""
        return figures.model_copy(
            update={
                "written": self.written,
                "filtered": self.filtered,
                "typed_only_written": self.typed_only,
                "mean_r2": float(np.mean(self._r2)) if self._r2 else None,
                "mean_er2": float(np.mean(self._er2)) if self._er2 else None,
            }
        )

    def write(self, block: Block) -> None:
        """Add records."""
        quality = _quality(block.dosages)
        rows = zip(
            block.positions.tolist(),
            block.ids.tolist(),
            block.refs.tolist(),
            block.alts.tolist(),
            strict=True,
        )
        for row, (position, name, ref, alt) in enumerate(rows):
            if quality[row, 3] < self._min_r2:
                self.filtered += 1
                continue
            head = f"{self._chromosome}\t{position}\t{name}\t{ref}\t{alt}\t.\tPASS\t"
            self._write_record(block, row, head, quality[row])

    def _write_record(self, block: Block, row: int, head: str, quality: NDArray[np.float64]) -> None:
        frequency, minor, score, r2 = quality.tolist()
        info = f"AF={frequency:.6g};MAF={minor:.6g};AVG_CS={score:.6g};R2={r2:.6g}"
        if block.typed[row] and block.imputed[row]:
            info += self._write_empirical(block, row, head)
        info += ";TYPED" * bool(block.typed[row]) + ";IMPUTED" * bool(block.imputed[row])
        self._info.write(f"{head}{info}\n".encode())
        self._dose.write(f"{head}{info}\tGT:DS:HDS:GP\t".encode() + self._row_cells(block.dosages[row]))
        self.written += 1
        if block.imputed[row]:
            self._r2.append(r2)
        else:
            self.typed_only += 1

    def _write_empirical(self, block: Block, row: int, head: str) -> str:
        """The leave-one-out dosages of a typed site; gives the ER2 part of INFO, empty when undefined."""
        left_out, observed = block.left_out[row], block.observed[row]
        if self._empirical is not None:
            cells = _empirical_cells(left_out.tolist(), observed.tolist())
            self._empirical.write(f"{head}TYPED;IMPUTED\tGT:LDS\t{cells}\n".encode())
        er2 = squared_correlation(left_out, observed)
        if er2 is None:
            return ""
        self._er2.append(er2)
        return f";ER2={er2:.6g}"

    def _row_cells(self, row: Thousandths) -> bytes:
        pairs = row.astype(np.int64) + 2
        codes = pairs[0::2] * _CODES + pairs[1::2]
        cells = self._cells[codes]
        if any(cell is None for cell in cells.tolist()):
            for code in np.unique(codes).tolist():
                if self._cells[code] is None:
                    self._cells[code] = _cell(code // _CODES - 2, code % _CODES - 2)
            cells = self._cells[codes]
        return b"\t".join(cells.tolist()) + b"\n"

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


def _quality(dosages: Thousandths) -> NDArray[np.float64]:
    """AF, MAF, average call score and R2 of each record from its haploid dosages, [records, 4].

    R2 is var(HDS) / (p (1 - p)); 0 where all haplotypes are certainly the same.
    """
    known = dosages >= 0
    count = np.maximum(known.sum(axis=1), 1)
    values = np.where(known, dosages, 0).astype(np.int64)
    total = values.sum(axis=1) / 1000.0
    squares = (values * values).sum(axis=1) / 1e6
    score = np.where(known, np.maximum(values, 1000 - values), 0).sum(axis=1) / (1000.0 * count)
    frequency = total / count
    variance = np.maximum(squares / count - frequency**2, 0.0)
    chance = frequency * (1 - frequency)
    r2 = np.divide(variance, chance, out=np.zeros_like(chance), where=chance > 1e-12)
    return np.stack([frequency, np.minimum(frequency, 1 - frequency), score, r2], axis=1)


def squared_correlation(left_out: Thousandths, observed: NDArray[np.int8]) -> float | None:
    """ER2: the squared correlation of leave-one-out dosage and allele over haplotypes; None if undefined."""
    known = (observed >= 0) & (left_out >= 0)
    expected, alleles = left_out[known] / 1000.0, observed[known].astype(np.float64)
    if len(alleles) < 2:
        return None
    expected, alleles = expected - expected.mean(), alleles - alleles.mean()
    spread = float((expected @ expected) * (alleles @ alleles))
    return float(expected @ alleles) ** 2 / spread if spread > 1e-12 else None


def _cell(first: int, second: int) -> bytes:
    """`GT:DS:HDS:GP` of one person, from thousandths."""
    if first < 0:
        return b"." if second == ABSENT else b".|.:.:.:."
    if second == ABSENT:
        return f"{first >= 500:d}:{_TEXT[first]}:{_TEXT[first]}:{_TEXT[1000 - first]},{_TEXT[first]}".encode()
    a, b = first / 1000, second / 1000
    none, both = round(1000 * (1 - a) * (1 - b)), round(1000 * a * b)
    chances = f"{_TEXT[none]},{_TEXT[1000 - none - both]},{_TEXT[both]}"
    genotype = f"{first >= 500:d}|{second >= 500:d}"
    return f"{genotype}:{_TEXT[first + second]}:{_TEXT[first]},{_TEXT[second]}:{chances}".encode()


def _empirical_cells(left_out: list[int], observed: list[int]) -> str:
    letters = {MISSING: ".", 0: "0", 1: "1"}
    cells = []
    for i in range(0, len(observed), 2):
        first = letters[observed[i]]
        if observed[i + 1] == ABSENT:
            cells.append(f"{first}:{_TEXT[left_out[i]]}")
        else:
            second = letters[observed[i + 1]]
            cells.append(f"{first}|{second}:{_TEXT[left_out[i]]},{_TEXT[left_out[i + 1]]}")
    return "\t".join(cells)
