"""What was measured of a result as pictures; each of binned data, however large the result is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QCoreApplication

from app.domain.quality import CalibrationBin, Kept, LeftOut, QualityFigures
from app.domain.result import Quality
from app.ui import text
from app.ui.views.results.quality_curve import curves
from app.ui.views.results.result_words import curve_summary, maf, per_cent
from app.ui.widgets.drawing import Bars, Dots, Drawing, Layer, Line, Plane, Rule, Stops

if TYPE_CHECKING:
    from app.results.figures.tables import QualityTables

Floats = NDArray[np.float64]
R2_TICKS = tuple((n / 5, f"{n / 5:.1f}") for n in range(6))
UNIT = (0.0, 1.0)
HOT = ((0.0, "warning"), (0.6, "line"), (1.0, "accent"))
DENSITY = ((0.0, "base"), (0.001, "line"), (1.0, "accent"))
_HISTOGRAM_STEPS = 50
_SIZES = (5.0, 15.0)


def _t(words: str) -> str:
    return QCoreApplication.translate("Quality", words)


def r2(value: float | None) -> str:
    """Two digits; a dash where nothing is known."""
    return text.number(None if value is None or value != value else value, 2)


def maf_words(low: float, high: float) -> str:
    """`MAF 0.01–0.02`, `MAF under 0.0005`."""
    if low <= 0:
        return _t("MAF under {0}").format(maf(high))
    return _t("MAF {0}–{1}").format(maf(low), maf(high))


def maf_ticks(edges: Sequence[float]) -> tuple[tuple[float, str], ...]:
    """Every range has the same room, whatever its width; its upper end stands below it."""
    return tuple((float(n), maf(high)) for n, high in enumerate(edges))


def _upper(figures: QualityFigures) -> list[float]:
    return [each.maf_to for each in figures.by_maf]


# R2 by frequency, of what every result tells without being measured.


def overview(quality: Quality) -> Drawing:
    """Mean R2 and the shares of good variants by range of frequency."""
    found = curves(quality)
    bins = found.bins
    lines = (
        (found.share_03, "muted", _t("share with R2 ≥ 0.3"), True),
        (found.share_08, "done", _t("share with R2 ≥ 0.8"), True),
        (found.mean, "accent", _t("mean R2"), False),
    )
    layers: list[Layer] = []
    for curve, colour, name, dashed in lines:
        x, y = np.asarray(curve.places, float), np.asarray(curve.values, float)
        layers.append(Line(x, y, colour, name, dashed=dashed))
    layers.append(Dots(x, y, "accent", size=7.0, ringed=True))

    def words(stop: int) -> str:
        each = bins[int(x[stop])]
        said = _t("{0}: {1} variants, mean R2 {2}; {3} % at R2 ≥ 0.3, {4} % at R2 ≥ 0.8")
        shares = (per_cent(each.share_r2_03), per_cent(each.share_r2_08))
        return said.format(
            maf_words(each.maf_from, each.maf_to), text.number(each.variants), r2(each.mean_r2), *shares
        )

    return Drawing(
        curve_summary(quality),
        tuple(layers) if len(x) else (),
        _t("minor allele frequency up to"),
        _t("R2"),
        Stops(x, y, words),
        (-0.4, max(1, len(bins) - 1) + 0.4),
        (0.0, 1.04),
        maf_ticks([each.maf_to for each in bins]),
        R2_TICKS,
        legend=True,
        legend_low=True,
    )


# R2 by frequency, with what a cut-off keeps.


def density(tables: QualityTables) -> Floats:
    """[R2 in 50 steps, MAF ranges]: share of the imputed sites of a range, of its largest step."""
    counts = tables.grid.sum(axis=0)[:-1, :-1].astype(float)
    folded = counts[:, :200].reshape(len(counts), _HISTOGRAM_STEPS, 4).sum(axis=2)
    folded[:, -1] += counts[:, 200]
    most = folded.max(axis=1, keepdims=True)
    shares = np.divide(folded, most, out=np.zeros_like(folded), where=most > 0)
    return np.asarray(shares.T, np.float64)


def cut_picture(figures: QualityFigures, tables: QualityTables) -> Drawing:
    """Where the sites of each range lie between R2 0 and 1, and their mean; the cut-off is drawn over it."""
    means = [
        (n, each.sites.mean_r2) for n, each in enumerate(figures.by_maf) if each.sites.mean_r2 is not None
    ]
    x = np.asarray([n for n, _ in means], float)
    y = np.asarray([value for _, value in means], float)
    bins = figures.by_maf

    def words(stop: int) -> str:
        each = bins[int(x[stop])]
        said = _t("{0}: {1} imputed, mean R2 {2}, median {3}")
        group = each.sites
        return said.format(
            maf_words(each.maf_from, each.maf_to),
            text.number(group.imputed),
            r2(group.mean_r2),
            r2(group.median_r2),
        )

    summary = _t("Mean R2 {0}; shading: where the variants of each range lie. Drag the line to cut.").format(
        r2(figures.whole.mean_r2)
    )
    return Drawing(
        summary,
        (
            Plane(density(tables), -0.5, 0.0, float(len(bins)), 1.0, 0.0, 1.0, DENSITY),
            Line(x, y, "text"),
            Dots(x, y, "text", size=7.0, ringed=True),
        ),
        _t("minor allele frequency up to"),
        _t("R2"),
        Stops(x, y, words),
        (-0.5, len(bins) - 0.5),
        UNIT,
        maf_ticks(_upper(figures)),
        R2_TICKS,
    )


def kept_picture(tables: QualityTables, cut: float | None) -> Drawing:
    """Share of imputed variants that stay, and their mean R2, for every flat cut-off; `cut` is marked."""
    cuts, kept, mean = tables.curve()
    total = max(1, int(tables.grid.sum()))
    share = kept / total

    def words(stop: int) -> str:
        said = _t("R2 ≥ {0}: {1} variants stay ({2}), expected R2 {3}")
        place = stop * 4
        return said.format(
            text.number(float(cuts[place]), 2),
            text.number(int(kept[place])),
            text.percent(float(share[place])),
            r2(float(mean[place])),
        )

    marks = (Rule((cut, 0.0), (cut, 1.0), "", "failed"),) if cut is not None else ()
    known = np.isfinite(mean)
    return Drawing(
        _t("Left at R2 0: all {0} imputed variants").format(text.number(total)),
        (
            Line(cuts, share, "accent", _t("share that stays")),
            Line(cuts[known], mean[known], "done", _t("mean R2 of them"), dashed=True),
            *marks,
        ),
        _t("cut-off of R2"),
        _t("share, R2"),
        Stops(cuts[::4], share[::4], words),
        UNIT,
        (0.0, 1.02),
        R2_TICKS,
        R2_TICKS,
        legend=True,
    )


def kept_words(kept: Kept, typed: int) -> str:
    """What a cut-off leaves, in a line."""
    said = _t("{0} of {1} imputed variants stay ({2}), with an expected R2 of {3}").format(
        text.number(kept.after),
        text.number(kept.before),
        text.percent(kept.after / kept.before if kept.before else None),
        r2(kept.mean_r2),
    )
    more = _t("; {0} typed ones always stay.").format(text.number(typed)) if typed else "."
    return said + more


# The other pictures.


def heat(figures: QualityFigures, tables: QualityTables) -> Drawing:
    """Mean R2 of each chromosome in each range of frequency, first chromosome on top."""
    values = np.asarray(tables.heat())[::-1]
    names = tuple(reversed(tables.chromosomes))
    rows, columns = values.shape
    grid_x, grid_y = np.meshgrid(np.arange(columns, dtype=float), np.arange(rows, dtype=float))
    counts = tables.grid[::-1, :columns].sum(axis=2)

    def words(stop: int) -> str:
        row, column = divmod(stop, columns)
        each = figures.by_maf[column]
        said = _t("chromosome {0}, {1}: mean R2 {2}, {3} imputed")
        return said.format(
            names[row],
            maf_words(each.maf_from, each.maf_to),
            r2(float(values[row, column])),
            text.number(int(counts[row, column])),
        )

    return Drawing(
        _t("Mean R2 by chromosome and frequency: brown is poor, blue is good; gaps have no variants"),
        (Plane(values, -0.5, -0.5, float(columns), float(rows), 0.0, 1.0, HOT),),
        _t("minor allele frequency up to"),
        _t("chromosome"),
        Stops(grid_x.ravel(), grid_y.ravel(), words),
        (-0.5, columns - 0.5),
        (-0.5, rows - 0.5),
        maf_ticks(_upper(figures)),
        tuple((float(n), name) for n, name in enumerate(names)),
    )


def histogram(figures: QualityFigures, tables: QualityTables) -> Drawing:
    """How many imputed variants have which R2."""
    counts = tables.grid.sum(axis=(0, 1))[:201].astype(float)
    heights = counts[:200].reshape(_HISTOGRAM_STEPS, 4).sum(axis=1)
    heights[-1] += counts[200]
    edges = np.linspace(0, 1, _HISTOGRAM_STEPS + 1)
    middle = (edges[1:] + edges[:-1]) / 2

    def words(stop: int) -> str:
        said = _t("R2 {0}–{1}: {2} variants")
        return said.format(
            text.number(edges[stop], 2), text.number(edges[stop + 1], 2), text.number(int(heights[stop]))
        )

    group = figures.whole
    return Drawing(
        _t("{0} imputed variants; {1} have R2 ≥ 0.8, {2} have R2 ≥ 0.3").format(
            text.number(group.imputed), text.percent(group.share_r2_08), text.percent(group.share_r2_03)
        ),
        (Bars(edges, heights),),
        _t("R2"),
        _t("imputed variants"),
        Stops(middle, heights, words),
        UNIT,
        (0.0, max(1.0, float(heights.max()) * 1.05)),
        R2_TICKS,
    )


def er2(figures: QualityFigures, tables: QualityTables) -> Drawing:
    """R2 and empirical R2 of the typed sites: those low on the right are suspect."""
    counts = tables.er2_grid
    return _counted(
        counts,
        _t("{0} typed sites, mean ER2 {1}; low on the right: the panel does not believe the array").format(
            text.number(int(counts.sum())), r2(figures.whole.mean_er2)
        ),
        (_t("R2"), _t("empirical R2 (ER2)")),
        _t("R2 {0}, ER2 {1}: {2} typed sites"),
    )


def frequency(figures: QualityFigures, tables: QualityTables) -> Drawing:
    """ALT frequencies of the result beside those of the panel."""
    found = figures.frequency
    said = _t("No frequencies of a panel were compared")
    if found is not None:
        said = _t("{0} sites, r2 {1}; {2} differ by more than 0.1, {3} by more than 0.2").format(
            text.number(found.sites),
            text.number(found.r2, 4),
            text.number(found.over_01),
            text.number(found.over_02),
        )
    return _counted(
        tables.frequencies,
        said,
        (_t("ALT frequency in the panel"), _t("ALT frequency in the result")),
        _t("panel {0}, result {1}: {2} sites"),
    )


def _counted(counts: NDArray[np.int64], summary: str, axes: tuple[str, str], sentence: str) -> Drawing:
    """A square of counts [across, up] with its diagonal; darker is more, by the logarithm."""
    across, up = np.nonzero(counts)
    steps = len(counts)
    x, y = (across + 0.5) / steps, (up + 0.5) / steps
    held = counts[across, up]

    def words(stop: int) -> str:
        return sentence.format(
            text.number(float(x[stop]), 2), text.number(float(y[stop]), 2), text.number(int(held[stop]))
        )

    shades = np.log1p(counts.T.astype(float))
    return Drawing(
        summary,
        (
            Plane(shades, 0.0, 0.0, 1.0, 1.0, 0.0, max(1.0, float(shades.max(initial=0.0))), DENSITY),
            Rule((0.0, 0.0), (1.0, 1.0)),
        )
        if len(held)
        else (),
        axes[0],
        axes[1],
        Stops(x, y, words),
        UNIT,
        UNIT,
        R2_TICKS,
        R2_TICKS,
        square=True,
    )


def calibration(bins: Sequence[CalibrationBin]) -> Drawing:
    """Whether a dosage of 0.7 means 0.7 copies; points on the line are honest."""
    known = [b for b in bins if b.mean_dose is not None and b.mean_typed is not None]
    x = np.asarray([b.mean_dose for b in known], float)
    y = np.asarray([b.mean_typed for b in known], float)
    counts = np.asarray([b.genotypes for b in known], float)
    sizes = _SIZES[0] + _SIZES[1] * np.sqrt(counts / max(1.0, counts.max(initial=1.0)))

    def words(stop: int) -> str:
        said = _t("dosage {0}: {1} copies typed on average, {2} genotypes")
        return said.format(
            text.number(float(x[stop]), 2), text.number(float(y[stop]), 2), text.number(int(counts[stop]))
        )

    ticks = tuple((n / 2, f"{n / 2:.1f}") for n in range(5))
    return Drawing(
        _t("Typed sites imputed as if they had not been typed: on the line a dosage means what it says"),
        (Rule((0.0, 0.0), (2.0, 2.0)), Line(x, y, "accent"), Dots(x, y, "accent", size=sizes, ringed=True))
        if known
        else (),
        _t("imputed dosage"),
        _t("copies of ALT typed, mean"),
        Stops(x, y, words),
        (-0.05, 2.05),
        (-0.05, 2.05),
        ticks,
        ticks,
        square=True,
    )


def left_out(rows: Sequence[LeftOut], whole: LeftOut | None) -> Drawing:
    """Leave-one-out agreement by frequency: never plain concordance, which flatters rare variants."""
    ways = (
        (_t("non-reference concordance"), "accent", [r.nonref_concordance for r in rows]),
        (_t("IQS"), "series0", [r.iqs for r in rows]),
        (_t("r2"), "done", [r.r2 for r in rows]),
    )
    lines: list[Line | Dots] = []
    places: list[tuple[float, float, str]] = []
    for name, colour, values in ways:
        known = [(n, value) for n, value in enumerate(values) if value is not None]
        x = np.asarray([n for n, _ in known], float)
        y = np.asarray([value for _, value in known], float)
        lines += [Line(x, y, colour, name), Dots(x, y, colour, size=6.0)]
        places += [
            (float(n), value, f"{maf_words(rows[n].maf_from, rows[n].maf_to)}: {name} {r2(value)}")
            for n, value in known
        ]
    said = ""
    if whole is not None:
        said = _t("{0} typed sites left out: non-reference concordance {1}, IQS {2}, r2 {3}").format(
            text.number(whole.sites), r2(whole.nonref_concordance), r2(whole.iqs), r2(whole.r2)
        )
    return Drawing(
        said,
        tuple(lines) if places else (),
        _t("minor allele frequency up to"),
        _t("agreement"),
        Stops(
            np.asarray([p[0] for p in places], float),
            np.asarray([p[1] for p in places], float),
            lambda stop: places[stop][2],
        ),
        (-0.5, len(rows) - 0.5),
        (0.0, 1.03),
        maf_ticks([r.maf_to for r in rows]),
        R2_TICKS,
        legend=True,
        legend_low=True,
    )
