"""How far a long piece of work has come, and how it is stopped.

No model of pydantic: a process that works for a second should not take a quarter of one to import it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.domain.finding import CheckReport


@dataclass(frozen=True)
class Progress:
    """A reading of a running task.

    `done` and `total` are in `unit` (bytes, records, chunks …); `total` is None while it is unknown.
    `rate` is units a second over the last seconds, `left_s` the seconds left by it. `counts` are live
    numbers worth showing, such as variants read. `first_look` comes once, early in a check: what the
    beginning of the files says.
    """

    done: int = 0
    total: int | None = None
    unit: str = "bytes"
    step: str = ""
    rate: float | None = None
    left_s: float | None = None
    counts: dict[str, int] = field(default_factory=dict)
    first_look: CheckReport | None = None

    @property
    def fraction(self) -> float | None:
        """Between 0 and 1, or None while the total is unknown."""
        if not self.total:
            return None
        return min(1.0, self.done / self.total)


Report = Callable[[Progress], None]


def silent(_progress: Progress) -> None:
    """A report that nobody reads."""
