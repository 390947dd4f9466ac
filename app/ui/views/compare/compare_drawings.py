"""A comparison of results as pictures and rows, of what the operation has binned."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from PySide6.QtCore import QCoreApplication

from app.domain.result_comparison import ComparedResult, RankedBy, ResultComparison
from app.ui import text
from app.ui.models.table import Column
from app.ui.widgets.drawing import Dots, Drawing, Layer, Line, Plane, Stops

R2_TICKS = tuple((n / 5, f"{n / 5:.1f}") for n in range(6))
SYMBOLS = ("o", "s", "t", "d", "x")
MOST_PAIRS = 6
MOST_LETTERS = 36
AGREE = ((0.0, "line"), (1.0, "accent"))
Row = tuple[Any, ...]


def _t(words: str) -> str:
    return QCoreApplication.translate("Compare", words)


def _two(value: float | None) -> str:
    return text.number(value, 3)


def _maf(value: float) -> str:
    return f"{value:g}"


def short(name: str) -> str:
    """A name as it fits into a picture; the table has it whole."""
    return name if len(name) <= MOST_LETTERS else f"{name[: MOST_LETTERS - 1].rstrip()}…"


def colour_of(number: int) -> str:
    """The colour of a result in every picture."""
    return f"series{number % 5}"


# The matrix.


def matrix_columns(by_truth: bool) -> tuple[Column, ...]:
    """A result a row."""
    score = _t("r2 against truth") if by_truth else _t("Estimated R2")
    return (
        Column("rank", _t("Rank"), 50, show=text.number, numeric=True),
        Column("name", _t("Result"), 170),
        Column("score", score, 135, show=_two, numeric=True),
        Column("variants", _t("Variants"), 90, show=text.number, numeric=True),
        Column("good", _t("R2 ≥ 0.8"), 90, show=text.number, numeric=True),
        Column("own", _t("Only here"), 90, show=text.number, numeric=True),
        Column("missed", _t("Truth missed"), 100, show=text.number, numeric=True),
        Column("time", _t("Time"), 90, show=lambda v: "–" if v is None else text.duration(v), numeric=True),
        Column("price", _t("Price"), 80, show=lambda v: v or "–"),
    )


def matrix_rows(found: ResultComparison) -> list[Row]:
    """Best first."""
    place = {name: n for n, name in enumerate(found.ranking, 1)}
    order = sorted(found.results, key=lambda each: place.get(each.dir, len(place) + 1))
    return [
        (
            place.get(each.dir),
            each.name,
            each.score,
            each.variants,
            good(each),
            each.own,
            each.missed,
            each.seconds,
            each.price,
        )
        for each in order
    ]


def good(result: ComparedResult) -> int | None:
    """Variants with an estimated R2 of 0.8 or more."""
    return next((c.variants for c in result.coverage if abs(c.r2 - 0.8) < 1e-9), None)


def headline(found: ResultComparison) -> str:
    """The best in a line."""
    names = {each.dir: each.name for each in found.results}
    best = names.get(found.ranking[0], "") if found.ranking else ""
    how = _t("by the truth file") if found.ranked_by is RankedBy.TRUTH else _t("by estimated R2")
    return _t("Best {0}: {1}. {2} people in all results; {3} variants in any, {4} in every one.").format(
        how, best, text.number(found.people), text.number(found.union), text.number(found.shared)
    )


def cautions(found: ResultComparison) -> str:
    """What was found beside the figures, with what to do, a paragraph each."""
    said = [(f"{each.title} ({each.where})" if each.where else each.title, each) for each in found.findings]
    return "\n".join(
        f"{_t('Warning')}: {title}. {each.detail} {each.what_to_do}".strip() for title, each in said
    )


# Pictures.


def estimates(found: ResultComparison) -> Drawing:
    """Mean R2, as computed from the dosages, by frequency."""
    return _by_maf(
        found,
        lambda r: [(b.maf_to, b.mean_r2, b.variants) for b in r.estimated],
        _t("Mean R2, computed from the dosages of the same people in each result"),
        _t("estimated R2"),
    )


def accuracies(found: ResultComparison) -> Drawing:
    """Squared correlation with the truth by frequency."""
    return _by_maf(
        found,
        lambda r: [(b.maf_to, b.r2, b.sites) for b in r.by_maf],
        _t("Squared correlation of dosages and true genotypes, by the frequency in the truth"),
        _t("r2 against truth"),
    )


def iqs(found: ResultComparison) -> Drawing:
    """Agreement with the truth beyond chance, by frequency."""
    return _by_maf(
        found,
        lambda r: [(b.maf_to, b.iqs, b.sites) for b in r.by_maf],
        _t("Agreement with the truth beyond chance (IQS)"),
        _t("IQS"),
    )


Bins = list[tuple[float, float | None, int]]


def _by_maf(
    found: ResultComparison, bins_of: Callable[[ComparedResult], Bins], summary: str, up: str
) -> Drawing:
    edges = sorted({edge for each in found.results for edge, _, _ in bins_of(each)})
    place = {edge: float(n) for n, edge in enumerate(edges)}
    layers: list[Layer] = []
    stops: list[tuple[float, float, str]] = []
    for number, each in enumerate(found.results):
        known = [(place[edge], value, n, edge) for edge, value, n in bins_of(each) if value is not None]
        x = np.asarray([k[0] for k in known], float)
        y = np.asarray([k[1] for k in known], float)
        layers += [
            Line(x, y, colour_of(number), short(each.name), dashed=number >= 5),
            Dots(x, y, colour_of(number), size=8.0, symbol=SYMBOLS[number % 5], ringed=True),
        ]
        stops += [
            (
                px,
                value,
                _t("{0}, MAF up to {1}: {2} ({3} variants)").format(
                    each.name, _maf(edge), _two(value), text.number(n)
                ),
            )
            for px, value, n, edge in known
        ]
    return Drawing(
        summary,
        tuple(layers) if stops else (),
        _t("minor allele frequency up to"),
        up,
        _stops(stops),
        (-0.4, max(1, len(edges) - 1) + 0.4),
        (0.0, 1.03),
        tuple((place[edge], _maf(edge)) for edge in edges),
        R2_TICKS,
        legend=True,
        legend_low=True,
    )


def _stops(found: Sequence[tuple[float, float, str]]) -> Stops:
    return Stops(
        np.asarray([s[0] for s in found], float),
        np.asarray([s[1] for s in found], float),
        lambda stop: found[stop][2],
    )


def coverage(found: ResultComparison) -> Drawing:
    """How many variants each result has at each R2."""
    layers: list[Layer] = []
    stops: list[tuple[float, float, str]] = []
    top = 1.0
    for number, each in enumerate(found.results):
        x = np.asarray([c.r2 for c in each.coverage], float)
        y = np.asarray([c.variants for c in each.coverage], float)
        top = max(top, float(y.max(initial=0)))
        layers += [
            Line(x, y, colour_of(number), short(each.name), dashed=number >= 5),
            Dots(x, y, colour_of(number), size=8.0, symbol=SYMBOLS[number % 5], ringed=True),
        ]
        said = _t("{0}, R2 ≥ {1}: {2} variants, {3} of them in every result, {4} in no other")
        stops += [
            (
                c.r2,
                float(c.variants),
                said.format(each.name, c.r2, *map(text.number, (c.variants, c.shared, c.own))),
            )
            for c in each.coverage
        ]
    return Drawing(
        _t("Variants with at least that R2"),
        tuple(layers) if stops else (),
        _t("estimated R2 at least"),
        _t("variants"),
        _stops(stops),
        (-0.02, 1.02),
        (0.0, top * 1.05),
        R2_TICKS,
        legend=True,
    )


def agreement(found: ResultComparison) -> Drawing:
    """How alike the dosages of two results are: by frequency, or as a map where there are many pairs."""
    return _pairs(found) if len(found.agreements) <= MOST_PAIRS else _map(found)


def _pairs(found: ResultComparison) -> Drawing:
    edges = sorted({b.maf_to for each in found.agreements for b in each.by_maf})
    place = {edge: float(n) for n, edge in enumerate(edges)}
    layers: list[Layer] = []
    stops: list[tuple[float, float, str]] = []
    for number, each in enumerate(found.agreements):
        names = found.results[each.first].name, found.results[each.second].name
        title = _t("{0} and {1}: {2}").format(*map(short, names), _two(each.r2))
        known = [(place[b.maf_to], b.r2, b) for b in each.by_maf if b.r2 is not None]
        x, y = (np.asarray([k[part] for k in known], float) for part in (0, 1))
        layers += [
            Line(x, y, colour_of(number), title, dashed=number >= 5),
            Dots(x, y, colour_of(number), size=8.0, symbol=SYMBOLS[number % 5], ringed=True),
        ]
        said = _t("{0} and {1}, MAF up to {2}: r2 {3} at {4} variants")
        stops += [
            (px, value, said.format(*names, _maf(b.maf_to), _two(value), text.number(b.variants)))
            for px, value, b in known
        ]
    return Drawing(
        _t("Squared correlation of the dosages of two results, at the variants that both imputed"),
        tuple(layers) if stops else (),
        _t("minor allele frequency up to"),
        _t("r2 of two results"),
        _stops(stops),
        (-0.4, max(1, len(edges) - 1) + 0.4),
        (0.0, 1.03),
        tuple((place[edge], _maf(edge)) for edge in edges),
        R2_TICKS,
        legend=True,
        legend_low=True,
    )


def _map(found: ResultComparison) -> Drawing:
    n = len(found.results)
    values = np.eye(n)
    said: dict[tuple[int, int], str] = {}
    for each in found.agreements:
        value = np.nan if each.r2 is None else each.r2
        values[each.first, each.second] = values[each.second, each.first] = value
        names = found.results[each.first].name, found.results[each.second].name
        words = _t("{0} and {1}: r2 {2} at {3} common variants").format(
            *names, _two(each.r2), text.number(each.variants)
        )
        said[each.first, each.second] = said[each.second, each.first] = words
    flipped = values[::-1]
    least = float(np.nanmin(values))
    places = [
        (float(c), float(n - 1 - r), said.get((r, c), found.results[r].name))
        for r in range(n)
        for c in range(n)
    ]
    ticks = tuple((float(k), short(each.name)) for k, each in enumerate(found.results))
    return Drawing(
        _t("Squared correlation of dosages of two results: bluer is more alike"),
        (Plane(flipped, -0.5, -0.5, float(n), float(n), min(0.9, least), 1.0, AGREE),),
        "",
        "",
        _stops(places),
        (-0.5, n - 0.5),
        (-0.5, n - 0.5),
        ticks,
        tuple((float(n - 1 - k), short(each.name)) for k, each in enumerate(found.results)),
    )


def chromosome_columns(names: Sequence[str]) -> tuple[Column, ...]:
    """Variants with R2 ≥ 0.8 of each result on each chromosome."""
    return (
        Column("chromosome", _t("Chromosome"), 100),
        *(
            Column(f"good{n}", _t("R2 ≥ 0.8: {0}").format(name), 150, show=text.number, numeric=True)
            for n, name in enumerate(names)
        ),
    )


def chromosome_rows(found: ResultComparison) -> list[Row]:
    """In the order of the genome."""
    return [(each.chromosome, *each.over_08) for each in found.chromosomes]
