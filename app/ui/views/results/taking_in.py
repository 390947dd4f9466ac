"""From files to a result: the question, the work, and the password asked again where it did not fit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QWidget

from app.domain.changes import Changes, Noun
from app.domain.problem import Problem
from app.ui.context import Context
from app.ui.views.results.import_dialog import ImportDialog, ImportWish

_PASSWORD = ("archive.password", "archive.no_password")
"""How the details of a problem with a password begin; see `ArchiveFault`."""


def ask_import(
    context: Context, parent: QWidget, paths: Sequence[Path], reveal: Callable[[str], object]
) -> ImportDialog:
    """Ask, take in, and show what came of it."""
    dialog = ImportDialog(context, paths, lambda wish: take_in(context, parent, wish, reveal), parent)
    dialog.open()
    return dialog


def take_in(context: Context, parent: QWidget, wish: ImportWish, reveal: Callable[[str], object]) -> None:
    """Do it; the strip below the window shows how far it is."""

    def done(changes: Changes) -> None:
        ids = changes.ids(Noun.RESULT)
        if ids:
            said = QCoreApplication.translate("Import", "The result is taken in")
            button = QCoreApplication.translate("Import", "Show")
            context.notices.say(said, wish.name, button=button, on_click=lambda: reveal(ids[0]))
            reveal(ids[0])

    def failed(problem: Problem) -> None:
        if not problem.details.startswith(_PASSWORD):
            context.notices.problem(problem)
            return
        dialog = ask_import(context, parent, wish.paths, reveal)
        dialog.fill(wish, problem)

    work = context.operations.import_result(wish.paths, wish.name, wish.password, wish.dataset_id, wish.copy)
    context.bridge.run(work, parent, done, failed)
