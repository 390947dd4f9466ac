"""The plots of a result, from binned data only: no point of any of them is a person."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from app.domain.quality import CalibrationBin, MafFigures
from app.genotypes.reporting.hiding import FEW, Hiding
from app.results.figures.bins import MAF_BINS, R2_STEPS
from app.results.figures.people import FAR, robust_z
from app.results.figures.tables import QualityTables
from app.results.reporting.axes import (
    HEIGHT,
    LEFT,
    RIGHT,
    SHARE_TEXTS,
    SHARES,
    TOP,
    WIDTH,
    Frame,
    count_texts,
)
from app.results.reporting.shapes import Box, Curve, Dot, Drawing, Line, Shape, Words

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]
_PLANE = 300.0
_ROW = 18.0
_R2_BARS = 50
_FEWEST_BINS, _MOST_BINS, _PEOPLE_A_BIN = 5, 24, 8


def maf_text(maf_from: float, maf_to: float) -> str:
    """A range of minor allele frequency in per cent."""
    return f"{maf_from * 100:g}–{maf_to * 100:g}"


def r2_by_maf(by_maf: Sequence[MafFigures]) -> Drawing:
    """Mean R2 as a line over the shares of sites below 0.3, up to 0.8, and better, by MAF range."""
    frame = Frame(top=TOP + 22, height=HEIGHT - TOP - 22 - 46, most_x=float(len(by_maf)))
    shapes: list[Shape] = [*_legend(frame.left)]
    points = []
    for number, each in enumerate(by_maf):
        shapes += _band(frame, number, each)
        if each.sites.mean_r2 is not None:
            points.append((frame.x(number + 0.5), frame.y(each.sites.mean_r2)))
    shapes += frame.rows(SHARES, SHARE_TEXTS)
    shapes.append(Curve("curve", tuple(points)))
    shapes += [Dot("dot", x, y, 3.2) for x, y in points]
    centres = [number + 0.5 for number in range(len(by_maf))]
    shapes += frame.columns(centres, [maf_text(each.maf_from, each.maf_to) for each in by_maf])
    shapes += frame.titles("Minor allele frequency (%)", "R2; share of sites")
    return Drawing(WIDTH, HEIGHT, "R2 by minor allele frequency", tuple(shapes))


def _legend(left: float) -> Iterator[Shape]:
    texts = (("low", "R2 < 0.3"), ("mid", "0.3 to 0.8"), ("high", "R2 ≥ 0.8"))
    for number, (kind, text) in enumerate(texts):
        yield Box(kind, left + number * 100, 8, 12, 12)
        yield Words(left + number * 100 + 18, 18, text, "start")
    yield Line("curve", left + 300, 14, left + 322, 14)
    yield Words(left + 328, 18, "mean R2", "start")


def _band(frame: Frame, number: int, figures: MafFigures) -> Iterator[Shape]:
    sites = figures.sites
    if sites.share_r2_03 is None or sites.share_r2_08 is None:
        return
    x, width = frame.x(number) + 3, frame.width / frame.most_x - 6
    steps = (
        ("high", 0.0, sites.share_r2_08),
        ("mid", sites.share_r2_08, sites.share_r2_03),
        ("low", sites.share_r2_03, 1.0),
    )
    for kind, start, end in steps:
        if end > start:
            title = f"{sites.imputed:,} imputed sites, {end - start:.1%}"
            yield Box(kind, x, frame.y(end), width, frame.y(start) - frame.y(end), title=title)


def r2_histogram(tables: QualityTables) -> Drawing:
    """Imputed sites by R2."""
    counts = tables.grid.sum(axis=(0, 1))[: R2_STEPS + 1]
    counts[R2_STEPS - 1] += counts[R2_STEPS]
    bars = counts[:R2_STEPS].reshape(_R2_BARS, -1).sum(axis=1)
    frame = Frame(most_y=float(max(1, bars.max())))
    shapes: list[Shape] = [*frame.rows(*count_texts(frame.most_y))]
    wide = 1 / _R2_BARS
    for number, count in enumerate(bars.tolist()):
        title = f"{number * wide:.2f} to {(number + 1) * wide:.2f}: {count:,}"
        shapes.append(_bar(frame, number * wide, wide, count, "bar", title))
    shapes += frame.columns(SHARES, SHARE_TEXTS)
    shapes += frame.titles("R2", "Imputed sites")
    return Drawing(WIDTH, HEIGHT, "Imputed sites by R2", tuple(shapes))


def _bar(frame: Frame, start: float, wide: float, count: float, kind: str, title: str) -> Box:
    x = frame.x(start)
    return Box(
        kind,
        x + 0.4,
        frame.y(count),
        max(0.5, frame.x(start + wide) - x - 0.8),
        frame.foot - frame.y(count),
        title=title,
    )


def heat_map(tables: QualityTables, order: Sequence[str]) -> Drawing:
    """Mean R2 of imputed sites by chromosome (down) and MAF range (across); the darker, the better."""
    values = tables.heat()
    left, top = 64.0, 34.0
    wide = (WIDTH - left - RIGHT) / values.shape[1]
    shapes: list[Shape] = []
    for number in range(values.shape[1]):
        text = maf_text(MAF_BINS[number], MAF_BINS[number + 1])
        shapes.append(Words(left + (number + 0.5) * wide, top - 6, text))
    shapes.append(Words(left + (WIDTH - left - RIGHT) / 2, 12, "Minor allele frequency (%)"))
    for row, name in enumerate(order):
        y = top + row * _ROW
        shapes.append(Words(left - 6, y + 13, name, "end"))
        for column, value in enumerate(values[tables.chromosomes.index(name)].tolist()):
            shapes += _cell(left + column * wide, y, wide, value)
    height = top + len(order) * _ROW + 8
    return Drawing(WIDTH, height, "Mean R2 by chromosome and minor allele frequency", tuple(shapes))


def _cell(x: float, y: float, wide: float, value: float) -> Iterator[Shape]:
    if math.isnan(value):
        yield Box("paper", x, y, wide - 1, _ROW - 1, title="no imputed site")
        return
    strength = min(1.0, 0.06 + 0.94 * max(0.0, value) ** 1.5)
    yield Box("heat", x, y, wide - 1, _ROW - 1, opacity=strength)
    yield Words(x + wide / 2, y + 13, f"{value:.2f}", kind="inverse" if strength > 0.55 else "value")


def er2_plane(tables: QualityTables) -> Drawing:
    """Typed sites by R2 (across) and ER2 (up): low and to the right lie sites the panel does not believe."""
    return _plane(tables.er2_grid, "R2", "ER2 (left out)", "Typed sites by R2 and ER2", guide=True)


def frequency_plane(tables: QualityTables) -> Drawing:
    """Sites by ALT frequency in the panel (across) and in the result (up)."""
    return _plane(
        tables.frequencies,
        "ALT frequency in the panel",
        "ALT frequency in the result",
        "ALT frequency in the result and in the panel",
        guide=True,
    )


def _plane(grid: Counts, across: str, up: str, name: str, *, guide: bool) -> Drawing:
    """`grid` [across, up] counts over 0…1; the darker, the more."""
    frame = Frame(width=_PLANE, height=_PLANE)
    shapes: list[Shape] = [Box("paper", frame.left, frame.top, _PLANE, _PLANE)]
    size_x, size_y = _PLANE / grid.shape[0], _PLANE / grid.shape[1]
    most = math.log1p(int(grid.max())) or 1.0
    for column, row in np.argwhere(grid).tolist():
        count = int(grid[column, row])
        strength = 0.15 + 0.85 * math.log1p(count) / most
        x, y = frame.left + column * size_x, frame.foot - (row + 1) * size_y
        shapes.append(Box("heat", x, y, size_x, size_y, strength, f"{count:,} sites"))
    if guide:
        shapes.append(Line("guide", frame.left, frame.foot, frame.right, frame.top))
    shapes += _unit_axes(frame, 1.0)
    shapes += frame.titles(across, up)
    return Drawing(LEFT + _PLANE + RIGHT, TOP + _PLANE + 46, name, tuple(shapes))


def _unit_axes(frame: Frame, most: float) -> Iterator[Shape]:
    values = [each * most for each in (0.0, 0.25, 0.5, 0.75, 1.0)]
    texts = [f"{each:g}" for each in values]
    yield from frame.columns(values, texts)
    for value, text in zip(values, texts, strict=True):
        yield Words(frame.left - 6, frame.y(value) + 4, text, "end")
    yield Line("axis", frame.left, frame.foot, frame.right, frame.foot)
    yield Line("axis", frame.left, frame.top, frame.left, frame.foot)


def calibration(bins: Sequence[CalibrationBin]) -> Drawing:
    """Mean count of ALT that was typed (up) of left-out dosages (across): on the diagonal they are right."""
    frame = Frame(width=_PLANE, height=_PLANE, most_x=2.0, most_y=2.0)
    shapes: list[Shape] = [
        Box("paper", frame.left, frame.top, _PLANE, _PLANE),
        Line("guide", frame.left, frame.foot, frame.right, frame.top),
    ]
    most = math.log1p(max((each.genotypes for each in bins), default=1)) or 1.0
    for each in bins:
        if each.mean_dose is None or each.mean_typed is None:
            continue
        radius = 2.0 + 4.0 * math.log1p(each.genotypes) / most
        title = f"{each.genotypes:,} genotypes: dosage {each.mean_dose:.3f}, typed {each.mean_typed:.3f}"
        shapes.append(Dot("dot", frame.x(each.mean_dose), frame.y(each.mean_typed), radius, title))
    shapes += _unit_axes(frame, 2.0)
    shapes += frame.titles("Dosage, typed site left out", "Mean typed count of ALT")
    name = "Calibration of dosages at typed sites"
    return Drawing(LEFT + _PLANE + RIGHT, TOP + _PLANE + 46, name, tuple(shapes))


def people_histogram(values: Floats, label: str) -> Drawing | None:
    """People by a figure; bins of fewer than five are dashed stubs of one height.

    None where fewer people than two bins would show have the figure.
    """
    known = values[np.isfinite(values)]
    if len(known) < 2 * FEW:
        return None
    low, high = float(known.min()), float(known.max())
    bins = int(np.clip(len(known) // _PEOPLE_A_BIN, _FEWEST_BINS, _MOST_BINS))
    span = (low, high) if high > low else (low - 0.5, low + 0.5)
    counts, edges = np.histogram(known, bins=bins, range=span)
    frame = Frame(most_x=float(bins), most_y=float(max(FEW, counts.max())))
    shapes: list[Shape] = [*frame.rows(*count_texts(frame.most_y))]
    digits = _digits(float(edges[-1] - edges[0]))
    shown_counts = _hidden(counts.tolist())
    for number, count in enumerate(shown_counts):
        few = not isinstance(count, int)
        place = f"{edges[number]:.{digits}f} to {edges[number + 1]:.{digits}f}"
        title = f"{place}: {count}"
        shown = count if isinstance(count, int) else FEW - 1
        shapes.append(_bar(frame, number, 1.0, shown, "few" if few else "bar", title))
    step = max(1, bins // 6)
    places = range(0, bins + 1, step)
    texts = [f"{edges[each]:.{digits}f}" for each in places]
    shapes += frame.columns([float(each) for each in places], texts)
    shapes += frame.titles(label, "People")
    return Drawing(WIDTH, HEIGHT, f"People by {label}", tuple(shapes))


def _hidden(counts: Sequence[int]) -> list[int | str]:
    """Small counts without their number; with a single one of them another goes too, as all add up."""
    named = {str(number): count for number, count in enumerate(counts)}
    return list(Hiding(False, ()).parts(named).values())


def _digits(spread: float) -> int:
    return int(np.clip(2 - math.floor(math.log10(spread)), 2, 6)) if spread > 0 else 3


def far_people(values: Floats) -> int:
    """How many people lie far from the others."""
    return int((np.abs(robust_z(values)) > FAR).sum())
