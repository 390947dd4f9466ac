"""The pages of the window, in the order of the rail. A new view is one function and one line here."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from app.ui.views.view import ViewSpec


def _t(text: str) -> str:
    return QCoreApplication.translate("Views", text)


VIEWS: tuple[ViewSpec, ...] = ()
