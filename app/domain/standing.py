"""How well a service stands: availability, times to answer, what failed, and a score from 0 to 100.

The score is 100 × health × (0.50 + 0.25 × speed + 0.10 × nearness + 0.15 × free queue), parts in 0 to 1:

- health: 1 when it answers now, 0.3 under maintenance, 0 when it does not answer or is switched off, times
  the share of looks in the last 7 days at which it answered;
- speed: 1 for a median of the last 24 hours up to 100 ms, 0 from 3,000 ms on, by the logarithm between them;
- nearness: 1 here, 0 on the other side of the earth (20,000 km), in proportion;
- free queue: 1 for nobody waiting, 1/2 for ten jobs, 1/3 for twenty.

A part that is not known counts as half. A service at which nobody looked yet has no score.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from math import log
from statistics import median
from typing import NamedTuple

from app.domain.model import Model
from app.domain.service import HealthState

DAY = timedelta(days=1)
PERIODS = (DAY, 7 * DAY, 30 * DAY)
FAST_MS, SLOW_MS = 100.0, 3000.0
FAR_KM = 20_000.0
QUEUE_HALF = 10.0
UNKNOWN_PART = 0.5
UP_ALONE, SPEED, NEARNESS, FREE_QUEUE = 0.50, 0.25, 0.10, 0.15
"""What each part weighs; that it answers counts by itself."""
_NOW = {HealthState.UP: 1.0, HealthState.MAINTENANCE: 0.3}
_SAYS_NOTHING = frozenset({HealthState.OFFLINE, HealthState.UNKNOWN, HealthState.OFF})


class LookPoint(NamedTuple):
    """What counts of one look: when, what was found, milliseconds to the first byte, the step that failed."""

    at: datetime
    state: HealthState
    ms: float | None = None
    failed_phase: str | None = None
    queue: int | None = None


class Period(Model):
    """One span of time up to now.

    `answered` is the share of looks at which the service answered (under maintenance it did not take jobs,
    and that counts as no answer), None without looks. Times are milliseconds: half and 19 of 20 answers came
    faster. `failures` counts looks by the step that failed, as in `Health.failed_phase`.
    """

    days: int
    looks: int
    answered: float | None = None
    median_ms: float | None = None
    p95_ms: float | None = None
    failures: dict[str, int] = {}


class Standing(Model):
    """How well a service stands now. Parts of the score are from 0 to 1, None where nothing is known."""

    score: int | None = None
    health: float | None = None
    speed: float | None = None
    nearness: float | None = None
    free_queue: float | None = None
    periods: tuple[Period, ...] = ()


def standing(
    points: Sequence[LookPoint], now: datetime, state: HealthState, distance_km: float | None
) -> Standing:
    """The standing by the looks of the last 30 days, in any order."""
    told = [each for each in points if each.state not in _SAYS_NOTHING and each.at <= now]
    periods = tuple(_period(told, now, span) for span in PERIODS)
    day, week = periods[0], periods[1]
    if week.answered is None:
        return Standing(periods=periods)
    health = _NOW.get(state, 0.0) * week.answered
    speed = _speed(day.median_ms)
    nearness = None if distance_km is None else max(0.0, 1 - distance_km / FAR_KM)
    queues = [(each.at, each.queue) for each in told if each.queue is not None and each.at > now - DAY]
    free = 1 / (1 + max(queues)[1] / QUEUE_HALF) if queues else None
    parts = (SPEED, speed), (NEARNESS, nearness), (FREE_QUEUE, free)
    rest = sum(weight * (UNKNOWN_PART if part is None else part) for weight, part in parts)
    return Standing(
        score=round(100 * health * (UP_ALONE + rest)),
        health=health,
        speed=speed,
        nearness=nearness,
        free_queue=free,
        periods=periods,
    )


class SpanBin(NamedTuple):
    """A part of a span of time: its start, looks, how many failed, and within how many ms half answered."""

    start: datetime
    looks: int = 0
    failed: int = 0
    median_ms: float | None = None


def binned(points: Sequence[LookPoint], now: datetime, span: timedelta, bins: int) -> tuple[SpanBin, ...]:
    """The looks of a span up to now in equal parts, oldest first; under maintenance is no answer."""
    step, start = span / bins, now - span
    inside: list[list[LookPoint]] = [[] for _ in range(bins)]
    for each in points:
        if start < each.at <= now and each.state not in _SAYS_NOTHING:
            inside[min(bins - 1, int((each.at - start) / step))].append(each)
    return tuple(_bin(start + number * step, looks) for number, looks in enumerate(inside))


def _bin(start: datetime, looks: Sequence[LookPoint]) -> SpanBin:
    up = [each for each in looks if each.state is HealthState.UP]
    times = [each.ms for each in up if each.ms is not None]
    return SpanBin(start, len(looks), len(looks) - len(up), median(times) if times else None)


def usual_top(times: Sequence[float]) -> float:
    """Up to where times are drawn: the highest, but a few that are far above the others count for nothing."""
    if not times:
        return 1.0
    ordered = sorted(times)
    return min(ordered[-1], 3 * ordered[int(0.95 * (len(ordered) - 1))]) or 1.0


class DayCell(NamedTuple):
    """Two hours of the last day: how slow the answers were, 0 to 1, None where nobody got one; and whether a
    look failed."""

    slowness: float | None = None
    failed: bool = False


CELLS = 12
_BLOCKS = "▁▂▃▄▅▆▇█"
FAILED_CELL, EMPTY_CELL = "×", "·"


def last_day(points: Sequence[LookPoint], now: datetime) -> str:
    """The last 24 hours as twelve signs, oldest first: the higher a block, the slower the answers.

    A cross stands for two hours with a failed look, a dot for two hours without any.
    """
    cells: list[list[LookPoint]] = [[] for _ in range(CELLS)]
    for each in points:
        age = now - each.at
        if timedelta(0) <= age < DAY and each.state not in _SAYS_NOTHING:
            cells[CELLS - 1 - int(age / DAY * CELLS)].append(each)
    return "".join(map(_cell, cells))


def day_cells(line: str) -> tuple[DayCell, ...]:
    """What `last_day` wrote, for drawing; signs that it does not write are cells without looks."""

    def one(sign: str) -> DayCell:
        place = _BLOCKS.find(sign)
        return DayCell((place + 1) / len(_BLOCKS) if place >= 0 else None, sign == FAILED_CELL)

    return tuple(map(one, line))


def _cell(looks: Sequence[LookPoint]) -> str:
    if any(each.state is HealthState.DOWN for each in looks):
        return FAILED_CELL
    times = [each.ms for each in looks if each.ms is not None]
    if not times:
        return EMPTY_CELL
    slowness = 1 - (_speed(median(times)) or 0.0)
    return _BLOCKS[min(len(_BLOCKS) - 1, int(slowness * len(_BLOCKS)))]


def _speed(ms: float | None) -> float | None:
    if ms is None:
        return None
    within = min(max(ms, FAST_MS), SLOW_MS)
    return 1 - log(within / FAST_MS) / log(SLOW_MS / FAST_MS)


def _period(told: Sequence[LookPoint], now: datetime, span: timedelta) -> Period:
    inside = [each for each in told if each.at > now - span]
    up = [each for each in inside if each.state is HealthState.UP]
    times = sorted(each.ms for each in up if each.ms is not None)
    failed = Counter(each.failed_phase or "other" for each in inside if each.state is HealthState.DOWN)
    return Period(
        days=span.days,
        looks=len(inside),
        answered=len(up) / len(inside) if inside else None,
        median_ms=median(times) if times else None,
        p95_ms=times[max(0, -(-19 * len(times) // 20) - 1)] if times else None,
        failures=dict(sorted(failed.items())),
    )
