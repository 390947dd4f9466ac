"""What INFO and FILTER say of a record, whatever engine wrote it: the slow reading that defines the answers.

Minimac 4.1 marks a typed panel site `TYPED;IMPUTED` and a site of the array alone `TYPED`. Minimac 4.0 marks
them `TYPED` and `TYPED_ONLY`, Minimac 3 by `GENOTYPED` and `GENOTYPED_ONLY` in FILTER. Beagle marks what it
imputed by `IMP` and leaves typed panel sites without a mark.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from app.results.doses.contract import SiteKind

_R2_KEYS = (b"R2", b"DR2", b"INFO", b"Rsq")
_NUMBER = re.compile(rb"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?")
_BOTH = SiteKind.TYPED | SiteKind.IMPUTED
_ONLY = (b"TYPED_ONLY", b"GENOTYPED_ONLY")


@dataclass(frozen=True)
class RecordFigures:
    """Figures of one ALT allele; NaN where INFO does not tell."""

    r2: float
    er2: float
    af: float
    maf: float
    kind: int


def is_old_header(header: Sequence[str]) -> bool:
    """Whether the file was written by an engine for which `TYPED` alone means typed and in the panel."""
    return any(line.startswith("##INFO=<ID=TYPED_ONLY") for line in header)


def record_figures(info: bytes, filters: bytes, alts: int, *, old: bool = False) -> list[RecordFigures]:
    """The figures of each ALT allele of a record; `old` as `is_old_header` says."""
    words: dict[bytes, bytes] = {}
    for part in info.split(b";"):
        key, _, value = part.partition(b"=")
        words.setdefault(key, value)
    r2_key = next((key for key in _R2_KEYS if words.get(key)), b"")
    kind = kind_of({*words, *filters.split(b";")}, has_r2=bool(r2_key), old=old)
    return [_of_alt(words, r2_key, alt, kind) for alt in range(alts)]


def _of_alt(words: Mapping[bytes, bytes], r2_key: bytes, alt: int, kind: int) -> RecordFigures:
    af = _value(words, b"AF", alt)
    maf = _value(words, b"MAF", alt)
    if math.isnan(maf) and not math.isnan(af):
        maf = min(af, 1 - af)
    r2 = _value(words, r2_key, alt) if r2_key else math.nan  # a key may be empty in a broken INFO
    return RecordFigures(r2, _value(words, b"ER2", alt), af, maf, kind)


def kind_of(words: set[bytes], *, has_r2: bool, old: bool) -> int:
    """How a record came to be, by its marks in INFO and FILTER."""
    if not words.isdisjoint(_ONLY):
        return int(SiteKind.TYPED)
    if b"GENOTYPED" in words or (b"TYPED" in words and (old or b"IMPUTED" in words)):
        return int(_BOTH)
    if b"TYPED" in words:
        return int(SiteKind.TYPED)
    if b"DR2" in words and words.isdisjoint((b"IMP", b"IMPUTED")):
        return int(_BOTH)
    marked = not words.isdisjoint((b"IMP", b"IMPUTED"))
    return int(SiteKind.IMPUTED if marked or has_r2 else SiteKind.NONE)


def _value(words: Mapping[bytes, bytes], key: bytes, alt: int) -> float:
    """A figure of an ALT; one that is told once holds for all."""
    values = words.get(key, b"").split(b",")
    text = values[alt] if alt < len(values) else values[0] if len(values) == 1 else b""
    return float(text) if _NUMBER.fullmatch(text) else math.nan
