"""VCF as imputation services want it: BGZF, one chromosome, GT only, sorted, with its tabix index.

Genotypes become text by table lookup, four bytes a genotype, so that packing them costs more than writing
them. A file and its index have their names only when all of both is on disk.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from app.domain.problem import Kind, ProblemError, problem
from app.genotypes.bgzf import EOF_MARKER, pack_block
from app.genotypes.builds import length
from app.genotypes.cohort import Bits, Codes
from app.genotypes.tabix_index import IndexedRows, write_tabix
from app.genotypes.texts import Texts

LEVEL = 3
_PAYLOAD = 0xFF00
_ORDER = (*map(str, range(1, 23)), "X", "Y", "MT")
_LINE_END = ord("\n")
_CUTS = np.zeros(256, bool)
"""Bytes that end a column or a record, or that no text has: they would become records of their own."""
_CUTS[:0x21] = _CUTS[0x7F] = True
_COLUMNS = ("#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT")


@dataclass(frozen=True)
class VcfRows:
    """Rows to write, sorted by position; matrices are [rows, samples].

    `genotypes` are codes 0–3 as in a cohort; `phased` says which rows have bars, `phase` where a het of
    such a row is `1|0`, `haploid` where a call has one allele.
    """

    position: NDArray[np.int64]
    ids: Texts
    refs: Texts
    alts: Texts
    genotypes: Codes
    phased: Bits
    phase: Bits | None = None
    haploid: Bits | None = None


def written_name(plain: str, build: str | None) -> str:
    """How a chromosome is called in files of a build: `chr22` in GRCh38 and later, `22` before."""
    prefixed = build in ("GRCh38", "T2T-CHM13")
    return f"chr{plain}" if prefixed else plain


def header(samples: Sequence[str], build: str | None, chromosome: str, version: str = "4.2") -> bytes:
    """The canonical header; all contigs of a known build with their lengths, else the one chromosome."""
    from app import __version__

    lines = [f"##fileformat=VCFv{version}", '##FILTER=<ID=PASS,Description="All filters passed">']
    lines.append(f"##source=Haplodesk {__version__}")
    if build:
        lines.append(f"##reference={build}")
        lines += [
            f"##contig=<ID={written_name(name, build)},length={bases}>"
            for name in _ORDER
            if (bases := length(build, name))
        ]
    else:
        lines.append(f"##contig=<ID={chromosome}>")
    lines.append('##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">')
    lines.append("\t".join([*_COLUMNS, *samples]))
    return "\n".join(lines).encode() + b"\n"


class VcfWriter:
    """Writes one chromosome; use in a `with`. Nothing stays when the block raises.

    `build` fills the header; `chromosome` is written as it is. `sites` and `size` are what was written.
    Blanks and control characters in identifiers become `_`. ProblemError where alleles or names of samples
    have such that would break the file; OSError comes through unchanged.
    """

    def __init__(
        self,
        path: Path,
        samples: Sequence[str],
        chromosome: str,
        build: str | None = None,
        *,
        version: str = "4.2",
        level: int = LEVEL,
    ) -> None:
        if any(map(breaks, samples)):
            raise _refused("the name of a sample", "Choose the repair that renames samples.")
        self.path = path
        self.chromosome = chromosome
        self.sites = 0
        self.size = 0
        self._level = level
        self._part = path.with_name(path.name + ".part")
        self._pending = bytearray(header(samples, build, chromosome, version))
        self._text = len(self._pending)  # bytes of text so far, packed or not
        self._blocks: list[int] = [0]  # where each block begins in the file, and where the next one will
        self._begin: list[NDArray[np.int64]] = []
        self._end: list[NDArray[np.int64]] = []
        self._stops: list[NDArray[np.int64]] = []
        self._first = self._text
        self._file = self._part.open("wb")

    def __enter__(self) -> Self:
        return self

    def append(self, rows: VcfRows) -> None:
        """Add rows that lie behind all rows so far."""
        if not len(rows.position):
            return
        lines = lines_of(rows, self.chromosome)
        lengths = np.fromiter(map(len, lines), np.int64, len(lines))
        self._stops.append(self._text + np.cumsum(lengths))
        self._begin.append(rows.position - 1)
        self._end.append(rows.position - 1 + rows.refs.lengths)
        self._write(b"".join(lines))
        self.sites += len(lines)

    def _write(self, data: bytes) -> None:
        self._text += len(data)
        self._pending += data
        whole = len(self._pending) // _PAYLOAD * _PAYLOAD
        packed = memoryview(bytes(self._pending[:whole]))
        for at in range(0, whole, _PAYLOAD):
            self._write_block(packed[at : at + _PAYLOAD])
        del self._pending[:whole]

    def _write_block(self, payload: bytes | memoryview) -> None:
        block = pack_block(payload, self._level)
        self._file.write(block)
        self._blocks.append(self._blocks[-1] + len(block))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._remove()
            return
        try:
            self._finish()
        except BaseException:
            self._remove()
            raise

    def _finish(self) -> None:
        if self._pending:
            self._write_block(bytes(self._pending))
        self._file.write(EOF_MARKER)
        self._file.flush()
        os.fsync(self._file.fileno())
        self.size = self._file.tell()
        self._file.close()
        if self.sites:
            write_tabix(self._index, self.chromosome, self._rows())
        os.replace(self._part, self.path)

    @property
    def _index(self) -> Path:
        return self.path.with_name(self.path.name + ".tbi")

    def _rows(self) -> IndexedRows:
        stops = np.concatenate(self._stops)
        starts = np.concatenate([[self._first], stops[:-1]])
        return IndexedRows(
            np.concatenate(self._begin),
            np.concatenate(self._end),
            self._virtual(starts),
            self._virtual(stops),
        )

    def _virtual(self, text: NDArray[np.int64]) -> NDArray[np.uint64]:
        """Places in the text as virtual offsets; all blocks but the last hold the same number of bytes."""
        blocks = np.array(self._blocks, np.int64)
        virtual: NDArray[np.uint64] = (blocks[text // _PAYLOAD] << 16 | text % _PAYLOAD).astype(np.uint64)
        return virtual

    def _remove(self) -> None:
        with contextlib.suppress(OSError):
            self._file.close()
        for path in (self._part, self._index):
            with contextlib.suppress(OSError):
                path.unlink()


@cache
def _table() -> NDArray[np.uint32]:
    """Text of a call by code | `1|0` << 2 | bar << 3; the last of the four bytes is a tab."""
    texts = []
    for bar in ("/", "|"):
        for turned in (False, True):
            het = f"1{bar}0" if turned and bar == "|" else f"0{bar}1"
            texts += [f"0{bar}0", het, f"1{bar}1", f".{bar}."]
    return np.frombuffer("\t".join(texts).encode() + b"\t", "<u4").copy()


_HAPLOID = np.frombuffer(b"0.1.", np.uint8)  # by code; a call of one allele is never a het


def lines_of(rows: VcfRows, chromosome: str) -> list[bytes]:
    """The lines of rows of one chromosome. ProblemError for alleles that would break a line."""
    key = rows.genotypes | (rows.phased.astype(np.uint8) << 3)[:, None]
    if rows.phase is not None:
        key = key | rows.phase.astype(np.uint8) << 2
    text = _table()[key].view(np.uint8).reshape(len(key), -1)
    if text.shape[1]:
        text[:, -1] = _LINE_END
    keep = _keep(rows, text)
    for alleles in (rows.refs, rows.alts):
        if _CUTS[alleles.blob].any():
            raise _refused("an allele", "Choose the repair that leaves out alleles that are no bases.")
    lines = []
    name = chromosome.encode()
    columns = zip(
        rows.position.tolist(), _unbroken(rows.ids).raws(), rows.refs.raws(), rows.alts.raws(), strict=True
    )
    for row, (position, identifier, ref, alt) in enumerate(columns):
        cells = text[row] if keep is None else text[row][keep[row]]
        head = b"%b\t%d\t%b\t%b\t%b\t.\tPASS\t.\tGT\t" % (name, position, identifier or b".", ref, alt)
        lines.append(head + cells.tobytes())
    return lines


def breaks(name: str) -> bool:
    """Whether a name has control characters; blanks in names are not forbidden."""
    return any(letter < " " or letter == "\x7f" for letter in name)


def _unbroken(ids: Texts) -> Texts:
    cuts = _CUTS[ids.blob]
    return Texts(np.where(cuts, np.uint8(ord("_")), ids.blob), ids.ends) if cuts.any() else ids


def _refused(what: str, advice: str) -> ProblemError:
    return problem(
        Kind.INPUT,
        "The file cannot be written",
        f"There are control characters or blanks in {what}, which would break a VCF.",
        advice,
    )


def _keep(rows: VcfRows, text: NDArray[np.uint8]) -> NDArray[np.bool_] | None:
    """Which bytes stay once haploid calls were written into `text`; None when there is none."""
    if rows.haploid is None or not rows.haploid.any():
        return None
    cells = text.reshape(*rows.haploid.shape, 4)
    cells[rows.haploid, 0] = _HAPLOID[rows.genotypes[rows.haploid]]
    keep = np.ones(cells.shape, bool)
    keep[rows.haploid, 1:3] = False
    return keep.reshape(text.shape)
