"""The signed catalogues of institutions: which are in use, adding one by its file and key, and exporting."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from app.domain.problem import Problem
from app.ui.colours import Status
from app.ui.context import Context
from app.ui.dialogs.confirm import confirm
from app.ui.status import Shown
from app.ui.text import plural
from app.ui.theme import GRID
from app.ui.widgets.basics import Card, StatusBadge, Text, clear, link
from app.ui.widgets.problem_panel import ProblemPanel

if TYPE_CHECKING:
    from app.operations.catalogues import Installed


class CataloguesCard(Card):
    """A row a catalogue; one that is not used says why."""

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(context.theme, parent)
        self.context = context
        self.path: Path | None = None
        self.words = self.tr(
            "An institution may add services to the list of presets, fix their settings and hide others. "
            "Its catalogue is signed; you get the file with its signature and the key from the institution."
        )
        self.body.addWidget(Text(self.words, muted=True, minor=True))
        self.rows = QVBoxLayout()
        self.rows.setSpacing(GRID)
        self.body.addLayout(self.rows)
        self.body.addWidget(self._typing())
        self.problem = ProblemPanel(context.theme)
        self.body.addWidget(self.problem)
        self.body.addLayout(self._buttons())

    def _typing(self) -> QWidget:
        """The key is asked for once the file is chosen."""
        self.typing = QWidget()
        row = QHBoxLayout(self.typing)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GRID)
        self.file = Text(wrap=False)
        self.key = QLineEdit(placeholderText=self.tr("The key of the institution, RW…"))
        self.key.setAccessibleName(self.tr("The key of the institution"))
        self.keep = QPushButton(self.tr("Use the catalogue"))
        self.key.textChanged.connect(lambda words: self.keep.setEnabled(bool(words.strip())))
        self.key.returnPressed.connect(self.install)
        self.keep.setEnabled(False)
        self.keep.clicked.connect(self.install)
        leave = QPushButton(self.tr("Cancel"))
        leave.clicked.connect(self.typing.hide)
        for widget in (self.file, self.key, self.keep, leave):
            row.addWidget(widget, 1 if widget is self.key else 0)
        self.typing.hide()
        return self.typing

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(GRID)
        self.add = QPushButton(self.tr("Add a catalogue…"))
        self.add.clicked.connect(self._ask_file)
        self.export = QPushButton(self.tr("Export all presets…"))
        self.export.clicked.connect(self._ask_target)
        row.addWidget(self.add)
        row.addWidget(self.export)
        row.addStretch(1)
        return row

    def refresh(self) -> None:
        """Read them; they are verified anew."""
        self.context.bridge.run(
            self.context.library.catalogues(), self, self.show_catalogues, self.problem.show_problem
        )

    def show_catalogues(self, found: Sequence[Installed]) -> None:
        """Show these."""
        clear(self.rows)
        if not found:
            self.rows.addWidget(Text(self.tr("None is in use.")))
        for each in found:
            self.rows.addWidget(self._row(each))

    def _row(self, found: Installed) -> QWidget:
        row = QWidget()
        column = QVBoxLayout(row)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        top = QHBoxLayout()
        top.setSpacing(GRID)
        used = found.catalogue is not None
        shown = Shown(Status.DONE, self.tr("In use")) if used else Shown(Status.FAILED, self.tr("Not used"))
        top.addWidget(StatusBadge(self.context.theme, shown))
        name = found.catalogue.institution if found.catalogue is not None else found.key
        top.addWidget(Text(name), 1)
        remove = link(self.tr("Remove"), partial(self._remove, found.key, name))
        remove.setAccessibleName(self.tr("Remove: {0}").format(name))
        top.addWidget(remove)
        column.addLayout(top)
        column.addWidget(Text(self._facts(found), muted=True, minor=True))
        return row

    def _facts(self, found: Installed) -> str:
        if found.catalogue is None:
            return found.problem.sentence() if found.problem is not None else ""
        services, hidden = len(found.catalogue.services), len(found.catalogue.hide)
        parts = [
            plural(self.tr("%Ln service(s)", "", services), services),
            self.tr("{0} hidden").format(hidden) if hidden else "",
            self.tr("of {0}").format(found.catalogue.as_of),
            self.tr("key {0}").format(found.key),
            found.comment,
        ]
        return " · ".join(filter(None, parts))

    # Adding, removing, exporting.

    def _ask_file(self) -> None:
        self._ask(self.tr("Catalogue of an institution"), QFileDialog.FileMode.ExistingFile, self.take_file)

    def take_file(self, path: Path) -> None:
        """This is the catalogue; its signature lies beside it."""
        self.path = path
        self.file.setText(path.name)
        self.problem.clear()
        self.typing.show()
        self.key.clear()
        self.key.setFocus()

    def install(self) -> None:
        """Verify it by the key that was typed, and use it."""
        if self.path is None or not self.key.text().strip():
            return
        self.problem.clear()
        self.keep.setEnabled(False)
        work = self.context.operations.install_catalogue(self.path, self.key.text())
        self.context.bridge.run(work, self, lambda _: self._installed(), self._not_installed)

    def _installed(self) -> None:
        self.typing.hide()
        self.path = None
        self.refresh()

    def _not_installed(self, problem: Problem) -> None:
        self.keep.setEnabled(True)
        self.problem.show_problem(problem)

    def _remove(self, key: str, name: str) -> None:
        def remove() -> None:
            work = self.context.operations.remove_catalogue(key)
            self.context.bridge.run(work, self, lambda _: self.refresh(), self.problem.show_problem)

        confirm(
            self,
            self.tr("Remove the catalogue of {0}?").format(name),
            self.tr("What it hides can be added again. Services that were added from it stay."),
            self.tr("Remove catalogue"),
            remove,
        )

    def _ask_target(self) -> None:
        dialog = self._ask(self.tr("Export all presets"), QFileDialog.FileMode.AnyFile, self.export_to)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setOption(QFileDialog.Option.DontConfirmOverwrite)  # an existing file is refused anyway
        dialog.setDefaultSuffix("json")

    def export_to(self, path: Path) -> None:
        """Write all presets into a new file."""

        def said(n: int) -> None:
            self.context.notices.say(
                plural(self.tr("%Ln service(s) exported", "", n), n), self.tr("To {0}").format(path.name)
            )

        self.problem.clear()
        work = self.context.operations.export_catalogue(path)
        self.context.bridge.run(work, self, said, self.problem.show_problem)

    def _ask(self, title: str, mode: QFileDialog.FileMode, then: Callable[[Path], object]) -> QFileDialog:
        dialog = QFileDialog(self, title)
        dialog.setFileMode(mode)
        dialog.setNameFilters([self.tr("Catalogues (*.json)"), self.tr("All files (*)")])
        dialog.fileSelected.connect(lambda name: then(Path(name)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
        return dialog
