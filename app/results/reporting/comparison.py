"""The report of a comparison: results side by side, their ranking, agreement and coverage."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from app import __version__
from app.domain.result_comparison import ComparedResult, EstimateBin, ResultComparison, TruthBin
from app.genotypes.reporting.hiding import Hiding
from app.results.reporting.axes import HEIGHT, RIGHT, SHARE_TEXTS, SHARES, TOP, WIDTH, Frame
from app.results.reporting.content import Block, Cell, Document, Figure, Section, Table, Text
from app.results.reporting.html_page import html_page
from app.results.reporting.pdf_pages import pdf_pages
from app.results.reporting.plots import maf_text
from app.results.reporting.shapes import LINES, Box, Curve, Dot, Drawing, Line, Shape, Words

_ROW = 18.0
_MOST_LINES = len(LINES)
_LONGEST = 34


def comparison_reports(told: ResultComparison, forms: Sequence[str], made: datetime) -> dict[str, bytes]:
    """The report of a comparison as `html` or `pdf`."""
    document = comparison_document(told, made)
    makers = {
        "html": lambda: html_page(document).encode("utf-8", "replace"),
        "pdf": lambda: pdf_pages(document, made),
    }
    return {form: makers[form]() for form in forms}


def comparison_document(told: ResultComparison, made: datetime) -> Document:
    """The whole report; results are called by their names, never by their folders."""
    hiding = Hiding(False, ())
    about = f"Comparison of imputation results by Haplodesk {__version__}, {made:%Y-%m-%d %H:%M %Z}."
    sections = [
        _ranking(told, hiding),
        *_accuracy(told),
        _estimates(told),
        _coverage(told),
        *_agreement(told),
        _chromosomes(told),
    ]
    about += " Made on this computer; nothing was sent."
    return Document("Comparison of imputation results", about, sections)


def _ordered(told: ResultComparison) -> list[ComparedResult]:
    """The results, the best first."""
    place = {name: number for number, name in enumerate(told.ranking)}
    return sorted(told.results, key=lambda each: place.get(each.dir, len(place)))


def _ranking(told: ResultComparison, hiding: Hiding) -> Section:
    heads = ("Place", "Result", "Score", "Variants", "In no other", "Seconds", "Price")
    rows: list[tuple[Cell, ...]] = [
        (number, each.name, each.score, each.variants, each.own, each.seconds, each.price)
        for number, each in enumerate(_ordered(told), start=1)
    ]
    counts: list[tuple[Cell, ...]] = [
        ("People in every result", hiding.people(told.people)),
        ("Variants in any result", told.union),
        ("Variants in every result", told.shared),
    ]
    words = f"Ranked by {told.ranked_by}; a variant that a result lacks counts as 0."
    found = [Text(f"{each.title}: {each.detail} {each.what_to_do}") for each in told.findings]
    return Section("Ranking", [Text(words), Table(heads, rows), Table(("", ""), counts), *found])


def _accuracy(told: ResultComparison) -> Iterator[Section]:
    results = [each for each in _ordered(told) if each.by_maf]
    if not results:
        return
    lines = [(each.name, [bin_.r2 for bin_ in each.by_maf]) for each in results]
    drawing = curves(lines, [_range(each) for each in results[0].by_maf], "r2 with the truth")
    heads = ("Result", "MAF (%)", "Sites", "r2", "Non-reference concordance", "IQS")
    rows = [
        (each.name, _range(b), b.sites, b.r2, b.nonref_concordance, b.iqs)
        for each in results
        for b in each.by_maf
        if b.sites
    ]
    words = "Squared correlation of dosage and true allele count, at sites that were not typed."
    yield Section("Accuracy against the truth", [Figure(drawing, words), Table(heads, rows)])


def _estimates(told: ResultComparison) -> Section:
    results = _ordered(told)
    lines = [(each.name, [bin_.mean_r2 for bin_ in each.estimated]) for each in results]
    ranges = [_range(each) for each in results[0].estimated] if results else []
    heads = ("Result", "MAF (%)", "Variants", "Mean R2", "R2 ≥ 0.3", "R2 ≥ 0.8")
    rows = [
        (each.name, _range(b), b.variants, b.mean_r2, b.over_03, b.over_08)
        for each in results
        for b in each.estimated
        if b.variants
    ]
    words = "R2 as computed from the dosages, for all results in the same way."
    return Section("Estimated R2", [Figure(curves(lines, ranges, "Mean R2"), words), Table(heads, rows)])


def _range(figures: TruthBin | EstimateBin) -> str:
    return maf_text(figures.maf_from, figures.maf_to)


def _coverage(told: ResultComparison) -> Section:
    heads = ("Result", "R2 of at least", "Variants", "In every result", "In no other")
    rows = [
        (each.name, cover.r2, cover.variants, cover.shared, cover.own)
        for each in _ordered(told)
        for cover in each.coverage
    ]
    return Section("Coverage", [Table(heads, rows)])


def _agreement(told: ResultComparison) -> Iterator[Section]:
    if not told.agreements:
        return
    names = [each.name for each in told.results]
    rows = [(names[each.first], names[each.second], each.variants, each.r2) for each in told.agreements]
    blocks: list[Block] = [Table(("Result", "Result", "Variants in both", "r2 of dosages"), rows)]
    if len(names) > 2:
        blocks.insert(
            0, Figure(_matrix(told, names), "Squared correlation of dosages; the darker, the more alike.")
        )
    yield Section("Agreement", blocks)


def _matrix(told: ResultComparison, names: Sequence[str]) -> Drawing:
    """Results against results; numbered as listed at the left."""
    left, top = 230.0, 26.0
    wide = min(60.0, (WIDTH - left - RIGHT) / len(names))
    shapes: list[Shape] = []
    for number, name in enumerate(names):
        shapes.append(Words(left - 6, top + number * _ROW + 13, f"{_short(name)}  {number + 1}", "end"))
        shapes.append(Words(left + (number + 0.5) * wide, top - 6, str(number + 1)))
    for each in told.agreements:
        for row, column in ((each.first, each.second), (each.second, each.first)):
            x, y = left + column * wide, top + row * _ROW
            strength = 0.06 + 0.94 * max(0.0, each.r2 or 0.0) ** 1.5
            shapes.append(Box("heat", x, y, wide - 1, _ROW - 1, opacity=min(1.0, strength)))
            text = "–" if each.r2 is None else f"{each.r2:.2f}"
            shapes.append(Words(x + wide / 2, y + 13, text, kind="inverse" if strength > 0.55 else "value"))
    return Drawing(WIDTH, top + len(names) * _ROW + 6, "Agreement of the results", tuple(shapes))


def _chromosomes(told: ResultComparison) -> Section:
    heads = ("Chromosome", "Result", "Variants", "R2 ≥ 0.8", "Mean R2")
    rows = [
        (each.chromosome, result.name, each.variants[n], each.over_08[n], each.mean_r2[n])
        for each in told.chromosomes
        for n, result in enumerate(told.results)
    ]
    return Section("Chromosomes", [Table(heads, rows)])


def curves(lines: Sequence[tuple[str, Sequence[float | None]]], ranges: Sequence[str], up: str) -> Drawing:
    """A line a result over ranges of frequency; the first eight results are drawn, each in its own look."""
    shown = lines[:_MOST_LINES]
    head = TOP + 18 * ((len(shown) + 1) // 2)
    frame = Frame(top=head, height=HEIGHT - TOP - 46, most_x=float(max(1, len(ranges))))
    shapes: list[Shape] = [*frame.rows(SHARES, SHARE_TEXTS)]
    for number, (name, values) in enumerate(shown):
        kind = LINES[number]
        places = [(frame.x(n + 0.5), frame.y(max(0.0, v))) for n, v in enumerate(values) if v is not None]
        shapes.append(Curve(kind, tuple(places)))
        shapes += [Dot(f"{kind}dot", x, y, 2.6, name) for x, y in places]
        x, y = frame.left + (number % 2) * 240, 12.0 + 18 * (number // 2)
        shapes.append(Line(kind, x, y, x + 24, y))
        shapes.append(Words(x + 30, y + 4, _short(name), "start"))
    shapes += frame.columns([n + 0.5 for n in range(len(ranges))], list(ranges))
    shapes += frame.titles("Minor allele frequency (%)", up)
    return Drawing(WIDTH, head + frame.height + 46, f"{up} by minor allele frequency", tuple(shapes))


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST else name[: _LONGEST - 1] + "…"
