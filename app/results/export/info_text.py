"""QUAL, FILTER and INFO of records, as they were or made of figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from app.genotypes.texts import Texts
from app.results.doses.contract import InfoColumns, SiteKind
from app.results.export.alt_info import info_of_alt, numbers_by_key

Columns = Sequence[tuple[bytes, bytes, bytes]]
HEADER = (
    '##INFO=<ID=R2,Number=1,Type=Float,Description="Estimated imputation accuracy (R-square)">',
    '##INFO=<ID=ER2,Number=1,Type=Float,Description="Accuracy at a typed site when it is left out">',
    '##INFO=<ID=AF,Number=1,Type=Float,Description="Estimated frequency of ALT">',
    '##INFO=<ID=TYPED,Number=0,Type=Flag,Description="The site was on the array">',
    '##INFO=<ID=IMPUTED,Number=0,Type=Flag,Description="The site was imputed">',
)
"""Lines that declare what `columns_of_figures` writes."""


_LIKELY = 1024  # bytes in which the fixed columns of most lines end


def columns_of_lines(
    lines: Texts, record: NDArray[np.int64] | None, alts: Texts, header: Sequence[str]
) -> Columns:
    """The three columns of each row, from the lines of its record.

    Rows of a record with several ALTs, of which some may be missing, have the values of their own `alts`.
    """
    heads = heads_of(lines)
    if record is None:
        return [(each[5], each[6], each[7]) for each in heads]
    numbers = numbers_by_key(header)
    rows = zip((heads[place] for place in _places(record).tolist()), alts.raws(), strict=True)
    return [(each[5], each[6], _info_of(each, alt, numbers)) for each, alt in rows]


def _info_of(words: Sequence[bytes], alt: bytes, numbers: Mapping[bytes, str]) -> bytes:
    every = words[4].split(b",")
    return info_of_alt(words[7], every.index(alt), len(every), numbers) if alt in every else words[7]


def heads_of(lines: Texts) -> list[list[bytes]]:
    """The first eight words of lines and what is behind; lines may be long, so few bytes are looked at."""
    raw = lines.blob.tobytes()
    heads = []
    start = 0
    for stop in lines.ends.tolist():
        words = raw[start : min(stop, start + _LIKELY)].split(b"\t", 8)
        heads.append(words if len(words) > 8 else raw[start:stop].split(b"\t", 8))
        start = stop
    return heads


def _places(record: NDArray[np.int64]) -> NDArray[np.int64]:
    """Numbers of records from 0 on, without gaps."""
    new = np.diff(record, prepend=record[:1]) != 0
    return np.cumsum(new).astype(np.int64)


def columns_of_figures(info: InfoColumns) -> Columns:
    """QUAL and FILTER are not known; INFO is what the figures tell."""
    figures = zip(info.r2.tolist(), info.er2.tolist(), info.af.tolist(), info.kind.tolist(), strict=True)
    return [(b".", b".", _info(*each)) for each in figures]


def _info(r2: float, er2: float, af: float, kind: int) -> bytes:
    words = [
        b"%b=%.6g" % (name, value)
        for name, value in ((b"R2", r2), (b"ER2", er2), (b"AF", af))
        if value == value
    ]
    words += [
        name for name, bit in ((b"TYPED", SiteKind.TYPED), (b"IMPUTED", SiteKind.IMPUTED)) if kind & bit
    ]
    return b";".join(words) or b"."


def with_new_figures(lines: Texts, record: NDArray[np.int64] | None, info: InfoColumns) -> Texts:
    """Lines whose R2, AF and MAF are those of `info`; of records with several ALTs, those are left out."""
    first = np.arange(len(lines)) if record is None else np.flatnonzero(np.diff(record, prepend=-1))
    counts = np.diff(np.append(first, len(info.r2)))
    made = []
    for place, (line, row) in enumerate(zip(lines.raws(), first.tolist(), strict=True)):
        words = line.split(b"\t", 8)
        new = {} if counts[place] > 1 else _new(info, row)
        words[7] = _replaced(words[7], new)
        made.append(b"\t".join(words))
    return Texts.of(made)


def _new(info: InfoColumns, row: int) -> dict[bytes, bytes]:
    r2 = b"%.5f" % info.r2[row]
    return {
        b"R2": r2, b"DR2": r2, b"Rsq": r2, b"INFO": r2,
        b"AF": b"%.5f" % info.af[row], b"MAF": b"%.5f" % info.maf[row],
    }  # fmt: skip


_OF_EVERYBODY = frozenset(
    {b"R2", b"DR2", b"Rsq", b"INFO", b"AF", b"MAF", b"ER2", b"AVG_CS", b"AC", b"AN", b"NS"}
)


def _replaced(info: bytes, new: dict[bytes, bytes]) -> bytes:
    """INFO with new figures; other figures that are of everybody go."""
    parts = []
    for part in info.split(b";"):
        key = part.partition(b"=")[0]
        if key in new:
            parts.append(key + b"=" + new[key])
        elif key not in _OF_EVERYBODY:
            parts.append(part)
    return b";".join(parts) or b"."
