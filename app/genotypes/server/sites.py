"""Sites on their way through the server's rules, many at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.genotypes.server.letters import Bits, Counts, Genotypes
from app.genotypes.server.upload_rows import Batch
from app.genotypes.texts import Texts, joined

LONGEST_TEXT = 10_000
"""Bytes of an ID, an allele or a FILTER that are kept: the longest of known variants are shorter."""
_ROOM_FOR_LONG = 32 << 20  # of texts of a file that is kept whole; then those above `_SHORT` bytes are cut
_SHORT = 200

CalledOfSamples = Callable[[NDArray[np.intp]], NDArray[np.int64]]


@dataclass
class Sites:
    """Sites sorted by position. `chromosome` are indices into `names`; `counts` are hom-ref, het, hom-alt and
    missing by the server's letters. `called(rows)` counts for each sample how many of these rows are called.
    """

    names: Sequence[str]
    chromosome: NDArray[np.int64]
    position: NDArray[np.int64]
    ids: Texts
    refs: Texts
    alts: Texts
    filters: Texts
    counts: Counts
    samples: int
    called: CalledOfSamples

    def __len__(self) -> int:
        return len(self.position)

    def part(self, rows: NDArray[np.intp]) -> Sites:
        """Some of the sites, in this order."""
        whole = self.called
        return Sites(
            self.names,
            self.chromosome[rows],
            self.position[rows],
            self.ids[rows],
            self.refs[rows],
            self.alts[rows],
            self.filters[rows],
            self.counts[rows],
            self.samples,
            lambda some: whole(rows[some]),
        )


def sites_of(batch: Batch, genotypes: Genotypes, longest: int = LONGEST_TEXT) -> Sites:
    """The sites of a batch, with texts of more than `longest` bytes cut: no rule needs more of them."""
    ids, refs, alts, filters = (
        batch.texts(column).shortened(longest, telling)
        for column, telling in ((2, b""), (3, b""), (4, b","), (6, b"DUP"))
    )
    return Sites(
        batch.names,
        batch.chromosome,
        batch.position,
        ids,
        refs,
        alts,
        filters,
        genotypes.counts,
        genotypes.samples,
        genotypes.called_of_samples,
    )


class KeptSites:
    """Sites of a whole file with packed missing genotypes: for those that must be sorted first."""

    def __init__(self, samples: int) -> None:
        self._samples = samples
        self._parts: list[Sites] = []
        self._missing: list[NDArray[np.uint8]] = []
        self._row_of: list[NDArray[np.int64]] = []
        self._kept = 0
        self._long = 0

    @property
    def longest(self) -> int:
        """How long a text may be that is still to come."""
        return LONGEST_TEXT if self._long < _ROOM_FOR_LONG else _SHORT

    def add(self, sites: Sites, missing: Callable[[NDArray[np.intp]], Bits]) -> None:
        """Take in sites; `missing(rows)` is [rows, samples]."""
        self._parts.append(sites)
        for texts in (sites.ids, sites.refs, sites.alts, sites.filters):
            self._long += int(texts.lengths[texts.lengths > _SHORT].sum())
        gaps = np.flatnonzero(sites.counts[:, 3] > 0)
        row_of = np.full(len(sites), -1, np.int64)
        row_of[gaps] = self._kept + np.arange(len(gaps))
        self._kept += len(gaps)
        self._row_of.append(row_of)
        for at in range(0, len(gaps), 256):
            self._missing.append(np.packbits(missing(gaps[at : at + 256]), axis=1))

    def all(self) -> Sites:
        """All of them, in the order in which they came."""
        parts = self._parts
        row_of = np.concatenate([np.empty(0, np.int64), *self._row_of])
        width = (self._samples + 7) // 8
        packed = np.concatenate([np.empty((0, width), np.uint8), *self._missing])

        def called(rows: NDArray[np.intp]) -> NDArray[np.int64]:
            gaps = row_of[rows]
            result = np.full(self._samples, len(rows), np.int64)
            gaps = gaps[gaps >= 0]
            for at in range(0, len(gaps), 256):
                bits = np.unpackbits(packed[gaps[at : at + 256]], axis=1, count=self._samples)
                result -= bits.sum(axis=0, dtype=np.int64)
            return result

        return Sites(
            parts[-1].names if parts else (),
            np.concatenate([np.empty(0, np.int64), *(each.chromosome for each in parts)]),
            np.concatenate([np.empty(0, np.int64), *(each.position for each in parts)]),
            joined(each.ids for each in parts),
            joined(each.refs for each in parts),
            joined(each.alts for each in parts),
            joined(each.filters for each in parts),
            np.concatenate([np.empty((0, 4), np.int32), *(each.counts for each in parts)]),
            self._samples,
            called,
        )
