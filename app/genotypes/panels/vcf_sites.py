"""Sites of a VCF, with or without samples; a record with several ALT alleles gives one row an ALT."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.genotypes.bgzf import open_text_blocks
from app.genotypes.panels.cells import (
    PAD,
    Cells,
    decimals,
    distinct,
    padded,
    rs_numbers,
)
from app.genotypes.panels.site_rows import SiteRows, bad_line, stored_frequency
from app.genotypes.panels.tables import PIECE_BYTES, Read, alleles, plain_name, positions, whole_lines
from app.genotypes.rows import Bytes, Places, first_tabs, windows
from app.genotypes.site_table import OTHER, letters_code
from app.genotypes.texts import Texts

_INFO_ID = re.compile(r"##INFO=<ID=([^,>]+)")
_COLUMNS = 7
Found = tuple[NDArray[np.int64], Places]  # the lines that have a key, and where its value begins
_NUMBER = 24


@dataclass(frozen=True)
class Keys:
    """What INFO calls the frequency, or the number of alleles and their total."""

    frequency: str = ""
    counts: bool = False

    @property
    def read(self) -> tuple[str, ...]:
        """The keys whose values are read."""
        return ("AC", "AN") if self.counts else (self.frequency,)

    @property
    def name(self) -> str:
        """For the user."""
        return self.frequency or ("AC/AN" if self.counts else "")


def keys_of(header: Sequence[str], population: str = "") -> Keys:
    """The INFO keys to read: those of the population if there are such, else AF, else AC and AN."""
    known = {match[1] for line in header if (match := _INFO_ID.match(line))}
    wanted = [f"{population}_AF", f"AF_{population}", f"AF_{population.lower()}"] if population else []
    found = next((key for key in (*wanted, "AF") if key in known), "")
    if found or not {"AC", "AN"} <= known:
        return Keys(found or "AF")
    return Keys(counts=True)


def vcf_rows(path: Path, keys: Keys, read: Read) -> Iterator[SiteRows]:
    """The sites of a VCF, in pieces. Raises ProblemError for a bad line, ContainerError for damage."""
    line, head = 1, True
    with open_text_blocks(path, piece_bytes=PIECE_BYTES) as blocks:
        for piece in blocks:
            data = whole_lines(bytes(piece))
            while head and data.startswith(b"#"):
                data = data[data.find(b"\n") + 1 :]
                line += 1
            head = head and not data
            if data:
                cells = _cells(path.name, padded(data), line)
                if len(cells):
                    yield _rows(path.name, cells, keys)
            line += data.count(b"\n")
            read(blocks.packed_done)


def _cells(name: str, text: Bytes, first_line: int) -> Cells:
    end = np.flatnonzero(text == 10)
    start = np.concatenate([np.zeros(1, np.int64), end[:-1] + 1])
    number = first_line + np.arange(len(end))
    filled = end > start
    start, end, number = start[filled], end[filled], number[filled]
    tabs, enough = first_tabs(text, start, end, _COLUMNS, PAD)
    if not enough.all():
        raise bad_line(name, int(number[np.argmin(enough)]), "it has fewer than eight columns")
    return Cells(text, start, tabs, number)


def _rows(name: str, cells: Cells, keys: Keys) -> SiteRows:
    raw, chromosome = distinct(cells.text, cells.start, cells.stops[:, 0])
    position = positions(name, cells, 1)
    code, other, texts = alleles(cells, 3)
    rs = rs_numbers(cells.text, cells.begin(2), cells.stops[:, 2])
    places = [_places(cells, key) for key in keys.read]
    share = _frequency(cells, places)
    names = [plain_name(each) for each in raw]
    rows = SiteRows(names, chromosome, position, code, other, texts, None, rs)
    multiple = [at for at, pair in enumerate(texts) if b"," in pair]
    if not multiple:
        rows.frequency = stored_frequency(share)
        return rows
    return _one_an_alt(rows, share, multiple, _Shares(cells, places))


def _valid(share: NDArray[np.float64]) -> NDArray[np.float64]:
    """A frequency that cannot be is none: INFO is written by many programs."""
    result: NDArray[np.float64] = np.where((share >= 0) & (share <= 1), share, np.nan)
    return result


def _frequency(cells: Cells, places: Sequence[Found]) -> NDArray[np.float64]:
    values = [_numbers(cells, *found) for found in places]
    with np.errstate(invalid="ignore", divide="ignore"):
        return _valid(values[0] / values[1] if len(values) == 2 else values[0])


def _numbers(cells: Cells, line: NDArray[np.int64], begin: Places) -> NDArray[np.float64]:
    """The first value of an INFO key on each line, NaN where there is none."""
    result = np.full(len(cells), np.nan)
    if len(line):
        value, good = decimals(cells.text, begin, begin + _lengths(cells.text, begin))
        result[line[good]] = value[good]
    return result


def _places(cells: Cells, key: str) -> Found:
    """The lines that have an INFO key, and where its value begins. Genotypes have no equal signs."""
    text, word = cells.text, np.frombuffer(key.encode(), np.uint8)
    signs = np.flatnonzero(text == ord("="))
    signs = signs[signs > len(word)]
    for back, letter in enumerate(word[::-1], 1):
        signs = signs[text[signs - back] == letter]
    before = text[signs - len(word) - 1]
    signs = signs[(before == ord(";")) | (before == ord("\t"))]
    line = np.searchsorted(cells.start, signs, "right") - 1
    inside = (line >= 0) & (signs > cells.stops[np.maximum(line, 0), _COLUMNS - 1])
    line, first = np.unique(line[inside], return_index=True)
    return line, signs[inside][first] + 1


def _lengths(text: Bytes, begin: Places) -> Places:
    ends = np.isin(windows(text, begin, _NUMBER), _VALUE_ENDS)
    result: Places = np.where(ends.any(axis=1), np.argmax(ends, axis=1), _NUMBER)
    return result


_VALUE_ENDS = np.frombuffer(b",;\t\n\r", np.uint8)


class _Shares:
    """All values of a line with several ALT alleles, read slowly."""

    def __init__(self, cells: Cells, places: Sequence[Found]) -> None:
        self._text = cells.text
        self._at = [dict(zip(line.tolist(), at.tolist(), strict=True)) for line, at in places]

    def of(self, line: int, alts: int) -> list[float]:
        """A frequency an ALT, NaN where it is not known."""
        listed = [self._values(at.get(line)) for at in self._at]
        values = listed[0] + [math.nan] * (alts - len(listed[0]))
        if len(listed) == 2:
            total = listed[1][0] if listed[1] else 0.0
            values = [value / total if total > 0 else math.nan for value in values]
        return [value if 0 <= value <= 1 else math.nan for value in values[:alts]]

    def _values(self, begin: int | None) -> list[float]:
        if begin is None:
            return []
        text = self._text[begin : begin + 4096].tobytes()
        return [_number(word) for word in re.split(rb"[;\t\n\r]", text, maxsplit=1)[0].split(b",")]


def _number(word: bytes) -> float:
    try:
        return float(word)
    except ValueError:
        return math.nan


def _one_an_alt(rows: SiteRows, share: NDArray[np.float64], multiple: list[int], shares: _Shares) -> SiteRows:
    """Records with several ALT alleles become rows one after the other, in the order of the alleles."""
    repeats = np.ones(len(rows), np.int64)
    texts = dict(zip(rows.other_rows.tolist(), rows.other_texts, strict=True))
    split_up: dict[int, list[bytes]] = {}
    for line in (int(rows.other_rows[at]) for at in multiple):
        ref, _, alts = texts.pop(line).partition(b"\t")
        split_up[line] = [ref + b"\t" + alt for alt in alts.split(b",")]
        repeats[line] = len(split_up[line])
    index = np.repeat(np.arange(len(rows)), repeats)
    first = np.cumsum(repeats) - repeats
    code, frequency = rows.code[index], share[index]
    others = {int(first[line]): pair for line, pair in texts.items()}
    pieces = [pair for pairs in split_up.values() for pair in pairs]
    codes = pair_texts_codes(pieces)
    at = 0
    for line, pairs in split_up.items():
        begin, count = int(first[line]), len(pairs)
        code[begin : begin + count] = codes[at : at + count]
        frequency[begin : begin + count] = shares.of(line, count)
        others |= {begin + n: pairs[n] for n in range(count) if codes[at + n] == OTHER}
        at += count
    order = sorted(others)
    rs = None if rows.rs is None else rows.rs[index]
    return SiteRows(
        rows.names,
        rows.chromosome[index],
        rows.position[index],
        code,
        np.array(order, np.intp),
        [others[row] for row in order],
        stored_frequency(frequency),
        rs,
    )


def pair_texts_codes(pairs: Sequence[bytes]) -> NDArray[np.uint8]:
    """Codes of pairs written `REF<tab>ALT`."""
    listed = [pair.split(b"\t") for pair in pairs]
    return letters_code(Texts.of(each[0] for each in listed), Texts.of(each[1] for each in listed))
