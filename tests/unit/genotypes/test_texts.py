"""Columns of texts: pieces are cut alike with and without the extension in C."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.genotypes.texts import Texts

_TEXT = np.frombuffer(bytes(range(65, 91)), np.uint8)
_PLACE = st.integers(0, len(_TEXT))


@given(st.lists(st.tuples(_PLACE, _PLACE), max_size=8))
def test_pieces_are_cut_alike(places: list[tuple[int, int]]) -> None:
    pairs = np.array(places, np.int64).reshape(-1, 2)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("HAPLODESK_NO_KERNEL", "1")
        slow = Texts.cut(_TEXT, pairs[:, 0], pairs[:, 1])
    fast = Texts.cut(_TEXT, pairs[:, 0], pairs[:, 1])
    wanted = [_TEXT[start:stop].tobytes() for start, stop in places]
    assert list(fast.raws()) == list(slow.raws()) == wanted
    assert fast.ends.tolist() == slow.ends.tolist()


def test_a_piece_beyond_the_text_is_refused() -> None:
    with pytest.raises(IndexError):
        Texts.cut(_TEXT, np.array([3]), np.array([99]))
