"""Imputed files as text: VCF plain, in gzip or in BGZF, of any engine, with or without samples."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from app.domain.problem import Kind, ProblemError, problem
from app.genotypes.bgzf import ContainerError, TextBlocks, open_text_blocks
from app.genotypes.header import BOM
from app.results.doses.cells import COLUMNS, fields_of, figures_of_row
from app.results.doses.collecting import CollectedRows
from app.results.doses.contract import DoseBatch, Field
from app.results.doses.fast_rows import FastRows, SlowRow
from app.results.doses.info import RecordFigures, is_old_header, record_figures
from app.results.doses.kernel import dose_kernel

PIECE_BYTES = 1 << 20
_MOST_ROWS = 4096
_MOST_CELL_BYTES = 32 << 20  # of the figures of a batch
_MOST_RECORD_BYTES = 128 << 20
MOST_ALTS = 1000
Site = tuple[int, bytes, bytes, list[bytes]]


class BrokenRecord(ValueError):
    """A line that is no record; told with its number."""


def refuse(path: Path, line: int, why: str) -> ProblemError:
    """The error of a file that cannot be read to its end."""
    return problem(
        Kind.INPUT,
        "A dose file cannot be read",
        f"{path.name}, line {line:,}: {why}.",
        "Fetch or make the result again.",
        subject=path.name,
    )


class TextDoses:
    """See `DoseReader`."""

    def __init__(self, path: Path, want: Field, *, lines: bool = False, kernel: bool | None = None) -> None:
        self._path = path
        self._want = want
        self._keep_lines = lines
        self._kernel = kernel
        self._line = 0
        header, self._first_record = read_header(path)
        self._header_lines = len(header)
        self.header = tuple(header)
        names = header[-1].split("\t") if header and header[-1].startswith("#CHROM") else []
        if not names:
            raise refuse(path, len(header) + 1, "there is no line #CHROM before it")
        self.samples = tuple(names[9:])
        self._old = is_old_header(header)
        self.fields = want & fields_of(_format_of(self._first_record).split(b":"))
        self._blocks: TextBlocks | None = None

    @property
    def packed_done(self) -> int:
        """See `DoseReader`."""
        return self._blocks.packed_done if self._blocks is not None else 0

    def batches(self) -> Iterator[DoseBatch]:
        """See `DoseReader`."""
        self.close()
        kernel = dose_kernel(self._kernel)
        with (
            told(self._path, lambda: self._line),
            open_text_blocks(self._path, piece_bytes=PIECE_BYTES) as blocks,
        ):
            self._blocks = blocks
            yield from self._slowly(blocks) if kernel is None else self._fast(blocks, kernel)

    def _fast(self, blocks: TextBlocks, kernel: ModuleType) -> Iterator[DoseBatch]:
        rows = FastRows(
            kernel,
            len(self.samples),
            self._want,
            self._read_row,
            old=self._old,
            keep_lines=self._keep_lines,
        )
        for piece in blocks:
            at = self._behind_header(piece, rows)
            while at < len(piece):
                at, batches = rows.fill(piece, at)
                yield from batches
            self._line = rows.lines

    def _behind_header(self, piece: memoryview, rows: FastRows) -> int:
        """Where the lines behind the header begin; it may have bytes that are no text."""
        at = 0
        buffer = piece.obj
        assert isinstance(buffer, bytearray)
        while rows.lines < self._header_lines and at < len(piece):
            at = buffer.find(b"\n", at, len(piece)) + 1 or len(piece)
            rows.lines += 1
        return at

    def _read_row(self, line: bytes, number: int) -> SlowRow:
        self._line = number
        head = line.split(b"\t", 9)
        site, figures, table, has = self._parsed(head)
        return SlowRow(site[2], site[3], site[0], figures, table, has)

    def _slowly(self, blocks: TextBlocks) -> Iterator[DoseBatch]:
        rows: CollectedRows | None = None
        self._line = 0
        for piece in blocks:
            for raw in _lines(piece):
                self._line += 1
                line = raw.removesuffix(b"\r")
                if self._line <= self._header_lines or line.startswith(b"#") or not line:
                    continue
                head = line.split(b"\t", 9)
                chromosome = head[0].decode("utf-8", "replace")
                if rows is None or rows.chromosome != chromosome or self._is_full(rows):
                    if rows is not None:
                        yield rows.batch()
                    rows = CollectedRows(self._want, chromosome, self._line)
                rows.add(*self._parsed(head), line if self._keep_lines else None)
        if rows is not None:
            yield rows.batch()

    def close(self) -> None:
        """See `DoseReader`."""
        if self._blocks is not None:
            self._blocks.close()

    def _is_full(self, rows: CollectedRows) -> bool:
        size = 4 * COLUMNS * max(1, len(self.samples))
        return len(rows.positions) >= max(1, min(_MOST_ROWS, _MOST_CELL_BYTES // size))

    def _parsed(self, head: list[bytes]) -> tuple[Site, list[RecordFigures], NDArray[np.float32], Field]:
        """A row split into ten; BrokenRecord when it is none."""
        if len(head) < (10 if self.samples else 8):
            raise BrokenRecord(f"it has {len(head)} columns")
        if not head[1].isdigit() or len(head[1]) > 10:
            raise BrokenRecord("its position is no number")
        alts = head[4].split(b",")
        refuse_many(len(alts), len(self.samples))
        figures = record_figures(head[7], head[6], len(alts), old=self._old)
        cells = head[9].split(b"\t") if self.samples else []
        if len(cells) != len(self.samples):
            raise BrokenRecord(f"{len(cells):,} cells for {len(self.samples):,} samples")
        names = tuple(head[8].split(b":")) if self.samples else ()
        table, has = figures_of_row(names, cells, len(alts), self._want)
        return (int(head[1]), head[2], head[3], alts), figures, table, has


def refuse_many(alts: int, samples: int) -> None:
    """BrokenRecord where the figures of one record would fill the memory."""
    if alts > MOST_ALTS or 4 * COLUMNS * alts * samples > _MOST_RECORD_BYTES:
        raise BrokenRecord(f"it has {alts:,} ALT alleles, too many for {samples:,} samples")


@contextmanager
def told(path: Path, line: Callable[[], int]) -> Iterator[None]:
    """Errors of the block as ProblemErrors that name the file and the line that `line()` gives."""
    try:
        yield
    except ContainerError as error:
        raise refuse(path, line() + 1, f"the file is damaged ({error})") from error
    except (ValueError, OSError) as error:
        raise refuse(path, line(), str(error)) from error


def read_header(path: Path) -> tuple[list[str], bytes]:
    """The header lines of a VCF and its first record; empty when there is none."""
    lines: list[str] = []
    with told(path, lambda: len(lines)), open_text_blocks(path, piece_bytes=1 << 16) as blocks:
        for piece in blocks:
            for raw in _lines(piece):
                line = (raw if lines else raw.removeprefix(BOM)).removesuffix(b"\r")
                if not line.startswith(b"#"):
                    return lines, line
                lines.append(line.decode("utf-8", "replace"))
    return lines, b""


def _lines(piece: memoryview) -> list[bytes]:
    lines = bytes(piece).split(b"\n")
    return lines[:-1] if not lines[-1] else lines


def _format_of(record: bytes) -> bytes:
    columns = record.split(b"\t", 9)
    return columns[8] if len(columns) > 9 else b""
