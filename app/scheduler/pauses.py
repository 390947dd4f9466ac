"""How long to leave alone what failed in a way that nobody foresaw."""

from __future__ import annotations

from datetime import datetime, timedelta

from app.domain.clock import Clock

FIRST = timedelta(seconds=30)
LONGEST = timedelta(minutes=15)


class Pauses:
    """How often each work failed in a row, and until when it rests. In memory: a new start tries anew."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._resting: dict[str, tuple[datetime, int]] = {}

    def rests(self, name: str) -> bool:
        """Whether it is too early to try again; a clock that was set back lengthens no pause."""
        until, _ = self._resting.get(name, (None, 0))
        return until is not None and timedelta(0) < until - self._clock.now() <= LONGEST

    def failed(self, name: str) -> timedelta:
        """The pause after one more failure: each doubles it, up to a quarter of an hour."""
        _, failures = self._resting.get(name, (None, 0))
        pause = min(FIRST * 2.0 ** min(failures, 10), LONGEST)
        self._resting[name] = (self._clock.now() + pause, failures + 1)
        return pause

    def went_well(self, name: str) -> None:
        """The next failure is a first one again."""
        self._resting.pop(name, None)

    def forget(self) -> None:
        """Try everything again now."""
        self._resting.clear()
