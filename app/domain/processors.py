"""How many processors this process may use."""

from __future__ import annotations

import os


def usable_processors() -> int:
    """Those of the computer; fewer where the process is held to some, as on a cluster."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0)) or 1
    return os.cpu_count() or 1
