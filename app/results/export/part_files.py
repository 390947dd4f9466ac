"""Files of one set under the name `.part` until all of them are whole."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO


class PartFiles:
    """Opens files as `<name>.part`; `publish` names them all, `discard` removes what is left."""

    def __init__(self) -> None:
        self._open: dict[Path, BinaryIO] = {}
        self._others: list[Path] = []
        self._published: list[Path] = []

    def open(self, path: Path, *, kept: bool = True) -> BinaryIO:
        """A new file for writing and reading; one that is not kept is removed at the end. OSError."""
        part = path.with_name(path.name + ".part")
        file = part.open("w+b")
        if kept:
            self._open[path] = file
        else:
            self._others.append(part)
            self._open[part] = file
        return file

    def publish(self) -> tuple[Path, ...]:
        """Give the files their names, in the order in which they were opened. OSError."""
        kept = [path for path in self._open if path not in self._others]
        for path in kept:
            file = self._open[path]
            file.flush()
            os.fsync(file.fileno())
        self._close()
        for path in kept:
            os.replace(path.with_name(path.name + ".part"), path)
            self._published.append(path)
        self._remove(self._others)
        return tuple(kept)

    def discard(self) -> None:
        """Close and remove everything, also what has its name already."""
        self._close()
        parts = [path.with_name(path.name + ".part") for path in self._open if path not in self._others]
        self._remove([*parts, *self._others, *self._published])

    def _close(self) -> None:
        for file in self._open.values():
            with contextlib.suppress(OSError):
                file.close()

    @staticmethod
    def _remove(paths: Sequence[Path]) -> None:
        for path in paths:
            with contextlib.suppress(OSError):
                path.unlink()
