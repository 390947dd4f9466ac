"""One editor for each kind of setting, chosen by its type and its schema."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time
from enum import Enum
from pathlib import Path
from typing import Any, get_args, get_origin

from annotated_types import Ge, Le
from pydantic.fields import FieldInfo
from PySide6.QtCore import QCoreApplication, QTime
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QTimeEdit,
    QWidget,
)

from app.ui.theme import GRID
from app.ui.views.settings.words import word_of
from app.ui.widgets.basics import Text

Changed = Callable[[Any], None]


class Editor:
    """A widget that shows a value and says when the user made it another one."""

    def __init__(self, widget: QWidget, show: Callable[[Any], None]) -> None:
        self.widget = widget
        self._show = show
        self.quiet = False

    def show(self, value: Any) -> None:
        """Show a value without telling it as a change."""
        self.quiet = True
        self._show(value)
        self.quiet = False


def make_editor(field: FieldInfo, changed: Changed) -> Editor:
    """The editor for a field: check box, choice, folder, number, time, table of levels, or text."""
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    choices = extra.get("choices")
    kind = field.annotation
    if isinstance(choices, list):
        return _choice([str(c) for c in choices], changed)
    if extra.get("kind") == "folder":
        return _folder(changed)
    if kind is bool:
        return _check(changed)
    if kind is int:
        return _number(field, changed)
    if kind is time:
        return _time(changed)
    if get_origin(kind) is dict:
        keys, values = get_args(kind)
        return _levels(list(keys), list(values), changed)
    return _text(changed)


def _check(changed: Changed) -> Editor:
    box = QCheckBox()
    editor = Editor(box, lambda v: box.setChecked(bool(v)))
    box.toggled.connect(lambda on: None if editor.quiet else changed(on))
    return editor


def _choice(choices: list[str], changed: Changed) -> Editor:
    box = QComboBox()
    for choice in choices:
        box.addItem(word_of(choice), choice)
    editor = Editor(box, lambda v: box.setCurrentIndex(box.findData(str(v))))
    box.currentIndexChanged.connect(lambda _: None if editor.quiet else changed(box.currentData()))
    return editor


def _number(field: FieldInfo, changed: Changed) -> Editor:
    box = QSpinBox()
    low = next((m.ge for m in field.metadata if isinstance(m, Ge)), 0)
    high = next((m.le for m in field.metadata if isinstance(m, Le)), 1_000_000)
    box.setRange(int(str(low)), int(str(high)))
    box.setKeyboardTracking(False)
    box.lineEdit().setTextMargins(GRID // 2, 0, 0, 0)
    editor = Editor(box, lambda v: box.setValue(int(v)))
    box.valueChanged.connect(lambda v: None if editor.quiet else changed(v))
    return editor


def _time(changed: Changed) -> Editor:
    box = QTimeEdit()
    box.setDisplayFormat("HH:mm")
    box.setKeyboardTracking(False)
    box.lineEdit().setTextMargins(GRID // 2, 0, 0, 0)
    editor = Editor(box, lambda v: box.setTime(QTime(v.hour, v.minute)))
    box.timeChanged.connect(lambda t: None if editor.quiet else changed(time(t.hour(), t.minute())))
    return editor


def _text(changed: Changed) -> Editor:
    box = QLineEdit()
    editor = Editor(box, lambda v: box.setText(str(v)))
    box.editingFinished.connect(lambda: None if editor.quiet else changed(box.text().strip()))
    return editor


def _folder(changed: Changed) -> Editor:
    widget = QWidget()
    row = QHBoxLayout(widget)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(GRID)
    box = QLineEdit()
    box.setPlaceholderText(_t("In the data folder"))
    choose = QPushButton(_t("Choose…"))
    row.addWidget(box, 1)
    row.addWidget(choose)
    widget.setFocusProxy(box)
    editor = Editor(widget, lambda v: box.setText(str(v)))

    def take(folder: str) -> None:
        box.setText(folder)
        changed(folder)

    def ask() -> None:
        dialog = QFileDialog(widget, _t("Choose a folder"), box.text() or str(Path.home()))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.fileSelected.connect(take)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    choose.clicked.connect(ask)
    box.editingFinished.connect(lambda: None if editor.quiet else changed(box.text().strip()))
    return editor


def _levels(keys: list[Enum], values: list[Enum], changed: Changed) -> Editor:
    """A row for each key with a choice of values."""
    widget = QWidget()
    grid = QGridLayout(widget)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(GRID * 2)
    grid.setVerticalSpacing(GRID // 2)
    boxes: dict[Enum, QComboBox] = {}
    for row, key in enumerate(keys):
        box = QComboBox()
        for value in values:
            box.addItem(word_of(str(value.value)), value)
        box.setAccessibleName(word_of(str(key.value)))
        grid.addWidget(Text(word_of(str(key.value))), row, 0)
        grid.addWidget(box, row, 1)
        boxes[key] = box
    grid.setColumnStretch(0, 1)

    def show(value: Any) -> None:
        for key, box in boxes.items():
            box.setCurrentIndex(values.index(value.get(key, values[-1])))

    editor = Editor(widget, show)

    def tell() -> None:
        if not editor.quiet:
            changed({key: values[box.currentIndex()] for key, box in boxes.items()})

    for box in boxes.values():
        box.currentIndexChanged.connect(lambda _: tell())
    widget.setFocusProxy(next(iter(boxes.values())))
    return editor


def _t(text: str) -> str:
    return QCoreApplication.translate("Settings", text)
