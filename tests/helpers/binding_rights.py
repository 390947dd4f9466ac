"""The rights of files as they bind a user, for root too, whom the system would let do everything."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
from collections.abc import Iterator

import pytest

_VERSION = 0x20080522  # _LINUX_CAPABILITY_VERSION_3: two words of 32 bits each
_OVERRIDES = (1 << 1) | (1 << 2)  # CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH
_Sets = ctypes.c_uint32 * 6  # effective, permitted and inheritable; of the first word, then of the second


@contextlib.contextmanager
def binding_rights() -> Iterator[None]:
    """In this thread, and in those that it starts, the rights of files hold; skips where that cannot be."""
    if sys.platform == "win32":
        pytest.skip("rights of files are a matter of POSIX")
    if os.geteuid() != 0:
        yield
        return
    if sys.platform != "linux":
        pytest.skip("root may do everything here")
    libc = ctypes.CDLL(None, use_errno=True)
    head, sets = (ctypes.c_uint32 * 2)(_VERSION, 0), _Sets()
    _done(libc.capget(head, sets))
    before = sets[0]
    sets[0] &= ~_OVERRIDES & 0xFFFFFFFF
    _done(libc.capset(head, sets))
    try:
        yield
    finally:
        sets[0] = before
        _done(libc.capset(head, sets))


def _done(code: int) -> None:
    if code != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
