"""The records of several results side by side: what is the same variant stands in the same row.

A variant is its position, REF and ALT; one that a result has twice is matched as first with first and second
with second, so that none is lost. All sources are read once, in order; memory does not grow with them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain.problem import Kind, problem
from app.genotypes.texts import Texts
from app.results.doses.contract import DoseBatch
from app.results.merging.batch_rows import take, together

Index = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Aligned:
    """Variants that at least one source has, by position.

    `parts[k]` are the records of source k, `rows[k][i]` is the row there of variant i, -1 where it has none.
    """

    position: NDArray[np.int64]
    ids: Texts
    refs: Texts
    alts: Texts
    parts: tuple[DoseBatch, ...]
    rows: tuple[Index, ...]

    def __len__(self) -> int:
        return len(self.position)

    @property
    def present(self) -> NDArray[np.bool_]:
        """Which source has which variant, [sources, variants]."""
        return np.stack(self.rows) >= 0

    @property
    def kinds(self) -> NDArray[np.uint8]:
        """Bits of `SiteKind` that any source has for each variant."""
        found = np.zeros(len(self), np.uint8)
        for part, row in zip(self.parts, self.rows, strict=True):
            has = row >= 0
            found[has] |= part.info.kind[row[has]]
        return found


class _Source:
    """One result, read a batch at a time; the rows in `held` are not handed over yet."""

    def __init__(self, batches: Iterator[DoseBatch], name: str) -> None:
        self._batches = batches
        self._name = name
        self._empty: DoseBatch | None = None
        self.held: DoseBatch | None = None
        self.ended = False
        self.read()

    def read(self) -> None:
        """Add the next batch to what is held."""
        batch = next(self._batches, None)
        if batch is None:
            self.ended = True
            return
        if self._empty is None:
            self._empty = take(batch, slice(0, 0))
        held = [self.held] if self.held is not None and len(self.held) else []
        last = int(held[0].position[-1]) if held else 0
        if len(batch) and (int(batch.position[0]) < last or (np.diff(batch.position) < 0).any()):
            raise _unsorted(self._name, batch)
        self.held = together([*held, batch])

    @property
    def last(self) -> int:
        """The last position held; 0 when nothing is."""
        return int(self.held.position[-1]) if self.held is not None and len(self.held) else 0

    def give(self, before: int | None) -> DoseBatch | None:
        """Hand over the rows before a position, or all; None for a source that never had any."""
        if self.held is None:
            return self._empty
        count = len(self.held) if before is None else int(np.searchsorted(self.held.position, before))
        given = take(self.held, slice(0, count))
        self.held = take(self.held, slice(count, len(self.held)))
        return given


def aligned(sources: Sequence[Iterator[DoseBatch]], names: Sequence[str]) -> Iterator[Aligned]:
    """The variants of several streams of one chromosome each; `names` are for the words of a problem.

    ProblemError (input) when one of them is not sorted by position.
    """
    held = [_Source(batches, name) for batches, name in zip(sources, names, strict=True)]
    while any(not each.ended or each.last for each in held):
        reading = [each for each in held if not each.ended]
        if blocked := [each for each in reading if not each.last]:
            for each in blocked:
                each.read()
            continue
        before = min((each.last for each in reading), default=None)
        parts = [each.give(before) for each in held]
        if any(part is not None and len(part) for part in parts):
            yield _side_by_side(parts)
        for each in reading:
            if before is not None and each.last == before:
                each.read()


def _side_by_side(parts: Sequence[DoseBatch | None]) -> Aligned:
    some = next(part for part in parts if part is not None and len(part))
    whole = tuple(take(some, slice(0, 0)) if part is None else part for part in parts)
    if all(_same_sites(part, whole[0]) for part in whole):
        every = np.arange(len(whole[0]), dtype=np.intp)
        first = whole[0]
        return Aligned(first.position, first.ids, first.refs, first.alts, whole, (every,) * len(whole))
    return _by_keys(whole)


def _same_sites(part: DoseBatch, first: DoseBatch) -> bool:
    return (
        np.array_equal(part.position, first.position)
        and np.array_equal(part.refs.ends, first.refs.ends)
        and np.array_equal(part.alts.ends, first.alts.ends)
        and np.array_equal(part.refs.blob, first.refs.blob)
        and np.array_equal(part.alts.blob, first.alts.blob)
    )


def _by_keys(parts: tuple[DoseBatch, ...]) -> Aligned:
    places: dict[tuple[int, bytes, bytes, int], int] = {}
    numbers = [
        np.array([places.setdefault(key, len(places)) for key in _keys(part)], dtype=np.intp)
        for part in parts
    ]
    keys = list(places)
    position = np.array([key[0] for key in keys], dtype=np.int64)
    order = np.argsort(position, kind="stable")
    rows = []
    for mine in numbers:
        row = np.full(len(keys), -1, dtype=np.intp)
        row[mine] = np.arange(len(mine))
        rows.append(row[order])
    return Aligned(
        position[order],
        _names(parts, rows),
        Texts.of([keys[i][1] for i in order.tolist()]),
        Texts.of([keys[i][2] for i in order.tolist()]),
        parts,
        tuple(rows),
    )


def _keys(part: DoseBatch) -> Iterator[tuple[int, bytes, bytes, int]]:
    seen: Counter[tuple[int, bytes, bytes]] = Counter()
    for key in zip(part.position.tolist(), part.refs.raws(), part.alts.raws(), strict=True):
        yield (*key, seen[key])
        seen[key] += 1


def _names(parts: Sequence[DoseBatch], rows: Sequence[Index]) -> Texts:
    """The ID of each variant in the first source that has it."""
    result: list[bytes] = [b"."] * len(rows[0])
    for part, row in zip(reversed(parts), reversed(rows), strict=True):
        ids = list(part.ids.raws())
        for i in np.flatnonzero(row >= 0).tolist():
            result[i] = ids[row[i]]
    return Texts.of(result)


def _unsorted(name: str, batch: DoseBatch) -> Exception:
    return problem(
        Kind.INPUT,
        "A result is not sorted by position",
        f"In {name} records of chromosome {batch.chromosome} stand before others that should come first.",
        "Sort it (bcftools sort); or name the folder of one result, if this one holds two.",
        subject=name,
    )
