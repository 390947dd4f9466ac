"""The comparison of a prediction with a list of a real job in words and rows."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QCoreApplication

from app.domain.comparison import Comparison
from app.ui import text
from app.ui.colours import Status
from app.ui.models.table import Column
from app.ui.status import Shown


def _t(words: str) -> str:
    return QCoreApplication.translate("Comparison", words)


def agreement(found: Comparison) -> Shown:
    """Whether both say the same."""
    if found.same:
        return Shown(Status.DONE, _t("The same"))
    return Shown(Status.WARNING, _t("They differ"))


def count_words(found: Comparison) -> str:
    """How many lines agree, and how many stand on one side only."""
    parts = [_t("{0} lines agree").format(text.number(found.agree))]
    for number, words in (
        (found.only_here, _t("{0} only predicted")),
        (found.only_there, _t("{0} only by the server")),
        (found.other_reason, _t("{0} for another reason")),
    ):
        if number:
            parts.append(words.format(text.number(number)))
    return ", ".join(parts) + "."


def difference_columns() -> tuple[Column, ...]:
    """Why · how often by the prediction · how often by the server · where both differ."""
    return (
        Column("what", _t("Left out because"), 300),
        Column("here", _t("Predicted"), 90, show=text.number, numeric=True),
        Column("there", _t("Server"), 90, show=text.number, numeric=True),
        Column("where", _t("Where they differ"), 300),
    )


def difference_rows(found: Comparison) -> list[tuple[Any, ...]]:
    """Every reason, those that differ most first."""
    ordered = sorted(found.differences, key=lambda d: (-abs(d.here - d.there), not d.examples, -d.there))
    return [(d.what, d.here, d.there, ", ".join(d.examples)) for d in ordered]


def learnt_words(found: Comparison) -> str:
    """What was learnt of the panel."""
    if found.learned_text or not found.learned:
        return found.learned_text
    return _t("The panel's alleles at {0} sites were learnt from it.").format(text.number(found.learned))
