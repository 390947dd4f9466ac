"""The chain file that a lift needs: one on this computer, one that is given, or one to download."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QCheckBox, QDialog, QFileDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.domain.chain import ChainFile, ChainOffer
from app.domain.changes import Changes
from app.domain.problem import Problem
from app.ui import text
from app.ui.context import Context
from app.ui.theme import GRID
from app.ui.widgets.basics import KeyValues, Text, fit, primary

Builds = tuple[str, str]


class ChainDialog(QDialog):
    """Shows what would be downloaded, from where, under which terms; nothing moves without the tick."""

    def __init__(self, offer: ChainOffer, download: Callable[[], object], parent: QWidget) -> None:
        super().__init__(parent)
        self._download = download
        self.setWindowTitle(self.tr("Download a chain file"))
        self.setMinimumWidth(GRID * 72)
        column = QVBoxLayout(self)
        column.setSpacing(GRID * 3 // 2)
        column.addWidget(
            Text(
                self.tr("It tells where positions of {0} lie in {1}. Only this file is fetched.")
                .format(offer.from_build, offer.to_build)
            )
        )  # fmt: skip
        facts = KeyValues()
        sure = self.tr("compared with a published one") if offer.confirmed else self.tr("not published")
        facts.show_pairs(
            [
                (self.tr("File"), offer.name),
                (self.tr("From"), offer.address),
                (self.tr("Size"), text.size(offer.size)),
                (self.tr("Checksum"), _in_two(offer.text_sha256, sure)),
                (self.tr("Terms"), f"{offer.terms} {offer.terms_address}".strip()),
            ]
        )
        column.addWidget(facts)
        self.agreed = QCheckBox(self.tr("I agree to the terms and to this download"))
        column.addWidget(self.agreed)
        row = QHBoxLayout()
        row.addStretch(1)
        cancel = QPushButton(self.tr("Cancel"))
        cancel.clicked.connect(self.reject)
        self.fetch = primary(QPushButton(self.tr("Download {0}").format(text.size(offer.size))))
        self.fetch.setEnabled(False)
        self.agreed.toggled.connect(self.fetch.setEnabled)
        self.fetch.clicked.connect(self._go)
        row.addWidget(cancel)
        row.addWidget(self.fetch)
        column.addLayout(row)
        fit(self)

    def _go(self) -> None:
        self.accept()
        self._download()


def _in_two(digest: str, sure: str) -> str:
    """A checksum in two lines, so that it can be read whole."""
    return f"{digest[:32]}\n{digest[32:]} ({sure})" if digest else "–"


class ChainRow(QWidget):
    """One line; hidden where builds are the same. `changed` is called when a file has come."""

    def __init__(
        self, context: Context, changed: Callable[[], object], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._changed = changed
        self._builds: Builds = ("", "")
        self._offer: ChainOffer | None = None
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GRID)
        self.words = Text()
        self.choose = QPushButton(self.tr("Use a chain file…"))
        self.choose.clicked.connect(self._ask_file)
        self.download = QPushButton(self.tr("Download one…"))
        self.download.clicked.connect(self.ask_consent)
        row.addWidget(self.words, 1)
        row.addWidget(self.choose, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.download, 0, Qt.AlignmentFlag.AlignTop)
        self.hide()

    def show_chain(self, builds: Builds | None, kept: ChainFile | None, offer: ChainOffer | None) -> None:
        """Show what there is for these builds."""
        self.setVisible(builds is not None)
        if builds is None:
            return
        self._builds, self._offer = builds, offer
        here, there = builds
        if kept is None:
            said = self.tr("The files are {0}, the panel is {1}: a lift here needs a chain file.")
            self.words.setText(said.format(here, there))
        else:
            said = self.tr("The files are {0}, the panel is {1}. The chain file {2} ({3}) is at hand.")
            self.words.setText(said.format(here, there, kept.name, kept.origin))
        self.choose.setVisible(kept is None)
        self.download.setVisible(kept is None and offer is not None)

    def _ask_file(self) -> None:
        dialog = QFileDialog(self, self.tr("Chain file"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.setNameFilters([self.tr("Chain files (*.chain *.chain.gz)"), self.tr("All files (*)")])
        dialog.fileSelected.connect(lambda name: self.use_file(Path(name)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def use_file(self, path: Path) -> None:
        """Keep a file of the person."""
        self._keep(lambda: self._context.operations.add_chain(path, *self._builds))

    def ask_consent(self) -> ChainDialog | None:
        """Show the offer."""
        if self._offer is None:
            return None
        dialog = ChainDialog(self._offer, self._fetch, self)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
        return dialog

    def _fetch(self) -> None:
        self._keep(lambda: self._context.operations.download_chain(*self._builds))

    def _keep(self, work: Callable[[], Coroutine[Any, Any, Changes]]) -> None:
        for button in (self.choose, self.download):
            button.setEnabled(False)

        def ready(_changes: object) -> None:
            self._ready()
            self._changed()

        def failed(problem: Problem) -> None:
            self._ready()
            self._context.notices.problem(problem)

        self._context.bridge.run(work(), self, ready, failed)

    def _ready(self) -> None:
        for button in (self.choose, self.download):
            button.setEnabled(True)
