"""Questions before something is lost. Everything else can be undone and is not asked."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QMessageBox, QPushButton, QWidget


def confirm(
    parent: QWidget,
    title: str,
    words: str,
    yes: str,
    on_yes: Callable[[], object],
    no: str = "",
) -> QMessageBox:
    """Ask by `open()`; `yes` is a verb ("Remove 2 services"). The safe button is the default."""
    box = QMessageBox(parent)
    box.setWindowTitle(title)
    box.setText(title)
    box.setInformativeText(words)
    # The box owns its buttons: one that only Python knew of would be gone with this function.
    go = QPushButton(yes, box)
    stay = QPushButton(no or box.tr("Keep"), box)
    box.addButton(go, QMessageBox.ButtonRole.AcceptRole)
    box.addButton(stay, QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(stay)
    box.setEscapeButton(stay)
    box.buttonClicked.connect(lambda clicked: on_yes() if clicked is go else None)
    box.finished.connect(box.deleteLater)
    box.open()
    return box
