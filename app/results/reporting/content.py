"""What a report consists of, whatever it is shown on: sections of headlines, texts, tables and figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from app.results.reporting.shapes import Drawing

Cell = str | int | float | bool | None


@dataclass(frozen=True)
class Text:
    """A paragraph; `kind` is empty, `headline`, `small`, `good`, `fair` or `bad`."""

    words: str
    kind: str = ""


@dataclass(frozen=True)
class Table:
    """Rows under heads; at most `MOST_ROWS` are shown and the rest is counted."""

    heads: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    note: str = ""


@dataclass(frozen=True)
class Figure:
    """A drawing with a sentence below it."""

    drawing: Drawing
    words: str = ""


Block = Text | Table | Figure


@dataclass(frozen=True)
class Section:
    """A headline and what stands under it."""

    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Document:
    """A whole report; `about` is the small line under the title."""

    title: str
    about: str
    sections: Sequence[Section] = field(default_factory=tuple)


MOST_ROWS = 200


def cell_text(value: Cell) -> tuple[str, bool]:
    """What stands in a cell, and whether it is a number."""
    if isinstance(value, bool):
        return ("yes" if value else "no"), False
    if isinstance(value, int):
        return f"{value:,}", True
    if isinstance(value, float):
        return f"{value:,.4g}", True
    return value or "–", (value or "").endswith("%")


def table_texts(table: Table) -> list[list[str]]:
    """What stands in the cells of the rows that are shown; decimals of a column have the same digits."""
    rows = table.rows[:MOST_ROWS]
    columns = (_column_texts([row[number] for row in rows]) for number in range(len(table.heads)))
    return [list(row) for row in zip(*columns, strict=True)]


def _column_texts(cells: Sequence[Cell]) -> list[str]:
    texts = [cell_text(cell)[0] for cell in cells]
    numbers = [cell for cell in cells if isinstance(cell, float)]
    plain = all(cell is None or isinstance(cell, float) for cell in cells)
    if not plain or any("e" in text for text in texts):
        return texts
    digits = max((len(text.partition(".")[2]) for text in texts), default=0)
    return [f"{cell:,.{digits}f}" if isinstance(cell, float) else "–" for cell in cells] if numbers else texts


def numeric_columns(table: Table) -> list[bool]:
    """Columns with numbers and nothing else: they are set to the right."""
    columns = zip(*([cell_text(cell) for cell in row] for row in table.rows), strict=True)
    return [
        any(number for _, number in column) and all(number or text == "–" for text, number in column)
        for column in columns
    ]


def more_rows(table: Table) -> str:
    """The sentence about rows that are not shown."""
    more = len(table.rows) - MOST_ROWS
    return f"{more:,} more rows are not shown here." if more > 0 else ""
