"""Rows as text: for the clipboard and for CSV and TSV files."""

from __future__ import annotations

import asyncio
import csv
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QWidget

from app.domain.problem import Kind, problem
from app.operations.whole_file import whole_file
from app.ui.context import Context
from app.ui.models.table import TableModel

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_NUMBER = re.compile(r"[+-]?[\d.,]+([eE][+-]?\d+)?%?|[+-]")


def as_text(rows: Sequence[Sequence[str]], titles: Sequence[str] | None = None) -> str:
    """Tab-separated lines; tabs and line ends inside a value become spaces."""
    lines = [titles, *rows] if titles is not None else list(rows)
    return "\n".join("\t".join(" ".join(value.split()) for value in line) for line in lines)


def copy_to_clipboard(rows: Sequence[Sequence[str]], titles: Sequence[str] | None = None) -> None:
    """Put rows on the clipboard."""
    QGuiApplication.clipboard().setText(as_text(rows, titles))


def write_table(path: Path, rows: Sequence[Sequence[str]], titles: Sequence[str]) -> None:
    """Write a CSV file, or a TSV file by the end of the name; whole or not at all.

    No cell is a formula for a program that opens it: names of people and files come from elsewhere.
    """
    delimiter = "\t" if path.suffix.lower() in (".tsv", ".txt") else ","
    try:
        with whole_file(path, newline="") as out:
            writer = csv.writer(out, delimiter=delimiter)
            writer.writerow(titles)
            writer.writerows([plain_cell(cell) for cell in row] for row in rows)
    except OSError as error:
        raise problem(
            Kind.DISK,
            _t("The table was not exported"),
            error.strerror or str(error),
            _t("Choose another folder."),
            subject=path.name,
        ) from error


def plain_cell(cell: str) -> str:
    """A cell that a spreadsheet shows as it is: an apostrophe before what it would take for a formula."""
    return f"'{cell}" if cell.startswith(_FORMULA) and not _NUMBER.fullmatch(cell) else cell


def choose_and_export(
    parent: QWidget,
    context: Context,
    model: TableModel,
    columns: Sequence[int],
    titles: Sequence[str],
    done: Callable[[Path, int], object],
) -> None:
    """Ask for a name without blocking, read all rows, write them."""
    dialog = QFileDialog(parent, _t("Export this table"), "", _t("CSV (*.csv);;TSV (*.tsv)"))
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix("csv")
    dialog.fileSelected.connect(lambda name: export_to(Path(name), context, model, columns, titles, done))
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()


def export_to(
    path: Path,
    context: Context,
    model: TableModel,
    columns: Sequence[int],
    titles: Sequence[str],
    done: Callable[[Path, int], object],
) -> None:
    """Read all rows and write them in a thread."""

    def write(rows: list[list[str]]) -> None:
        context.bridge.run(
            asyncio.to_thread(write_table, path, rows, titles),
            model,
            lambda _: done(path, len(rows)),
            context.notices.problem,
        )

    model.texts(list(model.ids()), columns, write)


def _t(text: str) -> str:
    return QCoreApplication.translate("TableTexts", text)
