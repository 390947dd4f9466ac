"""Errors of the disk under the data folder, in words for the user."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from app.domain.problem import Kind, problem


@contextlib.contextmanager
def data_folder_trouble(path: Path, advice: str = "") -> Iterator[None]:
    """Turn an error of the operating system about `path` into a Problem of the kind disk."""
    try:
        yield
    except OSError as error:
        raise problem(
            Kind.DISK,
            "The data folder cannot be used",
            f"{path}: {error.strerror or error}.",
            advice or "Look whether the disk is there and has room.",
            subject=str(path.parent),
            details=type(error).__name__,
        ) from error
