"""Drawings as commands of a PDF page."""

from __future__ import annotations

from app.results.reporting.lettering import printable, regular, width
from app.results.reporting.pdf_file import PdfFile
from app.results.reporting.shapes import PAPER, Box, Curve, Dot, Drawing, Line, Look, Shape, Words

_SIZE = 11.0
_ROUND = 0.5523  # of a radius: where the handles of a quarter of a circle lie


def draw(file: PdfFile, drawing: Drawing, left: float, top: float, scale: float) -> bytes:
    """The drawing with its upper left corner at a place of the page (y upwards)."""
    place = b"q %.4f 0 0 %.4f %.2f %.2f cm" % (scale, -scale, left, top)
    return b"\n".join([place, *(_shape(file, each) for each in drawing.shapes), b"Q"])


def colour(tint: tuple[float, float, float], operator: bytes) -> bytes:
    """A command that sets the colour of areas (`rg`) or lines (`RG`)."""
    return b"%.3f %.3f %.3f %s" % (*tint, operator)


def _shape(file: PdfFile, shape: Shape) -> bytes:
    look = PAPER[shape.kind]
    if isinstance(shape, Words):
        return _words(file, shape, look)
    if isinstance(shape, Line):
        path = b"%.2f %.2f m %.2f %.2f l" % (shape.x1, shape.y1, shape.x2, shape.y2)
    elif isinstance(shape, Curve):
        points = [b"%.2f %.2f %s" % (x, y, b"l" if n else b"m") for n, (x, y) in enumerate(shape.points)]
        path = b" ".join(points)
    elif isinstance(shape, Dot):
        path = _circle(shape)
    else:
        path = b"%.2f %.2f %.2f %.2f re" % (shape.x, shape.y, shape.width, shape.height)
    return _painted(path, look, shape.opacity if isinstance(shape, Box) else 1.0) if path else b""


def _painted(path: bytes, look: Look, opacity: float) -> bytes:
    """Opacity as a paler colour: what lies below is white."""
    parts = []
    if look.fill is not None:
        red, green, blue = (1 - opacity * (1 - part) for part in look.fill)
        parts.append(colour((red, green, blue), b"rg"))
    if look.stroke is not None:
        dash = b" ".join(b"%.1f" % each for each in look.dash)
        parts.append(colour(look.stroke, b"RG") + b" %.2f w [%s] 0 d" % (look.width, dash))
    paint = b"B" if look.fill and look.stroke else b"f" if look.fill else b"S"
    return b" ".join([*parts, path, paint])


def _circle(dot: Dot) -> bytes:
    x, y, r, k = dot.x, dot.y, dot.radius, dot.radius * _ROUND
    curves = (
        (x + r, y + k, x + k, y + r, x, y + r),
        (x - k, y + r, x - r, y + k, x - r, y),
        (x - r, y - k, x - k, y - r, x, y - r),
        (x + k, y - r, x + r, y - k, x + r, y),
    )
    quarters = b" ".join(b"%.2f %.2f %.2f %.2f %.2f %.2f c" % each for each in curves)
    return b"%.2f %.2f m " % (x + r, y) + quarters


def _words(file: PdfFile, words: Words, look: Look) -> bytes:
    font = regular()
    text = printable(words.text, font)
    wide = width(text, font, _SIZE)
    back = {"start": 0.0, "middle": wide / 2, "end": wide}[words.anchor]
    if words.up:
        turn = b"0 -1 -1 0 %.2f %.2f Tm" % (words.x, words.y + back)
    else:
        turn = b"1 0 0 -1 %.2f %.2f Tm" % (words.x - back, words.y)
    tint = colour(look.fill or (0.0, 0.0, 0.0), b"rg")
    shown = file.text(font, text)
    return b"BT %s /%s %.1f Tf %s %s Tj ET" % (tint, font.name.encode(), _SIZE, turn, shown)
