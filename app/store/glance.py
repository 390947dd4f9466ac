"""A look at what the store remembers under some keys, without opening it: a command that starts at once needs
no SQLAlchemy to learn that there is nothing. Only reads.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Sequence
from pathlib import Path


def glance(database: Path, keys: Sequence[str]) -> dict[str, str] | None:
    """The texts that are kept under keys; None where that cannot be told, which says nothing of them."""
    marks = ", ".join("?" * len(keys))
    try:
        with contextlib.closing(
            sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)
        ) as opened:
            rows = opened.execute(f"SELECT key, text FROM state WHERE key IN ({marks})", tuple(keys))  # noqa: S608
            return {str(key): str(text) for key, text in rows}
    except sqlite3.Error:
        return None
