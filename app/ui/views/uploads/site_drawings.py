"""The sites of a dataset as drawings: call rate, frequency, and frequency against a reference."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QCoreApplication

from app.genotypes.figures import Figures
from app.ui import text
from app.ui.text import plural
from app.ui.widgets.drawing import Band, Bars, Drawing, Floats, Layer, Line, Plane, Stops, share_ticks

FLIP_WIDTH = 0.12
APART = 0.2
"""Frequencies that differ by more are told apart from chance."""


def _t(words: str) -> str:
    return QCoreApplication.translate("Sites", words)


def sites_words(n: int) -> str:
    """`212 sites`."""
    return plural(QCoreApplication.translate("Sites", "%Ln site(s)", None, n), n)


def histogram(counts: NDArray[np.float64], across: str, what: str) -> Drawing:
    """Counts over equal bins between 0 and 1; heights are on a logarithmic scale: most sites are good."""
    heights = np.asarray(counts, float)
    if not heights.size or not heights.sum():
        return Drawing(_t("{0}: not known.").format(what))
    edges = np.linspace(0, 1, len(heights) + 1)
    middles = (edges[:-1] + edges[1:]) / 2
    drawn = np.log10(heights + 1)

    def words(n: int) -> str:
        low, high = text.percent(float(edges[n])), text.percent(float(edges[n + 1]))
        return _t("{0} to {1}: {2}").format(low, high, sites_words(int(heights[n])))

    some = np.flatnonzero(heights)
    stops = Stops(middles[some], drawn[some], lambda n: words(int(some[n])), [np.asarray([n]) for n in some])
    top = int(np.ceil(drawn.max())) + 0.05
    ticks = [(float(np.log10(10**n + 1)), text.number(10**n)) for n in range(int(top) + 1)]
    summary = _t("{0}: {1} in all.").format(what, sites_words(int(heights.sum())))
    left = max(0.0, float(edges[some[0]]) - 0.02)
    return Drawing(
        summary, (Bars(edges, drawn),), across, _t("sites"), stops, (left, 1), (0, top),
        share_ticks(left, 1), ticks,
    )  # fmt: skip


def call_rates(figures: Figures) -> Drawing:
    """How many sites have which call rate."""
    return histogram(figures.site_call_rate, _t("call rate of a site (%)"), _t("Call rate of sites"))


def frequencies(figures: Figures) -> Drawing:
    """How many sites have which frequency of ALT."""
    return histogram(figures.frequency, _t("frequency of ALT (%)"), _t("Frequency of ALT"))


def source_words(figures: Figures) -> str:
    """Which reference the frequencies are compared with."""
    source = np.asarray(figures.frequency_source)
    return str(source.reshape(-1)[0]) if source.size else ""


def flip_mask(bins: int) -> NDArray[np.bool_]:
    """Cells of the plane [here, reference] where swapped or flipped sites stand: f here = 1 − f there."""
    middle = (np.arange(bins) + 0.5) / bins
    here, there = middle[:, None], middle[None, :]
    mask: NDArray[np.bool_] = (np.abs(here + there - 1) < FLIP_WIDTH) & (np.abs(here - there) > APART)
    return mask


def frequency_plane(figures: Figures) -> Drawing:
    """Frequencies here by those of the reference; good sites stand on the diagonal."""
    plane = np.asarray(figures.frequency_plane, float)
    if plane.ndim != 2 or not plane.sum():
        return Drawing(_t("There is no reference to compare frequencies with. Add a site list of the panel."))
    bins = len(plane)
    here, there = np.nonzero(plane)
    x, y = (there + 0.5) / bins, (here + 0.5) / bins
    shade = np.where(plane > 0, 0.25 + 0.75 * np.log1p(plane) / np.log1p(plane.max()), 0.0)
    members = [np.asarray([h * bins + t], np.int64) for h, t in zip(here, there, strict=True)]

    def words(n: int) -> str:
        return _t("ALT {0} here, {1} in the reference: {2}").format(
            _span(int(here[n]), bins), _span(int(there[n]), bins), sites_words(int(plane[here[n], there[n]]))
        )

    return Drawing(
        plane_words(figures),
        _plane_layers(shade),
        _t("ALT in {0} (%)").format(source_words(figures) or _t("the reference")),
        _t("ALT here (%)"),
        Stops(x, y, words, members),
        (0, 1),
        (0, 1),
        share_ticks(0, 1),
        share_ticks(0, 1),
    )


def _plane_layers(shade: Floats) -> tuple[Layer, ...]:
    scale = ((0.0, "base"), (0.2, "line"), (0.6, "accent"), (1.0, "text"))
    w, edge = FLIP_WIDTH, 0.5 - APART / 2
    upper = ((0, 1 - w), (0, 1), (w, 1), (edge + w / 2, 1 - edge + w / 2), (edge - w / 2, 1 - edge - w / 2))
    lower = tuple((y, x) for x, y in upper)
    words = _t("flips stand here")
    return (
        Plane(shade, 0, 0, 1, 1, 0, 1, scale),
        Line(np.asarray([0.0, 1.0]), np.asarray([0.0, 1.0]), "muted", dashed=True),
        Band(upper, words, (w + 0.02, 0.99)),
        Band(lower, "", (1 - edge, edge)),
    )


def _span(cell: int, bins: int) -> str:
    return f"{text.number(cell / bins * 100)}–{text.percent((cell + 1) / bins)}"


def plane_words(figures: Figures) -> str:
    """How many sites agree, how many stand on the anti-diagonal."""
    plane = np.asarray(figures.frequency_plane, float)
    mask = flip_mask(len(plane))
    flips, rest = int(plane[mask].sum()), int(plane.sum())
    return _t("{0} compared; {1} on the anti-diagonal, where flipped and swapped alleles stand.").format(
        sites_words(rest), text.number(flips)
    )


def cells_count(figures: Figures, cells: NDArray[np.int64]) -> int:
    """How many sites stand in cells of the plane."""
    return int(np.asarray(figures.frequency_plane, float).reshape(-1)[cells].sum())


def flip_cells(figures: Figures) -> NDArray[np.int64]:
    """The cells of the anti-diagonal that hold sites."""
    plane = np.asarray(figures.frequency_plane, float)
    if plane.ndim != 2:
        return np.empty(0, np.int64)
    return np.flatnonzero((plane > 0) & flip_mask(len(plane))).astype(np.int64)
