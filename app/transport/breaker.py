"""A server that failed several times in a row is left alone for a while, then tried with one request.

The states are the usual ones of a circuit breaker: closed (everything goes through), open (nothing does) and
half open (one request goes through, and its outcome decides). A look at the health of a service is no such
request: it is always made, and its outcome counts.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

FAILURES = 5
FIRST_S = 30.0
LONGEST_S = 600.0
TRIAL_S = 120.0
"""A request that was let through and never told how it ended is given up after this."""


@dataclass
class _Server:
    failures: int = 0
    opened: int = 0
    open_until: float = 0.0
    trial_until: float = 0.0


class Breaker:
    """For each server how often it failed in a row. May be used from any thread."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._servers: dict[str, _Server] = {}

    def wait_s(self, server: str) -> float:
        """Seconds until a request may go; 0 lets it go, and where it is the trial it is the only one."""
        with self._lock:
            known, now = self._servers.get(server), self._monotonic()
            if known is None or known.failures < FAILURES:
                return 0.0
            until = max(known.open_until, known.trial_until)
            if until > now:
                return until - now
            known.trial_until = now + TRIAL_S
            return 0.0

    def is_open(self, server: str) -> bool:
        """Whether requests are held back, or only a trial is let through."""
        with self._lock:
            known = self._servers.get(server)
            return known is not None and known.failures >= FAILURES

    def failed(self, server: str) -> None:
        """It gave no answer. The fifth time in a row opens; each failed trial doubles the time."""
        with self._lock:
            known = self._servers.setdefault(server, _Server())
            known.failures += 1
            if known.failures >= FAILURES:
                pause = min(FIRST_S * 2.0 ** min(known.opened, 10), LONGEST_S)
                known.open_until = self._monotonic() + pause
                known.opened += 1
                known.trial_until = 0.0

    def answered(self, server: str) -> None:
        """It answered, whatever it said."""
        with self._lock:
            self._servers.pop(server, None)

    def not_told(self, server: str) -> None:
        """A request ended without telling anything of the server: the next one may be the trial."""
        with self._lock:
            known = self._servers.get(server)
            if known is not None:
                known.trial_until = 0.0

    def forget(self) -> None:
        """Try everything again now."""
        with self._lock:
            self._servers.clear()
