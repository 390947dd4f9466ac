"""A TrueType font as far as a PDF needs it: which letters it has, how wide they are, and a part of it.

Tables as in the OpenType specification: head, hhea, hmtx, maxp, cmap (formats 4 and 12), loca, glyf.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_KEPT = ("cvt ", "fpgm", "glyf", "head", "hhea", "hmtx", "loca", "maxp", "prep")
_MORE, _SCALE, _TWO_SCALES, _MATRIX, _WORDS = 0x20, 0x08, 0x40, 0x80, 0x01
_CHECK = 0xB1B0AFBA


@dataclass(frozen=True, eq=False)
class TrueType:
    """A font: `tables` by tag, glyph numbers by letter, advance widths of glyphs in units of the em."""

    name: str
    tables: dict[str, bytes]
    glyphs: dict[int, int]
    widths: tuple[int, ...]
    units: int
    box: tuple[int, int, int, int]
    ascent: int
    descent: int

    def glyph(self, letter: str) -> int:
        """The glyph of a letter, 0 where the font has none."""
        return self.glyphs.get(ord(letter), 0)

    def width(self, letter: str) -> float:
        """The width of a letter in ems."""
        return self.widths[self.glyph(letter)] / self.units

    def part(self, letters: Iterable[str]) -> bytes:
        """A font file with the outlines of these letters only; glyph numbers stay as they are."""
        wanted = self._with_components({0, *(self.glyph(each) for each in letters)})
        outlines, places = bytearray(), [0]
        for number in range(len(self.widths)):
            if number in wanted:
                outline = self._outline(number)
                outlines += outline + bytes(-len(outline) % 4)
            places.append(len(outlines))
        loca = struct.pack(f">{len(places)}I", *places)
        head = bytearray(self.tables["head"])
        struct.pack_into(">h", head, 50, 1)
        made = {**self.tables, "glyf": bytes(outlines), "loca": loca, "head": bytes(head)}
        return _file({tag: made[tag] for tag in _KEPT if tag in made})

    def _with_components(self, wanted: set[int]) -> set[int]:
        found, waiting = set(wanted), list(wanted)
        while waiting:
            for each in _components(self._outline(waiting.pop())):
                if each not in found:
                    found.add(each)
                    waiting.append(each)
        return found

    def _outline(self, number: int) -> bytes:
        loca, glyf = self.tables["loca"], self.tables["glyf"]
        if struct.unpack_from(">h", self.tables["head"], 50)[0]:
            start, end = struct.unpack_from(">2I", loca, 4 * number)
        else:
            start, end = (2 * each for each in struct.unpack_from(">2H", loca, 2 * number))
        return glyf[start:end]


@cache
def open_font(path: Path, name: str) -> TrueType:
    """Read a font file. OSError, or struct.error when it is none."""
    data = path.read_bytes()
    tables = {}
    for number in range(struct.unpack_from(">H", data, 4)[0]):
        tag, _, start, length = struct.unpack_from(">4s3I", data, 12 + 16 * number)
        tables[tag.decode("latin-1")] = data[start : start + length]
    count = struct.unpack_from(">H", tables["maxp"], 4)[0]
    long_widths = struct.unpack_from(">H", tables["hhea"], 34)[0]
    widths = [struct.unpack_from(">H", tables["hmtx"], 4 * n)[0] for n in range(long_widths)]
    widths += [widths[-1]] * (count - long_widths)
    box = struct.unpack_from(">4h", tables["head"], 36)
    ascent, descent = struct.unpack_from(">2h", tables["hhea"], 4)
    units = struct.unpack_from(">H", tables["head"], 18)[0]
    return TrueType(name, tables, _letters(tables["cmap"]), tuple(widths), units, box, ascent, descent)


def _letters(cmap: bytes) -> dict[int, int]:
    """Glyphs by letter, of the fullest table of Unicode."""
    found: dict[int, int] = {}
    for number in range(struct.unpack_from(">H", cmap, 2)[0]):
        platform, _, start = struct.unpack_from(">HHI", cmap, 4 + 8 * number)
        form = struct.unpack_from(">H", cmap, start)[0]
        if platform in (0, 3) and form == 4:
            found = {**_format4(cmap[start:]), **found}
        elif platform in (0, 3) and form == 12:
            found |= _format12(cmap[start:])
    return found


def _format4(table: bytes) -> dict[int, int]:
    count = struct.unpack_from(">H", table, 6)[0] // 2
    ends, starts, deltas, offsets = (
        struct.unpack_from(f">{count}H", table, at + 2 * count * skip)
        for at, skip in ((14, 0), (16, 1), (16, 2), (16, 3))
    )
    found: dict[int, int] = {}
    for number, (start, end) in enumerate(zip(starts, ends, strict=True)):
        for letter in range(start, end + 1):
            glyph = letter
            if offsets[number]:
                at = 16 + 6 * count + 2 * number + offsets[number] + 2 * (letter - start)
                glyph = struct.unpack_from(">H", table, at)[0] if at + 2 <= len(table) else 0
                if not glyph:
                    continue
            if glyph := (glyph + deltas[number]) & 0xFFFF:
                found[letter] = glyph
    found.pop(0xFFFF, None)
    return found


def _format12(table: bytes) -> dict[int, int]:
    found: dict[int, int] = {}
    for number in range(struct.unpack_from(">I", table, 12)[0]):
        start, end, glyph = struct.unpack_from(">3I", table, 16 + 12 * number)
        found |= {letter: glyph + letter - start for letter in range(start, end + 1)}
    return found


def _components(outline: bytes) -> Iterable[int]:
    """The glyphs that a glyph is put together from."""
    if len(outline) < 10 or struct.unpack_from(">h", outline)[0] >= 0:
        return
    at, flags = 10, _MORE
    while flags & _MORE:
        flags, glyph = struct.unpack_from(">2H", outline, at)
        yield glyph
        at += 8 if flags & _WORDS else 6
        at += 2 if flags & _SCALE else 4 if flags & _TWO_SCALES else 8 if flags & _MATRIX else 0


def _file(tables: dict[str, bytes]) -> bytes:
    """A font file of these tables, with its checksums."""
    power = 1 << (len(tables).bit_length() - 1)
    head = struct.pack(
        ">I4H", 0x10000, len(tables), 16 * power, power.bit_length() - 1, 16 * (len(tables) - power)
    )
    place = len(head) + 16 * len(tables)
    entries, body = b"", b""
    where = 0
    for tag, data in sorted(tables.items()):
        if tag == "head":
            data = data[:8] + bytes(4) + data[12:]
            where = place + len(body) + 8
        entries += struct.pack(">4s3I", tag.encode("latin-1"), _sum(data), place + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    made = bytearray(head + entries + body)
    struct.pack_into(">I", made, where, (_CHECK - _sum(bytes(made))) & 0xFFFFFFFF)
    return bytes(made)


def _sum(data: bytes) -> int:
    padded = data + bytes(-len(data) % 4)
    total: int = sum(struct.unpack(f">{len(padded) // 4}I", padded))
    return total & 0xFFFFFFFF
