"""What a check found: a list that can be filtered, the chosen finding in full, its places and its repair."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from app.domain.finding import Finding, Severity
from app.domain.repair import RepairCode
from app.genotypes.figures import Figures
from app.ui import text
from app.ui.context import Context
from app.ui.models.table import Column
from app.ui.theme import GRID
from app.ui.views.uploads.dataset_words import (
    finding_columns,
    finding_row,
    fitting,
    sorted_findings,
)
from app.ui.views.uploads.picked_list import PickedList
from app.ui.views.uploads.site_rows import listed_words, site_columns, sites_of_finding
from app.ui.widgets.basics import EmptyState, Text
from app.ui.widgets.short_table import ShortTable

_MORE = re.compile(r"\s*(…|\.\.\.|and [\d,]+ more)\s*$")
_OF_PEOPLE = ("sample.", "population.", "sex.", "relatedness.")


def places_of(finding: Finding) -> list[str]:
    """The places that a finding names, one by one."""
    words = _MORE.sub("", finding.where)
    return [part for part in (p.strip() for p in re.split(r"[,;]\s+", words)) if part]


def names_in(places: Sequence[str]) -> list[str]:
    """People named in places: `HG1 (73.5 %)`, `HG1 and HG2 (0.50)`, `“a b”`."""
    bare = (place.partition(" (")[0] for place in places)
    return [name.strip("“” ") for place in bare for name in place.split(" and ")]


def repair_of(finding: Finding | None) -> RepairCode | None:
    """The repair that mends it, if this version knows it."""
    fix = finding.fix if finding is not None else None
    return next((each for each in RepairCode if each == fix), None)


class FindingsTab(QWidget):
    """Grouped by severity: the table is in that order, and one severity can be shown alone."""

    def __init__(
        self,
        context: Context,
        show_fix: Callable[[RepairCode], object],
        show_people: Callable[[Finding, Sequence[str]], object],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.findings: list[Finding] = []
        self.shown: list[Finding] = []
        self._several = True
        self._figures: Figures | None = None
        self._show_fix = show_fix
        self._show_people = show_people
        column = QVBoxLayout(self)
        column.setContentsMargins(0, GRID, 0, 0)
        column.setSpacing(GRID)
        column.addLayout(self._bar())
        self.table = ShortTable(context.theme, self.tr("Findings"), finding_columns(), most=0)
        self.table.selectionModel().currentRowChanged.connect(lambda *_: self._show_full())
        column.addWidget(self.table, 2)
        column.addLayout(self._chosen(context))
        self.places = PickedList(context, self.tr("Places"), (Column("place", self.tr("Place"), 400),), "")
        self.places.hide()
        column.addWidget(self.places, 1)
        self.sites = PickedList(context, self.tr("Sites of the finding"), site_columns(), "")
        self.sites.hide()
        column.addWidget(self.sites, 2)
        self.nothing = EmptyState(context.theme, "check", self.tr("The check found nothing to mention."))
        column.addWidget(self.nothing, 1)
        self.unchecked = EmptyState(
            context.theme, "check", self.tr("Check the dataset to see what is in its files.")
        )
        column.addWidget(self.unchecked, 1)

    def _bar(self) -> QHBoxLayout:
        bar = QHBoxLayout()
        bar.setSpacing(GRID)
        self.filter = QLineEdit()
        self.filter.setClearButtonEnabled(True)
        self.filter.setPlaceholderText(self.tr("Filter findings"))
        self.filter.setAccessibleName(self.tr("Filter findings"))
        self.filter.setMaximumWidth(GRID * 40)
        self.filter.textChanged.connect(lambda _: self._show())
        self.only = QComboBox()
        self.only.setAccessibleName(self.tr("Severity"))
        for words, value in (
            (self.tr("All"), ""),
            (self.tr("What stops a submission"), Severity.SEVERE.value),
            (self.tr("Warnings"), Severity.WARNING.value),
            (self.tr("Notes"), Severity.INFO.value),
        ):
            self.only.addItem(words, value)
        self.only.currentIndexChanged.connect(lambda _: self._show())
        self.copy = QPushButton(self.tr("Copy"))
        self.copy.setToolTip(self.tr("Copy the selected findings, or all, with headers"))
        self.copy.clicked.connect(lambda: self.table.copy(True))
        bar.addWidget(self.filter, 1)
        bar.addWidget(self.only)
        bar.addStretch(1)
        bar.addWidget(self.copy)
        return bar

    def _chosen(self, context: Context) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(GRID)
        self.full = Text()
        self.full.setAccessibleName(self.tr("The chosen finding"))
        self.people = QPushButton(self.tr("Show people"))
        context.theme.bind_icon(self.people, "people")
        self.people.clicked.connect(self._open_people)
        self.fix = QPushButton(self.tr("Show repair"))
        context.theme.bind_icon(self.fix, "check")
        self.fix.clicked.connect(self._open_fix)
        row.addWidget(self.full, 1)
        for button in (self.people, self.fix):
            button.hide()
            row.addWidget(button)
        return row

    def show_findings(self, findings: Sequence[Finding], checked: bool, files: int = 2) -> None:
        """Show other findings, of so many files."""
        self._several = files > 1
        self.findings = sorted_findings(findings)
        for widget in (self.filter, self.only, self.copy, self.table):
            widget.setVisible(bool(self.findings))
        self.nothing.setVisible(checked and not self.findings)
        self.unchecked.setVisible(not checked and not self.findings)
        self._show()

    def show_figures(self, figures: Figures | None) -> None:
        """The sites behind the findings; None: not known."""
        if figures is not self._figures:
            self._figures = figures
            self._show_full()

    def _show(self) -> None:
        self.shown = fitting(self.findings, self.filter.text(), str(self.only.currentData()))
        self.table.show_rows([finding_row(f, self._several) for f in self.shown])
        self._show_full()

    def chosen(self) -> Finding | None:
        """The finding of the current row."""
        row = self.table.currentIndex().row()
        return self.shown[row] if 0 <= row < len(self.shown) else None

    def _show_full(self) -> None:
        finding = self.chosen()
        self.full.setVisible(finding is not None)
        places = places_of(finding) if finding is not None else []
        self.fix.setVisible(repair_of(finding) is not None)
        of_people = finding is not None and finding.code.startswith(_OF_PEOPLE)
        self.people.setVisible(of_people and bool(places))
        sites = self._sites(finding)
        self.sites.setVisible(bool(sites))
        self.places.setVisible(len(places) > 1 and not sites)
        if finding is None:
            return
        parts = (finding.title, finding.detail, finding.what_to_do)
        said = " ".join(p if p.endswith((".", "?", ":")) else p + "." for p in parts if p)
        self.full.setText(f"{said} ({finding.code})")
        of_all = self.tr("The first {0} of {1} places").format(len(places), text.number(finding.count))
        shown = of_all if finding.count > len(places) else self.tr("Places")
        self.places.show_rows([(place,) for place in places], shown)
        self.sites.show_rows(sites, listed_words(len(sites), finding.count))

    def _sites(self, finding: Finding | None) -> Sequence[Any]:
        """All sites of a finding that the check kept."""
        if finding is None or self._figures is None:
            return ()
        return sites_of_finding(self._figures, finding)

    def _open_people(self) -> None:
        finding = self.chosen()
        if finding is not None:
            self._show_people(finding, names_in(places_of(finding)))

    def _open_fix(self) -> None:
        fix = repair_of(self.chosen())
        if fix is not None:
            self._show_fix(fix)
