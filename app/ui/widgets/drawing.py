"""What a chart shows, as data: layers, axes, and the stops that pointer and arrow keys go to. Without Qt.

Views make a `Drawing` of binned figures; `chart.py` paints it in the colours of the scheme.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Line:
    """A curve. `colour` is `accent`, `muted`, `text`, a status, or `series0` … `series4`."""

    x: Floats
    y: Floats
    colour: str = "accent"
    name: str = ""
    dashed: bool = False


@dataclass(frozen=True)
class Dots:
    """Points of one kind; `size` in pixels, one for all or one each."""

    x: Floats
    y: Floats
    colour: str = "accent"
    name: str = ""
    size: float | Floats = 6.0
    symbol: str = "o"
    strength: float = 1.0
    ringed: bool = False


@dataclass(frozen=True)
class Bars:
    """Counts over bins; `edges` has one value more than `heights`."""

    edges: Floats
    heights: Floats
    colour: str = "accent"


@dataclass(frozen=True)
class Plane:
    """An image: `values` [rows, columns] over `left, bottom, width, height`, low row below.

    `scale` names colours by value between `low` and `high`: pairs of (share, colour).
    """

    values: Floats
    left: float
    bottom: float
    width: float
    height: float
    low: float
    high: float
    scale: tuple[tuple[float, str], ...] = ((0.0, "base"), (1.0, "accent"))


@dataclass(frozen=True)
class Rule:
    """A straight line that means something; from one point to another, its words at one of them."""

    start: tuple[float, float]
    end: tuple[float, float]
    words: str = ""
    colour: str = "muted"
    words_first: bool = False


@dataclass(frozen=True)
class Band:
    """A pale area between corners, for a region that has a name."""

    corners: tuple[tuple[float, float], ...]
    words: str
    at: tuple[float, float]
    colour: str = "warning"


Layer = Line | Dots | Bars | Plane | Rule | Band


def _nobody(_stop: int) -> str:
    return ""


@dataclass(frozen=True)
class Stops:
    """Places that can be read and picked; `members` are the things at each, itself when None."""

    x: Floats
    y: Floats
    words: Callable[[int], str] = _nobody
    members: Sequence[NDArray[np.int64]] | None = None

    def things(self, stops: NDArray[np.int64]) -> NDArray[np.int64]:
        """The things at some stops."""
        if self.members is None:
            return stops
        parts = [self.members[int(n)] for n in stops]
        return np.unique(np.concatenate(parts)) if parts else np.empty(0, np.int64)

    def nearest(self, x: float, y: float, unit_x: float, unit_y: float, reach: float) -> int | None:
        """The stop nearest to a place within `reach`, with axes measured in units."""
        if not len(self.x):
            return None
        away = np.hypot((self.x - x) / unit_x, (self.y - y) / unit_y)
        best = int(np.argmin(away))
        return best if away[best] <= reach else None

    def towards(self, stop: int, right: int, up: int, unit_x: float, unit_y: float) -> int:
        """The next stop in a direction; the same one when there is none."""
        across, along = (self.x - self.x[stop]) / unit_x, (self.y - self.y[stop]) / unit_y
        ahead = across * right + along * up
        aside = np.abs(across * up) + np.abs(along * right)
        cost = np.where(ahead > 1e-6, ahead + 2.5 * aside, np.inf)
        best = int(np.argmin(cost))
        return best if np.isfinite(cost[best]) else stop

    def within(self, x0: float, y0: float, x1: float, y1: float) -> NDArray[np.int64]:
        """The stops in a rectangle."""
        left, right = sorted((x0, x1))
        low, high = sorted((y0, y1))
        inside = (self.x >= left) & (self.x <= right) & (self.y >= low) & (self.y <= high)
        return np.flatnonzero(inside).astype(np.int64)


def no_stops() -> Stops:
    """Nothing to go to."""
    return Stops(np.empty(0), np.empty(0))


def share_ticks(low: float, high: float, most: int = 6) -> tuple[tuple[float, str], ...]:
    """Places and words of an axis of shares between `low` and `high`, in per cent."""
    span = max(high - low, 1e-9) * 100
    step = next((s for s in _STEPS if span / s <= most), 20.0)
    digits = 0 if step >= 1 else 1 if step >= 0.1 else 2
    first = int(np.ceil(low * 100 / step - 1e-9))
    last = int(np.floor(high * 100 / step + 1e-9))
    return tuple((n * step / 100, f"{n * step:.{digits}f}") for n in range(first, last + 1))


_STEPS = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)


@dataclass(frozen=True)
class Drawing:
    """A whole picture. `summary` is what it shows, in a sentence; screen readers get it.

    Ranges are (low, high), None for what holds all. Ticks are pairs of place and words; None for numbers.
    `legend_low`: it stands in the lower right corner instead of the upper one.
    """

    summary: str
    layers: tuple[Layer, ...] = ()
    across: str = ""
    up: str = ""
    stops: Stops = field(default_factory=no_stops)
    x_range: tuple[float, float] | None = None
    y_range: tuple[float, float] | None = None
    x_ticks: Sequence[tuple[float, str]] | None = None
    y_ticks: Sequence[tuple[float, str]] | None = None
    square: bool = False
    legend: bool = False
    legend_low: bool = False

    @property
    def empty(self) -> bool:
        """Nothing to see."""
        return not self.layers
