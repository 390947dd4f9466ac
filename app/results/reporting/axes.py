"""The frame of a plot: from values to places, grid lines and labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.results.reporting.shapes import Line, Shape, Words

WIDTH, HEIGHT = 560.0, 290.0
LEFT, RIGHT, TOP, BOTTOM = 76.0, 24.0, 14.0, 46.0


@dataclass(frozen=True)
class Frame:
    """A field of `width` × `height` whose corner is at `left`, `top`; values from 0 to `most_*`."""

    left: float = LEFT
    top: float = TOP
    width: float = WIDTH - LEFT - RIGHT
    height: float = HEIGHT - TOP - BOTTOM
    most_x: float = 1.0
    most_y: float = 1.0

    @property
    def foot(self) -> float:
        """Where the lower axis lies."""
        return self.top + self.height

    @property
    def right(self) -> float:
        """Where the field ends."""
        return self.left + self.width

    def x(self, value: float) -> float:
        """The place of a value."""
        return self.left + self.width * value / self.most_x

    def y(self, value: float) -> float:
        """The place of a value; more is higher."""
        return self.foot - self.height * value / self.most_y

    def rows(self, values: Sequence[float], texts: Sequence[str]) -> Iterator[Shape]:
        """Grid lines with their labels at the left."""
        for value, text in zip(values, texts, strict=True):
            yield Line("axis" if value == 0 else "grid", self.left, self.y(value), self.right, self.y(value))
            yield Words(self.left - 6, self.y(value) + 4, text, "end")

    def columns(self, values: Sequence[float], texts: Sequence[str]) -> Iterator[Shape]:
        """Labels below."""
        for value, text in zip(values, texts, strict=True):
            yield Words(self.x(value), self.foot + 15, text)

    def titles(self, across: str, up: str) -> Iterator[Shape]:
        """What the axes show."""
        yield Words(self.left + self.width / 2, self.foot + 34, across)
        yield Words(13, self.top + self.height / 2, up, up=True)


SHARES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
SHARE_TEXTS = tuple(f"{each:g}" for each in SHARES)


def count_texts(most: float) -> tuple[tuple[float, ...], tuple[str, ...]]:
    """Three grid lines of counts."""
    values = (0.0, most / 2, most)
    return values, tuple(f"{each:,.0f}" for each in values)
