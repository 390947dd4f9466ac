"""Cells of many lines of a table at once: whole numbers, decimals, identifiers and letters, in NumPy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.genotypes.rows import Bytes, Places, windows
from app.genotypes.site_table import OTHER
from app.genotypes.texts import Texts

PAD = 64  # bytes behind the text, so that a window that starts at its last cell stays inside
Bits = NDArray[np.bool_]
_TAB, _LINE_END = 9, 10
_NUMBER_WIDTH = 24
_NO_VALUE = frozenset((b"", b".", b"NA", b"NaN", b"nan", b"-", b"NULL"))
_MOST_POWER = 400
with np.errstate(over="ignore"):  # what is too large for a number is infinite, as for Python
    _POWERS = 10.0 ** np.arange(-_MOST_POWER, _MOST_POWER + 1)
_MASKS = np.array([(1 << 8 * n) - 1 for n in range(9)], np.uint64)
_CODES = np.full(256, 255, np.uint8)
_CODES[list(b"ACGT")] = range(4)


@dataclass
class Cells:
    """Lines of a piece of text with the first columns of each.

    `text` goes on PAD bytes behind the last line. `start` are the places of the lines, `stops`
    [lines, columns] where each column ends, `number` the numbers of the lines in the file, from 1.
    """

    text: Bytes
    start: Places
    stops: Places
    number: Places

    def __len__(self) -> int:
        return len(self.start)

    def begin(self, column: int) -> Places:
        """Where a column begins in each line."""
        begin: Places = self.start if column == 0 else self.stops[:, column - 1] + 1
        return begin

    def texts(self, column: int, lines: NDArray[np.intp] | slice = slice(None)) -> Texts:
        """A column as texts."""
        return Texts.cut(self.text, self.begin(column)[lines], self.stops[lines, column])

    def take(self, lines: NDArray[np.intp] | Bits | slice) -> Cells:
        """Some of the lines."""
        return Cells(self.text, self.start[lines], self.stops[lines], self.number[lines])


@dataclass
class Narrow:
    """Lines that have fewer columns than are needed; the first of them is told to the user."""

    number: int
    columns: int


def padded(piece: bytes) -> Bytes:
    """The bytes of a piece that ends with a line end, with PAD zeros behind it."""
    return np.frombuffer(piece + bytes(PAD), np.uint8)


def split(text: Bytes, columns: int, first_line: int) -> tuple[Cells, Narrow | None]:
    """Lines with their first columns; empty lines are left out. `text` is `padded`."""
    inside = text[: len(text) - PAD]
    places = np.flatnonzero(inside - np.uint8(_TAB) < 2)
    ends = np.flatnonzero(inside[places] == _LINE_END)
    firsts = np.concatenate([np.zeros(min(1, len(ends)), np.int64), ends[:-1] + 1])
    start = np.concatenate([np.zeros(min(1, len(ends)), np.int64), places[ends[:-1]] + 1])
    count = ends - firsts + 1
    number = first_line + np.arange(len(ends))
    narrow = (count < columns) & (places[ends] > start)
    worst = None
    if narrow.any():
        line = int(np.argmax(narrow))
        worst = Narrow(int(number[line]), int(count[line]))
    kept = count >= columns
    stops = places[firsts[kept, None] + np.arange(columns)]
    return Cells(text, start[kept], stops, number[kept]), worst


def whole_numbers(text: Bytes, begin: Places, stop: Places) -> tuple[NDArray[np.int64], Bits]:
    """Values of cells of digits, and which are such (at most ten digits)."""
    length = stop - begin
    value = np.zeros(len(begin), np.int64)
    good = (length > 0) & (length <= 10)
    power = 1
    for back in range(1, int(min(10, length.max(initial=0))) + 1):
        digit = text[np.maximum(stop - back, 0)] - np.uint8(48)
        active = back <= length
        good &= ~active | (digit <= 9)
        value += np.where(active, digit, np.uint8(0)).astype(np.int64) * power
        power *= 10
    return value, good


def decimals(text: Bytes, begin: Places, stop: Places) -> tuple[NDArray[np.float64], Bits]:
    """Values of cells such as `0.25`, `7e-05`, `1`; NaN for `.`, `NA` and nothing; and which are good."""
    length = stop - begin
    width = int(min(_NUMBER_WIDTH, length.max(initial=1)))
    state = _Decimal(len(begin))
    if width > 0 and len(begin):
        letters = windows(text, begin, width)
        for place in range(width):
            state.feed(letters[:, place], place < length)
    value, good = state.value(), state.whole() & (length <= width)
    for line in np.flatnonzero(~good):
        good[line], value[line] = _slow_decimal(text[begin[line] : max(begin[line], stop[line])].tobytes())
    return value, good


class _Decimal:
    """A decimal number a line, letter by letter."""

    def __init__(self, lines: int) -> None:
        self.mantissa = np.zeros(lines)
        self.behind = np.zeros(lines, np.int16)
        self.exponent = np.zeros(lines, np.int16)
        self.pointed, self.scientific, self.minus = (np.zeros(lines, bool) for _ in range(3))
        self.digits, self.power_digits, self.after_power = (np.zeros(lines, bool) for _ in range(3))
        self.good = np.ones(lines, bool)

    def feed(self, letter: Bytes, active: Bits) -> None:
        digit = letter - np.uint8(48)
        number = active & (digit <= 9)
        plain = number & ~self.scientific
        self.digits |= plain
        np.copyto(self.mantissa, self.mantissa * 10 + digit, where=plain)
        self.behind += plain & self.pointed
        other = active & ~number
        if (number & self.scientific).any():
            grown = np.minimum(self.exponent * 10 + digit, 999).astype(np.int16)
            np.copyto(self.exponent, grown, where=number & self.scientific)
            self.power_digits |= number & self.scientific
        if other.any():
            self._sign(letter, other)
        elif self.after_power.any():
            self.after_power[:] = False

    def _sign(self, letter: Bytes, other: Bits) -> None:
        point = other & (letter == ord("."))
        power = other & ((letter == ord("e")) | (letter == ord("E")))
        minus = other & (letter == ord("-"))
        plus = other & (letter == ord("+"))
        self.good &= ~(point & (self.pointed | self.scientific)) & ~(power & self.scientific)
        self.good &= ~((minus | plus) & ~self.after_power)
        self.good &= ~other | point | power | minus | plus
        self.pointed |= point
        self.scientific |= power
        self.minus |= minus
        self.after_power = power

    def whole(self) -> Bits:
        """Which lines hold a number that was understood."""
        return self.good & self.digits & (self.power_digits | ~self.scientific)

    def value(self) -> NDArray[np.float64]:
        power = np.where(self.minus, -self.exponent, self.exponent) - self.behind
        with np.errstate(over="ignore", invalid="ignore"):  # zero times infinite
            scaled = self.mantissa * _POWERS[np.clip(power, -_MOST_POWER, _MOST_POWER) + _MOST_POWER]
        result: NDArray[np.float64] = np.where(self.mantissa == 0, 0.0, scaled)
        return result


def _slow_decimal(cell: bytes) -> tuple[bool, float]:
    if cell in _NO_VALUE:
        return True, float("nan")
    try:
        return True, float(cell)
    except ValueError:
        return False, float("nan")


def rs_numbers(text: Bytes, begin: Places, stop: Places) -> NDArray[np.uint32]:
    """The numbers of identifiers `rs123` (the first of `rs123;rs4` and `rs123:456:A:G`), 0 for others."""
    letters = windows(text, begin, 13)
    length = stop - begin
    value = np.zeros(len(begin), np.int64)
    going = (letters[:, 0] == ord("r")) & (letters[:, 1] == ord("s")) & (length > 2)
    good = going.copy()
    for place in range(2, int(min(13, length.max(initial=0)))):
        digit = letters[:, place] - np.uint8(48)
        inside = going & (place < length)
        ends = _ENDS_ID[letters[:, place]]
        good &= ~inside | (digit <= 9) | (ends & (place > 2))
        going = inside & (digit <= 9)
        np.copyto(value, value * 10 + digit, where=going)
    good &= value < 1 << 32
    return np.where(good, value, 0).astype(np.uint32)


_ENDS_ID = np.zeros(256, bool)
_ENDS_ID[list(b";:,_")] = True


def pair_codes(text: Bytes, ref_begin: Places, alt_begin: Places, alt_stop: Places) -> NDArray[np.uint8]:
    """The codes of `SiteTable.code` where ALT is the column behind REF."""
    ref, alt = _CODES[text[ref_begin]], _CODES[text[alt_begin]]
    simple = (alt_begin - ref_begin == 2) & (alt_stop - alt_begin == 1) & (ref < 4) & (alt < 4) & (ref != alt)
    codes: NDArray[np.uint8] = np.where(simple, ref << 2 | alt & 3, OTHER).astype(np.uint8)
    return codes


def distinct(text: Bytes, begin: Places, stop: Places) -> tuple[list[bytes], NDArray[np.int64]]:
    """The different cells of a column, and for each line which of them it holds."""
    length = stop - begin
    if int(length.max(initial=0)) > 8:
        cells = list(Texts.cut(text, begin, stop).raws())
        found = {cell: place for place, cell in enumerate(dict.fromkeys(cells))}
        return list(found), np.array([found[cell] for cell in cells], np.int64)
    keys = windows(text, begin, 8).view("<u8").reshape(-1).astype(np.uint64) & _MASKS[length]
    if len(keys) and (keys == keys[0]).all():
        return [text[begin[0] : stop[0]].tobytes()], np.zeros(len(keys), np.int64)
    _, first, inverse = np.unique(keys, return_index=True, return_inverse=True)
    return [text[begin[line] : stop[line]].tobytes() for line in first], inverse.astype(np.int64)
