"""The verdict on a dataset: on the files themselves, and service by service."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QPushButton, QWidget

from app.domain.dataset import Dataset, DatasetState
from app.domain.service import Service
from app.ui.context import Context
from app.ui.theme import GRID
from app.ui.views.uploads.dataset_words import fit_shown, fit_words, verdict_words
from app.ui.views.uploads.service_fit import ServiceFit
from app.ui.widgets.basics import Card, StatusBadge, Text
from app.ui.widgets.elided import ElidedLabel

SHOWN = 4


class VerdictPanel(Card):
    """A line on the files, a choice of the service to check for, and a line a service."""

    def __init__(
        self, context: Context, check: Callable[[str | None], object], parent: QWidget | None = None
    ) -> None:
        super().__init__(context.theme, parent)
        self._theme = context.theme
        self._fits: tuple[ServiceFit, ...] = ()
        self.lines: list[tuple[StatusBadge, ElidedLabel, ElidedLabel]] = []
        self.badge = StatusBadge(context.theme)
        self.words = Text()
        self.choice = QComboBox()
        self.choice.setAccessibleName(self.tr("Check for"))
        self.choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.choice.setMinimumContentsLength(18)
        self.choice.currentIndexChanged.connect(lambda _: self._show_lines())
        self.check = QPushButton(self.tr("Check again"))
        context.theme.bind_icon(self.check, "refresh")
        self.check.clicked.connect(lambda: check(self.service_id()))
        top = QHBoxLayout()
        top.setSpacing(GRID)
        top.addWidget(self.badge)
        top.addWidget(self.words, 1)
        label = Text(self.tr("Check for"), muted=True, wrap=False)
        for widget in (label, self.choice, self.check):
            top.addWidget(widget)
        self.body.addLayout(top)
        self.grid = QGridLayout()
        self.grid.setHorizontalSpacing(GRID * 3 // 2)
        self.grid.setVerticalSpacing(GRID // 2)
        self.grid.setColumnStretch(2, 1)
        self.body.addLayout(self.grid)

    def service_id(self) -> str | None:
        """The service that is checked for, None for any."""
        chosen = self.choice.currentData()
        return chosen if isinstance(chosen, str) and chosen else None

    def show_services(self, services: Sequence[Service], chosen: str | None) -> None:
        """Fill the choice; the chosen one stays."""
        wanted = [("", self.tr("any service")), *((s.id, s.name) for s in services)]
        if wanted == [(self.choice.itemData(n), self.choice.itemText(n)) for n in range(self.choice.count())]:
            return
        self.choice.blockSignals(True)
        self.choice.clear()
        for key, name in wanted:
            self.choice.addItem(name, key)
        self.choice.setCurrentIndex(max(0, self.choice.findData(chosen or "")))
        self.choice.blockSignals(False)

    def show_verdict(self, dataset: Dataset, found: Sequence[ServiceFit]) -> None:
        """Show another verdict."""
        shown, words = verdict_words(dataset)
        self.badge.show_status(shown)
        self.words.setText(words)
        checking = dataset.state is DatasetState.CHECKING
        self.check.setEnabled(not checking)
        self.check.setText(self.tr("Check") if dataset.state is DatasetState.NEW else self.tr("Check again"))
        self._fits = tuple(found)
        self._show_lines()

    def _show_lines(self) -> None:
        chosen = self.service_id()
        shown = [f for f in self._fits if chosen in (None, f.service.id)][:SHOWN]
        while len(self.lines) < len(shown):
            self._add_line()
        for number, (badge, name, words) in enumerate(self.lines):
            visible = number < len(shown)
            for widget in (badge, name, words):
                widget.setVisible(visible)
            if visible:
                fit = shown[number]
                badge.show_status(fit_shown(fit))
                name.setText(fit.service.name)
                words.setText(fit_words(fit))

    def _add_line(self) -> None:
        row = len(self.lines)
        badge, name, words = StatusBadge(self._theme), ElidedLabel(), ElidedLabel(muted=True)
        for column, widget in enumerate((badge, name, words)):
            self.grid.addWidget(widget, row, column)
        self.grid.setRowMinimumHeight(row, badge.fontMetrics().height() + GRID)
        self.lines.append((badge, name, words))
