"""State in which countries a service keeps data, where nobody has told yet."""

from __future__ import annotations

from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLineEdit, QPushButton, QVBoxLayout, QWidget

from app.domain.changes import Changes
from app.domain.problem import Problem
from app.domain.residency import on_loopback
from app.domain.service import Service
from app.ui.context import Context
from app.ui.theme import GRID
from app.ui.widgets.basics import Text, fit, primary
from app.ui.widgets.problem_panel import ProblemPanel


class StateCountryDialog(QDialog):
    """One line; what is no country is told below it."""

    def __init__(self, context: Context, service: Service, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.context = context
        self.service = service
        self.setWindowTitle(self.tr("Country of {0}").format(service.name))
        self.setMinimumWidth(GRID * 60)
        column = QVBoxLayout(self)
        column.setContentsMargins(GRID * 3, GRID * 3, GRID * 3, GRID * 2)
        column.setSpacing(GRID)
        column.addWidget(Text(self.windowTitle(), bold=True))
        column.addWidget(
            Text(
                self.tr(
                    "Rules on where data may go look at this. Name the country in which the service keeps "
                    "data, and others whose law reaches them there."
                ),
                muted=True,
            )
        )
        if on_loopback(service.base_url):
            hint = self.tr(
                "Its address is on this computer, and may lead on to another one. Write “this computer” "
                "if it does not."
            )
            column.addWidget(Text(hint, muted=True))
        self.places = QLineEdit(", ".join(service.jurisdictions or filter(None, (service.country,))))
        self.places.setPlaceholderText(self.tr("ZA, or South Africa"))
        self.places.setAccessibleName(self.tr("Countries"))
        self.places.textChanged.connect(lambda words: self.state_button.setEnabled(bool(words.strip())))
        column.addWidget(self.places)
        self.problem = ProblemPanel(context.theme)
        column.addWidget(self.problem)
        column.addStretch(1)
        column.addWidget(self._buttons())
        self.finished.connect(self.deleteLater)

    def _buttons(self) -> QDialogButtonBox:
        self.state_button = primary(QPushButton(self.tr("State the country")))
        self.state_button.setEnabled(bool(self.places.text().strip()))
        self.cancel_button = QPushButton(self.tr("Cancel"))
        buttons = QDialogButtonBox()
        buttons.addButton(self.cancel_button, QDialogButtonBox.ButtonRole.RejectRole)
        buttons.addButton(self.state_button, QDialogButtonBox.ButtonRole.AcceptRole)
        self.state_button.clicked.connect(self._state)
        self.cancel_button.clicked.connect(self.reject)
        return buttons

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """As high as the words need."""
        super().showEvent(event)
        fit(self)

    def _state(self) -> None:
        self.problem.clear()
        self.state_button.setEnabled(False)
        work = self.context.operations.state_country(self.service.id, self.places.text())
        self.context.bridge.run(work, self, self._done, self._failed)

    def _done(self, _changes: Changes) -> None:
        self.accept()

    def _failed(self, problem: Problem) -> None:
        self.state_button.setEnabled(True)
        self.problem.show_problem(problem)
        fit(self)
