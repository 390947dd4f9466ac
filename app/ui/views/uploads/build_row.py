"""The build of a dataset where its files leave it open: stated by the person, or taken back."""

from __future__ import annotations

from functools import partial

from PySide6.QtWidgets import QHBoxLayout, QMenu, QPushButton, QVBoxLayout, QWidget

from app.domain.dataset import Dataset, DatasetState
from app.domain.finding import BuildGuess
from app.domain.problem import Problem
from app.ui import text
from app.ui.colours import Status
from app.ui.context import Context
from app.ui.status import Shown
from app.ui.theme import GRID
from app.ui.views.uploads.service_fit import was_read
from app.ui.widgets.basics import StatusBadge, Text
from app.ui.widgets.problem_panel import ProblemPanel

SURE = 0.95
"""Below this nothing is flipped or lifted."""
STATED = (("GRCh37", "GRCh37 (hg19)"), ("GRCh38", "GRCh38 (hg38)"), ("NCBI36", "NCBI36 (hg18)"))


def is_open(dataset: Dataset) -> bool:
    """Whether the files leave the build open, or the person has stated it."""
    report = dataset.report
    if report is None or not was_read(report):
        return False
    builds = [each.build for each in report.groups] or [report.build]
    return bool(dataset.stated_build) or not all(map(_is_sure, builds))


def _is_sure(build: BuildGuess) -> bool:
    return build.value is not None and build.confidence >= SURE


class BuildRow(QWidget):
    """Hidden where the build is certain."""

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._dataset: Dataset | None = None
        self._busy = False
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID)
        row = QHBoxLayout()
        row.setSpacing(GRID)
        self.badge = StatusBadge(context.theme)
        self.words = Text()
        self.button = QPushButton()
        self.menu = QMenu(self.button)
        self.menu.aboutToShow.connect(self.fill)
        self.button.setMenu(self.menu)
        row.addWidget(self.badge)
        row.addWidget(self.words, 1)
        row.addWidget(self.button)
        column.addLayout(row)
        self.problem = ProblemPanel(context.theme)
        column.addWidget(self.problem)
        self.hide()

    def fill(self) -> None:
        """The builds that can be stated; the one that is stated has a mark."""
        stated = self._dataset.stated_build if self._dataset is not None else ""
        self.menu.clear()
        for build, words in (*STATED, ("", self.tr("As found"))):
            if not build:
                self.menu.addSeparator()
            action = self.menu.addAction(words, partial(self.state, build))
            action.setCheckable(True)
            action.setChecked(build == stated)
            action.setEnabled(bool(build or stated))

    def show_dataset(self, dataset: Dataset) -> None:
        """Show what is known of a dataset's build."""
        if self._dataset is None or self._dataset.id != dataset.id:
            self.problem.clear()
        self._busy = False  # what was asked for has come, or was stopped
        self._dataset = dataset
        self.setVisible(is_open(dataset))
        self._say(dataset)
        self._settle()

    def _say(self, dataset: Dataset) -> None:
        build = dataset.report.build if dataset.report is not None else BuildGuess()
        stated = dataset.stated_build
        if not stated:
            self.badge.show_status(Shown(Status.WARNING, self.tr("Build not certain")))
            self.words.setText(self._open_words(build))
        elif stated == build.value and _is_sure(build):
            self.badge.show_status(Shown(Status.DONE, self.tr("Build stated")))
            said = self.tr("{0} is the build that you stated; nothing in the files contradicts it.")
            self.words.setText(said.format(stated))
        else:
            self.badge.show_status(Shown(Status.FAILED, self.tr("Build contradicted")))
            said = self.tr("You stated {0}, but the files say otherwise: {1}")
            self.words.setText(said.format(stated, " ".join(build.evidence[:2])))
        self.button.setText(self.tr("Change the build") if stated else self.tr("State the build"))

    def _open_words(self, build: BuildGuess) -> str:
        sure = self.tr("unknown")
        if build.value is not None:
            sure = self.tr("{0}, {1} sure").format(build.value, text.percent(build.confidence))
        said = self.tr(
            "The files do not tell their build for certain ({0}): nothing is flipped or lifted. {1}"
        )
        return said.format(sure, self.tr("State it if you know it."))

    def _settle(self) -> None:
        checking = self._dataset is not None and self._dataset.state is DatasetState.CHECKING
        self.button.setEnabled(not checking and not self._busy)

    def state(self, build: str) -> None:
        """State a build, empty to take it back; what contradicts it is shown below."""
        dataset = self._dataset
        if dataset is None:
            return
        self.problem.clear()
        self._busy = True
        self._settle()

        work = self._context.operations.state_build(dataset.id, build)
        over, failed = partial(self._over, dataset.id), partial(self._failed, dataset.id)
        self._context.bridge.run(work, self, over, failed)

    def _over(self, dataset_id: str, _changes: object = None) -> bool:
        """Whether it was about the dataset that is still shown."""
        if self._dataset is None or self._dataset.id != dataset_id:
            return False
        self._busy = False
        self._settle()
        return True

    def _failed(self, dataset_id: str, problem: Problem) -> None:
        if self._over(dataset_id):
            self.problem.show_problem(problem)
