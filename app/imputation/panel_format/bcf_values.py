"""Typed values as BCF and SAV have them, one after another."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

SIZES = {0: 0, 1: 1, 2: 2, 3: 4, 5: 4, 7: 1}
INTS: dict[int, np.dtype[np.signedinteger[Any]]] = {
    1: np.dtype("<i1"),
    2: np.dtype("<i2"),
    3: np.dtype("<i4"),
}
_TEXT, _LONG = 7, 15


class Values:
    """Reads values from some bytes; ValueError, IndexError and KeyError where they cannot be."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data, self.at = data, at

    def kind(self) -> tuple[int, int]:
        """What comes next, and how many."""
        head = self.data[self.at]
        self.at += 1
        kind, length = head & 15, head >> 4
        if length == _LONG:
            length = self.number()
        return kind, length

    def number(self) -> int:
        """One whole number."""
        kind, length = self.kind()
        if kind not in INTS or length != 1:
            raise ValueError("a number is expected")
        return int.from_bytes(self.take(SIZES[kind]), "little", signed=True)

    def numbers(self) -> NDArray[np.signedinteger[Any]]:
        """Whole numbers."""
        kind, length = self.kind()
        if not length:
            return np.zeros(0, dtype=np.int8)
        return np.frombuffer(self.take(SIZES[kind] * length), INTS[kind])

    def text(self) -> bytes:
        """Text, empty where there is none."""
        head, at = self.data[self.at], self.at + 1
        if head & 15 == _TEXT and head >> 4 < _LONG:
            self.at = at + (head >> 4)
            return self.data[at : self.at].rstrip(b"\0")
        kind, length = self.kind()
        if kind not in (0, _TEXT):
            raise ValueError("a text is expected")
        return self.take(SIZES[kind] * length).rstrip(b"\0")

    def skip(self) -> None:
        """Pass over a value of any kind."""
        kind, length = self.kind()
        self.take(SIZES[kind] * length)

    def take(self, size: int) -> bytes:
        """Some bytes."""
        found = self.data[self.at : self.at + size]
        if size < 0 or len(found) != size:
            raise ValueError("a record ends too early")
        self.at += size
        return found
