"""Say of a service what it cannot tell by itself."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFrame,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.domain.changes import Changes
from app.domain.parameter import Parameter, ParameterType
from app.domain.problem import Problem
from app.domain.service import Service
from app.ui.context import Context
from app.ui.theme import GRID
from app.ui.widgets.basics import Text, fit, primary
from app.ui.widgets.problem_panel import ProblemPanel

LINES = 3
TAKEN_BACK = "taken_back"
MOST_OF_THE_SCREEN = 0.6


class ServiceSetupDialog(QDialog):
    """A field for each thing that the family of the service knows."""

    def __init__(
        self,
        context: Context,
        service: Service,
        fields: tuple[Parameter, ...],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.context = context
        self.service = service
        self.setWindowTitle(self.tr("How {0} works").format(service.name))
        column = QVBoxLayout(self)
        column.setContentsMargins(GRID * 3, GRID * 3, GRID * 3, GRID * 2)
        column.setSpacing(GRID)
        column.addWidget(Text(self.windowTitle(), bold=True))
        column.addWidget(Text(self.tr("Fill in what the service cannot tell by itself."), muted=True))
        self.fields: dict[str, QWidget] = {}
        self.area = self._scrolling(fields)
        column.addWidget(self.area, 1)
        self.problem = ProblemPanel(context.theme)
        column.addWidget(self.problem)
        self.save_button = primary(QPushButton(self.tr("Save")))
        self.cancel_button = QPushButton(self.tr("Cancel"))
        buttons = QDialogButtonBox()
        buttons.addButton(self.cancel_button, QDialogButtonBox.ButtonRole.RejectRole)
        buttons.addButton(self.save_button, QDialogButtonBox.ButtonRole.AcceptRole)
        self.save_button.clicked.connect(self._save)
        self.cancel_button.clicked.connect(self.reject)
        column.addWidget(buttons)
        self.setMinimumWidth(GRID * 70)
        self.finished.connect(self.deleteLater)

    def _scrolling(self, fields: tuple[Parameter, ...]) -> QScrollArea:
        """All fields; what does not fit on the screen is scrolled to, and the buttons stay in sight."""
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, GRID, 0)
        column.setSpacing(GRID // 2)
        for field in fields:
            column.addWidget(Text(field.label, bold=True))
            kept = field.id in self.service.secret_setup
            widget = self._secret(kept) if field.type is ParameterType.SECRET else _field(field, self.service)
            widget.setAccessibleName(field.label)
            self.fields[field.id] = widget
            column.addWidget(widget)
            column.addWidget(Text(field.help, muted=True, minor=True))
            column.addSpacing(GRID)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(inner)
        return scroll

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """As high as the words need, but never higher than the screen."""
        super().showEvent(event)
        inner = self.area.widget()
        layout = inner.layout() if inner is not None else None
        if layout is not None:
            needed = layout.totalHeightForWidth(self.minimumWidth() - GRID * 7)
            room = round(self.screen().availableGeometry().height() * MOST_OF_THE_SCREEN)
            self.area.setMinimumHeight(min(needed, room))
        fit(self)

    def _secret(self, kept: bool) -> QLineEdit:
        """A field that shows nothing of what it holds; what is kept already stays unless it is typed anew."""
        line = QLineEdit()
        line.setEchoMode(QLineEdit.EchoMode.Password)
        if kept:
            line.setPlaceholderText(self.tr("Kept in the keyring; type here to replace it"))
            forget = line.addAction(
                self.context.theme.icon("remove"), QLineEdit.ActionPosition.TrailingPosition
            )
            forget.setText(self.tr("Take the secret back"))
            forget.setToolTip(forget.text())
            forget.triggered.connect(lambda: self._forget(line))
        return line

    def _forget(self, line: QLineEdit) -> None:
        line.clear()
        line.setPlaceholderText(self.tr("Taken back when you save"))
        line.setProperty(TAKEN_BACK, True)

    def values(self) -> dict[str, str]:
        """What stands in the fields; a secret only when it was typed or taken back."""
        return {name: _value(widget) for name, widget in self.fields.items() if not _is_left(widget)}

    def _save(self) -> None:
        self.problem.clear()
        self.save_button.setEnabled(False)
        work = self.context.operations.change_setup(self.service.id, self.values())
        self.context.bridge.run(work, self, self._done, self._failed)

    def _done(self, _changes: Changes) -> None:
        self.context.notices.say(self.tr("Saved"), self.service.name)
        self.accept()

    def _failed(self, problem: Problem) -> None:
        self.save_button.setEnabled(True)
        self.problem.show_problem(problem, self._save)
        fit(self)


def _is_left(widget: QWidget) -> bool:
    """Whether it is a secret that stays as it is."""
    if not isinstance(widget, QLineEdit) or widget.echoMode() is QLineEdit.EchoMode.Normal:
        return False
    return not widget.text() and not widget.property(TAKEN_BACK)


def _field(field: Parameter, service: Service) -> QWidget:
    value = service.setup.get(field.id, "")
    widget: QLineEdit | QPlainTextEdit | QComboBox
    if field.type is ParameterType.CHOICE:
        widget = QComboBox()
        for choice in field.choices:
            widget.addItem(choice.label, choice.key)
        widget.setCurrentIndex(max(0, widget.findData(value)))
    elif field.type is ParameterType.TEXTAREA:
        widget = QPlainTextEdit(value)
        widget.setTabChangesFocus(True)
        widget.setFixedHeight(widget.fontMetrics().lineSpacing() * LINES + GRID * 2)
    else:
        widget = QLineEdit(value)
        widget.setPlaceholderText(field.default)
    return widget


def _value(widget: QWidget) -> str:
    if isinstance(widget, QComboBox):
        return str(widget.currentData() or "")
    if isinstance(widget, QPlainTextEdit):
        return widget.toPlainText()
    assert isinstance(widget, QLineEdit)
    return widget.text()
