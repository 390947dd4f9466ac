"""Whole numbers and bytes as they lie in a block: in planes of seven bits, each plane deflated.

A number below 128 is one byte of the first plane; of a larger one the first plane has the lowest seven bits,
and the next plane the rest in the same way. Bytes of one meaning lie together, so that each plane gets the
Huffman code that suits it.
"""

from __future__ import annotations

import struct

import deflate
import numpy as np
from numpy.typing import NDArray

_LEVEL = 10  # a fifteenth smaller than 9, for a tenth more time
_SIZES = struct.Struct("<II")  # bytes of the plain and of the packed; equal where it is stored as it is
_MOST_PLANES = 5  # a number has 32 bits
_DEFLATE_LIMIT = 1032  # no byte of a deflate stream stands for more
Numbers = NDArray[np.uint32]


class BadBlock(Exception):
    """Bytes that cannot be a block of a panel; the text says what is wrong, for the log."""


def pack_bytes(plain: bytes) -> bytes:
    """Some bytes with their length before them."""
    packed = bytes(deflate.deflate_compress(plain, _LEVEL)) if plain else b""
    if len(packed) >= len(plain):
        packed = plain
    return _SIZES.pack(len(plain), len(packed)) + packed


def pack_numbers(numbers: Numbers) -> bytes:
    """Numbers as one byte that counts the planes, and the planes."""
    planes: list[bytes] = []
    while len(numbers):
        long = numbers >= 128
        planes.append(np.where(long, numbers & 127 | 128, numbers).astype(np.uint8).tobytes())
        numbers = numbers[long] >> np.uint32(7)
    return bytes([len(planes)]) + b"".join(map(pack_bytes, planes))


class Unpacker:
    """Reads what `pack_bytes` and `pack_numbers` wrote, one after another. BadBlock for anything else.

    Nothing is inflated that is longer than `most` bytes, or than its packed bytes can stand for.
    """

    def __init__(self, data: memoryview, most: int) -> None:
        self._data, self._at, self._most = data, 0, most

    def raw(self, size: int) -> memoryview:
        """Bytes that are not packed."""
        piece = self._data[self._at : self._at + size]
        if len(piece) != size:
            raise BadBlock(f"{size} bytes at {self._at} of {len(self._data)}")
        self._at += size
        return piece

    def bytes(self, most: int | None = None) -> bytes | bytearray | memoryview:
        """The next bytes, at most so many."""
        plain, packed = _SIZES.unpack(self.raw(_SIZES.size))
        limit = self._most if most is None else min(most, self._most)
        if plain > limit or packed > plain or plain > _DEFLATE_LIMIT * packed:
            raise BadBlock(f"{packed} bytes that claim to be {plain}")
        piece = self.raw(packed)
        if packed == plain:
            return piece
        try:
            found = deflate.deflate_decompress(piece, plain)
        except deflate.DeflateError as error:
            raise BadBlock("a stream cannot be inflated") from error
        if len(found) != plain:
            raise BadBlock(f"{len(found)} bytes instead of {plain}")
        return found

    def numbers(self, most: int | None = None) -> Numbers:
        """The next numbers, at most so many."""
        count = self.raw(1)[0]
        if count > _MOST_PLANES:
            raise BadBlock(f"numbers of {count} planes")
        planes = [np.frombuffer(self.bytes(most), dtype=np.uint8) for _ in range(count)]
        numbers = np.zeros(0, dtype=np.uint32)
        for place, plane in zip(range(count - 1, -1, -1), reversed(planes), strict=True):
            long = plane >= 128
            if int(np.count_nonzero(long)) != len(numbers) or (
                place == _MOST_PLANES - 1 and plane.max(initial=0) > 15
            ):
                raise BadBlock("planes that do not fit")
            wider = (plane & 127).astype(np.uint32)
            wider[long] |= numbers << np.uint32(7)
            numbers = wider
        return numbers

    def end(self) -> None:
        """Nothing may be left."""
        if self._at != len(self._data):
            raise BadBlock(f"{len(self._data) - self._at} bytes behind the end")
