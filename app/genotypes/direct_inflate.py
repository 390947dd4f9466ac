"""Inflating BGZF blocks in C straight into a buffer, by the libdeflate of the `deflate` package."""

from __future__ import annotations

import os
from collections.abc import Callable

import deflate

Inflate = Callable[[memoryview, int, int, bytearray, int, int], tuple[int, int]]


def _found() -> Inflate | None:
    """The function of the extension; None where it was not built or libdeflate is hidden."""
    try:
        from app.genotypes import _inflate
    except ImportError:
        return None
    library = getattr(getattr(deflate, "_deflate", None), "__file__", None)
    return _inflate.blocks if library and _inflate.use(library) else None


_inflate_blocks = _found()


def direct_inflate() -> Inflate | None:
    """`(packed, at, stop, text, fill, enough) → (at, fill)`: inflate the blocks of `packed` that begin
    between `at` and `stop` into `text` until it holds `enough`. It stops before a block that is cut,
    damaged, unusual or does not fit. None where it is not there or is switched off by HAPLODESK_NO_KERNEL=1.
    """
    return _inflate_blocks if os.environ.get("HAPLODESK_NO_KERNEL", "") in ("", "0") else None
