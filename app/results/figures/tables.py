"""The tables behind the plots, as they are kept on disk."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain.quality import Kept
from app.results.figures.bins import MAF_COUNT, MAF_PLACES, R2_STEPS
from app.results.figures.cut_offs import curve, kept_by_cut
from app.results.figures.site_sums import Column

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
_ARRAYS = ("first", "last", "chunks", "by_chunk", "grid", "grid_r2", "er2_grid", "frequencies")


@dataclass(frozen=True, eq=False)
class QualityTables:
    """See `SiteSums` for the arrays of sites; `frequencies` [panel, result] counts sites in hundredths;
    `people` are figures [samples] by name; `windows` [Mb, imputed or typed] a chromosome."""

    chunk_bases: int
    chromosomes: tuple[str, ...]
    first: Counts
    last: Counts
    chunks: Counts
    by_chunk: Floats
    grid: Counts
    grid_r2: Floats
    er2_grid: Counts
    windows: tuple[Counts, ...]
    frequencies: Counts
    samples: tuple[str, ...] = ()
    people: Mapping[str, Floats] = field(default_factory=dict)

    def kept(
        self, cuts: float | list[float] | tuple[float, ...], least_maf: float = 0.0, chromosome: str = ""
    ) -> Kept:
        """What a cut-off of R2 keeps, of all chromosomes or of one: one for all, or one a MAF range."""
        grid, sums = self._grids(chromosome)
        return kept_by_cut(grid, sums, cuts, least_maf)

    def curve(self, chromosome: str = "") -> tuple[Floats, Counts, Floats]:
        """For each cut-off in steps of 0.005: the cut-off, imputed sites kept, and their mean R2."""
        return curve(*self._grids(chromosome))

    def _grids(self, chromosome: str) -> tuple[Counts, Floats]:
        if chromosome:
            at = self.chromosomes.index(chromosome)
            return self.grid[at], self.grid_r2[at]
        return (
            np.asarray(self.grid.sum(axis=0), np.int64),
            np.asarray(self.grid_r2.sum(axis=0), np.float64),
        )

    def heat(self, value: Column = Column.R2, known: Column = Column.R2_KNOWN) -> Floats:
        """[chromosomes, MAF ranges] means, NaN where there is no site: such as mean R2, or ER2."""
        total = np.zeros((len(self.chromosomes), MAF_PLACES, 2))
        for (chromosome, _), sums in zip(self.chunks.tolist(), self.by_chunk, strict=True):
            total[chromosome] += sums[:, [value, known]]
        part, whole = total[:, :MAF_COUNT, 0], total[:, :MAF_COUNT, 1]
        return np.asarray(
            np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0), np.float64
        )

    def median_r2(self, rows: Counts) -> float | None:
        """The median of R2 of grid rows [R2 places], to half a step; None where there is none."""
        counts = rows[: R2_STEPS + 1]
        total = int(counts.sum())
        if not total:
            return None
        step = int(np.searchsorted(np.cumsum(counts), (total + 1) // 2))
        return min(1.0, (step + 0.5) / R2_STEPS) if step < R2_STEPS else 1.0

    def save(self, path: Path) -> None:
        """Write an npz file; the caller gives it its final name."""
        about = {
            "chunk_bases": self.chunk_bases,
            "chromosomes": self.chromosomes,
            "samples": self.samples,
            "people": list(self.people),
        }
        arrays: dict[str, Any] = {name: getattr(self, name) for name in _ARRAYS}
        arrays |= {f"window{number}": each for number, each in enumerate(self.windows)}
        arrays |= {f"person{number}": each for number, each in enumerate(self.people.values())}
        arrays["about"] = np.frombuffer(json.dumps(about).encode(), np.uint8)
        with path.open("wb") as file:
            np.savez_compressed(file, **arrays)

    @classmethod
    def load(cls, path: Path) -> QualityTables:
        """Read them back. ValueError, KeyError or OSError when the file is none of ours."""
        with np.load(path, allow_pickle=False) as held:
            about = json.loads(held["about"].tobytes())
            return cls(
                chunk_bases=int(about["chunk_bases"]),
                chromosomes=tuple(about["chromosomes"]),
                windows=tuple(held[f"window{n}"] for n in range(len(about["chromosomes"]))),
                samples=tuple(about["samples"]),
                people={name: held[f"person{n}"] for n, name in enumerate(about["people"])},
                **{name: held[name] for name in _ARRAYS},
            )
