"""The report of a bug: shown, copied or saved by the user, never sent."""

from __future__ import annotations

import platform
import re
import sys
from pathlib import Path

from PySide6.QtCore import QCoreApplication, qVersion
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from app.domain.problem import Problem
from app.ui.theme import GRID
from app.ui.widgets.basics import Text

_TOKEN = re.compile(r"eyJ[\w-]+(?:\.[\w-]*){1,2}|[A-Za-z0-9_\-/+]{32,}={0,2}")
_PATH = re.compile(r"""(?:[A-Za-z]:)?(?:[\\/][^\s\\/:*?"'<>|,;()]+){2,}[\\/]?""")
_ADDRESS = re.compile(r"\bhttps?://\S+")
_GENOTYPES = re.compile(r"(?:\b[0-9.][|/][0-9.](?::\S*)?\s*){2,}")
_ENDING = r"\.(?:vcf|bcf|bed|bim|fam|pgen|txt|csv|tsv|zip|gz|bgz)\b"
_QUOTED = re.compile(rf"'[^'\n]{{1,200}}{_ENDING}[^'\n]*'")
_FILE = re.compile(rf"\S*{_ENDING}\S*", re.IGNORECASE)


def report_text(problem: Problem, version: str = "") -> str:
    """The report without tokens, addresses, paths, file names and genotypes."""
    lines = [
        f"Haplodesk {version}".strip(),
        f"Python {sys.version.split()[0]}, Qt {qVersion()}, {platform.system()} {platform.release()}",
        problem.title,
        problem.what_happened,
        "",
        problem.details,
    ]
    return cleaned("\n".join(lines))


def cleaned(text: str) -> str:
    """Replace what may say where, who or what: see `report_text`."""
    text = text.replace(str(Path.home()), "<home>")
    text = _ADDRESS.sub("<address>", text)
    text = _own_files(text)
    text = _QUOTED.sub("'<file>'", text)
    text = _PATH.sub("<path>", text)
    text = _FILE.sub("<file>", text)
    text = _TOKEN.sub("<secret>", text)
    return _GENOTYPES.sub("<genotypes> ", text)


def _own_files(text: str) -> str:
    """Keep the program's own file names: they say where the bug is, and nothing of the user."""
    return re.sub(r'File "[^"]*?((?:app|site-packages)[\\/][^"]*)"', _dotted, text)


def _dotted(match: re.Match[str]) -> str:
    return f'File "{match[1].replace("/", ":").replace(chr(92), ":")}"'


class CrashDialog(QDialog):
    """What went wrong in the program itself."""

    def __init__(self, problem: Problem, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Something in Haplodesk went wrong"))
        column = QVBoxLayout(self)
        column.setContentsMargins(GRID * 3, GRID * 3, GRID * 3, GRID * 2)
        column.setSpacing(GRID * 3 // 2)
        column.addWidget(Text(self.windowTitle(), bold=True))
        column.addWidget(
            Text(
                self.tr(
                    "Your data are safe, and the program goes on. The report below holds no tokens, paths or "
                    "genotypes. Nothing is sent by itself; copy it if you want to tell the makers."
                )
            )
        )
        self.report = QPlainTextEdit(report_text(problem, QCoreApplication.applicationVersion()))
        self.report.setReadOnly(True)
        self.report.setAccessibleName(self.tr("Report"))
        column.addWidget(self.report, 1)
        buttons = QDialogButtonBox()
        copy = QPushButton(self.tr("Copy the report"))
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.report.toPlainText()))
        go_on = QPushButton(self.tr("Go on"))
        go_on.clicked.connect(self.accept)
        buttons.addButton(copy, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.addButton(go_on, QDialogButtonBox.ButtonRole.AcceptRole)
        column.addWidget(buttons)
        self.resize(GRID * 85, GRID * 55)
        self.finished.connect(self.deleteLater)
