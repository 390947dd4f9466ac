"""Typed values of a BCF, as bytes. Source: the VCF specification, section 6.3.3."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

FLOAT, TEXT, NOTHING = 5, 7, 0
MISSING_FLOAT = 0x7F800001
END_OF_FLOATS = 0x7F800002
_NUMBERS = ((1, "b", -120, 127), (2, "<h", -32760, 32767), (3, "<i", -2147483640, 2147483647))
"""Type, form and range of whole numbers; below the range are the codes for missing and for the end."""
_MISSING = {1: -128, 2: -32768, 3: -2147483648}


def head(kind: int, length: int) -> bytes:
    """What stands before a value of so many items."""
    if length < 15:
        return bytes([length << 4 | kind])
    return bytes([0xF0 | kind]) + whole([length])


def whole(values: Sequence[int | None]) -> bytes:
    """Whole numbers in the shortest type that holds them; None is missing. ValueError beyond 32 bits."""
    known = [value for value in values if value is not None]
    low, high = min(known, default=0), max(known, default=0)
    for kind, form, least, most in _NUMBERS:
        if least <= low and high <= most:
            items = (_MISSING[kind] if value is None else value for value in values)
            return head(kind, len(values)) + b"".join(struct.pack(form, item) for item in items)
    raise ValueError("a number does not fit in 32 bits")


def text(value: bytes) -> bytes:
    """A text."""
    return head(TEXT, len(value)) + value


def figures(values: Sequence[float | None]) -> bytes:
    """Floating-point numbers; None is missing."""
    packed = (
        struct.pack("<I", MISSING_FLOAT) if value is None else struct.pack("<f", value) for value in values
    )
    return head(FLOAT, len(values)) + b"".join(packed)


def float_cells(values: NDArray[np.float32], alone: NDArray[np.bool_] | None = None) -> NDArray[np.uint32]:
    """Bits of figures [rows, samples, items]: NaN is missing, where `alone` the last item is left out.

    A cell whose items are all missing is one missing item, as a dot in a VCF is.
    """
    bits = np.ascontiguousarray(values, "<f4").view("<u4").copy()
    bits[np.isnan(values)] = MISSING_FLOAT
    short = np.isnan(values).all(axis=2)
    bits[short, 1:] = END_OF_FLOATS
    if alone is not None and bits.shape[2] > 1:
        bits[alone, -1] = END_OF_FLOATS
    return bits


def call_cells(genotypes: NDArray[np.int8], phased: NDArray[np.bool_] | None) -> NDArray[np.int8]:
    """GT of rows [rows, samples, 2]: alleles as in `DoseBatch`, -1 missing, -2 absent."""
    cells = ((np.maximum(genotypes, -1) + 1) << 1).astype(np.int8)
    if phased is not None:
        cells[:, :, 1] |= phased.astype(np.int8)
    cells[genotypes == -2] = -127
    return cells
