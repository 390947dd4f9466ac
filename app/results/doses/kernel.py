"""The extensions in C, where they were built and are not switched off."""

from __future__ import annotations

import os
from types import ModuleType

_MISSING = "the extension for dosages was not built"


def dose_kernel(wanted: bool | None = None) -> ModuleType | None:
    """What reads dosages; None where it is not there, `wanted` is False or HAPLODESK_NO_KERNEL=1.

    RuntimeError when it is `wanted` and not there.
    """
    if _is_off(wanted):
        return None
    try:
        from app.results import _doses
    except ImportError as error:
        if wanted:
            raise RuntimeError(_MISSING) from error
        return None
    return _doses


def text_kernel(wanted: bool | None = None) -> ModuleType | None:
    """What writes dosages as text; as `dose_kernel`."""
    if _is_off(wanted):
        return None
    try:
        from app.results import _dose_text
    except ImportError as error:
        if wanted:
            raise RuntimeError(_MISSING) from error
        return None
    return _dose_text


def record_kernel(wanted: bool | None = None) -> ModuleType | None:
    """What takes records of BCF apart; as `dose_kernel`."""
    if _is_off(wanted):
        return None
    try:
        from app.results import _bcf_record
    except ImportError as error:
        if wanted:
            raise RuntimeError(_MISSING) from error
        return None
    return _bcf_record


def _is_off(wanted: bool | None) -> bool:
    return wanted is False or (wanted is None and os.environ.get("HAPLODESK_NO_KERNEL", "") not in ("", "0"))
