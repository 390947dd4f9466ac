"""Where a dataset may go: what holds now, and what the person states."""

from __future__ import annotations

from functools import partial

from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QMenu, QPushButton, QVBoxLayout, QWidget

from app.domain.dataset import Dataset
from app.domain.problem import Problem
from app.domain.residency import Residency
from app.ui.context import Context
from app.ui.theme import GRID
from app.ui.widgets.basics import Text
from app.ui.widgets.problem_panel import ProblemPanel


class ResidencyRow(QWidget):
    """One line; places that are typed have a line of their own while they are typed."""

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._dataset: Dataset | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID)
        row = QHBoxLayout()
        row.setSpacing(GRID)
        self.words = Text()
        self.button = QPushButton(self.tr("Where it may go"))
        self.menu = QMenu(self.button)
        self.menu.aboutToShow.connect(self.fill)
        self.button.setMenu(self.menu)
        row.addWidget(self.words, 1)
        row.addWidget(self.button)
        column.addLayout(row)
        column.addWidget(self._typing())
        self.problem = ProblemPanel(context.theme)
        column.addWidget(self.problem)

    def _typing(self) -> QWidget:
        self.typing = QWidget()
        row = QHBoxLayout(self.typing)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GRID)
        self.places = QLineEdit(placeholderText=self.tr("EU, ZA"))
        self.places.setAccessibleName(self.tr("Places where the dataset may go"))
        self.places.returnPressed.connect(self.state_typed)
        keep = QPushButton(self.tr("Keep the rule"))
        keep.clicked.connect(self.state_typed)
        leave = QPushButton(self.tr("Cancel"))
        leave.clicked.connect(self.typing.hide)
        row.addWidget(self.places, 1)
        row.addWidget(keep)
        row.addWidget(leave)
        self.typing.hide()
        return self.typing

    def fill(self) -> None:
        """The rules that people have most; the one that is stated has a mark."""
        own = self._dataset.residency if self._dataset is not None else None
        stated = own.code() if own is not None else ""
        self.menu.clear()
        common = (
            ("this computer", self.tr("Nowhere: it stays on this computer")),
            ("EU, this computer", self.tr("Only to the European Union")),
            ("EEA, this computer", self.tr("Only to the European Economic Area")),
            ("", self.tr("No rule of its own")),
        )
        for code, words in common:
            if not code:
                self.menu.addAction(self.tr("Only to other places …"), self.type_places)
                self.menu.addSeparator()
            action = self.menu.addAction(words, partial(self.state, code))
            action.setCheckable(True)
            action.setChecked(code == stated)

    def show_dataset(self, dataset: Dataset, rule: Residency | None) -> None:
        """Show what holds for a dataset."""
        if self._dataset is None or self._dataset.id != dataset.id:
            self.problem.clear()
            self.typing.hide()
        self._dataset = dataset
        self.button.setEnabled(True)
        if rule is None:
            self.words.setText(self.tr("No rule says where these data may go."))
            return
        said = self.tr("These data may go only to: {0}.").format(rule.words())
        if rule != dataset.residency:
            said += " " + self.tr(
                "Other rules count too: of their folder, of the settings, or stated earlier."
            )
        self.words.setText(said)

    def type_places(self) -> None:
        """Let the person type places."""
        own = self._dataset.residency if self._dataset is not None else None
        self.places.setText(", ".join(own.allowed) if own is not None else "")
        self.typing.show()
        self.places.setFocus()

    def state_typed(self) -> None:
        """State the places that were typed; nothing typed states nothing."""
        if self.places.text().strip():
            self.state(self.places.text())

    def state(self, code: str) -> None:
        """State a rule, empty for none; a place that is not known is shown below."""
        dataset = self._dataset
        if dataset is None:
            return
        self.problem.clear()
        self.button.setEnabled(False)
        work = self._context.operations.state_residency(dataset.id, code)
        self._context.bridge.run(
            work, self, partial(self._over, dataset.id), partial(self._failed, dataset.id)
        )

    def _over(self, dataset_id: str, _changes: object = None) -> bool:
        if self._dataset is None or self._dataset.id != dataset_id:
            return False
        self.button.setEnabled(True)
        self.typing.hide()
        return True

    def _failed(self, dataset_id: str, problem: Problem) -> None:
        open_now = self.typing.isVisibleTo(self)
        if self._over(dataset_id):
            self.typing.setVisible(open_now)
            self.problem.show_problem(problem)
