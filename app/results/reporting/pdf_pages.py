"""A report as pages of a PDF: the same content as the page, with the same drawings as vectors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from app.results.reporting.content import (
    Block,
    Document,
    Figure,
    Section,
    Table,
    Text,
    more_rows,
    numeric_columns,
    table_texts,
)
from app.results.reporting.lettering import bold, lines, printable, regular, width
from app.results.reporting.pdf_file import A4, PdfFile
from app.results.reporting.pdf_shapes import colour, draw
from app.results.reporting.shapes import BAD, MUTED, RULE, TEXT
from app.results.reporting.truetype import TrueType

_MARGIN, _FOOT = 50.0, 48.0
_ROOM = A4[0] - 2 * _MARGIN
_GOOD, _FAIR = (0.09, 0.41, 0.18), (0.48, 0.31, 0.0)
_COLOURS = {"good": _GOOD, "fair": _FAIR, "bad": BAD, "small": MUTED}
_CELL = 7.5
_PAD = 6.0
_HEAD = 90.0
_SCALE = 0.7


def pdf_pages(document: Document, made: datetime) -> bytes:
    """The whole file. Letters that the fonts lack are written by their number."""
    sheet = _Sheet(PdfFile(document.title, made, (regular(), bold())))
    sheet.words(document.title, bold(), 18)
    sheet.words(document.about, regular(), 8, MUTED)
    for section in document.sections:
        _section(sheet, section)
    return sheet.finished(document.title)


@dataclass
class _Sheet:
    """The page that is being filled; `y` is how far down it is from the top."""

    file: PdfFile
    y: float = _MARGIN
    commands: list[bytes] = field(default_factory=list)
    pages: list[list[bytes]] = field(default_factory=list)
    marks: list[tuple[str, int, float]] = field(default_factory=list)

    def need(self, height: float) -> bool:
        """Begin another page when there is less room than this; whether one was begun."""
        if self.y + height <= A4[1] - _FOOT or not self.commands:
            return False
        self.pages.append(self.commands)
        self.commands, self.y = [], _MARGIN
        return True

    def words(
        self,
        text: str,
        font: TrueType,
        size: float,
        tint: tuple[float, float, float] = TEXT,
        indent: float = 0.0,
    ) -> None:
        """A paragraph."""
        leading = size * 1.4
        for line in lines(printable(text, font), font, size, _ROOM - indent):
            self.need(leading)
            self.y += leading
            self.line(_MARGIN + indent, self.y - leading * 0.28, line, font, size, tint)
        self.y += size * 0.3

    def line(
        self,
        x: float,
        y: float,
        text: str,
        font: TrueType,
        size: float,
        tint: tuple[float, float, float] = TEXT,
    ) -> None:
        """Printable text at a place."""
        shown = self.file.text(font, text)
        name = font.name.encode()
        place = b"BT /%s %.2f Tf 1 0 0 1 %.2f %.2f Tm %s Tj ET" % (name, size, x, A4[1] - y, shown)
        self.commands.append(colour(tint, b"rg") + b" " + place)

    def rule(self, y: float, wide: float = _ROOM) -> None:
        """A thin line from the left."""
        up = A4[1] - y
        self.commands.append(
            colour(RULE, b"RG") + b" 0.5 w %.2f %.2f m %.2f %.2f l S" % (_MARGIN, up, _MARGIN + wide, up)
        )

    def finished(self, title: str) -> bytes:
        """The file, with a line at the foot of each page."""
        self.pages.append(self.commands)
        for number, commands in enumerate(self.pages, start=1):
            self.commands = commands
            told = f"{title[:70]} · page {number} of {len(self.pages)}"
            self.line(_MARGIN, A4[1] - 26, printable(told, regular()), regular(), 7, MUTED)
            for mark, page, y in self.marks:
                if page == number - 1:
                    self.file.mark(mark, A4[1] - y)
            self.file.page(b"\n".join(commands))
        return self.file.data()


def _section(sheet: _Sheet, section: Section) -> None:
    sheet.need(_first_height(section) + 44)
    sheet.y += 14 if sheet.commands else 0
    sheet.marks.append((section.title, len(sheet.pages), sheet.y))
    sheet.words(section.title, bold(), 12)
    sheet.rule(sheet.y)
    sheet.y += 4
    for block in section.blocks:
        _block(sheet, block)


def _first_height(section: Section) -> float:
    """What must stay with the headline."""
    first = section.blocks[0]
    return _figure_height(first) if isinstance(first, Figure) else 60.0


def _figure_height(figure: Figure) -> float:
    return figure.drawing.height * _scale(figure) + 20


def _scale(figure: Figure) -> float:
    drawing = figure.drawing
    return min(_SCALE, _ROOM / drawing.width, (A4[1] - _MARGIN - _FOOT - 90) / drawing.height)


def _block(sheet: _Sheet, block: Block) -> None:
    if isinstance(block, Text):
        _text(sheet, block)
    elif isinstance(block, Figure):
        _figure(sheet, block)
    elif block.rows:
        _table(sheet, block)


def _text(sheet: _Sheet, text: Text) -> None:
    font = bold() if text.kind == "headline" else regular()
    size = {"headline": 10.5, "small": 7.5}.get(text.kind, 9.0)
    indent = 10.0 if text.kind == "method" else 0.0
    for line in text.words.split("\n"):
        sheet.words(line, font, size, _COLOURS.get(text.kind, TEXT), indent)


def _figure(sheet: _Sheet, figure: Figure) -> None:
    sheet.need(_figure_height(figure))
    scale = _scale(figure)
    sheet.commands.append(draw(sheet.file, figure.drawing, _MARGIN, A4[1] - sheet.y, scale))
    sheet.y += figure.drawing.height * scale + 2
    if figure.words:
        sheet.words(figure.words, regular(), 7.5, MUTED)
    sheet.y += 4


def _table(sheet: _Sheet, table: Table) -> None:
    texts = table_texts(table)
    numeric = numeric_columns(table)
    widths = _widths(table.heads, texts)
    heads = [printable(each, bold()) for each in table.heads]

    def head() -> None:
        if any(heads):
            _row(sheet, heads, widths, numeric, bold(), lambda: None)

    sheet.need(50)
    head()
    for row in texts:
        _row(sheet, [printable(text, regular()) for text in row], widths, numeric, regular(), head)
    for note in (more_rows(table), table.note):
        if note:
            sheet.words(note, regular(), 7.5, MUTED)
    sheet.y += 6


def _widths(heads: Sequence[str], texts: Sequence[Sequence[str]]) -> list[float]:
    """Columns as wide as what they hold; where there is too little room, the widest give way."""
    wanted = []
    for column, head in enumerate(heads):
        widest = max(
            (width(printable(row[column], regular()), regular(), _CELL) for row in texts), default=0.0
        )
        wanted.append(max(widest, _head_width(head)) + 2 * _PAD)
    limit = max(wanted)
    while sum(min(each, limit) for each in wanted) > _ROOM:
        limit *= 0.95
    return [min(each, limit) for each in wanted]


def _head_width(head: str) -> float:
    """Long heads may break between words."""
    longest = max((width(word, bold(), _CELL) for word in head.split()), default=0.0)
    return max(longest, min(width(head, bold(), _CELL), _HEAD))


def _row(
    sheet: _Sheet,
    texts: Sequence[str],
    widths: Sequence[float],
    numeric: Sequence[bool],
    font: TrueType,
    head: Callable[[], None],
) -> None:
    leading = _CELL * 1.35
    cells = [
        list(lines(text, font, _CELL, wide - 2 * _PAD)) for text, wide in zip(texts, widths, strict=True)
    ]
    height = leading * max(map(len, cells)) + 4
    if sheet.need(height):
        head()
    x = _MARGIN
    for cell, wide, number in zip(cells, widths, numeric, strict=True):
        for place, line in enumerate(cell):
            shift = wide - 2 * _PAD - width(line, font, _CELL) if number else 0.0
            sheet.line(x + shift, sheet.y + leading * (place + 0.85), line, font, _CELL)
        x += wide
    sheet.y += height
    sheet.rule(sheet.y - 2, sum(widths))
