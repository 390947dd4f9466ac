"""Room on a disk, in words."""

from __future__ import annotations

import math


def room_words(needed: float, free: float) -> tuple[str, str]:
    """Megabytes (10**6 bytes) that are needed, rounded up, and that are free, rounded down.

    To a tenth: a file of some kilobytes must not seem to need nothing, nor a disk to have what it lacks.
    """
    return f"{math.ceil(needed / 1e5) / 10:,.1f} MB", f"{math.floor(free / 1e5) / 10:,.1f} MB"
