"""A command that is told to end cleans up first, as with Ctrl+C: it may hold copies of genotypes."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from types import FrameType


@dataclass
class Ending:
    """`number` is the signal that ended the command, 0 while none did."""

    number: int = 0

    def code(self, code: int) -> int:
        """The exit code of a command: of one that was ended what shells say of it."""
        return 128 + self.number if self.number else code


@contextlib.contextmanager
def ending_like_interrupt() -> Iterator[Ending]:
    """SIGTERM and SIGHUP do what Ctrl+C does; one that the caller chose to ignore stays so."""
    ending = Ending()

    def end(number: int, frame: FrameType | None) -> None:
        ending.number = ending.number or number
        interrupt = signal.getsignal(signal.SIGINT)
        if not callable(interrupt):
            raise KeyboardInterrupt
        interrupt(signal.SIGINT, frame)

    before = {}
    for name in ("SIGTERM", "SIGHUP"):  # Windows has no SIGHUP
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            with contextlib.suppress(ValueError):  # not the main thread
                before[number] = signal.signal(number, end)
    try:
        yield ending
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
