"""Files of several groups of people: what is planned for each of them, and what became of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.domain.repair import RepairOutcome, RepairPlan
from app.ui.colours import Status
from app.ui.context import Context
from app.ui.status import Shown
from app.ui.theme import GRID, strong
from app.ui.views.uploads.plan_words import (
    group_columns,
    group_line,
    group_rows,
    ledger_columns,
    ledger_rows,
    ledger_words,
    outcome_shown,
)
from app.ui.widgets.basics import SectionHeading, StatusBadge, Text, clear, link
from app.ui.widgets.cautions import CautionLines
from app.ui.widgets.elided import ElidedLabel
from app.ui.widgets.short_table import ShortTable
from app.ui.widgets.stale import set_stale

UNFOLDED = 3
"""With more groups than this their tables are opened one by one."""


class GroupSection(QWidget):
    """Name, state and a line; the table below folds away."""

    def __init__(self, context: Context, name: str, table: ShortTable, unfolded: bool) -> None:
        super().__init__()
        self.table = table
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID // 2)
        top = QHBoxLayout()
        top.setSpacing(GRID)
        self.badge = StatusBadge(context.theme)
        self.badge.hide()
        self.name = ElidedLabel(name)
        strong(self.name)
        self.line = Text(muted=True)
        self.line.setMinimumWidth(GRID * 16)
        self.fold = link("", self._toggle)
        self._name = name
        top.addWidget(self.badge)
        top.addWidget(self.name)
        top.addWidget(self.line, 1)
        top.addWidget(self.fold)
        column.addLayout(top)
        self.cautions = CautionLines(context.theme, self.tr("Caution"))
        column.addWidget(self.cautions)
        column.addWidget(table)
        self.table.setVisible(unfolded)
        self._say_fold()

    def add(self, widget: QWidget) -> None:
        """Something more at the right end."""
        column = self.layout()
        top = column.itemAt(0) if column is not None else None
        if isinstance(top, QHBoxLayout):
            top.insertWidget(top.count() - 1, widget)

    def show_status(self, shown: Shown) -> None:
        """A sign before the name."""
        self.badge.show_status(shown)
        self.badge.show()

    def _toggle(self) -> None:
        self.table.setVisible(self.table.isHidden())
        self._say_fold()

    def _say_fold(self) -> None:
        hidden = self.table.isHidden()
        self.fold.setText(self.tr("Show the steps") if hidden else self.tr("Hide the steps"))
        self.fold.setAccessibleName(f"{self.fold.text()}: {self._name}")


class GroupSections(QWidget):
    """One section a group; hidden where all people are of one group."""

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self.sections: list[GroupSection] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID)
        self.title = SectionHeading("")
        column.addWidget(self.title)
        self._column = QVBoxLayout()
        self._column.setSpacing(GRID * 2)
        column.addLayout(self._column)
        self.hide()

    def show_plans(self, plans: Sequence[RepairPlan], before: QWidget) -> None:
        """What would be done for each group; Tab goes through them after `before`."""
        self._show([self._planned(each, len(plans)) for each in plans], before)

    def show_counts(self, plans: Sequence[RepairPlan]) -> None:
        """The same groups with other steps ticked; what is folded stays so."""
        for section, plan in zip(self.sections, plans, strict=False):
            self._fill(section, plan)

    def set_stale(self, stale: bool) -> None:
        """Whether the figures are those of other steps than are ticked now."""
        for section in self.sections:
            for widget in (section.line, section.table):
                set_stale(widget, stale)

    def _planned(self, plan: RepairPlan, groups: int) -> GroupSection:
        name = self.tr("Steps for {0}").format(plan.group)
        table = ShortTable(self._context.theme, name, group_columns(), most=8)
        section = GroupSection(self._context, plan.group, table, groups <= UNFOLDED)
        self._fill(section, plan)
        return section

    def _fill(self, section: GroupSection, plan: RepairPlan) -> None:
        rows = group_rows(plan)
        section.line.setText(group_line(plan))
        section.table.show_rows(rows)
        section.fold.setVisible(bool(rows))
        if not rows:
            section.table.hide()
        section.cautions.show_lines([plan.refused, *plan.cautions])
        if plan.refused:
            section.show_status(Shown(Status.FAILED, self.tr("No repair")))

    def show_outcomes(
        self, outcomes: Sequence[RepairOutcome], open_log: Callable[[str], object], before: QWidget
    ) -> None:
        """What became of each group."""
        self._show([self._made(each, len(outcomes), open_log) for each in outcomes], before)

    def _made(self, outcome: RepairOutcome, groups: int, open_log: Callable[[str], object]) -> GroupSection:
        name = self.tr("Ledger of {0}").format(outcome.group)
        table = ShortTable(self._context.theme, name, ledger_columns(), most=12)
        section = GroupSection(self._context, outcome.group, table, groups <= UNFOLDED)
        section.show_status(outcome_shown(outcome))
        section.line.setText(" ".join(p for p in (outcome.verdict, ledger_words(outcome.ledger)) if p))
        section.cautions.show_lines([outcome.refused])
        rows = ledger_rows(outcome.ledger)
        table.show_rows(rows)
        if outcome.site_log:
            log = link(self.tr("Every site"), lambda: open_log(outcome.site_log))
            log.setAccessibleName(self.tr("The list of every site of {0}").format(outcome.group))
            section.add(log)
        return section

    def _show(self, sections: list[GroupSection], before: QWidget) -> None:
        clear(self._column)
        self.sections = sections
        self.setVisible(bool(sections))
        self.title.label.setText(self.tr("Each group of people ({0})").format(len(sections)))
        last = before
        for section in sections:
            self._column.addWidget(section)
            for widget in (*section.findChildren(QPushButton), section.table):
                QWidget.setTabOrder(last, widget)
                last = widget
