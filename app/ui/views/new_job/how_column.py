"""How: the options of the chosen application, each with its own words and its own mistakes beside it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from PySide6.QtCore import QEvent, QObject, QSize, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFrame,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.domain.parameter import Form, Parameter, ParameterType
from app.domain.problem import Problem
from app.ui import text
from app.ui.theme import GRID
from app.ui.views.new_job.filling import LISTS, Filling, choices_of, shown_parameters
from app.ui.widgets.basics import SectionHeading, Text, clear

MOST = GRID * 40
WORDS_ONLY = {ParameterType.HEADING, ParameterType.INFO}


class WideScroll(QScrollArea):
    """Asks for the width of its fields, so that a small window cuts none; beyond `MOST` they scroll."""

    def minimumSizeHint(self) -> QSize:  # noqa: N802
        """The fields and the bar beside them."""
        hint, inside = super().minimumSizeHint(), self.widget()
        bar = self.verticalScrollBar().sizeHint().width()
        wanted = inside.minimumSizeHint().width() + bar if inside is not None else 0
        return QSize(max(hint.width(), min(wanted, MOST)), hint.height())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802
        """Other fields, another width."""
        if event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().eventFilter(watched, event)


class HowColumn(QWidget):
    """Built anew for each application; `changed` gives the parameter and its new value."""

    changed = Signal(str, object)
    name_changed = Signal(str)
    password_changed = Signal(bool)

    def __init__(self) -> None:
        super().__init__()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID)
        title = SectionHeading(self.tr("How"))
        title.setMinimumHeight(QPushButton().sizeHint().height() + GRID // 2)
        column.addWidget(title)
        scroll = WideScroll()
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        inside = QWidget()
        self._rows = QVBoxLayout(inside)
        self._rows.setContentsMargins(0, 0, GRID, 0)
        self._rows.setSpacing(GRID)
        scroll.setWidget(inside)
        column.addWidget(scroll, 1)
        self.fields: dict[str, QWidget] = {}
        self._mistakes: dict[str, Text] = {}
        self.name = QLineEdit()
        self.password = QCheckBox()

    def show_form(
        self, form: Form | None, filling: Filling, placeholder: str, *, passwords: bool = True
    ) -> None:
        """Ask for what this application wants; None: nothing is chosen yet.

        Without `passwords` the service packs no results, so there is none to make.
        """
        clear(self._rows)
        self.fields, self._mistakes = {}, {}
        self._add_name(filling, placeholder)
        if form is None:
            self._rows.addWidget(Text(self.tr("Choose a panel; its options appear here."), muted=True))
        else:
            for parameter in shown_parameters(form):
                self._add(parameter, form, filling)
            if passwords:
                self._add_password(filling)
        self._rows.addStretch(1)

    def _add_name(self, filling: Filling, placeholder: str) -> None:
        self.name = QLineEdit(filling.name)
        self.name.setPlaceholderText(placeholder)
        self.name.setAccessibleName(self.tr("Name of the job"))
        self.name.textEdited.connect(self.name_changed)
        self._rows.addWidget(Text(self.tr("Name of the job")))
        self._rows.addWidget(self.name)

    def _add_password(self, filling: Filling) -> None:
        self.password = QCheckBox(self.tr("Make the password of the result here"))
        self.password.setChecked(filling.own_password)
        self.password.toggled.connect(self.password_changed)
        self._rows.addWidget(self.password)
        note = self.tr("24 characters, kept in the keyring of this computer: the result opens by itself.")
        self._rows.addWidget(Text(note, muted=True, minor=True))

    def _add(self, parameter: Parameter, form: Form, filling: Filling) -> None:
        if parameter.type is ParameterType.SEPARATOR:
            self._rows.addSpacing(GRID)
            return
        if parameter.type in WORDS_ONLY:
            heading = parameter.type is ParameterType.HEADING
            self._rows.addWidget(Text(parameter.label, bold=heading, muted=not heading))
            return
        if parameter.type is not ParameterType.CHECKBOX:
            self._rows.addWidget(Text(parameter.label))
        field = self._field(parameter, form, filling)
        field.setAccessibleName(parameter.label)
        if parameter.details or parameter.help:
            # A service may write what Qt would take for its own HTML, with pictures and links.
            field.setToolTip(text.tooltip(parameter.details or parameter.help))
        self.fields[parameter.id] = field
        self._rows.addWidget(field)
        mistake = Text(minor=True)
        mistake.setProperty("bad", True)
        mistake.hide()
        self._mistakes[parameter.id] = mistake
        self._rows.addWidget(mistake)

    def _field(self, parameter: Parameter, form: Form, filling: Filling) -> QWidget:
        value = filling.options.get(parameter.id, "")
        if parameter.type in LISTS:
            return self._combo(parameter, form, filling)
        if parameter.type is ParameterType.CHECKBOX:
            box = QCheckBox(parameter.label)
            box.setChecked(value is True)
            box.toggled.connect(lambda on: self.changed.emit(parameter.id, on))
            return box
        if parameter.type is ParameterType.TEXTAREA:
            area = QPlainTextEdit(str(value))
            area.setTabChangesFocus(True)
            area.setMaximumHeight(GRID * 12)
            area.textChanged.connect(lambda: self.changed.emit(parameter.id, area.toPlainText()))
            return area
        line = QLineEdit(str(value))
        line.setPlaceholderText(parameter.help if parameter.type is not ParameterType.UNKNOWN else "")
        line.textEdited.connect(lambda words: self.changed.emit(parameter.id, words))
        return line

    def _combo(self, parameter: Parameter, form: Form, filling: Filling) -> QComboBox:
        combo = QComboBox()
        combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        combo.setMinimumContentsLength(12)
        chosen = str(filling.options.get(parameter.id, ""))
        if not chosen:
            combo.addItem(self.tr("Choose…"), "")
        for choice in choices_of(parameter, filling, form):
            combo.addItem(choice.label, choice.key)
        combo.setCurrentIndex(max(0, combo.findData(chosen)))
        combo.currentIndexChanged.connect(
            lambda index: self.changed.emit(parameter.id, combo.itemData(index) or "")
        )
        return combo

    def show_mistakes(
        self, found: Mapping[str, Sequence[Problem]], untouched: Collection[str] = frozenset()
    ) -> None:
        """Put each mistake below the field that can mend it; what nobody touched yet only gets a hint."""
        for name, label in self._mistakes.items():
            problems = found.get(name, ())
            calm = name in untouched
            label.setText(self.tr("Choose one.") if calm else "\n".join(p.what_happened for p in problems))
            if label.property("bad") is calm:
                label.setProperty("bad", not calm)
                label.setProperty("muted", calm)
                label.style().unpolish(label)
                label.style().polish(label)
            label.setVisible(bool(problems))
