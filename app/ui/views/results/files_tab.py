"""The files of a result with their proofs, and where the result comes from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

from PySide6.QtCore import QCoreApplication, Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from app.domain.ledger import FileBook, ResultLedger
from app.domain.result import NOT_WHOLE, Result
from app.ui import text
from app.ui.colours import Status
from app.ui.context import Context
from app.ui.models.table import Column
from app.ui.status import Shown
from app.ui.theme import GRID
from app.ui.views.results.result_words import Pairs, files_summary
from app.ui.widgets.basics import Card, KeyValues, SectionHeading, Text
from app.ui.widgets.choice_box import ChoiceBox
from app.ui.widgets.short_table import ShortTable


def _t(words: str) -> str:
    return QCoreApplication.translate("ResultFiles", words)


def _proof(value: Any) -> Shown:
    """How a file was proved to be whole."""
    word, whole = value
    return Shown(Status.DONE if whole else Status.FAILED, word, "shield" if whole else "")


def file_columns() -> tuple[Column, ...]:
    """Name, what it holds, records, index, proof, hash."""
    return (
        Column("path", _t("File"), 230),
        Column("proof", _t("Proof"), 170, status=_proof),
        Column("size", _t("Size"), 85, show=text.size, numeric=True),
        Column("kind", _t("Holds"), 130),
        Column(
            "records", _t("Records"), 85, show=lambda v: "" if v is None else text.number(v), numeric=True
        ),
        Column("index", _t("Index"), 65),
        Column("notes", _t("Notes"), 150),
        Column("source", _t("Out of"), 120),
        Column("sha256", _t("SHA-256"), 260),
    )


def file_rows(result: Result, ledger: ResultLedger | None) -> list[tuple[Any, ...]]:
    """By path; what the books know of a file stands beside it."""
    books = {each.path: each for each in ledger.files} if ledger is not None else {}
    return [
        (
            f.path,
            _proved(f.verified_by, books.get(f.path)),
            f.size,
            *_of(books.get(f.path), f.kind),
            f.source if f.source != f.path else "",
            f.sha256,
        )
        for f in sorted(result.files, key=lambda f: f.path)
    ]


def _proved(by: str, book: FileBook | None) -> tuple[str, bool]:
    whole = by != NOT_WHOLE and (book is None or book.end_marker is not False)
    return by or _t("not proved"), whole and bool(by)


def _of(book: FileBook | None, kind: str) -> tuple[str, int | None, str, str]:
    if book is None:
        return kind, None, "", ""
    notes = list(book.notes)
    if not book.sorted:
        notes.append(_t("not sorted"))
    if book.end_marker is False:
        notes.append(_t("no end marker"))
    return book.kind or kind, book.records or None, PurePath(book.index).suffix, "; ".join(notes)


MOST_LETTERS = 60
"""Of the names of datasets, in the box for them."""


class FilesTab(QWidget):
    """The table takes the room; below it what a paper needs to know, and what it cost.

    `priced` says the price that a person noted, `linked` the dataset that was sent, empty for none.
    """

    priced = Signal(str)
    linked = Signal(str)

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, GRID, 0, 0)
        column.setSpacing(GRID)
        self.words = Text(muted=True, wrap=False)
        self.table = ShortTable(context.theme, self.tr("Files"), file_columns(), most=12)
        column.addWidget(self.words)
        column.addWidget(self.table)
        card = Card(context.theme)
        card.body.addWidget(SectionHeading(self.tr("Where it comes from")))
        self.provenance = KeyValues()
        card.body.addWidget(self.provenance)
        card.body.addLayout(self._price_row())
        card.body.addLayout(self._sent_row())
        column.addWidget(card)
        column.addStretch(1)

    def _price_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(GRID)
        self.price = QLineEdit()
        self.price.setAccessibleName(self.tr("Price"))
        self.price.setPlaceholderText(self.tr("what it cost, for comparisons: 120 €"))
        self.price.setMaximumWidth(GRID * 40)
        self.price.editingFinished.connect(lambda: self.priced.emit(self.price.text()))
        label = Text(self.tr("Price"), muted=True, wrap=False)
        label.setBuddy(self.price)
        row.addWidget(label)
        row.addWidget(self.price, 1)
        row.addStretch(1)
        return row

    def _sent_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(GRID)
        self.sent = ChoiceBox()
        self.sent.setAccessibleName(self.tr("What was sent"))
        self.sent.setMinimumWidth(GRID * 40)
        self.sent.activated.connect(lambda _: self.linked.emit(self.sent.currentData() or ""))
        self.sent_label = Text(self.tr("What was sent"), muted=True, wrap=False)
        self.sent_label.setBuddy(self.sent)
        row.addWidget(self.sent_label)
        row.addWidget(self.sent)
        row.addStretch(1)
        return row

    def show_sent(self, choices: Sequence[tuple[str, str]], chosen: str | None, asked: bool) -> None:
        """Datasets, names and ids, of which one was sent; `asked` only where no job knows it."""
        pairs = [(self.tr("Not known"), ""), *choices]
        longest = max(len(name) for name, _ in pairs)
        self.sent.setMinimumContentsLength(min(longest, MOST_LETTERS))
        self.sent.offer(pairs, chosen or "")
        for widget in (self.sent, self.sent_label):
            widget.setVisible(asked)

    def show_files(self, result: Result, ledger: ResultLedger | None, pairs: Pairs) -> None:
        """Another result."""
        self.words.setText(files_summary(result))
        self.table.show_rows(file_rows(result, ledger))
        self.provenance.show_pairs(list(pairs))
        if not self.price.hasFocus():
            self.price.setText(result.price)
