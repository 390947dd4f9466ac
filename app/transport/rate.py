"""How fast a transfer is and how long it will take."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from app.domain.progress import Progress

WINDOW_S = 5.0
REPORT_EVERY_S = 0.25


class Meter:
    """Counts bytes; the rate is that of the last seconds, so that it follows a change of the network."""

    def __init__(
        self,
        total: int | None,
        step: str,
        done: int = 0,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.done = done
        self._total = total
        self._step = step
        self._monotonic = monotonic
        self._marks: deque[tuple[float, int]] = deque([(monotonic(), done)])
        self._reported = float("-inf")

    def add(self, count: int) -> bool:
        """Count bytes; True when it is time to report again (at most four times a second)."""
        self.done += count
        now = self._monotonic()
        if now - self._reported < REPORT_EVERY_S:
            return False
        self._reported = now
        self._marks.append((now, self.done))
        while len(self._marks) > 2 and now - self._marks[1][0] >= WINDOW_S:
            self._marks.popleft()
        return True

    def progress(self) -> Progress:
        """A reading for the user."""
        since, before = self._marks[0]
        spent = self._monotonic() - since
        rate = (self.done - before) / spent if spent > 0 else None
        left = None
        if rate and self._total is not None:
            left = max(0, self._total - self.done) / rate
        return Progress(done=self.done, total=self._total, step=self._step, rate=rate, left_s=left)
