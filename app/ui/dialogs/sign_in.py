"""Sign in to a service in the browser, or with a code that its page shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices, QGuiApplication, QShowEvent
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from app.domain.changes import Changes
from app.domain.problem import Problem
from app.domain.service import Service
from app.ui.bridge import Task
from app.ui.context import Context
from app.ui.dialogs.set_token import SetTokenDialog
from app.ui.theme import GRID
from app.ui.widgets.basics import Text, fit, link, primary
from app.ui.widgets.problem_panel import ProblemPanel
from app.ui.widgets.token_field import TokenField

if TYPE_CHECKING:
    from app.operations.sign_in import OpenSignIn


class SignInDialog(QDialog):
    """Opens the page in the browser and waits; a code can be pasted where the browser is elsewhere."""

    def __init__(self, context: Context, service: Service, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.context = context
        self.service = service
        self.opened: OpenSignIn | None = None
        self._waiting: Task | None = None
        self.setWindowTitle(self.tr("Sign in to {0}").format(service.name))
        column = QVBoxLayout(self)
        column.setContentsMargins(GRID * 3, GRID * 3, GRID * 3, GRID * 2)
        column.setSpacing(GRID * 3 // 2)
        column.addWidget(Text(self.windowTitle(), bold=True))
        self.words = Text(muted=True)
        column.addWidget(self.words)
        self._add_client_id(column)
        self.copy = link(self.tr("Copy the address of the page"), self._copy)
        self.paste = link(self.tr("Sign in by pasting a code"), self._begin_paste)
        column.addWidget(self.copy)
        column.addWidget(self.paste)
        self.code = TokenField(kept=False)
        self.code.box.setAccessibleName(self.tr("Code"))
        self.code.box.setPlaceholderText(self.tr("Paste the code, or the address that the browser ended at"))
        column.addWidget(self.code)
        self.problem = ProblemPanel(context.theme)
        column.addWidget(self.problem)
        column.addStretch(1)
        column.addWidget(self._buttons())
        self.setMinimumWidth(GRID * 64)
        self.code.changed.connect(self._enable)
        self.code.entered.connect(self._finish_paste)
        self.finished.connect(self._stop)
        self.finished.connect(self.deleteLater)
        self._show_start()

    def _add_client_id(self, column: QVBoxLayout) -> None:
        """The provider knows this program by it; institutions that have one of their own enter it once."""
        self.client_id = QLineEdit()
        self.client_label = QLabel(self.tr("Client id, from your institution or the service"))
        self.client_label.setBuddy(self.client_id)
        self.client_id.setAccessibleName(self.client_label.text())
        for widget in (self.client_label, self.client_id):
            widget.setVisible(self.service.wants_client_id)
            column.addWidget(widget)
        self.client_id.textChanged.connect(self._enable)

    def _buttons(self) -> QDialogButtonBox:
        self.go_button = primary(QPushButton())
        self.cancel_button = QPushButton(self.tr("Cancel"))
        buttons = QDialogButtonBox()
        buttons.addButton(self.cancel_button, QDialogButtonBox.ButtonRole.RejectRole)
        buttons.addButton(self.go_button, QDialogButtonBox.ButtonRole.AcceptRole)
        self.go_button.clicked.connect(self._go)
        self.cancel_button.clicked.connect(self.reject)
        return buttons

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """As high as the words need."""
        super().showEvent(event)
        fit(self)

    # What it shows.

    def _show_start(self) -> None:
        self.words.setText(
            self.tr("The page of the service opens in your browser. Sign in there; this window goes on then.")
        )
        self.go_button.setText(self.tr("Open the browser"))
        self._show_parts(code=False, page=False)

    def _show_waiting(self) -> None:
        self.words.setText(self.tr("Waiting for the browser. Sign in on the page that was opened."))
        self.go_button.setText(self.tr("Open the browser again"))
        self._show_parts(code=False, page=True)

    def _show_paste(self) -> None:
        self.words.setText(
            self.tr("Sign in on the page that was opened, and paste the code that it shows at the end.")
        )
        self.go_button.setText(self.tr("Sign in"))
        self._show_parts(code=True, page=True)
        self.code.setFocus()

    def _show_parts(self, *, code: bool, page: bool) -> None:
        self.code.setVisible(code)
        for widget in (
            self.client_label,
            self.client_id,
        ):  # once the page is open it is too late to change it
            widget.setVisible(self.service.wants_client_id and not page)
        self.copy.setVisible(page)
        self.paste.setVisible(not code)
        self._enable()
        fit(self)

    def _enable(self) -> None:
        known = not self.service.wants_client_id or bool(self.client_id.text().strip())
        pasted = self.code.isHidden() or self.code.value() is not None
        self.go_button.setEnabled(known and pasted)
        self.paste.setEnabled(known)

    # What it does.

    def _go(self) -> None:
        if not self.code.isHidden():
            self._finish_paste()
        elif self.opened is not None:
            QDesktopServices.openUrl(QUrl(self.opened.url))
        else:
            self._begin(paste=False)

    def _begin_paste(self) -> None:
        self._begin(paste=True)

    def _begin(self, *, paste: bool) -> None:
        self._stop()
        self.problem.clear()
        self.go_button.setEnabled(False)
        self.go_button.setText(self.tr("Asking the service…"))
        beginning = self.context.operations.begin_sign_in(
            self.service.id, paste=paste, client_id=self.client_id.text().strip()
        )
        self.context.bridge.run(beginning, self, self._begun, self._failed)

    def _begun(self, opened: OpenSignIn) -> None:
        self.opened = opened
        QDesktopServices.openUrl(QUrl(opened.url))
        if opened.by_pasting:
            self._show_paste()
            return
        self._show_waiting()
        finishing = self.context.operations.finish_sign_in(opened, None)
        self._waiting = self.context.bridge.run(finishing, self, self._done, self._failed)

    def _finish_paste(self) -> None:
        code = self.code.value()
        if code is None or self.opened is None:
            return
        self.problem.clear()
        self.go_button.setEnabled(False)
        self.go_button.setText(self.tr("Asking the service…"))
        finishing = self.context.operations.finish_sign_in(self.opened, code)
        self.context.bridge.run(finishing, self, self._done, self._failed)

    def _copy(self) -> None:
        if self.opened is not None:
            QGuiApplication.clipboard().setText(self.opened.url)

    def _done(self, _changes: Changes) -> None:
        self.code.clear()
        self.opened = None
        self.context.notices.say(self.tr("You are signed in"), self.service.name)
        reading = self.context.operations.sync_panels((self.service.id,))  # shown only to who is signed in
        self.context.bridge.run(reading, self.context.bridge)
        self.accept()

    def _failed(self, problem: Problem) -> None:
        self.opened = self._waiting = None
        self.code.clear()
        self._show_start()
        self.problem.show_problem(problem)
        fit(self)

    def _stop(self) -> None:
        """Nobody waits any more; the port of this computer is free again."""
        if self._waiting is not None:
            self._waiting.cancel()
        elif self.opened is not None:
            self.context.bridge.run(self.context.operations.close_sign_in(self.opened), self.context.bridge)
        self.opened = self._waiting = None


def open_token_dialog(context: Context, service: Service, parent: QWidget) -> QDialog:
    """The dialog by which the program gets to know the user of a service: a sign-in, or a token."""
    kind = SignInDialog if service.signs_in else SetTokenDialog
    dialog = kind(context, service, parent)
    dialog.open()
    return dialog
