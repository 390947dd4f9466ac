"""Memory that goes back to the system."""

import ctypes
import mmap
import sys
from pathlib import Path

import numpy as np
import pytest

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


@pytest.mark.skipif(sys.platform != "linux", reason="code is only unloaded on Linux")
def test_code_that_was_written_to_stays_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "code"
    path.write_bytes(b"a" * mmap.PAGESIZE)
    with path.open("r+b") as file:
        mapped = mmap.mmap(file.fileno(), 0, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_WRITE)
    mapped[:1] = b"b"
    view = ctypes.c_char.from_buffer(mapped)
    protect = ctypes.CDLL(None).mprotect
    protect.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    if protect(ctypes.addressof(view), mmap.PAGESIZE, mmap.PROT_READ | mmap.PROT_EXEC):
        pytest.skip("the system lets no file be code that was written to")
    unload_code()
    assert mapped[:1] == b"b"
    del view
    mapped.close()
