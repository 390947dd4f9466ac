"""Two-bit genotypes without unpacking them: other orders of the codes, counts, turned matrices."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.genotypes.cohort import Codes, stride

_LOW = np.uint64(0x5555555555555555)
_HIGH = np.uint64(0xAAAAAAAAAAAAAAAA)
_ONE = np.uint64(1)


def _padded(packed: Codes) -> Codes:
    """Rows of whole 8 bytes."""
    width = -(-packed.shape[1] // 8) * 8
    if width == packed.shape[1] and packed.flags.c_contiguous:
        return packed
    wide = np.zeros((len(packed), width), np.uint8)
    wide[:, : packed.shape[1]] = packed
    return wide


def clear_tail(packed: Codes, samples: int) -> Codes:
    """Sets the bits behind the last sample to 0, in place."""
    if samples % 4 and len(packed):
        packed[:, -1] &= np.uint8((1 << 2 * (samples % 4)) - 1)
    return packed


def from_bed(raw: Codes, samples: int) -> Codes:
    """[rows, stride] bytes of a PLINK 1 .bed → our packing, A1 counted as ALT.

    PLINK's 0 hom-A1, 1 missing, 2 het, 3 hom-A2 become 2, 3, 1, 0: the high bit is turned, the low bit is
    the exclusive or of both.
    """
    words = _padded(raw).view(np.uint64)
    recoded = (words >> _ONE ^ words) & _LOW
    recoded |= ~words & _HIGH
    packed: Codes = recoded.view(np.uint8)[:, : raw.shape[1]]
    return clear_tail(packed, samples)


def to_bed(packed: Codes, samples: int) -> Codes:
    """The inverse of `from_bed`."""
    words = _padded(packed).view(np.uint64)
    high = ~words & _HIGH
    recoded = high | (high >> _ONE ^ words) & _LOW
    raw: Codes = recoded.view(np.uint8)[:, : packed.shape[1]]
    return clear_tail(raw, samples)


def swapped(packed: Codes, samples: int) -> Codes:
    """Hom-ref and hom-alt exchanged: 0 and 2 swap where the low bit is 0."""
    words = _padded(packed).view(np.uint64)
    turned = words ^ (~words & _LOW) << _ONE
    result: Codes = turned.view(np.uint8)[:, : packed.shape[1]]
    return clear_tail(result, samples)


def packed_counts(packed: Codes, samples: int) -> NDArray[np.int32]:
    """[rows, 4] hom-ref, het, hom-alt, missing of packed rows (the bits behind the last sample are 0)."""
    words = _padded(packed).view(np.uint64)
    low, high = words & _LOW, words >> _ONE & _LOW
    het = _ones(low & ~high)
    alt = _ones(high & ~low)
    missing = _ones(low & high)
    return np.stack([samples - het - alt - missing, het, alt, missing], axis=1).astype(np.int32)


def _ones(words: NDArray[np.uint64]) -> NDArray[np.int32]:
    ones: NDArray[np.int32] = np.bitwise_count(words).sum(axis=1, dtype=np.int32)
    return ones


def turned(columns: Codes, rows: int, samples: int) -> Codes:
    """[samples, bytes] with four sites a byte → [rows, stride] with four samples a byte."""
    codes = np.empty((samples, columns.shape[1], 4), np.uint8)
    for place in range(4):
        codes[:, :, place] = columns >> np.uint8(2 * place) & np.uint8(3)
    by_site = np.zeros((rows, stride(samples) * 4), np.uint8)
    by_site[:, :samples] = codes.reshape(samples, -1)[:, :rows].T
    packed = by_site[:, 0::4].copy()
    for place in range(1, 4):
        packed |= by_site[:, place::4] << np.uint8(2 * place)
    return packed
