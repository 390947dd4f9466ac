"""The figures of a report, binned, so that no point is a person."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.genotypes.figures import Figures
from app.genotypes.reporting.hiding import Hiding

Facts = dict[str, Any]
CALL_RATE_EDGES = (0.0, 0.5, 0.8, 0.9, 0.95, 0.96, 0.97, 0.98, 0.985, 0.99, 0.995, 1.0)
_HET_BINS, _FEWEST_BINS, _PEOPLE_A_BIN = 24, 5, 8  # most bins of few people would be hidden
_MAP_CELLS = 48
_LOW_CHUNK = 0.5
_SEX = ("unknown", "male", "female")


def figures_of(figures: Figures, hiding: Hiding) -> Facts:
    """Bins of what is known; an absent name was not looked at."""
    told: Facts = {}
    if len(figures.sample_call_rate):
        told["sample_call_rate"] = _histogram(figures.sample_call_rate, np.array(CALL_RATE_EDGES), hiding)
    het = figures.het_f if len(figures.het_f) else figures.sample_het
    if np.isfinite(het).any():
        values = het[np.isfinite(het)]
        bins = int(np.clip(len(values) // _PEOPLE_A_BIN, _FEWEST_BINS, _HET_BINS))
        edges = np.linspace(values.min(), max(values.max(), values.min() + 1e-6), bins + 1)
        told["heterozygosity"] = _histogram(values, edges, hiding) | {
            "measure": "inbreeding coefficient F" if len(figures.het_f) else "share of heterozygous calls"
        }
    if figures.frequency_plane.size:
        told["frequency_plane"] = _plane(figures)
    if len(figures.pcs) or len(figures.reference_pcs):
        told["ancestry_map"] = _map(figures, hiding)
    if len(figures.chunk_start):
        told["chunks"] = _chunks(figures, hiding)
    if hiding.off and len(figures.samples):
        told["samples"] = _samples(figures)
    return told


def _histogram(values: NDArray[Any], edges: NDArray[np.float64], hiding: Hiding) -> Facts:
    counts, _ = np.histogram(values[np.isfinite(values)], edges)
    return {
        "edges": [round(float(edge), 6) for edge in edges],
        "people": [hiding.people(int(each)) for each in counts],
    }


def _plane(figures: Figures) -> Facts:
    plane = figures.frequency_plane
    here, there = np.nonzero(plane)
    cells = [[int(r), int(c), int(plane[r, c])] for r, c in zip(here, there, strict=True)]
    source = figures.frequency_source
    return {"bins": int(plane.shape[0]), "cells": cells, "reference": str(source) if source.size else ""}


def _map(figures: Figures, hiding: Hiding) -> Facts:
    """Both kinds of people on one grid over the first two axes."""
    both = [each[:, :2] for each in (figures.pcs, figures.reference_pcs) if len(each)]
    both = [each[np.isfinite(each).all(axis=1)] for each in both]
    together = np.concatenate(both)
    if not len(together):
        return {"cells": 0, "reference": [], "here": []}
    low, high = together.min(axis=0), together.max(axis=0)
    span = np.where(high > low, high - low, 1.0)

    def place(points: NDArray[Any]) -> NDArray[np.int64]:
        cells: NDArray[np.int64] = np.minimum(
            (points[:, :2] - low) / span * _MAP_CELLS, _MAP_CELLS - 1
        ).astype(np.int64)
        return cells

    labels = [str(each) for each in figures.ancestry_labels]
    return {
        "cells": _MAP_CELLS,
        "labels": labels,
        "reference": _reference_cells(figures, place) if len(figures.reference_pcs) else [],
        "here": _own_cells(figures, place, hiding) if len(figures.pcs) else [],
    }


def _reference_cells(figures: Figures, place: Any) -> list[list[int]]:
    cells = place(figures.reference_pcs)
    rows = np.column_stack([cells, figures.reference_label.astype(np.int64)])
    unique, counts = np.unique(rows, axis=0, return_counts=True)
    return [[*map(int, row), int(count)] for row, count in zip(unique, counts, strict=True)]


def _own_cells(figures: Figures, place: Any, hiding: Hiding) -> list[list[Any]]:
    known = figures.pcs[np.isfinite(figures.pcs[:, :2]).all(axis=1)]
    unique, counts = np.unique(place(known), axis=0, return_counts=True)
    return [[int(x), int(y), hiding.people(int(n))] for (x, y), n in zip(unique, counts, strict=True)]


def _chunks(figures: Figures, hiding: Hiding) -> list[Facts]:
    told = []
    for number in range(len(figures.chunk_start)):
        rates = figures.chunk_call_rate[number] if figures.chunk_call_rate.size else np.empty(0)
        low = np.flatnonzero(rates < _LOW_CHUNK)
        overlap = float(figures.chunk_overlap[number]) if len(figures.chunk_overlap) else float("nan")
        chunk: Facts = {
            "chromosome": str(figures.chunk_chromosome[number]),
            "start": int(figures.chunk_start[number]),
            "end": int(figures.chunk_end[number]),
            "sites": int(figures.chunk_sites[number]) if len(figures.chunk_sites) else None,
            "overlap": round(overlap, 4) if np.isfinite(overlap) else None,
            "call_rate": round(float(np.nanmean(rates)), 4) if np.isfinite(rates).any() else None,
            "low_call_people": hiding.people(len(low)),
        }
        if hiding.off:
            chunk["people"] = [str(figures.samples[n]) for n in low if n < len(figures.samples)]
        told.append(chunk)
    return told


def _samples(figures: Figures) -> list[Facts]:
    columns = {
        "call_rate": figures.sample_call_rate,
        "het": figures.sample_het,
        "het_f": figures.het_f,
        "x_het": figures.x_het,
    }
    told = []
    for number, name in enumerate(figures.samples):
        row: Facts = {"name": str(name)}
        for column, values in columns.items():
            value = float(values[number]) if number < len(values) else float("nan")
            row[column] = round(value, 5) if np.isfinite(value) else None
        for column, codes in (("sex_stated", figures.sex_stated), ("sex_found", figures.sex_found)):
            row[column] = _SEX[int(codes[number]) % 3] if number < len(codes) else None
        row["ancestry"] = _best(figures, number)
        told.append(row)
    return told


def _best(figures: Figures, number: int) -> str | None:
    if number >= len(figures.ancestry) or not np.isfinite(figures.ancestry[number]).all():
        return None
    return str(figures.ancestry_labels[int(np.argmax(figures.ancestry[number]))])
