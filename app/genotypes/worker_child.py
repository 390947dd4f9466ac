"""The side of `worker` that runs in the spawned process. It imports little: first findings wait for it."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any, NamedTuple

from app.domain.problem import ProblemError
from app.domain.progress import Progress, Report
from app.genotypes.process_end import end_with_parent

if TYPE_CHECKING:
    from app.domain.problem import Problem

_SECONDS_BETWEEN_REPORTS = 0.25


class Answer(NamedTuple):
    """What the child sends as its last word."""

    value: Any = None
    problem: Problem | None = None
    crash: str = ""


def child(link: Connection, warm: Callable[[], None] | None) -> None:
    """Body of the spawned process: warm up, wait for an errand, answer, end."""
    if sys.platform != "win32":
        os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=end_with_parent, daemon=True).start()
    if warm is not None:
        with contextlib.suppress(Exception):  # wrong in the errand too, and told there
            warm()
    throttle = Throttle(link.send)
    answer = _answered(link, throttle)
    if answer is None:
        return
    throttle.flush()
    try:
        link.send(answer)
    except Exception:  # noqa: BLE001 - a result that cannot be pickled is told as such
        link.send(Answer(crash=traceback.format_exc()))
    link.close()


def _answered(link: Connection, throttle: Throttle) -> Answer | None:
    """What the errand gave; None when the program ends and none comes."""
    try:
        function, args = link.recv()
    except EOFError:
        return None
    except Exception:  # noqa: BLE001 - an errand that cannot be unpickled is told as such
        return Answer(crash=traceback.format_exc())
    try:
        return Answer(value=function(*args, report=throttle))
    except ProblemError as error:
        return Answer(problem=error.problem)
    except Exception:  # noqa: BLE001 - the border: every exception becomes a Problem on the other side
        return Answer(crash=traceback.format_exc())


class Throttle:
    """A report that passes on at most four readings a second and adds rate and time left.

    The rate is over the last five seconds. The last reading is never lost: call `flush` at the end.
    """

    def __init__(self, pass_on: Report, clock: Callable[[], float] = time.monotonic) -> None:
        self._pass_on = pass_on
        self._clock = clock
        self._last = float("-inf")
        self._held: Progress | None = None
        self._seen: deque[tuple[float, int]] = deque(maxlen=20)

    def __call__(self, progress: Progress) -> None:
        self._held = progress
        if progress.first_look is not None or self._clock() - self._last >= _SECONDS_BETWEEN_REPORTS:
            self.flush()

    def flush(self) -> None:
        """Pass the reading on that was held back, if there is one."""
        if self._held is None:
            return
        progress, self._held = self._held, None
        self._last = self._clock()
        self._pass_on(self._with_rate(progress))

    def _with_rate(self, progress: Progress) -> Progress:
        if self._seen and progress.done < self._seen[-1][1]:
            self._seen.clear()  # another step began
        self._seen.append((self._last, progress.done))
        (first, then), (last, now) = self._seen[0], self._seen[-1]
        if progress.rate is not None or last <= first or now <= then:
            return progress
        rate = (now - then) / (last - first)
        left = None if progress.total is None else max(0, progress.total - now) / rate
        return replace(progress, rate=rate, left_s=left)
