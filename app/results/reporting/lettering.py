"""Text on paper: the fonts that ship with the program, letters they lack, and where lines break."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from app.domain.resources import resource
from app.results.reporting.truetype import TrueType, open_font


def regular() -> TrueType:
    """DejaVu Sans: Latin, Greek, Cyrillic, Armenian, Georgian, Hebrew, Arabic and many signs."""
    return open_font(resource("reports", "fonts", "DejaVuSans.ttf"), "DejaVuSans")


def bold() -> TrueType:
    """Its bold sister."""
    return open_font(resource("reports", "fonts", "DejaVuSans-Bold.ttf"), "DejaVuSans-Bold")


def printable(text: str, font: TrueType) -> str:
    """The text with every letter that the font lacks as `‹U+4E2D›`: nothing is lost without a trace."""
    composed = unicodedata.normalize("NFC", text)
    return "".join(map(lambda letter: _shown(letter, font), composed))


def _shown(letter: str, font: TrueType) -> str:
    if font.glyph(letter):
        return letter
    return " " if letter.isspace() else f"‹U+{ord(letter):04X}›"


def width(text: str, font: TrueType, size: float) -> float:
    """How wide a text is, in points."""
    return size * sum(map(font.width, text))


def lines(text: str, font: TrueType, size: float, room: float) -> Iterator[str]:
    """The text in lines of at most `room` points; words that are too long are cut."""
    line = ""
    for word in text.split():
        longer = f"{line} {word}" if line else word
        if width(longer, font, size) <= room:
            line = longer
            continue
        if line:
            yield line
        *whole, line = _pieces(word, font, size, room)
        yield from whole
    yield line


def _pieces(word: str, font: TrueType, size: float, room: float) -> list[str]:
    pieces, piece, wide = list[str](), "", 0.0
    for letter in word:
        more = size * font.width(letter)
        if piece and wide + more > room:
            pieces.append(piece)
            piece, wide = "", 0.0
        piece += letter
        wide += more
    return [*pieces, piece]
