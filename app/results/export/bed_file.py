"""PLINK 1 files of hard calls: .bed, .bim and .fam, as `plink2 --make-bed` writes them from dosages.

A1 is ALT, A2 is REF. A dosage that is no hard call is missing; how many are lost is counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.genotypes.bgzf import read_lines
from app.genotypes.cohort import pack, stride, unpack
from app.genotypes.readers.contract import FormatError
from app.results.export.kernel import Kernel
from app.results.export.part_files import PartFiles
from app.results.export.rounding import Totals, hard_calls
from app.results.export.rows import Fingerprint, Rows
from app.results.export.sexes import Sexes, fam_text
from app.results.export.sites import LONGEST_NAME, bim_lines, refuse_long_names
from app.results.export.text_body import body_of

_START = b"\x6c\x1b\x01"
_OF_CODE = np.array([3, 2, 0, 1], np.uint8)
_READ_ROWS = 4 << 20  # bytes that are read at once


class BedWriter:
    """See `Writer`. Memory: a batch. `lost` counts calls that are missing, `known` of them had a dosage."""

    def __init__(
        self,
        stem: Path,
        samples: Sequence[str],
        limit: int,
        kernel: Kernel | None,
        sexes: Sexes | None = None,
    ) -> None:
        """`limit` is how far a dosage lies at most from its hard call, in 1/16384 copies. `sexes` are known
        at the end."""
        self._sexes = sexes
        self.wrote = Fingerprint(samples=tuple(samples))
        self._kernel, self._limit, self._count = kernel, limit, len(samples)
        self._files = PartFiles()
        self.path = stem.with_name(stem.name + ".bed")
        try:
            self._bed = self._files.open(self.path)
            self._bim = self._files.open(stem.with_name(stem.name + ".bim"))
            self._fam = self._files.open(stem.with_name(stem.name + ".fam"))
            self._bed.write(_START)
        except BaseException:
            self.abort()
            raise

    def write(self, rows: Rows) -> None:
        """See `Writer`."""
        refuse_long_names(rows.ids, LONGEST_NAME, "BED", self.path.name)
        total = np.ascontiguousarray(rows.doses.total)
        self._bed.write(packed_rows(total, self._limit, self._kernel).data)
        lines = bim_lines(rows.chromosome, rows.position, rows.ids, rows.refs, rows.alts, self._kernel)
        self._bim.write(lines)
        self.wrote.add(len(rows), lines, hard_calls(total, self._limit))

    def finish(self) -> tuple[Path, ...]:
        """See `Writer`."""
        sexes = None if self._sexes is None else self._sexes.codes()
        self._fam.write(fam_text(self.wrote.samples, sexes))
        return self._files.publish()

    def abort(self) -> None:
        """See `Writer`."""
        self._files.discard()

    def read_back(self) -> Fingerprint:
        """See `Writer`."""
        return fingerprint_of_bed(self.path)


def packed_rows(total: Totals, limit: int, kernel: Kernel | None) -> NDArray[np.uint8]:
    """[rows, stride] as in a .bed."""
    rows, samples = total.shape
    if kernel is None:
        return pack(_OF_CODE[hard_calls(total, limit)])
    out = np.empty((rows, stride(samples)), np.uint8)
    kernel.bed(total, rows, samples, limit, out)
    return out


def fingerprint_of_bed(path: Path) -> Fingerprint:
    """What a set of PLINK 1 files holds. FormatError when their sizes do not agree."""
    names = [line.split(b"\t")[1].decode() for line in read_lines(path.with_suffix(".fam"))]
    found = Fingerprint(samples=tuple(names))
    width = stride(len(names))
    with path.open("rb") as file:
        if file.read(3) != _START:
            raise _broken(path, "it begins otherwise")
        while data := file.read(max(1, _READ_ROWS // width) * width):
            if len(data) % width:
                raise _broken(path, "it is cut short")
            codes = unpack(np.frombuffer(data, np.uint8).reshape(-1, width), len(names))
            found.add(len(codes), b"", _OF_CODE_BACK[codes])
    lines = 0
    for piece in body_of(path.with_suffix(".bim")):
        lines += piece.count(b"\n")
        found.add(0, piece)
    if lines != found.variants:
        raise _broken(path, f"the .bim has {'fewer' if lines < found.variants else 'more'} variants")
    return found


_OF_CODE_BACK = np.array([2, 3, 1, 0], np.uint8)


def _broken(path: Path, why: str) -> FormatError:
    return FormatError("export.read_back", str(path), f"The file cannot be read back: {why}")
