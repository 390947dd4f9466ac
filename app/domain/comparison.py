"""What a real job left out beside what was predicted."""

from __future__ import annotations

from app.domain.model import Model
from app.domain.verdict import Verdict


class Difference(Model):
    """One reason: how often it was predicted (`here`) and given by the server (`there`).

    `examples` are places where both differ, none when they agree.
    """

    what: str
    here: int
    there: int
    examples: tuple[str, ...] = ()


class Comparison(Model):
    """Prediction and server on the lines of one list (`sites`, `typed_only` or `chunks`).

    `agree` lines are the same in both; `only_here` and `only_there` stand in one, `other_reason` in both with
    other words. `learned` counts sites whose panel alleles were learned from the list. `verdict` is the
    prediction with what was learned.
    """

    kind: str
    headline: str
    agree: int = 0
    only_here: int = 0
    only_there: int = 0
    other_reason: int = 0
    differences: tuple[Difference, ...] = ()
    learned: int = 0
    learned_text: str = ""
    verdict: Verdict | None = None

    @property
    def same(self) -> bool:
        """Whether prediction and server agree in every line."""
        return not (self.only_here or self.only_there or self.other_reason)
