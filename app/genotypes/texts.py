"""Columns of many short texts in two arrays: identifiers and alleles of millions of sites."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

Bytes = NDArray[np.uint8]
_LONG = 1000  # bytes of a text on average from which texts are copied one by one
Cut = Callable[[NDArray[Any], NDArray[Any], NDArray[Any], NDArray[Any]], int]


def _found() -> Cut | None:
    """The extension in C that copies pieces; None where it was not built."""
    try:
        from app.genotypes import _rows
    except ImportError:
        return None
    found: Cut | None = getattr(_rows, "cut", None)  # a build of before has none
    return found


_cut = _found()


class Texts:
    """Texts in UTF-8, one after the other in `blob`; `ends[i]` is where text `i` ends.

    Reads like a sequence of `str`. Both arrays may be memory-mapped.
    """

    def __init__(self, blob: Bytes, ends: NDArray[np.int64]) -> None:
        self.blob = blob
        self.ends = ends

    @classmethod
    def of(cls, texts: Iterable[str | bytes]) -> Texts:
        """A column of these texts."""
        raw = [each.encode() if isinstance(each, str) else each for each in texts]
        lengths = np.fromiter(map(len, raw), np.int64, len(raw))
        return cls(np.frombuffer(b"".join(raw), np.uint8), np.cumsum(lengths))

    @classmethod
    def cut(cls, text: Bytes, start: NDArray[np.int64], stop: NDArray[np.int64]) -> Texts:
        """A column of pieces of one text, copied out of it."""
        lengths = np.maximum(stop - start, 0)
        ends = np.cumsum(lengths)
        total = int(ends[-1]) if len(ends) else 0
        if _cut is not None and os.environ.get("HAPLODESK_NO_KERNEL", "") in ("", "0"):
            blob = np.empty(total, np.uint8)
            first, last = (np.ascontiguousarray(each, np.int64) for each in (start, stop))
            _cut(np.ascontiguousarray(text), first, last, blob)
            return cls(blob, ends)
        if total > _LONG * len(ends):  # an index of 8 bytes for each of their letters would be large
            pieces = [text[at : at + size] for at, size in zip(start.tolist(), lengths.tolist(), strict=True)]
            return cls(np.concatenate(pieces), ends)
        places = np.arange(total, dtype=np.int64) + np.repeat(start - (ends - lengths), lengths)
        return cls(text[places], ends)

    def __len__(self) -> int:
        return len(self.ends)

    @overload
    def __getitem__(self, key: int) -> str: ...

    @overload
    def __getitem__(self, key: slice | NDArray[np.intp] | NDArray[np.bool_]) -> Texts: ...

    def __getitem__(self, key: int | slice | NDArray[np.intp] | NDArray[np.bool_]) -> str | Texts:
        if isinstance(key, int | np.integer):
            return self.raw(int(key)).decode("utf-8", "replace")
        ends = np.asarray(self.ends[key], np.int64)
        return Texts.cut(self.blob, self.starts[key], ends)

    def __iter__(self) -> Iterator[str]:
        return (each.decode("utf-8", "replace") for each in self.raws())

    @property
    def starts(self) -> NDArray[np.int64]:
        """Where each text begins."""
        starts = np.empty(len(self.ends), np.int64)
        starts[:1] = 0
        starts[1:] = self.ends[:-1]
        return starts

    @property
    def lengths(self) -> NDArray[np.int64]:
        """Bytes of each text."""
        return np.diff(self.ends, prepend=np.int64(0))

    def raw(self, index: int) -> bytes:
        """One text as bytes."""
        count = len(self.ends)
        if not -count <= index < count:
            raise IndexError(index)
        index %= count
        start = int(self.ends[index - 1]) if index else 0
        return self.blob[start : int(self.ends[index])].tobytes()

    def shortened(self, longest: int, telling: bytes = b"") -> Texts:
        """The same with texts of more than `longest` bytes cut, so that few of them cannot fill the memory.

        What was cut ends in “…”; `telling` is put behind where it stands in what was cut off alone.
        """
        if not (self.lengths > longest).any():
            return self
        return Texts.of(_shortened(each, longest, telling) for each in self.raws())

    def raws(self) -> Iterator[bytes]:
        """All texts as bytes."""
        blob = self.blob.tobytes()
        start = 0
        for stop in self.ends.tolist():
            yield blob[start:stop]
            start = stop

    def first_letters(self) -> Bytes:
        """The byte of each text that is one letter, 0 for every other."""
        result = np.zeros(len(self.ends), np.uint8)
        single = self.lengths == 1
        result[single] = self.blob[self.starts[single]]
        return result


def _shortened(raw: bytes, longest: int, telling: bytes) -> bytes:
    if len(raw) <= longest:
        return raw
    head = raw[:longest]
    return head + "…".encode() + (telling if telling in raw and telling not in head else b"")


def joined(columns: Iterable[Texts]) -> Texts:
    """Columns one after the other."""
    listed = list(columns)
    if not listed:
        return Texts.of(())
    sizes = np.cumsum([0, *(int(each.ends[-1]) if len(each) else 0 for each in listed[:-1])])
    ends = [each.ends + size for each, size in zip(listed, sizes, strict=True)]
    return Texts(np.concatenate([each.blob for each in listed]), np.concatenate(ends))
