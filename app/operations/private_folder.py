"""Folders of the program that hold genotypes or names of people: nobody else on the computer looks in."""

from __future__ import annotations

import contextlib
from pathlib import Path

from app.operations.data_folder_trouble import data_folder_trouble


def private_folder(path: Path, advice: str = "") -> Path:
    """Make a folder that only its owner opens, whatever the umask; also one that was there. ProblemError."""
    with data_folder_trouble(path, advice):
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        with contextlib.suppress(PermissionError):  # it belongs to somebody else, who sees to it
            path.chmod(0o700)
    return path
