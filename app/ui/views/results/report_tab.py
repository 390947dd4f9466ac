"""What goes to others: the report, the methods of a paper, and a crate by which every byte can be proved."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QHBoxLayout,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.domain.problem import Problem
from app.domain.result import Result
from app.ui import text
from app.ui.colours import Status
from app.ui.context import Context
from app.ui.status import Shown
from app.ui.theme import GRID
from app.ui.widgets.basics import Card, SectionHeading, StatusBadge, Text, primary
from app.ui.widgets.page import scrolling
from app.ui.widgets.problem_panel import ProblemPanel

if TYPE_CHECKING:
    from app.domain.crate import CrateProof

NAMED = 5


class ReportTab(QWidget):
    """The methods are written when the page is first looked at."""

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._result: Result | None = None
        self._asked_for = ""
        self.bibtex = ""
        inside = QWidget()
        inside.setObjectName("page")
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, GRID, GRID, 0)
        column.setSpacing(GRID)
        self.problem = ProblemPanel(context.theme)
        column.addWidget(self.problem)
        column.addWidget(self._report_card())
        column.addWidget(self._methods_card())
        column.addWidget(self._crate_card())
        column.addStretch(1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scrolling(inside))

    def _report_card(self) -> Card:
        card = Card(self._context.theme)
        card.body.addWidget(SectionHeading(self.tr("Report")))
        card.body.addWidget(
            Text(
                self.tr(
                    "Verdict, figures as vectors, tables, ledger, versions, parameters. No genotypes; no "
                    "names of people unless you say so."
                ),
                muted=True,
            )
        )
        self.names = QCheckBox(self.tr("With names of people"))
        row = self._row(
            self._button(self.tr("Save page (HTML)…"), lambda: self.ask("html"), first=True),
            self._button(self.tr("Save PDF…"), lambda: self.ask("pdf")),
            self.names,
        )
        card.body.addLayout(row)
        return card

    def _methods_card(self) -> Card:
        card = Card(self._context.theme)
        card.body.addWidget(SectionHeading(self.tr("Methods paragraph")))
        self.methods = QPlainTextEdit(readOnly=True)
        self.methods.setAccessibleName(self.tr("Methods paragraph"))
        self.methods.setMinimumHeight(GRID * 16)
        self.methods.setPlaceholderText(self.tr("It is being written from what is recorded…"))
        card.body.addWidget(self.methods)
        self.copy_methods = self._button(self.tr("Copy text"), lambda: _copy(self.methods.toPlainText()))
        self.copy_bibtex = self._button(self.tr("Copy references (BibTeX)"), lambda: _copy(self.bibtex))
        card.body.addLayout(self._row(self.copy_methods, self.copy_bibtex))
        return card

    def _crate_card(self) -> Card:
        card = Card(self._context.theme)
        heading = SectionHeading(self.tr("Crate"))
        self.badge = StatusBadge(self._context.theme)
        self.badge.hide()
        heading.add(self.badge)
        card.body.addWidget(heading)
        self.crate_words = Text(
            self.tr(
                "An RO-Crate in the folder of the result: what was sent, how it was made, and a hash of "
                "every file. Any byte that changes later is found."
            ),
            muted=True,
        )
        card.body.addWidget(self.crate_words)
        self.write_crate = self._button(self.tr("Write crate"), lambda: self.crate(False))
        self.verify = self._button(self.tr("Verify files"), self.prove)
        card.body.addLayout(self._row(self.write_crate, self.verify))
        return card

    def _button(self, words: str, on_click: Callable[[], object], first: bool = False) -> QPushButton:
        button = QPushButton(words)
        button.clicked.connect(lambda: on_click())
        return primary(button) if first else button

    def _row(self, *widgets: QWidget) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(GRID)
        for widget in widgets:
            row.addWidget(widget)
        row.addStretch(1)
        return row

    # Shown.

    def show_result(self, result: Result) -> None:
        """Another result."""
        if self._result is None or self._result.id != result.id:
            self.problem.clear()
            self.badge.hide()
            self.methods.clear()
            self.bibtex = ""
            self._asked_for = ""
            self._settle()
        self._result = result

    def look(self) -> None:
        """The page is seen: write the methods, once a result."""
        result = self._result
        if result is None or self._asked_for == result.id:
            return
        self._asked_for = result.id

        def made(found: tuple[str, str]) -> None:
            if self._result is not None and self._result.id == result.id:
                self.methods.setPlainText(found[0])
                self.bibtex = found[1]
                self._settle()

        work = self._context.operations.methods_of_result(result.id)
        self._context.bridge.run(work, self, made, self.problem.show_problem)

    def _settle(self) -> None:
        self.copy_methods.setEnabled(bool(self.methods.toPlainText()))
        self.copy_bibtex.setEnabled(bool(self.bibtex))

    # Done.

    def ask(self, ending: str) -> QFileDialog:
        """Ask where the report goes."""
        name = (self._result.name if self._result is not None else "") or "result"
        dialog = QFileDialog(self.window(), self.tr("Save report"), f"{name}-report.{ending}")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(ending)
        dialog.fileSelected.connect(lambda path: self.save_to(Path(path)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
        return dialog

    def save_to(self, path: Path) -> None:
        """Write the report there."""
        if self._result is None:
            return
        self.problem.clear()
        notices = self._context.notices
        work = self._context.operations.save_result_report(self._result.id, path, self.names.isChecked())
        self._context.bridge.run(
            work,
            self,
            lambda _: notices.say(self.tr("The report is saved"), path.name),
            self.problem.show_problem,
        )

    def crate(self, overwrite: bool) -> None:
        """Write the crate; one that is there is replaced when that is said."""
        if self._result is None:
            return
        self.problem.clear()
        self.write_crate.setEnabled(False)
        work = self._context.operations.crate_result(self._result.id, self.names.isChecked(), overwrite)
        self._context.bridge.run(work, self, self._crated, lambda p: self._not_crated(p, overwrite))

    def _crated(self, files: int) -> None:
        self.write_crate.setEnabled(True)
        self._say(Shown(Status.DONE, self.tr("Written"), "shield"))
        self.crate_words.setText(self.tr("The crate proves {0} files.").format(text.number(files)))

    def _not_crated(self, problem: Problem, overwrite: bool) -> None:
        self.write_crate.setEnabled(True)
        if overwrite:
            self.problem.show_problem(problem)
        else:
            self.problem.show_problem(problem, None, self.tr("Replace the crate"), lambda: self.crate(True))

    def prove(self) -> None:
        """Read every file and compare it with what was recorded."""
        if self._result is None:
            return
        self.problem.clear()
        self.verify.setEnabled(False)
        work = self._context.operations.verify_result(self._result.id)
        self._context.bridge.run(work, self, self._proved, self._not_proved)

    def _not_proved(self, problem: Problem) -> None:
        self.verify.setEnabled(True)
        self.problem.show_problem(problem)

    def _proved(self, proof: CrateProof) -> None:
        self.verify.setEnabled(True)
        self._say(
            Shown(Status.DONE, self.tr("Unchanged"), "shield")
            if proof.whole
            else Shown(Status.FAILED, self.tr("Changed"))
        )
        self.crate_words.setText(self.proof_words(proof))

    def proof_words(self, proof: CrateProof) -> str:
        """What was found, with the first files that are not as they were."""
        said = self.tr("{0} files ({1}) compared with {2}.").format(
            text.number(proof.files), text.size(proof.bytes), proof.by
        )
        faults = [f"{each.path}: {each.words or each.kind}" for each in proof.faults[:NAMED]]
        if len(proof.faults) > NAMED:
            faults.append(self.tr("{0} more").format(text.number(len(proof.faults) - NAMED)))
        if proof.unproved:
            count = text.number(len(proof.unproved))
            faults.append(self.tr("{0} files have no hash to compare with").format(count))
        return " ".join((said, "; ".join(faults))).strip()

    def _say(self, shown: Shown) -> None:
        self.badge.show_status(shown)
        self.badge.show()


def _copy(words: str) -> None:
    QGuiApplication.clipboard().setText(words)
