"""Rows of text into arrays by the extension in C; what it finds odd is read by Python, row by row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.genotypes.texts import Texts
from app.results.doses import cells
from app.results.doses.contract import DoseBatch, Field, InfoColumns
from app.results.doses.info import RecordFigures

_SAMPLES, _CAPACITY, _WANT, _OLD, _ROWS, _LINES, _STATE = range(7)  # in step with _doses.c
_PLACES = 11  # begin of the line, ends of nine columns, end of the line
_MOST_ROWS = 4096
_CELL_BYTES = 38  # of all figures of a cell together
_MOST_BYTES = 32 << 20


@dataclass
class SlowRow:
    """A row that Python read: its alleles, figures a row, and cells [alts, samples, COLUMNS]."""

    refs: bytes
    alts: list[bytes]
    position: int
    figures: list[RecordFigures]
    cells: NDArray[np.float32]
    has: Field


class FastRows:
    """Reads rows of text. `lines` are the lines so far, all kinds counted."""

    def __init__(
        self,
        kernel: ModuleType,
        samples: int,
        want: Field,
        read_slowly: Callable[[bytes, int], SlowRow],
        *,
        old: bool,
        keep_lines: bool,
    ) -> None:
        """`read_slowly(line, number)` reads a row or raises."""
        self.lines = 0
        self._fill = kernel.fill
        self._samples = samples
        self._want = want
        self._read_slowly = read_slowly
        self._old = old
        self._keep_lines = keep_lines
        self._capacity = max(1, min(_MOST_ROWS, _MOST_BYTES // (_CELL_BYTES * max(1, samples))))

    def fill(self, piece: memoryview, at: int) -> tuple[int, Iterator[DoseBatch]]:
        """Rows of one chromosome from `at` on; where the next ones begin, and the batches, one as a rule."""
        text = np.frombuffer(piece, np.uint8)
        stop = len(text)
        likely = 2 + (stop - at) // max(24, 2 * self._samples)  # a cell takes two letters at least
        arrays = self._arrays(min(self._capacity, likely))
        at = self._fill(tuple(arrays.values()), text, at, stop)
        rows = int(arrays["state"][_ROWS])
        self.lines = int(arrays["state"][_LINES])
        kept = {name: array[:rows] for name, array in arrays.items() if name != "state"}
        return at, self._batches(text, kept)

    def _batches(self, text: NDArray[np.uint8], kept: dict[str, NDArray[Any]]) -> Iterator[DoseBatch]:
        """The rows, in several batches where records with many ALT alleles would become too large."""
        rows = len(kept["slow"])
        times = np.ones(rows, np.int64)
        for row in np.flatnonzero(kept["slow"]).tolist():
            alts = text[kept["places"][row, 4] + 1 : kept["places"][row, 5]]
            times[row] += np.count_nonzero(alts == ord(","))
        part = np.cumsum(times * _CELL_BYTES * max(1, self._samples)) // _MOST_BYTES
        starts = [0, *(np.flatnonzero(np.diff(part)) + 1).tolist()] if rows else []
        several = bool((times > 1).any())
        for start, stop in zip(starts, [*starts[1:], rows], strict=True) if several else [(0, rows)]:
            if stop > start:
                yield self._batch(text, {name: array[start:stop] for name, array in kept.items()})

    def _arrays(self, rows: int) -> dict[str, NDArray[Any]]:
        """In the order of the kernel; what is not wanted takes no room."""
        n, want = self._samples, self._want

        def shape(field: Field, *more: int) -> tuple[int, ...]:
            return (rows if field in want else 0, n, *more)

        state = np.zeros(_STATE, np.int64)
        state[[_SAMPLES, _CAPACITY, _WANT, _OLD, _LINES]] = n, rows, int(want), self._old, self.lines
        return {
            "state": state,
            "position": np.empty(rows, np.int64),
            "places": np.empty((rows, _PLACES), np.int64),
            "line": np.empty(rows, np.int64),
            "info": np.empty((rows, 4), np.float32),
            "kind": np.empty(rows, np.uint8),
            "slow": np.empty(rows, np.uint8),
            "has": np.empty(rows, np.uint8),
            "dosage": np.empty(shape(Field.DOSAGE), np.float32),
            "haplotypes": np.empty(shape(Field.HAPLOTYPES, 2), np.float32),
            "probabilities": np.empty(shape(Field.PROBABILITIES, 3), np.float32),
            "left_out": np.empty(shape(Field.LEFT_OUT, 2), np.float32),
            "genotypes": np.empty(shape(Field.GENOTYPES, 2), np.int8),
            "phased": np.empty(shape(Field.GENOTYPES), np.uint8),
        }

    def _batch(self, text: NDArray[np.uint8], kept: dict[str, NDArray[Any]]) -> DoseBatch:
        places = kept["places"]
        chromosome = text[places[0, 0] : places[0, 1]].tobytes().decode("utf-8", "replace")
        slow = {row: self._slow_row(text, kept, row) for row in np.flatnonzero(kept["slow"]).tolist()}
        lines = _cut_lines(text, places) if self._keep_lines else None
        ids = Texts.cut(text, places[:, 2] + 1, places[:, 3])
        refs = Texts.cut(text, places[:, 3] + 1, places[:, 4])
        alts = Texts.cut(text, places[:, 4] + 1, places[:, 5])
        record = None
        if any(len(row.alts) > 1 for row in slow.values()):
            record = np.repeat(np.arange(len(places)), _times(slow, len(places)))
            several = {row: each.alts for row, each in slow.items() if len(each.alts) > 1}
            alts = _spread(alts, several)
            ids, refs = ids[record], refs[record]
            kept = {n: array[record] if len(array) else array for n, array in kept.items() if n != "places"}
        for row, each in slow.items():
            self._place(kept, row if record is None else int(np.searchsorted(record, row)), each)
        return self._made(kept, chromosome, (ids, refs, alts), lines, record)

    def _slow_row(self, text: NDArray[np.uint8], kept: dict[str, NDArray[Any]], row: int) -> SlowRow:
        places = kept["places"][row]
        line = text[places[0] : places[10]].tobytes().removesuffix(b"\r")
        return self._read_slowly(line, int(kept["line"][row]) + 1)

    def _place(self, kept: dict[str, NDArray[Any]], at: int, row: SlowRow) -> None:
        """Put a row that Python read into the arrays."""
        here = slice(at, at + len(row.alts))
        kept["position"][here] = row.position
        figures = [(each.r2, each.er2, each.af, each.maf) for each in row.figures]
        kept["info"][here] = np.array(figures, np.float64).astype(np.float32)
        kept["kind"][here] = [each.kind for each in row.figures]
        kept["has"][here] = int(row.has)
        for name, field, first, width in _COLUMNS_OF:
            if field in self._want:
                part = row.cells[:, :, first : first + width]
                kept[name][here] = part[:, :, 0] if name == "dosage" else part
        if Field.GENOTYPES in self._want:
            calls = row.cells[:, :, cells.GENOTYPES : cells.GENOTYPES + 2]
            kept["genotypes"][here] = np.where(np.isnan(calls), np.float32(-1), calls).astype(np.int8)
            kept["phased"][here] = row.cells[:, :, cells.PHASED] == 1

    def _made(
        self,
        kept: dict[str, NDArray[Any]],
        chromosome: str,
        texts: tuple[Texts, Texts, Texts],
        lines: Texts | None,
        record: NDArray[np.int64] | None,
    ) -> DoseBatch:
        has = Field(int(np.bitwise_or.reduce(kept["has"])))
        r2, er2, af, maf = np.ascontiguousarray(kept["info"].T)
        return DoseBatch(
            chromosome=chromosome,
            first_line=int(kept["line"][0]) + 1,
            position=kept["position"],
            ids=texts[0],
            refs=texts[1],
            alts=texts[2],
            info=InfoColumns(r2, er2, af, maf, kept["kind"]),
            dosage=kept["dosage"] if Field.DOSAGE in has else None,
            haplotypes=kept["haplotypes"] if Field.HAPLOTYPES in has else None,
            probabilities=kept["probabilities"] if Field.PROBABILITIES in has else None,
            genotypes=kept["genotypes"] if Field.GENOTYPES in has else None,
            left_out=kept["left_out"] if Field.LEFT_OUT in has else None,
            phased=kept["phased"].view(np.bool_) if Field.GENOTYPES in has else None,
            lines=lines,
            record=record,
        )


_COLUMNS_OF = (
    ("dosage", Field.DOSAGE, cells.DOSAGE, 1),
    ("haplotypes", Field.HAPLOTYPES, cells.HAPLOTYPES, 2),
    ("probabilities", Field.PROBABILITIES, cells.PROBABILITIES, 3),
    ("left_out", Field.LEFT_OUT, cells.LEFT_OUT, 2),
)


def _times(slow: dict[int, SlowRow], rows: int) -> NDArray[np.int64]:
    times = np.ones(rows, np.int64)
    for row, each in slow.items():
        times[row] = len(each.alts)
    return times


def _spread(alts: Texts, several: dict[int, list[bytes]]) -> Texts:
    """The ALT alleles one by one."""
    return Texts.of(each for row, alt in enumerate(alts.raws()) for each in several.get(row, [alt]))


def _cut_lines(text: NDArray[np.uint8], places: NDArray[np.int64]) -> Texts:
    begin, end = places[:, 0], places[:, 10]
    returned = (end > begin) & (text[np.maximum(end - 1, 0)] == ord("\r"))
    return Texts.cut(text, begin, end - returned)
