"""How a dataset was made by a repair: what it was made from, and the ledger of its sites and people."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.domain.dataset import Dataset
from app.domain.repair import RepairedFile, RepairOutcome, RepairStep
from app.ui import text
from app.ui.colours import Status
from app.ui.context import Context
from app.ui.models.table import Column
from app.ui.theme import GRID
from app.ui.views.uploads.group_sections import GroupSections
from app.ui.views.uploads.plan_words import (
    ledger_columns,
    ledger_rows,
    ledger_words,
    outcome_shown,
    unresolved_columns,
    unresolved_rows,
)
from app.ui.widgets.basics import SectionHeading, StatusBadge, Text, link
from app.ui.widgets.cautions import CautionLines
from app.ui.widgets.page import ScrollPage
from app.ui.widgets.short_table import ShortTable


class MadeTab(QWidget):
    """Shown only for datasets that Haplodesk wrote."""

    def __init__(
        self, context: Context, show_dataset: Callable[[str], object], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._made_from = ""
        self._log = ""
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, GRID, 0, 0)
        page = ScrollPage(width=GRID * 200, margin=0)
        outer.addWidget(page)
        page.column.setSpacing(GRID)
        self.origin = link("", lambda: show_dataset(self._made_from))
        page.column.addLayout(self._top(context))
        self.refused = CautionLines(context.theme, self.tr("Left alone"), Status.FAILED)
        self.cautions = CautionLines(context.theme, self.tr("Caution"))
        self.sums = Text()
        self.ledger = ShortTable(context.theme, self.tr("Ledger"), ledger_columns(), most=30)
        self.log = link(
            self.tr("Open the list of every site with its reason"), lambda: self._open_log(self._log)
        )
        self.groups = GroupSections(context)
        self.left_title = SectionHeading(self.tr("What no repair mended"))
        self.left = ShortTable(context.theme, self.tr("What no repair mended"), unresolved_columns())
        self.files_title = SectionHeading(self.tr("Files written"))
        self.files = ShortTable(context.theme, self.tr("Files written"), self._file_columns())
        above: tuple[QWidget, ...] = (self.refused, self.cautions, self.sums, self.ledger, self.log)
        for widget in (*above, self.groups, self.left_title, self.left, self.files_title, self.files):
            page.column.addWidget(widget)

    def _top(self, context: Context) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(GRID)
        self.badge = StatusBadge(context.theme)
        self.words = Text()
        row.addWidget(self.badge)
        row.addWidget(self.words, 1)
        row.addWidget(self.origin)
        return row

    def _file_columns(self) -> tuple[Column, ...]:
        return (
            Column("name", self.tr("File"), 240),
            Column("chromosome", self.tr("Chromosome"), 95),
            Column("sites", self.tr("Sites"), 85, show=text.number, numeric=True),
            Column("people", self.tr("People"), 75, show=text.number, numeric=True),
            Column("size", self.tr("Size"), 85, show=text.size, numeric=True),
            Column("batch", self.tr("Batch"), 60, show=text.number, numeric=True),
        )

    def show_dataset(self, dataset: Dataset, made_from: str) -> None:
        """Show how it was made; `made_from` is the name of the other dataset, empty when it is gone."""
        outcome = dataset.outcome
        if outcome is None:
            return
        self._made_from = dataset.made_from or ""
        self.origin.setText(self.tr("Made from {0}").format(made_from))
        self.origin.setVisible(bool(made_from))
        self.badge.show_status(outcome_shown(outcome))
        said = outcome.verdict or self.tr("No service was named for it.")
        self.words.setText(f"{outcome.group}: {said}" if outcome.group else said)
        self.refused.show_lines([outcome.refused])
        left_out = [self.tr("Not repaired: {0}").format(each) for each in outcome.left_out]
        self.cautions.show_lines([*left_out, *(f"{e.title}: {e.caution}" for e in careful(outcome))])
        self.sums.setText(ledger_words(outcome.ledger))
        self.ledger.show_rows(ledger_rows(outcome.ledger))
        self.left.show_rows(unresolved_rows(outcome.unresolved))
        for widget in (self.left_title, self.left):
            widget.setVisible(bool(outcome.unresolved))
        for widget in (self.files_title, self.files):
            widget.setVisible(bool(outcome.files))
        self.files.show_rows([_file_row(f, bool(outcome.groups)) for f in outcome.files])
        self._log = outcome.site_log
        self.log.setVisible(bool(self._log))
        self.groups.show_outcomes(outcome.groups, self._open_log, self.log)

    def _open_log(self, path: str) -> None:
        QDesktopServices.openUrl(QUrl.fromLocalFile(path))


def careful(outcome: RepairOutcome) -> list[RepairStep]:
    """Steps with a caution of which something is still in the data: what was left out can do no harm."""
    return [e for e in outcome.applied if e.caution and not (e.lost_sites or e.lost_samples)]


def _file_row(file: RepairedFile, in_folders: bool) -> tuple[object, ...]:
    """Files of several groups have the same names: then the folder of the group is named too."""
    path = Path(file.path)
    name = f"{path.parent.name}/{path.name}" if in_folders else path.name
    return (name, file.chromosome, file.sites, file.samples, file.size, file.batch)
