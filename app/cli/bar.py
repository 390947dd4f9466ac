"""A progress bar on a terminal, for whatever takes longer than a second."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TextIO

from app.cli.visible import visible

if TYPE_CHECKING:
    from app.domain.progress import Progress

AFTER_S = 1.0
BETWEEN_S = 0.1
WIDTH = 24
_UNITS = ("B", "kB", "MB", "GB", "TB")


class Bar:
    """One line that is drawn over and over; nothing at all where the stream is no terminal."""

    def __init__(self, stream: TextIO | None, *, shown: bool = True) -> None:
        self._stream = stream if shown and stream is not None and stream.isatty() else None
        self._began: dict[str, float] = {}
        self._drawn = 0.0
        self._visible = False

    def show(self, title: str, progress: Progress) -> None:
        """Draw how far the work of that title is, ten times a second at most, after its first second."""
        if self._stream is None:
            return
        now = time.monotonic()
        began = self._began.setdefault(title, now)
        if now - began < AFTER_S or now - self._drawn < BETWEEN_S:
            return
        self._drawn = now
        self._visible = True
        import shutil  # only a terminal needs it

        columns = shutil.get_terminal_size((80, 24)).columns
        self._stream.write("\r\x1b[K" + visible(bar_line(title, progress))[: columns - 1])
        self._stream.flush()

    def clear(self) -> None:
        """Take the line away before something else is written."""
        if self._visible and self._stream is not None:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._visible = False


def bar_line(title: str, progress: Progress) -> str:
    """Such as `Reading chr20.vcf.gz [#####-----]  52 %  12 MB/s  0:41 left`."""
    fraction = progress.fraction
    if fraction is None:
        middle = _amount(progress.done, progress.unit)
    else:
        full = int(fraction * WIDTH)
        middle = f"[{'#' * full}{'-' * (WIDTH - full)}] {fraction * 100:3.0f} %"
    parts = [title, progress.step, middle]
    if progress.rate:
        parts.append(f"{_amount(progress.rate, progress.unit)}/s")
    if progress.left_s is not None:
        parts.append(f"{int(progress.left_s) // 60}:{int(progress.left_s) % 60:02d} left")
    return "  ".join(part for part in parts if part)


def _amount(number: float, unit: str) -> str:
    if unit != "bytes":
        return f"{number:,.0f} {unit}"
    power = 0
    while number >= 1000 and power < len(_UNITS) - 1:
        number /= 1000
        power += 1
    return f"{number:,.1f} {_UNITS[power]}" if power else f"{number:,.0f} B"
