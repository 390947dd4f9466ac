"""Short rows are packed so that zlib unpacks them, and to the same bytes with and without the extension."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from numpy.typing import NDArray

from app.results.export.short_zlib import LONGEST, packed_short


def rows_of(kind: str, size: int) -> NDArray[np.uint8]:
    rng = np.random.default_rng(size)
    if kind == "equal":
        return np.full((3, size), 255, np.uint8)
    if kind == "pairs":
        made = np.tile(np.array([255, 0], np.uint8), (6, size))[:, :size].copy()
        made[rng.random(made.shape) < 0.05] = 7
        return made
    if kind == "few letters":
        return rng.integers(0, 4, (6, size)).astype(np.uint8)
    return rng.integers(0, 256, (6, size)).astype(np.uint8)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 10, 257, 258, 259, 260, 261, 600, LONGEST])
@pytest.mark.parametrize("kind", ["equal", "pairs", "few letters", "anything"])
def test_zlib_unpacks_them(kind: str, size: int) -> None:
    rows = rows_of(kind, size)
    packed, lengths = packed_short(rows)
    again, same = packed_short(rows, fast=False)
    assert packed == again
    assert lengths.tolist() == same.tolist()
    assert int(lengths.sum()) == len(packed)
    ends = np.cumsum(lengths)
    for row, start, stop in zip(rows, (ends - lengths).tolist(), ends.tolist(), strict=True):
        assert zlib.decompress(packed[start:stop]) == row.tobytes()


def test_what_is_alike_gets_short() -> None:
    packed, lengths = packed_short(rows_of("equal", 600))
    assert lengths.max() < 20
    assert len(packed) < 60


def test_what_cannot_be_packed_hardly_gets_longer() -> None:
    _, lengths = packed_short(rows_of("anything", 600))
    assert lengths.max() <= 600 + 11
