"""Writes the columns of a site list, chromosome by chromosome, and sorts those that need it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from app.genotypes.panels.site_rows import SiteRows
from app.genotypes.site_table import NO_FREQUENCY

COLUMNS = {"position": "<u4", "code": "u1", "frequency": "<u2", "rs": "<u4"}
OTHERS = {"other_rows": "<u4", "other_ends": "<u4", "other_texts": "u1"}
_BUFFER = 1 << 18


@dataclass
class ChromosomeWriter:
    """The columns of one chromosome on their way to disk."""

    folder: Path
    rows: int = 0
    sorted: bool = True
    has_frequency: bool = False
    has_rs: bool = False
    _last: int = 0
    _text_bytes: int = 0
    _open: dict[str, BinaryIO] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True)
        for name in (*COLUMNS, *OTHERS):
            self._open[name] = (self.folder / name).open("wb", buffering=_BUFFER)

    def append(self, rows: SiteRows, chosen: NDArray[np.intp] | None = None) -> None:
        """Add rows in their order; all of them, or those chosen."""
        pick: Any = slice(None) if chosen is None else chosen
        position = rows.position[pick]
        if not len(position):
            return
        self.sorted &= bool(position[0] >= self._last and (position[1:] >= position[:-1]).all())
        self._last = int(position[-1])
        self._write("position", position)
        self._write("code", rows.code[pick])
        self._optional(rows, pick, len(position))
        self._others(rows, chosen)
        self.rows += len(position)

    def _optional(self, rows: SiteRows, pick: Any, count: int) -> None:
        frequency = np.full(count, NO_FREQUENCY) if rows.frequency is None else rows.frequency[pick]
        rs = np.zeros(count) if rows.rs is None else rows.rs[pick]
        self.has_frequency |= bool((frequency != NO_FREQUENCY).any())
        self.has_rs |= bool(rs.any())
        self._write("frequency", frequency)
        self._write("rs", rs)

    def _others(self, rows: SiteRows, chosen: NDArray[np.intp] | None) -> None:
        where, texts = rows.other_rows, rows.other_texts
        if not len(where):
            return
        if chosen is not None:
            place = np.searchsorted(chosen, where)
            inside = chosen[np.minimum(place, len(chosen) - 1)] == where
            texts = [text for text, is_here in zip(texts, inside.tolist(), strict=True) if is_here]
            where = place[inside]
        lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        self._write("other_rows", where + self.rows)
        self._write("other_ends", np.cumsum(lengths) + self._text_bytes)
        self._open["other_texts"].write(b"".join(texts))
        self._text_bytes += int(lengths.sum())

    def _write(self, name: str, values: NDArray[Any]) -> None:
        kind = COLUMNS.get(name) or OTHERS[name]
        self._open[name].write(np.ascontiguousarray(values, kind).data)

    def close(self) -> None:
        """Close the files; harmless when done twice."""
        for file in self._open.values():
            file.close()

    def finish(self) -> None:
        """Close the files and bring the rows into order."""
        self.close()
        if not self.sorted:
            self._sort()

    def _sort(self) -> None:
        """One column after the other, so that only the order and one column are in memory."""
        keys = np.fromfile(self.folder / "position", "<u4").astype(np.uint64) << np.uint64(32)
        keys |= np.arange(self.rows, dtype=np.uint64)
        keys.sort()  # equal positions keep the order of the source by the lower half
        order = (keys & np.uint64(0xFFFFFFFF)).astype(np.uint32)
        del keys
        for name, kind in COLUMNS.items():
            values = np.fromfile(self.folder / name, kind)
            values[order].tofile(self.folder / name)
        self._sort_others(order)

    def _sort_others(self, order: NDArray[np.uint32]) -> None:
        where = np.fromfile(self.folder / "other_rows", "<u4")
        if not len(where):
            return
        place = np.empty(self.rows, np.uint32)
        place[order] = np.arange(self.rows, dtype=np.uint32)
        rows = place[where]
        new = np.argsort(rows, kind="stable")
        ends = np.fromfile(self.folder / "other_ends", "<u4").astype(np.int64)
        starts = np.concatenate([np.zeros(1, np.int64), ends[:-1]])
        text = (self.folder / "other_texts").read_bytes()
        pieces = [text[starts[n] : ends[n]] for n in new]
        rows[new].tofile(self.folder / "other_rows")
        np.cumsum((ends - starts)[new]).astype("<u4").tofile(self.folder / "other_ends")
        (self.folder / "other_texts").write_bytes(b"".join(pieces))

    def keep(self, frequency: bool, rs: bool) -> dict[str, list[Any]]:
        """Remove columns that nobody has; name, size and SHA-256 of those that stay."""
        for name, wanted in (("frequency", frequency), ("rs", rs)):
            if not wanted:
                (self.folder / name).unlink()
        return {path.name: [path.stat().st_size, sha256(path)] for path in sorted(self.folder.iterdir())}


def sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
