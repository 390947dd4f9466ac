"""Add a service: from the catalogue, or by its own address."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices, QShowEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.domain.changes import Changes, Noun
from app.domain.preset import Preset
from app.domain.problem import Problem
from app.ui.context import Context
from app.ui.dialogs.panel_reading import read_panels
from app.ui.dialogs.preset_list import PresetList
from app.ui.dialogs.preset_words import preset_pairs
from app.ui.theme import GRID
from app.ui.widgets.basics import KeyValues, Text, fit, link, primary
from app.ui.widgets.page import ScrollPage
from app.ui.widgets.problem_panel import ProblemPanel
from app.ui.widgets.token_field import TokenField


class AddServiceDialog(QDialog):
    """Choose, paste the token, add."""

    def __init__(self, context: Context, parent: QWidget | None = None, preset_id: str | None = None) -> None:
        super().__init__(parent)
        self.context = context
        self._first = preset_id
        self.presets: tuple[Preset, ...] = ()
        self.setWindowTitle(self.tr("Add a service"))
        column = QVBoxLayout(self)
        column.setContentsMargins(GRID * 3, GRID * 3, GRID * 3, GRID * 2)
        column.setSpacing(GRID * 3 // 2)
        column.addWidget(Text(self.windowTitle(), bold=True))
        sides = QHBoxLayout()
        sides.setSpacing(GRID * 3)
        self.choice = PresetList()
        self.choice.chosen.connect(self._show_choice)
        sides.addWidget(self.choice, 2)
        right = QVBoxLayout()
        right.setSpacing(GRID * 3 // 2)
        right.addLayout(self._form())
        right.addWidget(self._documented(), 1)
        sides.addLayout(right, 3)
        column.addLayout(sides, 1)
        self.problem = ProblemPanel(context.theme)
        column.addWidget(self.problem)
        column.addWidget(self._buttons())
        self.setMinimumWidth(GRID * 108)
        self.finished.connect(self.deleteLater)
        self._show_choice()
        context.bridge.run(context.library.presets(), self, self._take_presets)

    def _form(self) -> QVBoxLayout:
        form = QVBoxLayout()
        form.setSpacing(GRID * 3 // 2)
        self.note = Text(muted=True, minor=True)
        self.off = Text()
        self.successor = link("", self._choose_successor)
        self.name = QLineEdit()
        self.address = QLineEdit(placeholderText="https://")
        self.plain = QCheckBox(self.tr("Send without encryption to this address"))
        self.token = TokenField()
        self.token_help = Text(muted=True, minor=True)
        self.token_page = link(self.tr("Where to get the token"), self._open_page)
        for widget in (self.off, self.successor, self.note):
            form.addWidget(widget)
        form.addLayout(_field(self.tr("Name"), self.name))
        self.description: Path | None = None
        self.described = link(self.tr("It is described by a file…"), self._ask_file)
        form.addLayout(_field(self.tr("Address"), self.address, self.plain, self.described))
        form.addLayout(_field(self.tr("Token"), self.token, self.token_help, self.token_page))
        self.address.textEdited.connect(self._other_address)
        for box in (self.name, self.address):
            box.textChanged.connect(self._enable)
        return form

    def _buttons(self) -> QDialogButtonBox:
        self.add_button = primary(QPushButton(self.tr("Add service")))
        self.cancel_button = QPushButton(self.tr("Cancel"))
        buttons = QDialogButtonBox()
        buttons.addButton(self.cancel_button, QDialogButtonBox.ButtonRole.RejectRole)
        buttons.addButton(self.add_button, QDialogButtonBox.ButtonRole.AcceptRole)
        self.add_button.clicked.connect(self._add)
        self.cancel_button.clicked.connect(self.reject)
        return buttons

    def _take_presets(self, presets: tuple[Preset, ...]) -> None:
        self.presets = tuple(p for p in presets if p.id != "practice")
        self.choice.offer(self.presets)
        if any(each.id == self._first for each in self.presets):
            self.choice.choose(self._first)

    def _documented(self) -> ScrollPage:
        """What the catalogue says, in a room of its own that scrolls."""
        self.facts = KeyValues()
        self.documented = ScrollPage(width=GRID * 200, margin=0)
        self.documented.setMinimumHeight(GRID * 18)
        self.documented.column.addWidget(self.facts)
        return self.documented

    def chosen(self) -> Preset | None:
        """The preset, None for another address."""
        return self.choice.preset()

    def _show_choice(self) -> None:
        preset = self.chosen()
        self.name.setText(preset.name if preset else "")
        self.address.setText(preset.base_url if preset else "")
        self._say_of(preset)
        self._enable()
        fit(self)

    def _choose_successor(self) -> None:
        preset = self.chosen()
        if preset is not None:
            self.choice.choose(preset.successor)

    def _say_off(self, preset: Preset | None) -> None:
        """Why it cannot be added, and what takes its place."""
        off = preset if preset is not None and not preset.enabled else None
        after = next((p for p in self.presets if off is not None and p.id == off.successor), None)
        self.off.setText(self.tr("It cannot be added: {0}").format(off.off_reason) if off else "")
        self.off.setVisible(off is not None)
        self.successor.setText(self.tr("Choose {0} instead").format(after.name) if after else "")
        self.successor.setVisible(after is not None)
        for widget in (self.name, self.address, self.token, self.described):
            widget.setEnabled(off is None)

    def _say_of(self, preset: Preset | None) -> None:
        self._say_off(preset)
        self.facts.show_pairs(preset_pairs(self, preset) if preset else [])
        self.documented.setVisible(preset is not None)
        unknown = self.tr("Its address is not published: ask the operator and type it below.")
        ask = unknown if preset and preset.enabled and not preset.base_url and not preset.own else ""
        note = "\n".join(filter(None, (preset.note, ask))) if preset else ""
        self.note.setText(note)
        self.note.setVisible(bool(note))
        self.token_help.setText(preset.token_help if preset else "")
        self.token_help.setVisible(bool(preset and preset.token_help))
        self.token_page.setVisible(bool(preset and preset.token_url))
        self.token.setVisible(not _signs_in(preset))

    def _other_address(self, address: str) -> None:
        """What is typed counts: another address is no longer the service of the catalogue."""
        preset = self.chosen()
        if preset is not None and preset.base_url and address.strip() != preset.base_url:
            self.choice.blockSignals(True)
            self.choice.choose(None)
            self.choice.blockSignals(False)
            self._say_of(None)
            fit(self)

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802
        """As high as the words need."""
        super().showEvent(event)
        fit(self)

    def _enable(self) -> None:
        preset = self.chosen()
        whole = bool(self.name.text().strip() and self.address.text().strip())
        self.add_button.setEnabled(whole and (preset is None or preset.enabled))
        plain = _is_plain(self.address.text())
        if plain is self.plain.isHidden():
            self.plain.setVisible(plain)
            fit(self)

    def _ask_file(self) -> None:
        dialog = QFileDialog(self, self.tr("The description of the service"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilter(self.tr("Descriptions (*.yaml *.yml)"))
        dialog.fileSelected.connect(lambda name: self.describe_by(Path(name)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def describe_by(self, path: Path) -> None:
        """Speak with the service as this file says."""
        self.description = path
        self.described.setText(self.tr("Described by {0}").format(path.name))

    def _open_page(self) -> None:
        preset = self.chosen()
        if preset is not None:
            QDesktopServices.openUrl(QUrl(preset.token_url))

    def _add(self) -> None:
        preset = self.chosen()
        self.problem.clear()
        self.add_button.setEnabled(False)
        self.add_button.setText(self.tr("Looking at the service…"))
        adding = self.context.operations.add_service(
            self.name.text().strip(),
            self.address.text().strip(),
            token=self.token.value(),
            preset_id=preset.id if preset else None,
            plain_http_allowed=self.plain.isChecked(),
            description=self.description,
        )
        self.context.bridge.run(adding, self, self._added, self._failed)

    def _added(self, changes: Changes) -> None:
        self.token.clear()
        ids = changes.ids(Noun.SERVICE)
        self.context.notices.say(self.tr("{0} is added").format(self.name.text().strip()))
        self.accept()
        if ids:
            read_panels(self.context, ids[0])
            self.context.navigate("services", ids[0])
        if ids and _signs_in(self.chosen()):
            self.context.commands.run("service.set_token", ids[:1])

    def _failed(self, problem: Problem) -> None:
        self.add_button.setText(self.tr("Add service"))
        self._enable()
        self.problem.show_problem(problem, self._add)
        fit(self)


def _field(name: str, widget: QWidget, *below: QWidget) -> QVBoxLayout:
    """A name, the field, and what explains it."""
    column = QVBoxLayout()
    column.setSpacing(GRID // 2)
    label = QLabel(name)
    label.setBuddy(widget)
    widget.setAccessibleName(name)
    column.addWidget(label)
    column.addWidget(widget)
    for each in below:
        column.addWidget(each)
    return column


def _signs_in(preset: Preset | None) -> bool:
    """Whether one signs in to it in the browser, once it was added, instead of pasting a token."""
    return preset is not None and bool(preset.setup.get("oidc_discovery"))


def _is_plain(address: str) -> bool:
    """Whether an address is without encryption and not of this computer."""
    host = QUrl(address.strip()).host()
    return address.strip().lower().startswith("http://") and host not in ("localhost", "127.0.0.1", "::1", "")


def open_add_service(context: Context, parent: QWidget, preset_id: str | None = None) -> AddServiceDialog:
    """Show the dialog without blocking, with a preset chosen if one is named."""
    dialog = AddServiceDialog(context, parent, preset_id)
    dialog.open()
    return dialog
