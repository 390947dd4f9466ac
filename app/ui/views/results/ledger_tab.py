"""The books of a result: where each site and sample went, by chromosome and chunk; losses are red."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QCoreApplication, Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.domain.ledger import LedgerRow, Loss, ResultLedger, SampleBook, Stage
from app.ui import text
from app.ui.colours import Status
from app.ui.context import Context
from app.ui.models.table import Column
from app.ui.status import Shown
from app.ui.theme import GRID
from app.ui.widgets.basics import StatusBadge, Text
from app.ui.widgets.cautions import CautionLines
from app.ui.widgets.short_table import ShortTable
from app.ui.widgets.switcher import Switcher

_STAGES = (Stage.SENT, Stage.ACCEPTED, Stage.TYPED, Stage.IMPUTED, Stage.DOWNLOADED, Stage.CONVERTED)


def _t(words: str) -> str:
    return QCoreApplication.translate("Ledger", words)


def stage_words(stage: Stage) -> str:
    """A station in words."""
    return {
        Stage.SENT: _t("Sent"),
        Stage.ACCEPTED: _t("Accepted"),
        Stage.TYPED: _t("Typed"),
        Stage.IMPUTED: _t("Imputed"),
        Stage.DOWNLOADED: _t("Here"),
        Stage.CONVERTED: _t("Converted"),
    }[stage]


def _lost(value: Any) -> Shown:
    lost, explained = value
    if not lost:
        return Shown(Status.DONE, _t("none"))
    word = text.number(lost)
    return Shown(Status.WARNING, word) if explained else Shown(Status.FAILED, word)


def row_columns(chunks: bool) -> tuple[Column, ...]:
    """The stations of a chromosome or of a chunk."""
    where = (Column("where", _t("Chunk (Mb)") if chunks else _t("Chromosome"), 110),)
    counts = tuple(
        Column(stage.value, stage_words(stage), 85, show=text.number, numeric=True) for stage in _STAGES
    )
    return (*where, *counts, Column("lost", _t("Lost"), 100, status=_lost), Column("why", _t("Why"), 320))


def ledger_rows(rows: tuple[LedgerRow, ...]) -> list[tuple[Any, ...]]:
    """In the order of the books."""
    return [_row(each) for each in rows]


def _row(row: LedgerRow) -> tuple[Any, ...]:
    lost = sum(each.count for each in row.losses if each.count > 0)
    explained = row.adds_up and all(each.explained for each in row.losses)
    where = row.chromosome
    if row.start is not None and row.end is not None:
        where = f"{row.chromosome}: {row.start / 1e6:.0f}–{row.end / 1e6:.0f}"
    said = "; ".join(f"{each.reason} ({text.number(each.count)})" for each in row.losses)
    if not row.adds_up:
        said = f"{_t('The sums do not fit')}; {said}".strip("; ")
    counts = tuple(row.at(stage) for stage in _STAGES)
    return (where, *counts, (lost, explained), f"{row.left_out} {said}".strip())


def loss_columns() -> tuple[Column, ...]:
    """Losses by reason."""
    return (
        Column("state", _t("Explained"), 130, status=_explained),
        Column("stage", _t("Did not reach"), 110),
        Column("count", _t("Sites"), 90, show=text.number, numeric=True),
        Column("reason", _t("Reason"), 300),
        Column("source", _t("Told by"), 160),
        Column("examples", _t("Examples"), 220),
    )


def _explained(value: Any) -> Shown:
    return Shown(Status.WARNING, _t("Explained")) if value else Shown(Status.FAILED, _t("Not explained"))


def loss_rows(losses: tuple[Loss, ...]) -> list[tuple[Any, ...]]:
    """Those that nobody explains first."""
    order = sorted(losses, key=lambda each: each.explained)
    return [
        (e.explained, stage_words(e.stage), e.count, e.reason, e.source, ", ".join(e.examples)) for e in order
    ]


def sample_words(book: SampleBook) -> str:
    """`129 of 129 people came back, in the order in which they were sent.`"""
    if book.sent is None:
        return _t("{0} people; what was sent is not known.").format(text.number(book.found))
    said = _t("{0} of {1} people came back").format(
        text.number(book.sent - book.missing), text.number(book.sent)
    )
    parts = [said]
    if book.order_kept:
        parts.append(_t("in the order in which they were sent"))
    elif book.order_kept is False:
        parts.append(_t("in another order than they were sent"))
    if book.foreign:
        parts.append(_t("{0} were not sent").format(text.number(book.foreign)))
    if book.renamed:
        parts.append(_t("{0} got their own names back").format(text.number(book.renamed)))
    return ", ".join(parts) + "."


class LedgerTab(QWidget):
    """`count_again` asks for the books to be made anew."""

    count_again = Signal()

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme = context.theme
        column = QVBoxLayout(self)
        column.setContentsMargins(0, GRID, 0, 0)
        column.setSpacing(GRID)
        row = QHBoxLayout()
        row.setSpacing(GRID)
        self.badge = StatusBadge(theme)
        self.words = Text()
        self.again = QPushButton(self.tr("Count again"))
        theme.bind_icon(self.again, "refresh")
        self.again.clicked.connect(lambda: self.count_again.emit())
        row.addWidget(self.badge)
        row.addWidget(self.words, 1)
        row.addWidget(self.again)
        column.addLayout(row)
        self.red = CautionLines(theme, self.tr("Does not fit"), Status.FAILED)
        self.notes = CautionLines(theme, self.tr("Note"), Status.WAITING)
        column.addWidget(self.red)
        column.addWidget(self.notes)
        self.switcher = Switcher(self.tr("Books"))
        self.chromosomes = ShortTable(theme, self.tr("By chromosome"), row_columns(False), most=0)
        self.chunks = ShortTable(theme, self.tr("By chunk"), row_columns(True), most=0)
        self.losses = ShortTable(theme, self.tr("Losses by reason"), loss_columns(), most=0)
        for title, table in (
            (self.tr("Chromosomes"), self.chromosomes),
            (self.tr("Chunks"), self.chunks),
            (self.tr("Losses"), self.losses),
        ):
            self.switcher.add(title, table)
        column.addWidget(self.switcher, 1)
        self.show_ledger(None)

    def show_ledger(self, ledger: ResultLedger | None) -> None:
        """Other books; None when there are none."""
        self.badge.setVisible(ledger is not None)
        self.switcher.setVisible(ledger is not None)
        if ledger is None:
            self.words.setText(self.tr("There are no books of this result yet."))
            self.red.show_lines(())
            self.notes.show_lines(())
            return
        self.badge.show_status(ledger_shown(ledger))
        self.words.setText(f"{total_words(ledger)} {sample_words(ledger.samples)}")
        self.red.show_lines([each.text for each in ledger.remarks if each.red])
        self.notes.show_lines([*(each.text for each in ledger.remarks if not each.red), *ledger.unknown])
        losses = ledger.lost_by_reason()
        self.chromosomes.show_rows([*ledger_rows(ledger.chromosomes), *_sums(ledger)])
        self.chunks.show_rows(ledger_rows(ledger.chunks))
        self.losses.show_rows(loss_rows(losses))
        self.switcher.offer((True, bool(ledger.chunks), bool(losses)))


def ledger_shown(ledger: ResultLedger) -> Shown:
    """Whether everything is accounted for."""
    if ledger.complete:
        return Shown(Status.DONE, _t("Adds up"))
    if ledger.adds_up and not ledger.unexplained:
        return Shown(Status.WARNING, _t("Needs a look"))
    return Shown(Status.FAILED, _t("Does not add up"))


def total_words(ledger: ResultLedger) -> str:
    """`262 typed → 2,871 imputed → 2,871 here.`"""
    parts = [
        f"{text.number(total)} {stage_words(stage).lower()}"
        for stage in _STAGES
        if (total := ledger.total(stage)) is not None
    ]
    return f"{' → '.join(parts)}." if parts else ""


def _sums(ledger: ResultLedger) -> list[tuple[Any, ...]]:
    """The line below several chromosomes."""
    if len(ledger.chromosomes) < 2:
        return []
    losses = [loss for row in ledger.chromosomes for loss in row.losses]
    lost = sum(each.count for each in losses if each.count > 0)
    counts = tuple(ledger.total(stage) for stage in _STAGES)
    return [(_t("All"), *counts, (lost, ledger.adds_up and not ledger.unexplained), "")]
