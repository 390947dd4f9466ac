"""Drawings as SVG text whose colours come from the style of the page."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from app.results.reporting.shapes import PAPER, Box, Curve, Dot, Drawing, Line, Look, Shape, Words


def svg(drawing: Drawing, *, alone: bool = False) -> str:
    """The element for a page; `alone`: a file of its own, with colours for white paper."""
    size = f'viewBox="0 0 {drawing.width:.0f} {drawing.height:.0f}"'
    name = f'role="img" aria-label="{escape(drawing.name)}"'
    inside = "".join(map(_shape, drawing.shapes))
    if not alone:
        return f'<svg {size} width="{drawing.width * 1.14:.0f}" {name}>{inside}</svg>'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{drawing.width:.0f}" '
    head += f'height="{drawing.height:.0f}" {size} {name}><style>{_style(PAPER)}</style>'
    return f'{head}<rect width="100%" height="100%" fill="#ffffff"/>{inside}</svg>\n'


def _shape(shape: Shape) -> str:
    if isinstance(shape, Line):
        return (
            f'<line class="{shape.kind}" x1="{shape.x1:.1f}" y1="{shape.y1:.1f}" '
            f'x2="{shape.x2:.1f}" y2="{shape.y2:.1f}"/>'
        )
    if isinstance(shape, Box):
        return _box(shape)
    if isinstance(shape, Dot):
        place = f'cx="{shape.x:.1f}" cy="{shape.y:.1f}" r="{shape.radius:.1f}"'
        return f'<circle class="{shape.kind}" {place}>{_title(shape.title)}</circle>'
    if isinstance(shape, Curve):
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in shape.points)
        return f'<polyline class="{shape.kind}" points="{points}"/>'
    return _words(shape)


def _box(box: Box) -> str:
    faint = f' opacity="{box.opacity:.2f}"' if box.opacity < 1 else ""
    return (
        f'<rect class="{box.kind}" x="{box.x:.1f}" y="{box.y:.1f}" width="{box.width:.2f}" '
        f'height="{box.height:.2f}"{faint}>{_title(box.title)}</rect>'
    )


def _words(words: Words) -> str:
    turn = f' transform="rotate(-90 {words.x:.1f} {words.y:.1f})"' if words.up else ""
    return (
        f'<text class="{words.kind}" x="{words.x:.1f}" y="{words.y:.1f}" '
        f'text-anchor="{words.anchor}"{turn}>{escape(words.text)}</text>'
    )


def _title(text: str) -> str:
    return f"<title>{escape(text)}</title>" if text else ""


def _style(looks: Mapping[str, Look]) -> str:
    rules = ["text{font:11px sans-serif}"]
    for kind, look in looks.items():
        parts = [f"fill:{_hex(look.fill)}"]
        if look.stroke:
            parts.append(f"stroke:{_hex(look.stroke)};stroke-width:{look.width:g}")
        if look.dash:
            parts.append("stroke-dasharray:" + " ".join(f"{each:g}" for each in look.dash))
        rules.append(f".{kind}{{{';'.join(parts)}}}")
    return "".join(rules)


def _hex(colour: tuple[float, float, float] | None) -> str:
    return "none" if colour is None else "#" + "".join(f"{round(part * 255):02x}" for part in colour)
