"""The first run: one sentence, three steps, and practice data."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from app.ui.colours import Status
from app.ui.context import Context
from app.ui.theme import GRID
from app.ui.widgets.basics import Card, Heading, Text, primary


class Step(Card):
    """One step with its number, its sentence and its button; a tick when it is done."""

    def __init__(
        self,
        context: Context,
        number: int,
        title: str,
        words: str,
        button: str,
        on_click: Callable[[], object],
    ) -> None:
        super().__init__(context.theme)
        self._context = context
        self._number = number
        self.body.setSpacing(GRID)
        top = QHBoxLayout()
        top.setSpacing(GRID)
        self.sign = QLabel(str(number))
        self.sign.setFixedSize(24, 24)
        self.sign.setAlignment(Qt.AlignmentFlag.AlignCenter)
        top.addWidget(self.sign)
        top.addWidget(Text(title, bold=True), 1)
        self.body.addLayout(top)
        self.body.addWidget(Text(words, muted=True))
        self.body.addStretch(1)
        self.button = QPushButton(button)
        self.button.clicked.connect(lambda: on_click())
        self.body.addWidget(self.button, 0, Qt.AlignmentFlag.AlignLeft)
        self.done = False
        context.theme.changed.connect(self._paint_sign)
        self._paint_sign()

    def set_done(self, done: bool) -> None:
        """Tick it."""
        self.done = done
        self._paint_sign()

    def _paint_sign(self) -> None:
        theme = self._context.theme
        if self.done:
            self.sign.setPixmap(theme.icon("done", theme.colours.status[Status.DONE]).pixmap(20, 20))
            self.sign.setAccessibleName(self.tr("Done"))
        else:
            self.sign.setText(str(self._number))
        self.sign.setStyleSheet(
            ""
            if self.done
            else f"border-radius: 12px; background: {theme.colours.selection}; color: {theme.colours.text};"
        )


class FirstRun(QWidget):
    """Shown until the first job exists."""

    def __init__(
        self, context: Context, practise: Callable[[], object], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, GRID, 0, GRID)
        column.setSpacing(GRID * 2)
        column.addWidget(Heading(self.tr("From a genotype file to an imputed result")))
        column.addWidget(
            Text(
                self.tr(
                    "Haplodesk checks your files before anything leaves this computer, sends them to an "
                    "imputation service, and fetches, decrypts and verifies what comes back."
                ),
                muted=True,
            )
        )
        self.steps = self._make_steps(context)
        row = QHBoxLayout()
        row.setSpacing(GRID * 2)
        for step in self.steps:
            row.addWidget(step, 1)
        column.addLayout(row)
        column.addLayout(self._practice_row(practise))

    def _make_steps(self, context: Context) -> tuple[Step, ...]:
        run = context.commands.run
        return (
            Step(
                context,
                1,
                self.tr("Add a service"),
                self.tr("Choose one of the world, or enter the address of your own."),
                self.tr("Add service…"),
                lambda: run("window.add_service"),
            ),
            Step(
                context,
                2,
                self.tr("Drop genotype files"),
                self.tr("VCF, PLINK, BGEN and more, anywhere on this window. They are checked here."),
                self.tr("Add files…"),
                lambda: run("window.add_files"),
            ),
            Step(
                context,
                3,
                self.tr("Send a job"),
                self.tr("Choose a panel, read what will be sent and to whom, and go on with other work."),
                self.tr("New job"),
                lambda: context.navigate("new_job", None),
            ),
        )

    def _practice_row(self, practise: Callable[[], object]) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(GRID * 3 // 2)
        self.practice = primary(QPushButton(self.tr("Try it with practice data")))
        self.practice.clicked.connect(lambda: practise())
        row.addWidget(self.practice)
        self.practice_words = Text(
            self.tr("A practice server on this computer and an invented cohort: no account, no network."),
            muted=True,
        )
        row.addWidget(self.practice_words, 1)
        return row

    def show_progress(self, has_service: bool, has_dataset: bool) -> None:
        """Tick what is done; the last step needs the first two."""
        self.steps[0].set_done(has_service)
        self.steps[1].set_done(has_dataset)
        self.steps[2].button.setEnabled(has_service and has_dataset)

    def busy(self, busy: bool) -> None:
        """While the practice server starts."""
        self.practice.clearFocus()
        self.practice.setEnabled(not busy)
        self.practice.setText(
            self.tr("Making practice data…") if busy else self.tr("Try it with practice data")
        )
