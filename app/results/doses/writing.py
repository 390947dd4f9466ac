"""Write dosages as other programs read them: BGZF with a tabix index, whole or not at all."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from app.domain.problem import Kind, problem
from app.genotypes.bgzf import EOF_MARKER, pack_block
from app.genotypes.texts import Texts
from app.results.doses.formatting import FIELDS, FormattedRows, formatted_rows
from app.results.doses.tabix import TabixBuilder

LEVEL = 3
_PAYLOAD = 0xFF00
_COLUMNS = ("#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO")
_FORMATS = {
    "GT": '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
    "DS": '##FORMAT=<ID=DS,Number=1,Type=Float,Description="Estimated count of the ALT allele">',
    "HDS": '##FORMAT=<ID=HDS,Number=.,Type=Float,Description="Estimated ALT dosage of each haplotype">',
    "GP": '##FORMAT=<ID=GP,Number=G,Type=Float,Description="Estimated probability of each genotype">',
    "LDS": '##FORMAT=<ID=LDS,Number=.,Type=Float,Description="Leave-one-out dosage of each haplotype">',
}
_BREAKS = re.compile(r"[\x00-\x1f\x7f]")
_NUMBER_IN_BCF = re.compile(r",IDX=\d+(?=>\s*$)")
"""The number that a line of a BCF header has, which means nothing here and may stand against others."""
_NOT_IN_FIELDS = re.compile(rb"[\x00-\x20\x7f]")


class DoseWriter:
    """Writes `path` and `path` + `.tbi`; use in a `with`, or call `close`. Nothing stays when a block raises.

    `header` are more lines of the header (`##…`), such as those that declare INFO; lines for the file format,
    the contigs and FORMAT are written by themselves. `fields` is FORMAT: GT, DS, HDS, GP, LDS in any order.
    Rows must come sorted by position, each chromosome once, when there is an `index`, which is a `.csi` if
    asked for. ProblemError where rows cannot be written; OSError comes through unchanged.
    """

    def __init__(
        self,
        path: Path,
        samples: Sequence[str],
        *,
        chromosomes: Sequence[tuple[str, int | None]],
        header: Sequence[str] = (),
        fields: str = "GT:DS:HDS",
        index: bool = True,
        csi: bool = False,
        level: int = LEVEL,
        kernel: bool | None = None,
    ) -> None:
        self.path = path
        self._kernel = kernel
        self.records = 0
        self.samples = tuple(samples)
        self._fields = tuple(fields.split(":"))
        if not set(self._fields) <= set(FIELDS) or len(set(self._fields)) < len(self._fields):
            raise ValueError(f"FORMAT {fields} is not known")
        if any(map(_BREAKS.search, samples)):
            raise _refused("the name of a sample")
        self._level = level
        self._index = TabixBuilder(path.name, csi=csi) if index else None
        self._part = path.with_name(path.name + ".part")
        self._pending = bytearray(self._head(chromosomes, header))
        self._file_done = 0  # packed bytes of whole blocks
        self._file = self._part.open("wb")
        self._closed = False

    def _head(self, chromosomes: Sequence[tuple[str, int | None]], header: Sequence[str]) -> bytes:
        from app import __version__

        own = ["##fileformat=VCFv4.2", '##FILTER=<ID=PASS,Description="All filters passed">']
        own.append(f"##source=Haplodesk {__version__}")
        for name, bases in chromosomes:
            own.append(f"##contig=<ID={name},length={bases}>" if bases else f"##contig=<ID={name}>")
        formats = [_FORMATS[name] for name in self._fields] if self.samples else []
        declared = {key for line in header if (key := _key_of(line))}
        kept = [line for line in own + formats if _key_of(line) not in declared or line == own[0]]
        others = (each for each in header if each.startswith("##") and not each.startswith("##fileformat"))
        more = [_NUMBER_IN_BCF.sub("", each) for each in others]
        columns = [*_COLUMNS, "FORMAT", *self.samples] if self.samples else list(_COLUMNS)
        return "\n".join([*kept, *more, "\t".join(columns)]).encode() + b"\n"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self.close()
        else:
            self.abandon()

    def write(
        self,
        chromosome: str,
        position: NDArray[np.int64],
        ids: Texts,
        refs: Texts,
        alts: Texts,
        info: Sequence[str] | Texts,
        haplotypes: NDArray[np.float32],
        genotypes: NDArray[np.int8] | None = None,
    ) -> None:
        """Add rows. `haplotypes` [rows, samples, 2] are 0…1, the second NaN for a haploid call, both NaN for
        a missing one; `genotypes` as in `DoseBatch` give GT where it is not the rounded haplotypes."""
        if haplotypes.shape != (len(position), len(self.samples), 2):
            raise ValueError(f"haplotypes of {haplotypes.shape} for {len(position)} rows")
        told = info if isinstance(info, Texts) else Texts.of(info)
        heads = self._heads(chromosome, position, ids, refs, alts, told)
        rows = formatted_rows(heads, self._fields, haplotypes, genotypes, kernel=self._kernel)
        self._add(chromosome, position - 1, position - 1 + refs.lengths, rows)

    def _heads(
        self, chromosome: str, position: NDArray[np.int64], ids: Texts, refs: Texts, alts: Texts, info: Texts
    ) -> list[bytes]:
        """The fixed columns of each row."""
        name = chromosome.encode()
        columns = list(zip(ids.raws(), refs.raws(), alts.raws(), info.raws(), strict=True))
        if _NOT_IN_FIELDS.search(b"".join([name, *(b"".join(row) for row in columns)])):
            raise _refused("a column of a row")
        form = b"\t" + ":".join(self._fields).encode() + b"\t" if self.samples else b""
        return [
            b"%b\t%d\t%b\t%b\t%b\t.\tPASS\t%b%b" % (name, place, i or b".", ref, alt, told or b".", form)
            for place, (i, ref, alt, told) in zip(position.tolist(), columns, strict=True)
        ]

    def write_lines(self, lines: Texts) -> None:
        """Add rows as they are, without line ends: such as a `DoseBatch` has them in `lines`."""
        rows = list(lines.raws())
        heads = [row.split(b"\t", 4) for row in rows]
        if any(len(head) < 5 or not head[1].isdigit() for head in heads):
            raise _refused("a row, which has no position")
        begin = np.array([int(head[1]) - 1 for head in heads], np.int64)
        end = begin + np.array([len(head[3]) for head in heads], np.int64)
        names = np.array([head[0] for head in heads], object)
        cuts = [0, *(np.flatnonzero(names[1:] != names[:-1]) + 1).tolist(), len(rows)]
        for first, last in zip(cuts[:-1], cuts[1:], strict=True):
            if first < last:
                name = heads[first][0].decode("utf-8", "replace")
                text = b"\n".join(rows[first:last]) + b"\n"
                stops = np.cumsum(lines.lengths[first:last] + 1)
                self._add(name, begin[first:last], end[first:last], FormattedRows(text, stops))

    def write_text(
        self,
        chromosome: str,
        position: NDArray[np.int64],
        ref_lengths: NDArray[np.int64],
        text: bytes,
        stops: NDArray[np.int64],
    ) -> None:
        """Add rows of one chromosome as text with line ends; `stops` is where each ends in it. The caller has
        read them, so that nothing is looked at again."""
        self._add(chromosome, position - 1, position - 1 + ref_lengths, FormattedRows(text, stops))

    def _add(
        self, chromosome: str, begin: NDArray[np.int64], end: NDArray[np.int64], rows: FormattedRows
    ) -> None:
        before = len(self._pending)
        stops = before + rows.stops
        self._pending += rows.text
        blocks = self._pack()
        if self._index is not None:
            starts = np.concatenate([[before], stops[:-1]])
            virtual = [
                (blocks[at // _PAYLOAD] << 16 | at % _PAYLOAD).astype(np.uint64) for at in (starts, stops)
            ]
            self._index.add(chromosome, begin, end, *virtual)
        self.records += len(begin)

    def _pack(self, *, all_of_it: bool = False) -> NDArray[np.int64]:
        """Write the blocks that are full; gives where in the file each block of what was pending begins."""
        whole = len(self._pending) if all_of_it else len(self._pending) // _PAYLOAD * _PAYLOAD
        places = [self._file_done]
        text = memoryview(bytes(self._pending[:whole]))
        for at in range(0, whole, _PAYLOAD):
            block = pack_block(text[at : at + _PAYLOAD], self._level)
            self._file.write(block)
            places.append(places[-1] + len(block))
        del self._pending[:whole]
        self._file_done = places[-1]
        return np.array(places, np.int64)

    def close(self) -> None:
        """Finish the file and its index and give them their names; a second time does nothing."""
        if self._closed:
            return
        try:
            self._finish()
        except BaseException:
            self.abandon()
            raise
        self._closed = True

    def _finish(self) -> None:
        self._pack(all_of_it=True)
        self._file.write(EOF_MARKER)
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        if self._index is not None:
            part = self._index_path.with_name(self._index_path.name + ".part")
            part.write_bytes(self._index.packed())
            os.replace(part, self._index_path)
        os.replace(self._part, self.path)

    @property
    def _index_path(self) -> Path:
        return self.path.with_name(self.path.name + (".tbi" if self._index is None else self._index.ending))

    def abandon(self) -> None:
        """Remove what was written; does nothing after `close`."""
        if self._closed:
            return
        self._closed = True
        self._file.close()
        for path in (self._part, self._index_path.with_name(self._index_path.name + ".part")):
            with contextlib.suppress(OSError):
                path.unlink()


def _key_of(line: str) -> str:
    """What a header line declares, such as `FORMAT=<ID=DS`."""
    match = re.match(r"##(\w+=<ID=[^,>]+)", line)
    return match[1] if match else ""


def _refused(what: str) -> Exception:
    return problem(
        Kind.INPUT,
        "The file cannot be written",
        f"There are control characters or blanks in {what}, which would break a VCF.",
        "Look at the input files: other programs would not read them either.",
    )
