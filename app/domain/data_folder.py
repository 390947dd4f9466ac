"""Where the data folder is and what its database is called; asked by commands that open neither."""

from __future__ import annotations

import os
import sys
from pathlib import Path

DATABASE = "haplodesk.db"


def default_home() -> Path:
    """The data folder: `HAPLODESK_HOME`, else where the system keeps the data of programs."""
    named = os.environ.get("HAPLODESK_HOME")
    if named:
        return Path(named).expanduser()
    if sys.platform == "linux":  # as platformdirs says, whose modules take half a megabyte
        data, own = os.environ.get("XDG_DATA_HOME", ""), os.environ.get("HOME", "")
        if os.path.isabs(data) or os.path.isabs(own):
            return Path(data if os.path.isabs(data) else f"{own}/.local/share") / "Haplodesk"
    from platformdirs import user_data_path

    return user_data_path("Haplodesk", appauthor=False)
