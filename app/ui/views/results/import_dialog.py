"""Take in results from elsewhere: what they are called, what was sent, the password of the archives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.domain.dataset import Dataset
from app.domain.problem import Problem
from app.ui.context import Context
from app.ui.theme import GRID
from app.ui.widgets.basics import Text, fit, primary
from app.ui.widgets.problem_panel import ProblemPanel

SHOWN_NAMES = 4


@dataclass(frozen=True)
class ImportWish:
    """What the dialog asks for; `password` is used once and kept nowhere."""

    paths: tuple[Path, ...]
    name: str
    password: SecretStr | None
    dataset_id: str | None
    copy: bool


class ImportDialog(QDialog):
    """`take(wish)` is called when it closes; with a `problem` it is shown again, the password asked."""

    def __init__(
        self,
        context: Context,
        paths: Sequence[Path],
        take: Callable[[ImportWish], object],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._take = take
        self.paths = tuple(paths)
        self._wanted: str | None = None
        self.setWindowTitle(self.tr("Take in results from elsewhere"))
        self.setMinimumWidth(GRID * 68)
        column = QVBoxLayout(self)
        column.setContentsMargins(GRID * 3, GRID * 3, GRID * 3, GRID * 2)
        column.setSpacing(GRID * 3 // 2)
        self.what = Text()
        column.addWidget(self.what)
        column.addLayout(self._choosers())
        column.addLayout(self._form())
        self.problem = ProblemPanel(context.theme)
        column.addWidget(self.problem)
        column.addStretch(1)
        column.addLayout(self._buttons())
        self.finished.connect(self.deleteLater)
        context.bridge.run(context.library.datasets(), self, self._show_datasets)
        self._say()
        fit(self)

    def _choosers(self) -> QHBoxLayout:
        row = QHBoxLayout()
        files = QPushButton(self.tr("Choose files…"))
        files.clicked.connect(lambda: self._ask(QFileDialog.FileMode.ExistingFiles))
        folder = QPushButton(self.tr("Choose folder…"))
        folder.clicked.connect(lambda: self._ask(QFileDialog.FileMode.Directory))
        row.addWidget(folder)
        row.addWidget(files)
        row.addStretch(1)
        return row

    def _form(self) -> QFormLayout:
        form = QFormLayout()
        form.setHorizontalSpacing(GRID * 2)
        form.setVerticalSpacing(GRID)
        self.name = QLineEdit()
        self.name.setPlaceholderText(self.tr("As the folder is called"))
        self.dataset = QComboBox()
        self.dataset.addItem(self.tr("Not known"), None)
        self.password = QLineEdit()
        self.password.setEchoMode(QLineEdit.EchoMode.Password)
        self.password.setPlaceholderText(self.tr("Only for archives; used once and not kept"))
        self.copy = QCheckBox(self.tr("Copy the files into the folder of results"))
        self.where = Text(self.tr("Plain files stay where they are and are only read."), muted=True)
        form.addRow(self.tr("Name"), self.name)
        form.addRow(self.tr("What was sent"), self.dataset)
        form.addRow(self.tr("Password"), self.password)
        form.addRow("", self.copy)
        form.addRow("", self.where)
        return form

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.addStretch(1)
        cancel = QPushButton(self.tr("Cancel"))
        cancel.clicked.connect(self.reject)
        self.go = primary(QPushButton(self.tr("Take in")))
        self.go.setDefault(True)
        self.go.clicked.connect(self._go)
        row.addWidget(cancel)
        row.addWidget(self.go)
        return row

    def _show_datasets(self, found: tuple[Dataset, ...]) -> None:
        for each in found:
            self.dataset.addItem(each.name, each.id)
        self._choose_dataset()

    def _choose_dataset(self) -> None:
        """The one that was chosen before; the list may come later than the wish."""
        place = self.dataset.findData(self._wanted) if self._wanted is not None else -1
        if place > 0:
            self.dataset.setCurrentIndex(place)

    def _say(self) -> None:
        names = [path.name for path in self.paths]
        if not names:
            said = self.tr(
                "A folder or the archives of a result of any Cloudgene server, Minimac, Beagle or Teaspoons. "
                "They are proved, indexed, judged and then treated like any other result."
            )
        else:
            said = ", ".join(names[:SHOWN_NAMES])
            if len(names) > SHOWN_NAMES:
                said = self.tr("{0} and {1} more").format(said, len(names) - SHOWN_NAMES)
        self.what.setText(said)
        self.go.setEnabled(bool(names))

    def _ask(self, mode: QFileDialog.FileMode) -> None:
        dialog = QFileDialog(self, self.tr("Results from elsewhere"))
        dialog.setFileMode(mode)
        dialog.filesSelected.connect(self._chosen)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _chosen(self, found: Sequence[str]) -> None:
        self.paths = tuple(Path(each) for each in found)
        self._say()

    def fill(self, wish: ImportWish, problem: Problem) -> None:
        """Ask again after something went wrong; what was typed stays, but for the password."""
        self.paths = wish.paths
        self.name.setText(wish.name)
        self.copy.setChecked(wish.copy)
        self._wanted = wish.dataset_id
        self._choose_dataset()
        self._say()
        self.problem.show_problem(problem)
        fit(self)
        self.password.setFocus()

    def wish(self) -> ImportWish:
        """What was asked for."""
        typed = self.password.text()
        return ImportWish(
            self.paths,
            self.name.text().strip(),
            SecretStr(typed) if typed else None,
            self.dataset.currentData(),
            self.copy.isChecked(),
        )

    def _go(self) -> None:
        if self.paths:
            wish = self.wish()
            self.password.clear()
            self.accept()
            self._take(wish)
