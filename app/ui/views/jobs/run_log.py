"""The log that a run left at its service, read when a person asks for it and kept nowhere."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QPlainTextEdit, QPushButton, QTabWidget, QVBoxLayout, QWidget

from app.domain.job import Job
from app.domain.problem import Problem
from app.services.abilities import RunLog
from app.ui.context import Context
from app.ui.theme import GRID
from app.ui.widgets.basics import Card, SectionHeading, Text

LINES_SHOWN = 16


class RunLogCard(Card):
    """Hidden where the service keeps no logs."""

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(context.theme, parent)
        self._context = context
        self._job_id = ""
        self.body.addWidget(SectionHeading(self.tr("Log of the run")))
        self.note = Text("", muted=True)
        self.button = QPushButton(self.tr("Show the log"))
        self.button.clicked.connect(self.read)
        # Below one another: beside a button the words would wrap to a narrow column in a small window.
        self.body.addWidget(self.note)
        self.body.addWidget(self.button, 0, Qt.AlignmentFlag.AlignLeft)
        self.tabs = QTabWidget()
        self.tabs.setAccessibleName(self.tr("Texts of the run"))
        self.body.addWidget(self.tabs)
        self._forget()
        self.hide()

    def show_job(self, job: Job, keeps_logs: bool) -> None:
        """Another job, or the same one that has gone on."""
        if job.id != self._job_id:
            self._job_id = job.id
            self._forget()
        self.setVisible(keeps_logs and bool(job.remote_id))

    def _forget(self) -> None:
        self.tabs.hide()
        self.tabs.clear()
        self.button.setText(self.tr("Show the log"))
        self.note.setText(self.tr("It may name people, so it is not kept on this computer."))

    def read(self) -> None:
        """Ask the service for the texts as they are now."""
        wanted = self._job_id
        self.button.setEnabled(False)
        self.note.setText(self.tr("Reading …"))
        self._context.bridge.run(
            self._context.operations.run_logs(wanted),
            self,
            lambda found: self._show(wanted, found),
            lambda problem: self._failed(wanted, problem),
        )

    def _show(self, job_id: str, found: Sequence[RunLog]) -> None:
        self.button.setEnabled(True)
        if job_id != self._job_id:
            return
        self.button.setText(self.tr("Read it again"))
        self.note.setText("" if found else self.tr("The run has written nothing yet."))
        self.tabs.clear()
        for each in found:
            self.tabs.addTab(_page(each), _title(self, each))
        self.tabs.setVisible(bool(found))

    def _failed(self, job_id: str, problem: Problem) -> None:
        self.button.setEnabled(True)
        if job_id == self._job_id:
            self.note.setText(problem.sentence())


def _title(widget: QWidget, log: RunLog) -> str:
    titles = {
        "stderr": widget.tr("Errors and messages"),
        "stdout": widget.tr("Output"),
        "command": widget.tr("Command"),
        "system": widget.tr("The service"),
    }
    title = titles.get(log.name, log.name)
    return widget.tr("{0} (its end)").format(title) if log.cut else title


def _page(log: RunLog) -> QWidget:
    page = QWidget()
    column = QVBoxLayout(page)
    column.setContentsMargins(0, GRID, 0, 0)
    words = QPlainTextEdit(readOnly=True)
    words.setAccessibleName(log.name)
    words.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
    words.setTextInteractionFlags(
        Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
    )
    words.setMinimumHeight(words.fontMetrics().lineSpacing() * LINES_SHOWN)
    words.setPlainText(log.text)
    column.addWidget(words)
    return page
