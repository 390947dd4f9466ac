"""A panel for imputation on this computer is added: its files, name, build and genetic map."""

from __future__ import annotations

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

from app.ui.text import plural
from app.ui.theme import GRID
from app.ui.views.panels.add_sites import list_name
from app.ui.widgets.basics import Text, fit, primary

AddPanel = Callable[[Sequence[Path], str, str | None, Sequence[Path]], object]
_BUILDS = ("GRCh37", "GRCh38")


class AddLocalPanelDialog(QDialog):
    """The build is told by the sites unless somebody says it; a genetic map may be left out."""

    def __init__(self, paths: Sequence[Path], add: AddPanel, parent: QWidget) -> None:
        super().__init__(parent)
        self._paths, self._add = tuple(paths), add
        self.maps: tuple[Path, ...] = ()
        self.setWindowTitle(self.tr("Add a panel to this computer"))
        self.setMinimumWidth(GRID * 60)
        column = QVBoxLayout(self)
        column.setSpacing(GRID * 3 // 2)
        n = len(self._paths)
        what = self._paths[0].name if n == 1 else plural(self.tr("%Ln file(s)", "", n), n)
        column.addWidget(
            Text(
                self.tr(
                    "{0}: each genotype is looked at once, and the panel is kept in the forms that the "
                    "engines want. It must be phased and without missing genotypes; the files are not "
                    "changed."
                ).format(what)
            )
        )
        column.addLayout(self._form())
        column.addLayout(self._buttons())
        fit(self)

    def _form(self) -> QFormLayout:
        form = QFormLayout()
        self.name = QLineEdit(list_name(self._paths))
        self.build = QComboBox()
        self.build.addItem(self.tr("The sites tell it"), None)
        for each in _BUILDS:
            self.build.addItem(each, each)
        self.map = QPushButton(self.tr("Choose…"))
        self.map.clicked.connect(self._ask_maps)
        for label, widget in (
            (self.tr("Name"), self.name),
            (self.tr("Build"), self.build),
            (self.tr("Genetic map (optional)"), self.map),
        ):
            widget.setAccessibleName(label)
            form.addRow(label, widget)
        return form

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.addStretch(1)
        cancel = QPushButton(self.tr("Cancel"))
        cancel.clicked.connect(self.reject)
        self.go = primary(QPushButton(self.tr("Add panel")))
        self.go.clicked.connect(self._go)
        self.name.textChanged.connect(lambda words: self.go.setEnabled(bool(words.strip())))
        row.addWidget(cancel)
        row.addWidget(self.go)
        return row

    def _ask_maps(self) -> None:
        _ask(self, self.tr("Genetic map"), [self.tr("All files (*)")], self.take_maps)

    def take_maps(self, paths: Sequence[Path]) -> None:
        """Use these maps."""
        self.maps = tuple(paths)
        n = len(self.maps)
        self.map.setText(self.maps[0].name if n == 1 else plural(self.tr("%Ln file(s)", "", n), n))

    def _go(self) -> None:
        self._add(self._paths, self.name.text().strip(), self.build.currentData(), self.maps)
        self.accept()


def ask_panel_files(parent: QWidget, then: Callable[[list[Path]], object]) -> QFileDialog:
    """The files of one panel, one a chromosome."""
    filters = [
        parent.tr("Panels (*.vcf.gz *.vcf *.bcf *.msav *.bref3)"),
        parent.tr("All files (*)"),
    ]
    return _ask(parent, parent.tr("Add a panel to this computer"), filters, then)


def _ask(
    parent: QWidget, title: str, filters: Sequence[str], then: Callable[[list[Path]], object]
) -> QFileDialog:
    dialog = QFileDialog(parent, title)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
    dialog.setNameFilters(list(filters))
    dialog.filesSelected.connect(lambda names: then([Path(name) for name in names]))
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()
    return dialog
