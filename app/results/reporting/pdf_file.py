"""A PDF file (ISO 32000-1): pages, streams, embedded fonts, outline; without anything from elsewhere.

The same content gives the same bytes.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from app.results.reporting.truetype import TrueType

A4 = (595.28, 841.89)


@dataclass
class PdfFile:
    """Collects objects; `page` adds one page, `data` gives the file."""

    title: str
    made: datetime
    fonts: Sequence[TrueType]
    _pages: list[bytes] = field(default_factory=list)
    _outline: list[tuple[str, int, float]] = field(default_factory=list)
    _used: dict[str, set[str]] = field(default_factory=dict)

    def text(self, font: TrueType, words: str) -> bytes:
        """Letters as a string for `Tj`; they become part of the embedded font."""
        self._used.setdefault(font.name, set()).update(words)
        return b"<" + b"".join(b"%04X" % font.glyph(each) for each in words) + b">"

    def page(self, content: bytes) -> None:
        """Add a page with its drawing commands."""
        self._pages.append(content)

    def mark(self, title: str, y: float) -> None:
        """Add a line to the table of contents of the viewer: a place on the page that comes next."""
        self._outline.append((title, len(self._pages), y))

    def data(self) -> bytes:
        """The whole file."""
        made = _Objects()
        root, pages, info, outlines = (made.reserve() for _ in range(4))
        fonts = {font.name: self._font(made, font) for font in self.fonts}
        listed = b" ".join(b"/%s %d 0 R" % (name.encode(), number) for name, number in fonts.items())
        numbers = []
        for content in self._pages:
            stream = made.stream({}, content)
            numbers.append(
                made.add(
                    b"<</Type/Page/Parent %d 0 R/MediaBox[0 0 %.2f %.2f]/Contents %d 0 R"
                    b"/Resources<</Font<<%s>>>>>>" % (pages, *A4, stream, listed)
                )
            )
        kids = b" ".join(b"%d 0 R" % each for each in numbers)
        made.set(pages, b"<</Type/Pages/Count %d/Kids[%s]>>" % (len(numbers), kids))
        self._add_outline(made, outlines, numbers)
        made.set(
            root,
            b"<</Type/Catalog/Pages %d 0 R/Outlines %d 0 R/Lang(en)"
            b"/ViewerPreferences<</DisplayDocTitle true>>/PageMode/UseOutlines>>" % (pages, outlines),
        )
        made.set(
            info,
            b"<</Title%s/Producer%s/CreationDate(D:%s)>>"
            % (_string(self.title), _string("Haplodesk"), f"{self.made:%Y%m%d%H%M%S}Z".encode()),
        )
        return made.file(root, info)

    def _add_outline(self, made: _Objects, outlines: int, pages: Sequence[int]) -> None:
        numbers = [made.reserve() for _ in self._outline]
        for place, (title, page, y) in enumerate(self._outline):
            before = b"/Prev %d 0 R" % numbers[place - 1] if place else b""
            after = b"/Next %d 0 R" % numbers[place + 1] if place + 1 < len(numbers) else b""
            body = b"<</Title%s/Parent %d 0 R%s%s/Dest[%d 0 R/XYZ null %.1f null]>>"
            made.set(numbers[place], body % (_string(title), outlines, before, after, pages[page], y))
        ends = b"/First %d 0 R/Last %d 0 R" % (numbers[0], numbers[-1]) if numbers else b""
        made.set(outlines, b"<</Type/Outlines%s/Count %d>>" % (ends, len(numbers)))

    def _font(self, made: _Objects, font: TrueType) -> int:
        """A composite font with the letters that were used, their widths, and what they mean for copying."""
        letters = sorted(self._used.get(font.name, {" "}))
        tag = hashlib.sha256("".join(letters).encode("utf-8", "surrogatepass")).digest()[:6]
        name = "".join(chr(65 + each % 26) for each in tag) + "+" + font.name
        scale = 1000 / font.units
        part = font.part(letters)
        file = made.stream({b"Length1": b"%d" % len(part)}, part)
        box = b" ".join(b"%d" % round(each * scale) for each in font.box)
        about = made.add(
            b"<</Type/FontDescriptor/FontName/%s/Flags 4/FontBBox[%s]/ItalicAngle 0/Ascent %d/Descent %d"
            b"/CapHeight %d/StemV 80/FontFile2 %d 0 R>>"
            % (name.encode(), box, font.ascent * scale, font.descent * scale, font.ascent * scale, file)
        )
        pairs = sorted({(font.glyph(each), round(font.width(each) * 1000)) for each in letters})
        widths = b"".join(b"%d[%d]" % pair for pair in pairs)
        inner = made.add(
            b"<</Type/Font/Subtype/CIDFontType2/BaseFont/%s/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)"
            b"/Supplement 0>>/FontDescriptor %d 0 R/CIDToGIDMap/Identity/DW 600/W[%s]>>"
            % (name.encode(), about, widths)
        )
        meanings = made.stream({}, _meanings(font, letters))
        return made.add(
            b"<</Type/Font/Subtype/Type0/BaseFont/%s/Encoding/Identity-H/DescendantFonts[%d 0 R]"
            b"/ToUnicode %d 0 R>>" % (name.encode(), inner, meanings)
        )


class _Objects:
    """Numbered objects of a file."""

    def __init__(self) -> None:
        self._bodies: list[bytes] = []

    def reserve(self) -> int:
        self._bodies.append(b"null")
        return len(self._bodies)

    def set(self, number: int, body: bytes) -> None:
        self._bodies[number - 1] = body

    def add(self, body: bytes) -> int:
        self._bodies.append(body)
        return len(self._bodies)

    def stream(self, entries: Mapping[bytes, bytes], content: bytes) -> int:
        packed = zlib.compress(content, 9)
        told = b"".join(b"/%s %s" % each for each in entries.items())
        head = b"<</Filter/FlateDecode/Length %d%s>>" % (len(packed), told)
        return self.add(head + b"stream\n" + packed + b"\nendstream")

    def file(self, root: int, info: int) -> bytes:
        made = bytearray(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
        places = []
        for number, body in enumerate(self._bodies, start=1):
            places.append(len(made))
            made += b"%d 0 obj\n" % number + body + b"\nendobj\n"
        start = len(made)
        made += b"xref\n0 %d\n0000000000 65535 f \n" % (len(places) + 1)
        made += b"".join(b"%010d 00000 n \n" % each for each in places)
        key = hashlib.sha256(made).hexdigest()[:32].encode()
        made += b"trailer\n<</Size %d/Root %d 0 R/Info %d 0 R/ID[<%s><%s>]>>\nstartxref\n%d\n%%%%EOF\n" % (
            len(places) + 1,
            root,
            info,
            key,
            key,
            start,
        )
        return bytes(made)


def _string(text: str) -> bytes:
    return b"<" + (b"\xfe\xff" + text.encode("utf-16-be", "replace")).hex().upper().encode() + b">"


def _meanings(font: TrueType, letters: Iterable[str]) -> bytes:
    """What each glyph means, so that text can be searched and copied."""
    pairs = {font.glyph(each): each for each in letters if font.glyph(each)}
    lines = [
        b"<%04X><%s>" % (glyph, letter.encode("utf-16-be").hex().upper().encode())
        for glyph, letter in sorted(pairs.items())
    ]
    parts = []
    for start in range(0, len(lines), 100):
        some = lines[start : start + 100]
        parts.append(b"%d beginbfchar\n%s\nendbfchar" % (len(some), b"\n".join(some)))
    return (
        b"/CIDInit/ProcSet findresource begin 12 dict begin begincmap/CIDSystemInfo<</Registry(Adobe)"
        b"/Ordering(UCS)/Supplement 0>>def/CMapName/Adobe-Identity-UCS def/CMapType 2 def\n"
        b"1 begincodespacerange<0000><FFFF>endcodespacerange\n"
        + b"\n".join(parts)
        + b"\nendcmap CMapName currentdict/CMap defineresource pop end end"
    )
