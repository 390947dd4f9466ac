"""The extension in C, where it was built and is not switched off."""

from __future__ import annotations

import os
from types import ModuleType


def dose_kernel(wanted: bool | None = None) -> ModuleType | None:
    """`app.results._doses`; None where it is not there, `wanted` is False or HAPLODESK_NO_KERNEL=1.

    RuntimeError when it is `wanted` and not there.
    """
    if wanted is False or (wanted is None and os.environ.get("HAPLODESK_NO_KERNEL", "") not in ("", "0")):
        return None
    try:
        from app.results import _doses
    except ImportError as error:
        if wanted:
            raise RuntimeError("the extension for dosages was not built") from error
        return None
    return _doses
