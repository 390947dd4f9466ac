"""Where the data folder is and what its database is called; asked by commands that open neither."""

from __future__ import annotations

import os
from pathlib import Path

DATABASE = "haplodesk.db"


def default_home() -> Path:
    """The data folder: `HAPLODESK_HOME`, else where the system keeps the data of programs."""
    named = os.environ.get("HAPLODESK_HOME")
    if named:
        return Path(named).expanduser()
    from platformdirs import user_data_path

    return user_data_path("Haplodesk", appauthor=False)
