"""Sums over sites: by chunk and MAF range, in a grid of R2, along chromosomes.

Their size is that of the grid, however many sites there are.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from app.results.doses.contract import SiteKind
from app.results.figures.bins import MAF_PLACES, R2_PLACES, maf_places, r2_places, reached

CHUNK_BASES = 20_000_000
WINDOW_BASES = 1_000_000
_ER2_STEPS = 50
_MOST_WINDOWS = 1000
_MOST_CHUNKS = 10_000
_MOST_CHROMOSOMES = 1000
UNKNOWN = "unknown"
Floats = NDArray[np.float64]


class Column(IntEnum):
    """What is summed of the sites of a chunk in a MAF range."""

    IMPUTED = 0
    TYPED = 1
    ARRAY_ONLY = 2
    R2_KNOWN = 3
    R2 = 4
    R2_03 = 5
    R2_08 = 6
    TYPED_R2_KNOWN = 7
    TYPED_R2 = 8
    ER2_KNOWN = 9
    ER2 = 10
    NEW_KNOWN = 11
    NEW = 12
    DIFFERENCE_KNOWN = 13
    DIFFERENCE = 14


@dataclass(frozen=True, eq=False)
class Sites:
    """Rows of one chromosome: float arrays [rows], NaN where not known; `new_r2` is the recomputed one.

    `written` says where `r2` stands in the file; None where it does in all rows.
    """

    chromosome: str
    position: NDArray[np.int64]
    r2: Floats
    er2: Floats
    maf: Floats
    kind: NDArray[np.uint8]
    new_r2: Floats | None = None
    written: NDArray[np.bool_] | None = None

    @property
    def imputed(self) -> NDArray[np.bool_]:
        """Rows that are not on the array, also such as nobody marked."""
        return np.asarray(self.kind & SiteKind.TYPED == 0, bool)

    @property
    def typed(self) -> NDArray[np.bool_]:
        """Rows on the array and in the panel."""
        return np.asarray(self.kind == SiteKind.TYPED | SiteKind.IMPUTED, bool)


@dataclass
class SiteSums:
    """`chunks` are (chromosome, number); `by_chunk` [chunks, MAF places, columns]; `grid` and `grid_r2` are
    [chromosomes, MAF places, R2 places]: counts of imputed sites and sums of their R2; `er2_grid` [R2 steps,
    ER2 steps] of typed ones. `windows` [windows of a Mb, imputed or typed] a chromosome."""

    chunk_bases: int = CHUNK_BASES
    chromosomes: list[str] = field(default_factory=list)
    chunks: list[tuple[int, int]] = field(default_factory=list)
    by_chunk: Floats = field(default_factory=lambda: np.zeros((0, MAF_PLACES, len(Column))))
    grid: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, MAF_PLACES, R2_PLACES), np.int64))
    grid_r2: Floats = field(default_factory=lambda: np.zeros((0, MAF_PLACES, R2_PLACES)))
    er2_grid: NDArray[np.int64] = field(default_factory=lambda: np.zeros((_ER2_STEPS, _ER2_STEPS), np.int64))
    windows: list[NDArray[np.int64]] = field(default_factory=list)
    first: list[int] = field(default_factory=list)
    last: list[int] = field(default_factory=list)
    _numbers: dict[tuple[int, int], int] = field(default_factory=dict)

    def add(self, sites: Sites) -> None:
        """Take in some rows of one chromosome."""
        number = self._chromosome(sites.chromosome)
        maf = maf_places(sites.maf)
        place = r2_places(sites.r2)
        self._add_columns(sites, self._chunk_rows(number, sites.position), maf)
        self._add_grid(number, sites, maf, place)
        self._add_windows(number, sites)
        both = sites.typed & np.isfinite(sites.r2) & np.isfinite(sites.er2)
        if both.any():
            edges = [np.linspace(0, 1, _ER2_STEPS + 1)] * 2
            pairs = np.clip(sites.r2[both], 0, 1), np.clip(sites.er2[both], 0, 1)
            self.er2_grid += np.histogram2d(*pairs, bins=edges)[0].astype(np.int64)

    def merge(self, other: SiteSums) -> None:
        """Take in what was summed of other files."""
        numbers = [self._chromosome(name) for name in other.chromosomes]
        for theirs, mine in enumerate(numbers):
            self.grid[mine] += other.grid[theirs]
            self.grid_r2[mine] += other.grid_r2[theirs]
            self.first[mine] = min(filter(None, (self.first[mine], other.first[theirs])), default=0)
            self.last[mine] = max(self.last[mine], other.last[theirs])
            self._widen(mine, len(other.windows[theirs]))
            self.windows[mine][: len(other.windows[theirs])] += other.windows[theirs]
        for (theirs, chunk), sums in zip(other.chunks, other.by_chunk, strict=True):
            row = self._chunk(numbers[theirs], chunk)
            self.by_chunk[row] += sums
        self.er2_grid += other.er2_grid

    def _widen(self, chromosome: int, windows: int) -> None:
        held = self.windows[chromosome]
        if windows > len(held):
            self.windows[chromosome] = np.concatenate([held, np.zeros((windows - len(held), 2), np.int64)])

    def _chromosome(self, name: str) -> int:
        if name not in self.chromosomes:
            if len(self.chromosomes) >= _MOST_CHROMOSOMES:
                return self._chromosome(UNKNOWN) if name != UNKNOWN else len(self.chromosomes) - 1
            self.chromosomes.append(name)
            self.grid = np.concatenate([self.grid, np.zeros((1, MAF_PLACES, R2_PLACES), np.int64)])
            self.grid_r2 = np.concatenate([self.grid_r2, np.zeros((1, MAF_PLACES, R2_PLACES))])
            self.windows.append(np.zeros((0, 2), np.int64))
            self.first.append(0)
            self.last.append(0)
        return self.chromosomes.index(name)

    def _chunk_rows(self, chromosome: int, position: NDArray[np.int64]) -> NDArray[np.intp]:
        """The row of `by_chunk` of each site; an exact multiple is of the chunk before, as on servers."""
        number = np.clip((position - 1) // self.chunk_bases, 0, _MOST_CHUNKS)
        found, inverse = np.unique(number, return_inverse=True)
        return np.array([self._chunk(chromosome, each) for each in found.tolist()], np.intp)[inverse]

    def _chunk(self, chromosome: int, number: int) -> int:
        key = chromosome, number
        if key not in self._numbers:
            if len(self.chunks) >= _MOST_CHUNKS:
                return len(self.chunks) - 1
            self._numbers[key] = len(self.chunks)
            self.chunks.append(key)
            more = np.zeros((1, MAF_PLACES, len(Column)))
            self.by_chunk = np.concatenate([self.by_chunk, more])
        return self._numbers[key]

    def _add_columns(self, sites: Sites, chunk: NDArray[np.intp], maf: NDArray[np.intp]) -> None:
        imputed, typed = sites.imputed, sites.typed
        known = imputed & np.isfinite(sites.r2)
        typed_known = typed & np.isfinite(sites.r2)
        er2_known = np.isfinite(sites.er2)
        new = np.full(len(maf), np.nan) if sites.new_r2 is None else sites.new_r2
        new_known = imputed & np.isfinite(new)
        both = known & new_known if sites.written is None else known & new_known & sites.written
        r2 = np.nan_to_num(sites.r2)
        columns = [
            imputed,
            typed,
            ~imputed & ~typed,
            known,
            np.where(known, r2, 0),
            known & (sites.r2 >= reached(0.3)),
            known & (sites.r2 >= reached(0.8)),
            typed_known,
            np.where(typed_known, r2, 0),
            er2_known,
            np.where(er2_known, sites.er2, 0),
            new_known,
            np.where(new_known, new, 0),
            both,
            np.where(both, np.abs(np.nan_to_num(new) - r2), 0),
        ]
        key = chunk * MAF_PLACES + maf
        shape = len(self.chunks), MAF_PLACES
        for number, column in enumerate(columns):
            sums = np.bincount(key, weights=column, minlength=shape[0] * shape[1])
            self.by_chunk[:, :, number] += sums.reshape(shape)

    def _add_grid(
        self, chromosome: int, sites: Sites, maf: NDArray[np.intp], place: NDArray[np.intp]
    ) -> None:
        imputed = sites.imputed
        key = (maf * R2_PLACES + place)[imputed]
        shape = MAF_PLACES, R2_PLACES
        size = shape[0] * shape[1]
        self.grid[chromosome] += np.bincount(key, minlength=size).reshape(shape)
        weights = np.nan_to_num(sites.r2[imputed])
        self.grid_r2[chromosome] += np.bincount(key, weights=weights, minlength=size).reshape(shape)

    def _add_windows(self, chromosome: int, sites: Sites) -> None:
        known = sites.position > 0
        if not known.any():
            return
        position = sites.position[known]
        first, last = int(position.min()), int(position.max())
        self.first[chromosome] = min(self.first[chromosome] or first, first)
        self.last[chromosome] = max(self.last[chromosome], last)
        window = np.minimum(position // WINDOW_BASES, _MOST_WINDOWS - 1)
        self._widen(chromosome, int(window.max()) + 1)
        held = self.windows[chromosome]
        for column, which in enumerate((sites.imputed, ~sites.imputed)):
            held[:, column] += np.bincount(window[which[known]], minlength=len(held))
