"""The header of a VCF file, read softly: what is odd is kept for the checks, nothing is raised."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_CONTIG = re.compile(rb"^##contig=<(.*)>\s*$", re.IGNORECASE)
_ID = re.compile(rb"(?:^|,)ID=([^,>]+)", re.IGNORECASE)
_LENGTH = re.compile(rb"(?:^|,)length=(\d{1,12})", re.IGNORECASE)
_VERSION = re.compile(rb"^##fileformat=\s*VCFv?(\d+)\.(\d+)", re.IGNORECASE)
FIXED_COLUMNS = (b"#CHROM", b"POS", b"ID", b"REF", b"ALT", b"QUAL", b"FILTER", b"INFO", b"FORMAT")
_MOST_CONTIGS = 100_000
BOM = b"\xef\xbb\xbf"


@dataclass
class Header:
    """What stands above the first record.

    `columns` are the words of the #CHROM line, None without one. `contigs` maps a name to its length or
    None. `lines` counts all header lines, `misplaced` those that do not belong there.
    """

    bom: bool = False
    file_format: str = ""
    version: tuple[int, int] | None = None
    file_format_first: bool = False
    file_format_as_written: bytes = b""
    lines: int = 0
    columns: list[bytes] | None = None
    blanks_for_tabs: bool = False
    contigs: dict[str, int | None] = field(default_factory=dict)
    formats: set[str] = field(default_factory=set)
    reference: str = ""
    not_utf8: bool = False

    @property
    def samples(self) -> list[str]:
        """Sample names, bytes that are not UTF-8 replaced as the server does it."""
        return [each.decode("utf-8", "replace") for each in (self.columns or [])[9:]]

    @property
    def version_text(self) -> str:
        """Such as `4.2`, empty when it is not known."""
        return "" if self.version is None else f"{self.version[0]}.{self.version[1]}"

    def add(self, line: bytes) -> None:
        """Take in one header line, without its line end."""
        self.lines += 1
        if self.lines == 1 and line.startswith(BOM):
            self.bom, line = True, line[3:]
        line = line.rstrip(b"\r")
        if line.startswith(b"##"):
            self._add_meta(line)
        else:
            self._add_columns(line)

    def _add_meta(self, line: bytes) -> None:
        if line.lower().startswith(b"##fileformat=") and not self.file_format:
            self.file_format_as_written = line[:60].rstrip()
            self.file_format = line[13:60].decode("utf-8", "replace").strip()
            self.file_format_first = self.lines == 1
            if match := _VERSION.match(line):
                self.version = int(match[1]), int(match[2])
        elif match := _CONTIG.match(line):
            self._add_contig(match[1])
        elif line.startswith(b"##FORMAT=<") and (name := _ID.search(line[10:])):
            self.formats.add(name[1].decode("utf-8", "replace"))
        elif line.startswith(b"##reference=") and not self.reference:
            self.reference = line[12:212].decode("utf-8", "replace")

    @property
    def contig_lengths(self) -> tuple[tuple[str, int], ...]:
        """The contigs whose length is stated."""
        return tuple((name, bases) for name, bases in self.contigs.items() if bases is not None)

    def _add_contig(self, inside: bytes) -> None:
        name = _ID.search(inside)
        length = _LENGTH.search(inside)
        if name and len(self.contigs) < _MOST_CONTIGS:
            self.contigs[name[1].decode("utf-8", "replace")] = int(length[1]) if length else None

    def _add_columns(self, line: bytes) -> None:
        if self.columns is not None:
            return
        self.blanks_for_tabs = b"\t" not in line and b" " in line
        self.columns = line.split() if self.blanks_for_tabs else line.split(b"\t")
        try:
            line.decode("utf-8")
        except UnicodeDecodeError:
            self.not_utf8 = True
