"""From tables to figures: groups of sites by MAF range, chromosome and chunk."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from app.domain.quality import ChromosomeFigures, ChunkFigures, MafFigures, QualityFigures, SiteGroup
from app.results.figures.bins import MAF_BINS, MAF_COUNT
from app.results.figures.people import people_outliers
from app.results.figures.site_sums import Column
from app.results.figures.tables import QualityTables

Floats = NDArray[np.float64]


def summed_up(tables: QualityTables) -> QualityFigures:
    """The figures that follow from the tables alone."""
    by_maf = tables.by_chunk.sum(axis=0)
    grid = tables.grid.sum(axis=0)
    return QualityFigures(
        samples=len(tables.samples),
        whole=_group(by_maf.sum(axis=0), tables.median_r2(grid.sum(axis=0))),
        by_maf=tuple(
            MafFigures(
                maf_from=MAF_BINS[n],
                maf_to=MAF_BINS[n + 1],
                sites=_group(by_maf[n], tables.median_r2(grid[n])),
            )
            for n in range(MAF_COUNT)
        ),
        by_chromosome=tuple(_chromosome(tables, n) for n in range(len(tables.chromosomes))),
        by_chunk=tuple(_chunk(tables, n) for n in range(len(tables.chunks))),
        people=people_outliers(tables.people),
    )


def _chromosome(tables: QualityTables, number: int) -> ChromosomeFigures:
    mine = tables.by_chunk[tables.chunks[:, 0] == number].sum(axis=(0, 1))
    return ChromosomeFigures(
        chromosome=tables.chromosomes[number],
        first=int(tables.first[number]),
        last=int(tables.last[number]),
        sites=_group(mine, tables.median_r2(tables.grid[number].sum(axis=0))),
    )


def _chunk(tables: QualityTables, row: int) -> ChunkFigures:
    chromosome, number = tables.chunks[row].tolist()
    return ChunkFigures(
        chromosome=tables.chromosomes[chromosome],
        first=number * tables.chunk_bases + 1,
        last=(number + 1) * tables.chunk_bases,
        sites=_group(tables.by_chunk[row].sum(axis=0), None),
    )


def _group(sums: Floats, median: float | None) -> SiteGroup:
    def share(part: Column, whole: Column) -> float | None:
        return float(sums[part] / sums[whole]) if sums[whole] else None

    return SiteGroup(
        imputed=int(sums[Column.IMPUTED]),
        typed=int(sums[Column.TYPED]),
        array_only=int(sums[Column.ARRAY_ONLY]),
        mean_r2=share(Column.R2, Column.R2_KNOWN),
        median_r2=median,
        share_r2_03=share(Column.R2_03, Column.R2_KNOWN),
        share_r2_08=share(Column.R2_08, Column.R2_KNOWN),
        typed_r2=share(Column.TYPED_R2, Column.TYPED_R2_KNOWN),
        mean_er2=share(Column.ER2, Column.ER2_KNOWN),
        recomputed_r2=share(Column.NEW, Column.NEW_KNOWN),
        r2_difference=share(Column.DIFFERENCE, Column.DIFFERENCE_KNOWN),
    )
