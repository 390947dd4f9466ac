"""What a check found: a list that can be filtered, and the chosen finding in full."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from app.domain.finding import Finding, Severity
from app.ui.context import Context
from app.ui.theme import GRID
from app.ui.views.uploads.dataset_words import (
    finding_columns,
    finding_row,
    fitting,
    sorted_findings,
)
from app.ui.widgets.basics import EmptyState, Text
from app.ui.widgets.short_table import ShortTable


class FindingsTab(QWidget):
    """Grouped by severity: the table is in that order, and one severity can be shown alone."""

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.findings: list[Finding] = []
        self.shown: list[Finding] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(0, GRID, 0, 0)
        column.setSpacing(GRID)
        column.addLayout(self._bar())
        self.table = ShortTable(context.theme, self.tr("Findings"), finding_columns(), most=0)
        self.table.selectionModel().currentRowChanged.connect(lambda *_: self._show_full())
        column.addWidget(self.table, 1)
        self.full = Text()
        self.full.setAccessibleName(self.tr("The chosen finding"))
        column.addWidget(self.full)
        self.nothing = EmptyState(context.theme, "check", self.tr("The check found nothing to mention."))
        column.addWidget(self.nothing, 1)

    def _bar(self) -> QHBoxLayout:
        bar = QHBoxLayout()
        bar.setSpacing(GRID)
        self.filter = QLineEdit()
        self.filter.setClearButtonEnabled(True)
        self.filter.setPlaceholderText(self.tr("Filter findings"))
        self.filter.setAccessibleName(self.tr("Filter findings"))
        self.filter.setMaximumWidth(GRID * 40)
        self.filter.textChanged.connect(lambda _: self._show())
        self.only = QComboBox()
        self.only.setAccessibleName(self.tr("Severity"))
        for words, value in (
            (self.tr("All"), ""),
            (self.tr("What stops a submission"), Severity.SEVERE.value),
            (self.tr("Warnings"), Severity.WARNING.value),
            (self.tr("Notes"), Severity.INFO.value),
        ):
            self.only.addItem(words, value)
        self.only.currentIndexChanged.connect(lambda _: self._show())
        self.copy = QPushButton(self.tr("Copy"))
        self.copy.setToolTip(self.tr("Copy the selected findings, or all, with headers"))
        self.copy.clicked.connect(lambda: self.table.copy(True))
        bar.addWidget(self.filter, 1)
        bar.addWidget(self.only)
        bar.addStretch(1)
        bar.addWidget(self.copy)
        return bar

    def show_findings(self, findings: Sequence[Finding], checked: bool) -> None:
        """Show other findings."""
        self.findings = sorted_findings(findings)
        for widget in (self.filter, self.only, self.copy, self.table):
            widget.setVisible(bool(self.findings))
        self.nothing.setVisible(checked and not self.findings)
        self._show()

    def _show(self) -> None:
        self.shown = fitting(self.findings, self.filter.text(), str(self.only.currentData()))
        self.table.show_rows([finding_row(f) for f in self.shown])
        self._show_full()

    def _show_full(self) -> None:
        row = self.table.currentIndex().row()
        finding = self.shown[row] if 0 <= row < len(self.shown) else None
        self.full.setVisible(finding is not None)
        if finding is not None:
            parts = (finding.title, finding.detail, finding.what_to_do)
            said = " ".join(p if p.endswith((".", "?", ":")) else p + "." for p in parts if p)
            self.full.setText(f"{said} ({finding.code})")
