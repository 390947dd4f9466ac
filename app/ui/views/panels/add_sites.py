"""A site list is added: its name, its build, and the panels it is of."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtWidgets import (
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

from app.domain.panel import Panel
from app.ui.text import plural
from app.ui.theme import GRID
from app.ui.widgets.basics import Text, fit, primary

BUILDS = ("GRCh37", "GRCh38", "NCBI36")
_BUILD_IN_NAME = (
    (re.compile(r"grch38|hg38|b38", re.IGNORECASE), "GRCh38"),
    (re.compile(r"grch37|hg19|b37|hrc\.r1|phase3", re.IGNORECASE), "GRCh37"),
    (re.compile(r"hg18|b36|ncbi36", re.IGNORECASE), "NCBI36"),
)
Add = Callable[[Sequence[Path], str, str, tuple[str, ...]], object]


def build_in(name: str) -> str:
    """The build that the name of a file speaks of, empty when it says none."""
    return next((build for words, build in _BUILD_IN_NAME if words.search(name)), "")


def list_name(paths: Sequence[Path]) -> str:
    """A name for a list, by its first file: endings and chromosome left out."""
    name = re.sub(r"(\.(vcf|bcf|tab|sites|legend|gz|bgz|txt))+$", "", paths[0].name, flags=re.IGNORECASE)
    return re.sub(r"[._-]?chr(omosome)?[_.]?(\d+|X)", "", name, flags=re.IGNORECASE) or paths[0].name


class AddSitesDialog(QDialog):
    """The panel that was selected is proposed; “no panel” keeps the list for later."""

    def __init__(
        self, paths: Sequence[Path], panels: Sequence[Panel], chosen: Panel | None, add: Add, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._paths = tuple(paths)
        self._add = add
        self.setWindowTitle(self.tr("Add site list"))
        self.setMinimumWidth(GRID * 60)
        column = QVBoxLayout(self)
        column.setSpacing(GRID * 3 // 2)
        n = len(self._paths)
        what = self._paths[0].name if n == 1 else plural(self.tr("%Ln file(s)", "", n), n)
        column.addWidget(
            Text(
                self.tr(
                    "{0}: positions, alleles and frequencies are kept on this computer, sorted. "
                    "40 million sites take some minutes; the file itself stays where it is."
                ).format(what)
            )
        )
        column.addLayout(self._form(panels, chosen))
        self.none = Text(
            self.tr(
                "No service has told its panels yet. The list is kept; “Use for” binds it to a panel later."
            ),
            muted=True,
        )
        self.none.setVisible(not panels)
        self.panel.setEnabled(bool(panels))
        column.addWidget(self.none)
        column.addLayout(self._buttons())
        fit(self)

    def _form(self, panels: Sequence[Panel], chosen: Panel | None) -> QFormLayout:
        form = QFormLayout()
        self.name = QLineEdit(list_name(self._paths))
        self.name.setAccessibleName(self.tr("Name"))
        self.build = QComboBox()
        self.build.addItems(BUILDS)
        said = build_in(self._paths[0].name) or (chosen.build if chosen is not None else None) or BUILDS[0]
        self.build.setCurrentText(said)
        self.panel = QComboBox()
        self.panel.addItem(self.tr("no panel"), "")
        for each in panels:
            self.panel.addItem(f"{each.name} ({each.service_id})", each.key)
        if chosen is not None:
            self.panel.setCurrentIndex(max(0, self.panel.findData(chosen.key)))
        for label, widget in (
            (self.tr("Name"), self.name),
            (self.tr("Build"), self.build),
            (self.tr("It is of"), self.panel),
        ):
            widget.setAccessibleName(label)
            form.addRow(label, widget)
        return form

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.addStretch(1)
        cancel = QPushButton(self.tr("Cancel"))
        cancel.clicked.connect(self.reject)
        self.go = primary(QPushButton(self.tr("Add site list")))
        self.go.clicked.connect(self._go)
        self.name.textChanged.connect(lambda words: self.go.setEnabled(bool(words.strip())))
        row.addWidget(cancel)
        row.addWidget(self.go)
        return row

    def _go(self) -> None:
        key = str(self.panel.currentData() or "")
        self._add(self._paths, self.name.text().strip(), self.build.currentText(), (key,) if key else ())
        self.accept()


def ask_site_files(parent: QWidget, then: Callable[[list[Path]], object]) -> QFileDialog:
    """The files of one list; several when it is one a chromosome."""
    dialog = QFileDialog(parent, parent.tr("Add site list"))
    dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
    dialog.setNameFilters(
        [
            parent.tr("Site lists (*.sites.tab.gz *.tab.gz *.legend.gz *.legend *.vcf.gz *.vcf *.bcf *.gz)"),
            parent.tr("All files (*)"),
        ]
    )
    dialog.filesSelected.connect(lambda names: then([Path(name) for name in names]))
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()
    return dialog
