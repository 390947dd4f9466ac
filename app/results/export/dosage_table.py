"""Dosages as a table with tabs, packed as BGZF: a line for each variant, a column for each sample.

Three digits, as imputation programs print them; NA where a dosage is not known.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.genotypes.bgzf import BgzfWriter, read_lines
from app.genotypes.readers.contract import FormatError
from app.results.export.rounding import MISSING, ONE, Totals
from app.results.export.rows import Fingerprint, Rows

LEVEL = 4
COLUMNS = ("CHROM", "POS", "ID", "REF", "ALT", "R2", "AF")
_CELL = 6  # bytes of `1.234` and the tab behind it
_LOST = 2001  # the row of the table of texts for a missing dosage
_AT_ONCE = 1 << 24


class TableWriter:
    """See `Writer`. Memory: a batch."""

    def __init__(self, stem: Path, samples: Sequence[str]) -> None:
        self.wrote = Fingerprint(samples=tuple(samples))
        self.path = stem.with_name(stem.name + ".dosage.tsv.gz")
        self._file = BgzfWriter(self.path, LEVEL)
        self._file.write("\t".join([*COLUMNS, *samples]).encode() + b"\n")

    def write(self, rows: Rows) -> None:
        """See `Writer`."""
        places = thousandths(rows.doses.total)
        name = rows.chromosome.encode()
        sites = zip(
            rows.position.tolist(),
            rows.ids.raws(),
            rows.refs.raws(),
            rows.alts.raws(),
            rows.batch.info.r2.tolist(),
            rows.batch.info.af.tolist(),
            places,
            strict=True,
        )
        for position, identifier, ref, alt, r2, af, row in sites:
            head = b"%b\t%d\t%b\t%b\t%b\t%b\t%b\t" % (
                name, position, identifier, ref, alt, _figure(r2), _figure(af)
            )  # fmt: skip
            self._file.write(head + cells(row))
        self.wrote.add(len(rows), rows.site_lines(), places)

    def finish(self) -> tuple[Path, ...]:
        """See `Writer`."""
        self._file.__exit__(None, None, None)
        return (self.path,)

    def abort(self) -> None:
        """See `Writer`."""
        self._file.__exit__(Exception, None, None)
        self.path.unlink(missing_ok=True)

    def read_back(self) -> Fingerprint:
        """See `Writer`."""
        return fingerprint_of_table(self.path)


def thousandths(total: Totals) -> NDArray[np.uint16]:
    """Dosages in 1/1000 copies, 2001 where they are missing."""
    whole = (total.astype(np.uint32) * 1000 + ONE // 2) >> 14
    return np.where(total == MISSING, _LOST, whole).astype(np.uint16)


@cache
def _texts() -> NDArray[np.uint8]:
    """[2002, 6] the text of each dosage with a tab behind it; that of a missing one has bytes of 0."""
    texts = [b"%d.%03d\t" % divmod(each, 1000) for each in range(_LOST)]
    return np.frombuffer(b"".join([*texts, b"NA\t\0\0\0"]), np.uint8).reshape(-1, _CELL)


def cells(row: NDArray[np.uint16]) -> bytes:
    """The text of dosages in thousandths, with a line end."""
    text = _texts()[row].tobytes()
    if (row == _LOST).any():
        text = text.replace(b"\0", b"")
    return text[:-1] + b"\n"


def _figure(value: float) -> bytes:
    return b"NA" if value != value else b"%.5g" % value


def fingerprint_of_table(path: Path) -> Fingerprint:
    """What a table of dosages holds. FormatError where a line has another number of columns."""
    lines = read_lines(path)
    head = next(lines, b"").split(b"\t")
    found = Fingerprint(samples=tuple(each.decode() for each in head[len(COLUMNS) :]))
    count = len(found.samples)
    for line in lines:
        words = line.split(b"\t", len(COLUMNS))
        if len(words) != len(COLUMNS) + 1:
            raise _broken(path, found.variants)
        found.add(1, b"\t".join(words[:5]) + b"\n", _values(words[-1], count, path, found.variants))
    return found


def _values(text: bytes, count: int, path: Path, row: int) -> NDArray[np.uint16]:
    raw = np.frombuffer(text + b"\t", np.uint8)
    if len(raw) == count * _CELL and b"NA" not in text:
        digits = raw.reshape(count, _CELL).astype(np.uint16) - ord("0")
        values = digits[:, 0] * 1000 + digits[:, 2] * 100 + digits[:, 3] * 10 + digits[:, 4]
        return values.astype(np.uint16)
    words = text.split(b"\t")
    if len(words) != count:
        raise _broken(path, row)
    return np.array([_LOST if each == b"NA" else round(1000 * float(each)) for each in words], np.uint16)


def _broken(path: Path, row: int) -> FormatError:
    return FormatError(
        "export.read_back", str(path), "The file cannot be read back: columns are missing", f"row {row + 1:,}"
    )
