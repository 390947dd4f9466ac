"""Memory that goes back to the system."""

import sys

import numpy as np

from app.imputation.allocator import give_freed_memory_back, trim, unload_code


def test_arrays_are_right_afterwards() -> None:
    assert give_freed_memory_back() in (True, False)
    if sys.platform != "linux":
        assert not give_freed_memory_back()
    many = [np.full(1 << 18, number, dtype=np.uint8) for number in range(8)]
    assert [int(each[-1]) for each in many] == list(range(8))


def test_what_lies_free_is_given_back_and_nothing_else() -> None:
    kept = [np.full(1 << 12, number, dtype=np.uint8) for number in range(256)]
    del kept[1::2]
    assert trim() in (True, False)
    if sys.platform != "linux":
        assert not trim()
    assert [int(each[-1]) for each in kept] == list(range(0, 256, 2))


def test_code_comes_back_when_it_is_run() -> None:
    many = np.arange(1000.0)
    before = float(np.sqrt(many).sum())
    gone = unload_code()
    assert gone > 0 if sys.platform == "linux" else gone == 0
    assert float(np.sqrt(many).sum()) == before
