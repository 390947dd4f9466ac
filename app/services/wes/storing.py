"""Files into a store, for servers that take none along; encrypted where they have a key.

A store is anything that takes a file by PUT. Format: Crypt4GH 1.0.
"""

from __future__ import annotations

from pathlib import Path

from app.domain.dataset import DataFile
from app.domain.problem import Kind, problem
from app.domain.progress import Report
from app.services.contract import Connection

__all__ = ["put_files"]


async def put_files(
    connection: Connection, stored: tuple[tuple[DataFile, str], ...], key: str, folder: Path, report: Report
) -> None:
    """Put every file where the run will look for it."""
    raise problem(Kind.REFUSED, "x", "y")
