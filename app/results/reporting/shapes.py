"""A drawing as plain shapes, so that the page and the PDF show the same one.

Origin top left, y down, in points. A `kind` names the look (see `KINDS`): the page colours it by its style
sheet, in light and dark; paper by `PAPER`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Anchor = Literal["start", "middle", "end"]


@dataclass(frozen=True)
class Line:
    """A straight line."""

    kind: str
    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True)
class Box:
    """A filled rectangle; `title` is told when the pointer rests on it."""

    kind: str
    x: float
    y: float
    width: float
    height: float
    opacity: float = 1.0
    title: str = ""


@dataclass(frozen=True)
class Dot:
    """A filled circle."""

    kind: str
    x: float
    y: float
    radius: float
    title: str = ""


@dataclass(frozen=True)
class Curve:
    """A line through points."""

    kind: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Words:
    """A line of text; `up` turns it so that it reads upwards."""

    x: float
    y: float
    text: str
    anchor: Anchor = "middle"
    kind: str = "label"
    up: bool = False


Shape = Line | Box | Dot | Curve | Words


@dataclass(frozen=True)
class Drawing:
    """A picture with its size; `name` says in words what it shows."""

    width: float
    height: float
    name: str
    shapes: tuple[Shape, ...]


@dataclass(frozen=True)
class Look:
    """Colours on paper, red green blue in 0…1; `dash` are lengths on and off."""

    fill: tuple[float, float, float] | None = None
    stroke: tuple[float, float, float] | None = None
    width: float = 1.0
    dash: tuple[float, ...] = ()


def _rgb(hexadecimal: str) -> tuple[float, float, float]:
    red, green, blue = (int(hexadecimal[at : at + 2], 16) / 255 for at in (1, 3, 5))
    return red, green, blue


MARK, MUTED, RULE, FAINT, BAD, TEXT = map(
    _rgb, ("#0b62b8", "#57606a", "#d0d7de", "#eef2f6", "#a4161a", "#1d2228")
)
PAPER = {
    "axis": Look(stroke=MUTED),
    "grid": Look(stroke=RULE),
    "guide": Look(stroke=MUTED, dash=(4, 3)),
    "flips": Look(stroke=BAD, dash=(4, 3)),
    "paper": Look(fill=FAINT),
    "bar": Look(fill=MARK),
    "heat": Look(fill=MARK),
    "few": Look(stroke=MARK, dash=(2, 2)),
    "high": Look(fill=_rgb("#8fbbe6")),
    "mid": Look(fill=_rgb("#c9dff4")),
    "low": Look(fill=_rgb("#f1d9a7")),
    "curve": Look(stroke=TEXT, width=2.0),
    "dot": Look(fill=TEXT),
    "outlier": Look(fill=BAD),
    "label": Look(fill=MUTED),
    "value": Look(fill=TEXT),
    "inverse": Look(fill=(1.0, 1.0, 1.0)),
}
"""Every kind and how it looks on paper."""

_LINE_COLOURS = ("#0b62b8", "#b35c00", "#0a7d57", "#a4161a", "#7a3e9d", "#57606a", "#00798c", "#8a6d00")
LINES = tuple(f"line{number}" for number in range(len(_LINE_COLOURS)))
"""Kinds of lines that several results are told apart by: colour and, from the second on, dashes."""
_DASHES: tuple[tuple[float, ...], ...] = ((), (6, 3), (2, 2), (8, 2, 2, 2), (1, 3), (10, 4), (4, 4), (3, 1))
for _kind, _tint, _dash in zip(LINES, map(_rgb, _LINE_COLOURS), _DASHES, strict=True):
    PAPER[_kind] = Look(stroke=_tint, width=1.8, dash=_dash)
    PAPER[f"{_kind}dot"] = Look(fill=_tint)
