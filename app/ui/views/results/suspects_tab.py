"""Sites and stretches of a result that are worth a second look: suspects, frequencies, gaps."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QCoreApplication, Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.ui import text
from app.ui.context import Context
from app.ui.models.table import Column
from app.ui.text import plural
from app.ui.theme import GRID
from app.ui.widgets.basics import Text, primary
from app.ui.widgets.short_table import ShortTable
from app.ui.widgets.switcher import Switcher
from app.ui.widgets.table_texts import write_table

if TYPE_CHECKING:
    from app.domain.quality import QualityFigures


def _t(words: str) -> str:
    return QCoreApplication.translate("Suspects", words)


def _three(value: float | None) -> str:
    return text.number(value, 3)


def _site_columns(*more: Column) -> tuple[Column, ...]:
    return (
        Column("chrom", _t("Chromosome"), 95),
        Column("pos", _t("Position"), 110, show=text.number, numeric=True),
        Column("ref", _t("REF"), 80),
        Column("alt", _t("ALT"), 80),
        *more,
    )


def look_at(ref: str, alt: str) -> str:
    """What is likeliest wrong with a suspect, by its letters alone."""
    if len(ref) != 1 or len(alt) != 1:
        return _t("how the insertion or deletion is written")
    if {ref, alt} in ({"A", "T"}, {"C", "G"}):
        return _t("the strand, which its letters do not tell")
    return _t("the probe, and whether alleles are exchanged")


class SuspectsTab(QWidget):
    """Three lists; the first can be saved for the check of the array data.

    `leave_out` asks for the dataset without the chosen suspects, or without all of them.
    """

    leave_out = Signal(object)

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._known = False
        self._busy = False
        column = QVBoxLayout(self)
        column.setContentsMargins(0, GRID, 0, 0)
        column.setSpacing(GRID)
        row = QHBoxLayout()
        self.words = Text()
        self.save = QPushButton(self.tr("Save list…"))
        context.theme.bind_icon(self.save, "export")
        self.save.clicked.connect(self.ask)
        self.again = primary(QPushButton(self.tr("Leave out and send again…")))
        self.again.clicked.connect(lambda: self.leave_out.emit(self.chosen_sites()))
        row.addWidget(self.words, 1)
        row.addWidget(self.save)
        row.addWidget(self.again)
        column.addLayout(row)
        theme = context.theme
        self.suspects = ShortTable(
            theme,
            self.tr("Suspect sites"),
            _site_columns(
                Column("r2", _t("R2"), 80, show=_three, numeric=True),
                Column("er2", _t("ER2"), 80, show=_three, numeric=True),
                Column("look", _t("Look at"), 260),
            ),
            most=0,
        )
        self.frequencies = ShortTable(
            theme,
            self.tr("Frequencies unlike the panel's"),
            _site_columns(
                Column("result", _t("In the result"), 100, show=_three, numeric=True),
                Column("panel", _t("In the panel"), 100, show=_three, numeric=True),
                Column("typed", _t("Kind"), 260),
            ),
            most=0,
        )
        self.gaps = ShortTable(theme, self.tr("Gaps"), _gap_columns(), most=0)
        self.switcher = Switcher(self.tr("Lists"))
        for title, table in (
            (self.tr("Suspect sites"), self.suspects),
            (self.tr("Frequencies"), self.frequencies),
            (self.tr("Gaps"), self.gaps),
        ):
            self.switcher.add(title, table)
        self.switcher.changed.connect(lambda _: self._say())
        self.suspects.selectionModel().selectionChanged.connect(lambda *_: self._say())
        column.addWidget(self.switcher, 1)
        column.addStretch(0)

    def show_origin(self, known: bool, busy: bool) -> None:
        """Whether the dataset that was sent is known, and whether it is being written anew."""
        self._known, self._busy = known, busy
        self._say()

    def chosen_sites(self) -> list[tuple[str, int]]:
        """Chromosome and position of the selected suspects, of all where none is selected."""
        rows = self.suspects.short_model.rows
        return [(rows[n][0], rows[n][1]) for n in self.suspects.chosen() or range(len(rows))]

    def show_figures(self, figures: QualityFigures | None) -> None:
        """Another result."""
        if figures is None:
            return
        found = figures.frequency.outliers if figures.frequency is not None else ()
        self.suspects.show_rows(
            [(s.chrom, s.pos, s.ref, s.alt, s.r2, s.er2, look_at(s.ref, s.alt)) for s in figures.suspects]
        )
        self.frequencies.show_rows(
            [
                (f.chrom, f.pos, f.ref, f.alt, f.result, f.panel, _t("typed") if f.typed else _t("imputed"))
                for f in found
            ]
        )
        self.gaps.show_rows(
            [
                (
                    g.chromosome,
                    g.first,
                    g.last,
                    (g.last - g.first + 1) / 1e6,
                    _t("at the border of a chunk") if g.at_border else _t("within a chunk"),
                )
                for g in figures.gaps
            ]
        )
        self.switcher.setVisible(bool(figures.suspects or found or figures.gaps))
        self.switcher.offer((True, bool(found), bool(figures.gaps)))
        self._say()

    def shown(self) -> ShortTable:
        """The list that is seen."""
        return (self.suspects, self.frequencies, self.gaps)[self.switcher.stack.currentIndex()]

    def _say(self) -> None:
        said = (
            self.tr(
                "Typed sites whose imputed genotypes do not resemble the typed ones (R2 ≥ 0.8, ER2 under "
                "0.3): most often a strand flip, swapped alleles or a bad probe."
            ),
            self.tr("Sites whose frequency differs from that of the panel by more than 0.1."),
            self.tr("Stretches of a megabase or more without any variant; centromeres are among them."),
        )
        none = (self.tr("No typed site is suspect."), "", self.tr("There is no gap."))
        number = self.switcher.stack.currentIndex()
        rows = self.shown().short_model.rows
        self.words.setText(said[number] if rows else none[number])
        self.save.setEnabled(bool(rows))
        self._say_again(number == 0 and bool(rows))

    def _say_again(self, offered: bool) -> None:
        """What the button would do, or why it cannot."""
        self.again.setVisible(offered)
        self.again.setEnabled(self._known and not self._busy)
        count = len(self.suspects.chosen())
        if self._busy:
            words = self.tr("Writing the dataset…")
        elif count:
            words = plural(self.tr("Leave %Ln site(s) out and send again…", "", count), count)
        else:
            words = self.tr("Leave all out and send again…")
        self.again.setText(words)
        tip = self.tr("Writes the dataset that was sent anew without them, checks it, and opens a new job")
        unknown = self.tr("Nobody knows which dataset this result is of")
        self.again.setToolTip(tip if self._known else unknown)

    def ask(self) -> QFileDialog:
        """Ask where the list goes."""
        dialog = QFileDialog(self.window(), self.tr("Save list"), "suspect-sites.tsv")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("tsv")
        dialog.fileSelected.connect(lambda path: self.save_to(Path(path)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
        return dialog

    def save_to(self, path: Path) -> None:
        """Write the list that is seen, with plain numbers."""
        model = self.shown().short_model
        rows = [["" if v is None else str(v) for v in row] for row in model.rows]
        titles = [column.title for column in model.columns]
        notices = self._context.notices

        def saved(_nothing: Any) -> None:
            notices.say(self.tr("The list is saved"), path.name)

        work = asyncio.to_thread(write_table, path, rows, titles)
        self._context.bridge.run(work, self, saved, notices.problem)


def _gap_columns() -> tuple[Column, ...]:
    return (
        Column("chromosome", _t("Chromosome"), 95),
        Column("first", _t("From"), 120, show=text.number, numeric=True),
        Column("last", _t("To"), 120, show=text.number, numeric=True),
        Column("size", _t("Mb"), 80, show=lambda v: text.number(v, 1), numeric=True),
        Column("where", _t("Where"), 260),
    )
