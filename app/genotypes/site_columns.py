"""The columns of a scan: arrays while the file is small, temporary files when it has very many records."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

RECORDS_IN_MEMORY = 1_000_000
COLUMNS: dict[str, str] = {
    "chromosome": "<u2",
    "position": "<i8",
    "alleles": "<u4",
    "flags": "<u2",
    "ref": "<i4",
    "het": "<i4",
    "alt": "<i4",
    "missing": "<i4",
}
_RECORDS_AT_ONCE = 1 << 16


@dataclass
class Sites:
    """Records in file order, one array a column; counts are of samples.

    `chromosome` is an index into `Scan.chromosomes`; `alleles` is equal for equal REF and ALT; `flags` are
    SiteFlag numbers. A half call counts in none of `ref`, `het`, `alt`, `missing`. Of files with very many
    records the arrays lie in temporary files and are mapped: read them in slices.
    """

    chromosome: NDArray[np.uint16]
    position: NDArray[np.int64]
    alleles: NDArray[np.uint32]
    flags: NDArray[np.uint16]
    ref: NDArray[np.int32]
    het: NDArray[np.int32]
    alt: NDArray[np.int32]
    missing: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.position)


class SiteColumns:
    """Collects the columns of `Sites`, batch by batch."""

    def __init__(self, folder: Path | None = None, in_memory: int = RECORDS_IN_MEMORY) -> None:
        """`folder`: keep them there in files named after the columns (for another process to read)."""
        self._folder = folder
        self._in_memory = in_memory if folder is None else 0
        self._parts: list[Sequence[NDArray[Any]]] = []
        self._held = 0
        self._files: dict[str, BinaryIO] = {}

    def append(self, columns: Sequence[NDArray[Any]]) -> None:
        """Add records: arrays in the order of `COLUMNS`, which now belong to the collection."""
        self._parts.append(columns)
        self._held += len(columns[0])
        if self._files and self._held > _RECORDS_AT_ONCE or self._held > self._in_memory:
            self._spill()

    def read_from(self, folder: Path, names: NDArray[np.uint16]) -> None:
        """Add what another process kept in a folder; `names` renumbers its chromosomes."""
        sites = _opened({name: folder / name for name in COLUMNS})
        for at in range(0, len(sites), _RECORDS_AT_ONCE):
            columns = [np.array(column[at : at + _RECORDS_AT_ONCE]) for column in vars(sites).values()]
            columns[0] = names[columns[0]]
            self.append(columns)

    def _spill(self) -> None:
        for number, (name, kind) in enumerate(COLUMNS.items()):
            file = self._file(name)
            for part in self._parts:
                file.write(np.ascontiguousarray(part[number], kind).data)
        self._parts.clear()
        self._held = 0

    def _file(self, name: str) -> BinaryIO:
        if name not in self._files:
            if self._folder is None:
                self._files[name] = tempfile.TemporaryFile()  # noqa: SIM115 - closed in `finish`
            else:
                self._files[name] = (self._folder / name).open("w+b")
        return self._files[name]

    def close(self) -> None:
        """Let the files go; what `finish` gave stays readable."""
        for file in self._files.values():
            file.close()
        self._files.clear()

    def finish(self) -> Sites:
        """All records."""
        if not self._files and self._folder is None:
            return Sites(
                *(
                    np.concatenate([np.empty(0, kind), *(part[number] for part in self._parts)])
                    for number, kind in enumerate(COLUMNS.values())
                )
            )
        self._spill()
        for file in self._files.values():
            file.flush()
        sites = _opened(self._files)
        self.close()
        return sites


def _opened(files: dict[str, BinaryIO] | dict[str, Path]) -> Sites:
    return Sites(*(_mapped(file, COLUMNS[name]) for name, file in files.items()))


def _mapped(file: BinaryIO | Path, kind: str) -> NDArray[Any]:
    size = file.stat().st_size if isinstance(file, Path) else file.seek(0, 2)
    return np.memmap(file, np.dtype(kind), "r") if size else np.empty(0, kind)
