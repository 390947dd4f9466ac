"""Plots of a report as SVG text; colours come from the style of the page, so they follow light and dark."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

from app.genotypes.reporting.hiding import FEW

WIDTH, HEIGHT = 560, 280
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 24, 14, 44
_PLANE = 300
_ROW = 16


def histogram(facts: dict[str, Any], label: str, digits: int) -> str:
    """People in bins; a bin of fewer than five is a hatched stub of that height."""
    edges, people = facts["edges"], facts["people"]
    most = max([FEW, *(each for each in people if isinstance(each, int))])
    wide = (WIDTH - _LEFT - _RIGHT) / len(people)
    parts = [_frame(), *_count_axis(most)]
    for number, count in enumerate(people):
        value = count if isinstance(count, int) else FEW - 1
        tall = (HEIGHT - _TOP - _BOTTOM) * value / most
        kind = "bar" if isinstance(count, int) else "few"
        span = f"{edges[number]:.{digits}f} to {edges[number + 1]:.{digits}f}"
        x, y = _LEFT + number * wide, HEIGHT - _BOTTOM - tall
        parts.append(
            f'<rect class="{kind}" x="{x + 0.5:.1f}" y="{y:.1f}" width="{wide - 1:.1f}" height="{tall:.1f}">'
            f"<title>{span}: {escape(str(count))}</title></rect>"
        )
    step = max(1, len(edges) // 8)
    for number in range(0, len(edges), step):
        parts.append(_text(_LEFT + number * wide, HEIGHT - _BOTTOM + 14, f"{edges[number]:.{digits}f}"))
    parts.append(_text((WIDTH + _LEFT) / 2, HEIGHT - 8, label))
    return _svg(WIDTH, HEIGHT, f"People by {label}", parts)


def _frame() -> str:
    base = HEIGHT - _BOTTOM
    return f'<line class="axis" x1="{_LEFT}" y1="{base}" x2="{WIDTH - _RIGHT}" y2="{base}"/>'


def _count_axis(most: int) -> Iterable[str]:
    for share in (0.0, 0.5, 1.0):
        y = HEIGHT - _BOTTOM - share * (HEIGHT - _TOP - _BOTTOM)
        yield f'<line class="grid" x1="{_LEFT}" y1="{y:.1f}" x2="{WIDTH - _RIGHT}" y2="{y:.1f}"/>'
        yield _text(_LEFT - 6, y + 4, f"{share * most:,.0f}", "end")


def frequency_plane(facts: dict[str, Any]) -> str:
    """Sites by ALT frequency in the reference (across) and here (up); flips lie on the other diagonal."""
    bins, cells = facts["bins"], facts["cells"]
    size = _PLANE / bins
    most = math.log1p(max((count for _, _, count in cells), default=1))
    left, foot = _LEFT, _TOP + _PLANE
    parts = [f'<rect class="paper" x="{left}" y="{_TOP}" width="{_PLANE}" height="{_PLANE}"/>']
    for row, column, count in cells:
        strength = 0.15 + 0.85 * math.log1p(count) / most
        parts.append(
            f'<rect class="heat" x="{left + column * size:.1f}" y="{foot - (row + 1) * size:.1f}" '
            f'width="{size:.2f}" height="{size:.2f}" opacity="{strength:.2f}"><title>{count:,}</title></rect>'
        )
    right = left + _PLANE
    parts.append(f'<line class="guide" x1="{left}" y1="{foot}" x2="{right}" y2="{_TOP}"/>')
    parts.append(f'<line class="flips" x1="{left}" y1="{_TOP}" x2="{right}" y2="{foot}"/>')
    for value in (0, 0.5, 1):
        parts.append(_text(left + value * _PLANE, foot + 16, f"{value:g}"))
        parts.append(_text(left - 6, foot - value * _PLANE + 4, f"{value:g}", "end"))
    source = facts["reference"] or "the reference"
    parts.append(_text(left + _PLANE / 2, foot + 34, f"ALT frequency in {source}"))
    return _svg(left + _PLANE + _RIGHT, foot + _BOTTOM, "ALT frequency here and in the reference", parts)


def ancestry_map(facts: dict[str, Any]) -> str:
    """The people of the reference in their colours, those of the dataset as rings on top."""
    cells = max(1, facts["cells"])
    size = _PLANE / cells
    parts = [f'<rect class="paper" x="0" y="0" width="{_PLANE}" height="{_PLANE}"/>']
    for x, y, label, count in facts["reference"]:
        radius = min(size * 0.9, size * (0.35 + 0.1 * math.log1p(count)))
        parts.append(_circle(f"pop{label % 6}", x, y, size, radius, ""))
    for x, y, count in facts["here"]:
        wide = math.log1p(count) if isinstance(count, int) else math.log1p(FEW - 1)
        radius = size * (0.45 + 0.15 * wide)
        parts.append(_circle("here", x, y, size, radius, f"<title>{escape(str(count))}</title>"))
    names = facts.get("labels", [])
    for number, name in enumerate(names):
        y = 14 + 20 * number
        parts.append(f'<circle class="pop{number % 6}" cx="{_PLANE + 18}" cy="{y}" r="5"/>')
        parts.append(_text(_PLANE + 30, y + 4, name, "start"))
    y = 14 + 20 * len(names)
    parts.append(f'<circle class="here" cx="{_PLANE + 18}" cy="{y}" r="5"/>')
    parts.append(_text(_PLANE + 30, y + 4, "this dataset", "start"))
    return _svg(_PLANE + 130, _PLANE, "Map of ancestry, first two axes", parts)


def _circle(kind: str, x: int, y: int, size: float, radius: float, inside: str) -> str:
    place = f'cx="{(x + 0.5) * size:.1f}" cy="{_PLANE - (y + 0.5) * size:.1f}" r="{radius:.1f}"'
    return f'<circle class="{kind}" {place}>{inside}</circle>'


def chunk_map(chunks: Sequence[dict[str, Any]]) -> str:
    """One row a chromosome, one box a chunk: the paler, the lower its call rate; framed: it may be lost."""
    rows = list(dict.fromkeys(chunk["chromosome"] for chunk in chunks))
    longest = max(chunk["end"] for chunk in chunks)
    scale = (WIDTH - _LEFT - _RIGHT) / max(1, longest)
    parts = []
    for number, name in enumerate(rows):
        parts.append(_text(_LEFT - 6, _TOP + number * _ROW + 11, name, "end"))
    for chunk in chunks:
        x = _LEFT + chunk["start"] * scale
        wide = max(1.0, (chunk["end"] - chunk["start"]) * scale - 1)
        y = _TOP + rows.index(chunk["chromosome"]) * _ROW
        rate = chunk["call_rate"]
        strength = 0.1 if rate is None else 0.15 + 0.85 * max(0.0, (rate - 0.8) / 0.2)
        kind = "chunk low" if _has_low(chunk) else "chunk"
        parts.append(
            f'<rect class="{kind}" x="{x:.1f}" y="{y}" width="{wide:.1f}" height="{_ROW - 3}" '
            f'fill-opacity="{strength:.2f}"><title>{escape(_told(chunk))}</title></rect>'
        )
    return _svg(WIDTH, _TOP + len(rows) * _ROW + 8, "Chunks by call rate", parts)


def _has_low(chunk: dict[str, Any]) -> bool:
    overlap = chunk["overlap"]
    return chunk["low_call_people"] != 0 or (overlap is not None and overlap < 0.5)


def _told(chunk: dict[str, Any]) -> str:
    words = [f"{chunk['chromosome']}:{chunk['start']:,}–{chunk['end']:,}"]
    if chunk["sites"] is not None:
        words.append(f"{chunk['sites']:,} sites")
    if chunk["overlap"] is not None:
        words.append(f"{chunk['overlap']:.0%} in the panel")
    if chunk["call_rate"] is not None:
        words.append(f"call rate {chunk['call_rate']:.1%}")
    if chunk["low_call_people"] != 0:
        words.append(f"{chunk['low_call_people']} people below 50 %")
    return ", ".join([*words, *chunk.get("people", [])])


def _text(x: float, y: float, words: str, anchor: str = "middle") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(str(words))}</text>'


def _svg(width: float, height: float, name: str, parts: Iterable[str]) -> str:
    head = f'<svg viewBox="0 0 {width:.0f} {height:.0f}" role="img" aria-label="{escape(name)}">'
    return head + "".join(parts) + "</svg>"
