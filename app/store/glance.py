"""A look at what the store remembers, without opening it, and a note in it.

A command that starts at once needs no SQLAlchemy to learn that there is nothing.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

Document = dict[str, Any]
_WAIT_S = 5.0
_PUT = "INSERT INTO state (key, text) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET text = excluded.text"


def glance(database: Path, keys: Sequence[str]) -> dict[str, str] | None:
    """The texts that are kept under keys; None where that cannot be told, which says nothing of them."""
    marks = ", ".join("?" * len(keys))
    try:
        with _opened(database) as opened:
            rows = opened.execute(f"SELECT key, text FROM state WHERE key IN ({marks})", tuple(keys))  # noqa: S608
            return {str(key): str(text) for key, text in rows}
    except sqlite3.Error:
        return None


def glance_results(database: Path, folders: Sequence[str]) -> list[tuple[Document, ...]] | None:
    """Results in folders, and those of which something was exported, each with its job and its dataset.

    What is not there is empty; None where that cannot be told.
    """
    marks = ", ".join("?" * len(folders))
    query = (
        "SELECT d.document FROM result_documents d JOIN results r ON r.id = d.id "  # noqa: S608
        f"WHERE r.folder IN ({marks}) OR d.document LIKE ?"
    )
    try:
        with _opened(database) as opened:
            found = opened.execute(query, (*folders, '%"exports":[{%')).fetchall()
            return [_with_sent(opened, json.loads(each[0])) for each in found]
    except (sqlite3.Error, ValueError):
        return None


def _with_sent(opened: sqlite3.Connection, result: Document) -> tuple[Document, ...]:
    job = _document(opened, "job", result.get("job_id"))
    dataset = _document(opened, "dataset", result.get("dataset_id") or job.get("dataset_id"))
    return result, job, dataset


def _document(opened: sqlite3.Connection, noun: str, key: object) -> Document:
    row = opened.execute(f"SELECT document FROM {noun}_documents WHERE id = ?", (key,)).fetchone()  # noqa: S608
    found = json.loads(row[0]) if row else {}
    return found if isinstance(found, dict) else {}


def note(database: Path, key: str, change: Callable[[str | None], str]) -> bool:
    """Change the text under a key, in one transaction; False where that cannot be done, and nothing is."""
    try:
        with contextlib.closing(sqlite3.connect(database, timeout=_WAIT_S, isolation_level=None)) as opened:
            opened.execute("BEGIN IMMEDIATE")
            row = opened.execute("SELECT text FROM state WHERE key = ?", (key,)).fetchone()
            text = change(row[0] if row else None)
            opened.execute(_PUT, (key, text))
            opened.execute("COMMIT")
    except (sqlite3.Error, ValueError, KeyError, TypeError):
        return False
    return True


def _opened(database: Path) -> contextlib.closing[sqlite3.Connection]:
    return contextlib.closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True))
