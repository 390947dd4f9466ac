"""Set the token of a service."""

from __future__ import annotations

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices, QShowEvent
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QPushButton, QVBoxLayout, QWidget

from app.domain.changes import Changes
from app.domain.preset import Preset
from app.domain.problem import Problem
from app.domain.service import Service
from app.ui.context import Context
from app.ui.dialogs.panel_reading import read_panels
from app.ui.theme import GRID
from app.ui.widgets.basics import Text, fit, link, primary
from app.ui.widgets.problem_panel import ProblemPanel
from app.ui.widgets.token_field import TokenField


class SetTokenDialog(QDialog):
    """Paste, send, and see whether the service accepts it."""

    def __init__(self, context: Context, service: Service, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.context = context
        self.service = service
        self.setWindowTitle(self.tr("Token for {0}").format(service.name))
        column = QVBoxLayout(self)
        column.setContentsMargins(GRID * 3, GRID * 3, GRID * 3, GRID * 2)
        column.setSpacing(GRID * 3 // 2)
        column.addWidget(Text(self.windowTitle(), bold=True))
        self.help = Text(
            self.tr("Make a token on your profile page at the service and paste it here."), muted=True
        )
        column.addWidget(self.help)
        self.page = link(self.tr("Open the page of the service"), self._open_page)
        column.addWidget(self.page)
        self._address = service.base_url
        self.token = TokenField()
        column.addWidget(self.token)
        self.problem = ProblemPanel(context.theme)
        column.addWidget(self.problem)
        column.addStretch(1)
        self.set_button = primary(QPushButton(self.tr("Set token")))
        self.cancel_button = QPushButton(self.tr("Cancel"))
        buttons = QDialogButtonBox()
        buttons.addButton(self.cancel_button, QDialogButtonBox.ButtonRole.RejectRole)
        buttons.addButton(self.set_button, QDialogButtonBox.ButtonRole.AcceptRole)
        self.set_button.clicked.connect(self._set)
        self.cancel_button.clicked.connect(self.reject)
        column.addWidget(buttons)
        self.token.changed.connect(self._enable)
        self.token.entered.connect(self._set)
        self.setMinimumWidth(GRID * 60)
        self.finished.connect(self.deleteLater)
        self._enable()
        self.token.setFocus()
        context.bridge.run(context.library.presets(), self, self._take_presets)

    def _take_presets(self, presets: tuple[Preset, ...]) -> None:
        preset = next((p for p in presets if p.id == self.service.preset_id), None)
        if preset is not None:
            self.help.setText(preset.token_help or self.help.text())
            self._address = preset.token_url or preset.base_url
            fit(self)

    def _open_page(self) -> None:
        QDesktopServices.openUrl(QUrl(self._address))

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """As high as the words need."""
        super().showEvent(event)
        fit(self)

    def _enable(self) -> None:
        self.set_button.setEnabled(self.token.value() is not None)

    def _set(self) -> None:
        token = self.token.value()
        if token is None:
            return
        self.problem.clear()
        self.set_button.setEnabled(False)
        self.set_button.setText(self.tr("Asking the service…"))
        self.context.bridge.run(
            self.context.operations.set_token(self.service.id, token), self, self._done, self._failed
        )

    def _done(self, _changes: Changes) -> None:
        self.token.clear()
        read_panels(self.context, self.service.id)
        self.context.notices.say(self.tr("The token is set"), self.service.name)
        self.accept()

    def _failed(self, problem: Problem) -> None:
        self.set_button.setText(self.tr("Set token"))
        self._enable()
        self.problem.show_problem(problem, self._set)
        fit(self)
