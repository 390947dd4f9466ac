"""Imputed files as text: VCF plain, in gzip or in BGZF, of any engine, with or without samples."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from app.domain.problem import Kind, ProblemError, problem
from app.genotypes.bgzf import ContainerError, TextBlocks, open_text_blocks
from app.genotypes.header import BOM
from app.results.doses.cells import COLUMNS, fields_of, figures_of_row
from app.results.doses.collecting import CollectedRows
from app.results.doses.contract import DoseBatch, Field
from app.results.doses.info import is_old_header, record_figures

PIECE_BYTES = 1 << 20
_MOST_ROWS = 4096
_MOST_CELL_BYTES = 32 << 20  # of the figures of a batch
MOST_ALTS = 1000


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

    def __init__(self, path: Path, want: Field, *, lines: bool = False) -> None:
        self._path = path
        self._want = want
        self._keep_lines = lines
        header, self._first_record = read_header(path)
        self.header = tuple(header)
        names = header[-1].split("\t") if header and header[-1].startswith("#CHROM") else []
        if not names:
            raise refuse(path, len(header) + 1, "there is no line #CHROM before it")
        self.samples = tuple(names[9:])
        self._old = is_old_header(header)
        self.fields = want & fields_of(_format_of(self._first_record).split(b":"))
        self._blocks: TextBlocks | None = None

    def batches(self) -> Iterator[DoseBatch]:
        """See `DoseReader`."""
        number = 0
        rows: CollectedRows | None = None
        self.close()
        with (
            told(self._path, lambda: number),
            open_text_blocks(self._path, piece_bytes=PIECE_BYTES) as blocks,
        ):
            self._blocks = blocks
            for piece in blocks:
                for raw in _lines(piece):
                    number += 1
                    line = raw.removesuffix(b"\r")
                    if line.startswith((b"#", BOM + b"#")) or not line:
                        continue
                    head = line.split(b"\t", 9)
                    chromosome = head[0].decode("utf-8", "replace")
                    if rows is None or rows.chromosome != chromosome or self._is_full(rows):
                        if rows is not None:
                            yield rows.batch()
                        rows = CollectedRows(self._want, chromosome, number)
                    self._add(rows, head, line)
        if rows is not None:
            yield rows.batch()

    def close(self) -> None:
        """See `DoseReader`."""
        if self._blocks is not None:
            self._blocks.close()

    def _is_full(self, rows: CollectedRows) -> bool:
        size = 4 * COLUMNS * max(1, len(self.samples))
        return len(rows.positions) >= max(1, min(_MOST_ROWS, _MOST_CELL_BYTES // size))

    def _add(self, rows: CollectedRows, head: list[bytes], line: bytes) -> None:
        if len(head) < (10 if self.samples else 8):
            raise BrokenRecord(f"it has {len(head)} columns")
        if not head[1].isdigit() or len(head[1]) > 10:
            raise BrokenRecord("its position is no number")
        alts = head[4].split(b",")
        if len(alts) > MOST_ALTS:
            raise BrokenRecord(f"it has {len(alts):,} ALT alleles")
        figures = record_figures(head[7], head[6], len(alts), old=self._old)
        cells = head[9].split(b"\t") if self.samples else []
        if len(cells) != len(self.samples):
            raise BrokenRecord(f"{len(cells):,} cells for {len(self.samples):,} samples")
        names = tuple(head[8].split(b":")) if self.samples else ()
        table, has = figures_of_row(names, cells, len(alts), self._want)
        site = int(head[1]), head[2], head[3], alts
        rows.add(site, figures, table, has, line if self._keep_lines else None)


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
            for line in bytes(piece).removeprefix(BOM if not lines else b"").splitlines():
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
