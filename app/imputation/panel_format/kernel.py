"""The extension in C, where it was compiled: `extension` is None elsewhere."""

from __future__ import annotations

import os

try:
    from app.imputation.panel_format import _codec as extension
except ImportError:
    extension = None  # type: ignore[assignment]

__all__ = ["extension", "fast_codec"]


def fast_codec() -> bool:
    """Whether the extension does the work; not with HAPLODESK_NO_KERNEL=1."""
    return extension is not None and os.environ.get("HAPLODESK_NO_KERNEL", "") in ("", "0")
