"""How many processors this process may use."""

from __future__ import annotations

import os
from pathlib import Path

_QUOTA = Path("/sys/fs/cgroup/cpu.max")
"""In a container on Linux: microseconds of processors that it gets in each so many of time."""


def usable_processors() -> int:
    """Those of the computer; fewer where the process is held to some, as on a cluster or in a container."""
    if not hasattr(os, "sched_getaffinity"):
        return os.cpu_count() or 1
    usable = len(os.sched_getaffinity(0)) or 1
    return min(usable, _quota() or usable)


def _quota() -> int | None:
    """So many processors as a container has the time of; None where no limit is told."""
    try:
        time, period = _QUOTA.read_text(encoding="ascii").split()
        return max(1, -(-int(time) // int(period)))
    except (OSError, ValueError, ZeroDivisionError):  # "max", another system, or another form
        return None
