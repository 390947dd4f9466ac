"""Where the report of a dataset goes, and whether it names people."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.ui.theme import GRID
from app.ui.widgets.basics import Text, fit, primary


class ReportDialog(QDialog):
    """Asks first, then for the file; `save(path, names)` writes it."""

    def __init__(self, name: str, save: Callable[[Path, bool], object], parent: QWidget) -> None:
        super().__init__(parent)
        self._name = name
        self._save = save
        self.setWindowTitle(self.tr("Save report"))
        self.setMinimumWidth(GRID * 56)
        column = QVBoxLayout(self)
        column.setSpacing(GRID * 3 // 2)
        column.addWidget(
            Text(self.tr("The verdicts, findings and figures of {0}; no genotypes.").format(name))
        )
        form = QFormLayout()
        self.format = QComboBox()
        self.format.addItem(self.tr("Page to read and print (HTML)"), "html")
        self.format.addItem(self.tr("Data for programs (JSON)"), "json")
        form.addRow(self.tr("Format"), self.format)
        column.addLayout(form)
        self.names = QCheckBox(self.tr("With sample names"))
        column.addWidget(self.names)
        column.addWidget(
            Text(self.tr("Without them, counts under 5 are hidden: the report may go to others."), muted=True)
        )
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        cancel = QPushButton(self.tr("Cancel"))
        cancel.clicked.connect(self.reject)
        self.choose = primary(QPushButton(self.tr("Choose a place…")))
        self.choose.clicked.connect(self._ask)
        for button in (cancel, self.choose):
            buttons.addWidget(button)
        column.addLayout(buttons)
        fit(self)

    def _ask(self) -> None:
        ending = str(self.format.currentData())
        dialog = QFileDialog(self.parentWidget(), self.tr("Save report"), f"{self._name}-report.{ending}")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(ending)
        dialog.fileSelected.connect(lambda path: self.save_to(Path(path)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def save_to(self, path: Path) -> None:
        """Write it there and close."""
        self._save(path, self.names.isChecked())
        self.accept()
