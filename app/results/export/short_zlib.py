"""Short rows packed by zlib in the fixed code of deflate, each for itself, as `_short_zlib.c` does it.

Compressors made for long texts spend most of their time on tables of their own for each row. Source: RFC 1950
and 1951.
"""

from __future__ import annotations

import struct
from functools import cache
from importlib import import_module
from types import ModuleType
from zlib import adler32

import numpy as np
from numpy.typing import NDArray

LONGEST = 1024
"""Longer rows are left to libdeflate, which packs them better."""
_LEAST, _MOST, _NOTED, _TABLE_BITS = 3, 258, 8, 9


def packed_short(rows: NDArray[np.uint8], *, fast: bool = True) -> tuple[bytes, NDArray[np.uint32]]:
    """All rows, [rows, bytes], one behind the other, and the length of each; `fast`: in C if it is there."""
    count, size = rows.shape
    kernel = _kernel() if fast else None
    if kernel is None:
        packed = [_packed(each.tobytes()) for each in rows]
        return b"".join(packed), np.array([len(each) for each in packed], np.uint32)
    out = np.empty(count * (size + size // 8 + 16), np.uint8)
    lengths = np.empty(count, np.uint32)
    made = kernel.pack(np.ascontiguousarray(rows), count, size, out, lengths)
    return out[:made].tobytes(), lengths


@cache
def _kernel() -> ModuleType | None:
    try:
        return import_module("app.results._short_zlib")
    except ImportError:
        return None


class _Bits:
    """Bits from the lowest of each byte on."""

    def __init__(self) -> None:
        self._value, self._count = 0, 0

    def put(self, value: int, count: int) -> None:
        self._value |= value << self._count
        self._count += count

    def put_code(self, code: int, count: int) -> None:
        """Codes are written from their highest bit on."""
        self.put(int(f"{code:0{count}b}"[::-1], 2), count)

    def bytes(self) -> bytes:
        return self._value.to_bytes((self._count + 7) // 8, "little")


def _packed(row: bytes) -> bytes:
    bits = _Bits()
    bits.put(3, 3)
    _put_words(bits, row)
    _put_symbol(bits, 256)
    body = bits.bytes()
    if len(body) > len(row) + 5:
        body = b"\1" + struct.pack("<HH", len(row), len(row) ^ 0xFFFF) + row
    return b"\x78\x01" + body + struct.pack(">I", adler32(row))


def _put_words(bits: _Bits, row: bytes) -> None:
    last: dict[int, int] = {}
    at = 0
    while at < len(row):
        before, length = -1, 0
        if at + _LEAST <= len(row):
            place = _place(row, at)
            before = last.get(place, -1)
            last[place] = at
            if before >= 0:
                length = _alike(row, before, at)
        if length < _LEAST:
            _put_symbol(bits, row[at])
            at += 1
            continue
        _put_copy(bits, length, at - before)
        for place in range(at + 1, min(at + min(length, _NOTED), len(row) - _LEAST + 1)):
            last[_place(row, place)] = place
        at += length


def _place(row: bytes, at: int) -> int:
    return (int.from_bytes(row[at : at + 3], "little") * 2654435761 & 0xFFFFFFFF) >> (32 - _TABLE_BITS)


def _alike(row: bytes, before: int, at: int) -> int:
    length, most = 0, min(_MOST, len(row) - at)
    while length < most and row[before + length] == row[at + length]:
        length += 1
    return length


def _put_symbol(bits: _Bits, symbol: int) -> None:
    if symbol < 144:
        bits.put_code(0x30 + symbol, 8)
    elif symbol < 256:
        bits.put_code(0x190 + symbol - 144, 9)
    elif symbol < 280:
        bits.put_code(symbol - 256, 7)
    else:
        bits.put_code(0xC0 + symbol - 280, 8)


def _put_copy(bits: _Bits, length: int, distance: int) -> None:
    if length == _MOST:
        _put_symbol(bits, 285)
    else:
        symbol, base, more = 257, _LEAST, 0
        while length - base >= 1 << more:
            base += 1 << more
            symbol += 1
            more = 0 if symbol < 265 else (symbol - 261) // 4
        _put_symbol(bits, symbol)
        bits.put(length - base, more)
    rest = distance - 1
    if rest < 4:
        bits.put_code(rest, 5)
        return
    more = rest.bit_length() - 2
    bits.put_code(2 * (more + 1) + (rest >> more & 1), 5)
    bits.put(rest & (1 << more) - 1, more)
