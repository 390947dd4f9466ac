"""The comparison of a prediction with a real job in words and rows."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QCoreApplication

from app.ui import text
from app.ui.models.table import Column


def _t(words: str) -> str:
    return QCoreApplication.translate("Comparison", words)


def difference_columns() -> tuple[Column, ...]:
    """What · how often by the prediction · how often by the server."""
    return (
        Column("what", _t("What"), 320),
        Column("here", _t("Predicted"), 100, show=text.number, numeric=True),
        Column("there", _t("Server"), 100, show=text.number, numeric=True),
        Column("where", _t("For example"), 280),
    )


def headline(found: Any) -> str:
    """In a sentence whether prediction and server agree."""
    return str(getattr(found, "headline", ""))


def difference_rows(found: Any) -> list[tuple[Any, ...]]:
    """Where both differ."""
    return []


def learnt_words(found: Any) -> str:
    """What was learnt of the panel."""
    return ""
