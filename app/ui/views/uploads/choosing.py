"""Ask for files, for a folder, for a name: never blocking."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QFileDialog, QInputDialog, QWidget

GENOTYPES = (
    "*.vcf.gz *.vcf *.vcf.bgz *.bcf *.bed *.bim *.fam *.pgen *.pvar *.psam *.pvar.zst *.ped *.map *.bgen "
    "*.gen *.gen.gz *.sample *.txt *.csv *.zip *.txt.gz"
)


def _t(words: str) -> str:
    return QCoreApplication.translate("Uploads", words)


def choose_files(parent: QWidget, then: Callable[[list[Path]], object]) -> QFileDialog:
    """Genotype files, several at once."""
    dialog = QFileDialog(parent, _t("Add genotype files"))
    dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
    dialog.setNameFilters(
        [
            _t("Genotypes ({0})").format(GENOTYPES),
            _t("VCF and BCF (*.vcf.gz *.vcf *.vcf.bgz *.bcf)"),
            _t("All files (*)"),
        ]
    )
    return _opened(dialog, then)


def choose_folder(parent: QWidget, then: Callable[[list[Path]], object]) -> QFileDialog:
    """A folder; the genotype files in it become one dataset."""
    dialog = QFileDialog(parent, _t("Add the genotype files of a folder"))
    dialog.setFileMode(QFileDialog.FileMode.Directory)
    dialog.setOption(QFileDialog.Option.ShowDirsOnly, True)
    return _opened(dialog, then)


def _opened(dialog: QFileDialog, then: Callable[[list[Path]], object]) -> QFileDialog:
    dialog.filesSelected.connect(lambda names: then([Path(name) for name in names]))
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()
    return dialog


def ask_name(parent: QWidget, name: str, then: Callable[[str], object]) -> QInputDialog:
    """Another name for a dataset."""
    dialog = QInputDialog(parent)
    dialog.setWindowTitle(_t("Rename"))
    dialog.setLabelText(_t("Name of the dataset"))
    dialog.setTextValue(name)
    dialog.setOkButtonText(_t("Rename"))
    dialog.setCancelButtonText(_t("Cancel"))
    dialog.textValueSelected.connect(then)
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()
    return dialog
