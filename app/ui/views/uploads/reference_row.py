"""The reference genome that repairs go by: none, or a FASTA file of the person."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QWidget

from app.domain.problem import Problem
from app.ui.context import Context
from app.ui.theme import GRID
from app.ui.widgets.basics import Text


class ReferenceRow(QWidget):
    """One line; `changed` is called when another file counts. It is remembered for all files of its build."""

    def __init__(
        self, context: Context, changed: Callable[[], object], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._changed = changed
        self._build = ""
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GRID)
        self.words = Text()
        self.choose = QPushButton(self.tr("Reference genome…"))
        self.choose.clicked.connect(self._ask_file)
        self.forget = QPushButton(self.tr("Use none"))
        self.forget.clicked.connect(lambda: self.use_none())
        row.addWidget(self.words, 1)
        row.addWidget(self.choose, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.forget, 0, Qt.AlignmentFlag.AlignTop)
        self.show_reference("", "")

    def show_reference(self, build: str, path: str) -> None:
        """Show the file that is used for a build, empty for none."""
        self._build = build
        self.forget.setVisible(bool(path))
        if path:
            said = self.tr("Reference genome of {0}: {1}").format(build, Path(path).name)
        else:
            said = self.tr("Reference genome: none. A FASTA file proves alleles that no site list has.")
        self.words.setText(said)
        self.words.setToolTip(path)

    def offer_none(self) -> None:
        """A plan was refused: perhaps because of the genome."""
        self.forget.setVisible(True)

    def _ask_file(self) -> None:
        dialog = QFileDialog(self, self.tr("Reference genome"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        kinds = self.tr("FASTA files (*.fa *.fasta *.fna *.fa.gz *.fasta.gz *.fna.gz *.fa.bgz)")
        dialog.setNameFilters([kinds, self.tr("All files (*)")])
        dialog.fileSelected.connect(lambda name: self.use_file(Path(name)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def use_file(self, path: Path) -> None:
        """Remember a file of the person for its build, and plan with it."""
        wanted = self._build

        def known(build: object) -> None:
            if wanted and build != wanted:
                self._context.notices.say(
                    self.tr("{0} is {1}").format(path.name, build),
                    self.tr("It is kept for files of that build; here one of {0} is wanted.").format(wanted),
                )

        self._do(self._context.operations.use_reference(path), known)

    def use_none(self) -> None:
        """Forget the file of this build; of all builds where none is shown."""
        self._do(self._context.operations.forget_reference(self._build), lambda _: None)

    def _do(self, work: Coroutine[Any, Any, object], then: Callable[[object], object]) -> None:
        for button in (self.choose, self.forget):
            button.setEnabled(False)

        def done(answer: object) -> None:
            self._ready()
            then(answer)
            self._changed()

        def failed(problem: Problem) -> None:
            self._ready()
            self._context.notices.problem(problem)

        self._context.bridge.run(work, self, done, failed)

    def _ready(self) -> None:
        for button in (self.choose, self.forget):
            button.setEnabled(True)
