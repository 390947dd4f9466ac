"""The header of an upload as the server's library reads it (7.2, 7.12 G); texts are the library's."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from app.genotypes.server.meta_lines import MetaFault, check_meta
from app.genotypes.server.stops import ServerStop

_VERSIONS = ("VCRv3.2", "VCFv3.3", "VCFv4.0", "VCFv4.1", "VCFv4.2", "VCFv4.3")
_KEYS = ("fileformat", "format")
_FIXED = ("CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO")
_NO_COLUMNS = "We never saw the required CHROM header line (starting with one #) for the input VCF file"


@dataclass
class HeaderRules:
    """Lines above the first record, taken in one by one; `done` after the line of columns."""

    path: Path
    version: str = ""
    names: list[str] = field(default_factory=list)
    lines: int = 0
    done: bool = False
    _meta: list[str] = field(default_factory=list)

    def take(self, line: str) -> None:
        """One line; ServerStop at a fault, also for a line that is no header."""
        self.lines += 1
        if line.startswith("##"):
            self._take_meta(line)
        elif line.startswith("#"):
            self._take_columns(line)
        else:
            raise self.malformed(_NO_COLUMNS)

    def end(self) -> None:
        """The end of the file; ServerStop when the columns were never named."""
        if not self.done:
            raise self.malformed(_NO_COLUMNS)

    def _take_meta(self, line: str) -> None:
        self._meta.append(line)
        key, _, value = line[2:].partition("=")
        if key.strip() not in _KEYS or "=" in value or not value:
            return
        version = value.strip()
        if version not in _VERSIONS:
            raise self.malformed(f"{value} is not a supported version")
        if not version.startswith("VCFv4"):
            raise self.malformed(f"This codec is strictly for VCFv4; please use the VCF3 codec for {value}")
        self.version = version

    def _take_columns(self, line: str) -> None:
        if not self.version:
            raise self.malformed("We never saw a header line specifying VCF version")
        for meta in self._meta:
            self._check_meta(meta)
        columns = java_split(line)
        self._check_columns(line, [columns[0][1:], *columns[1:]])
        self.done = True
        if line.startswith("#CHROM"):
            names_differ(line)
        self.names = columns[9:]

    def _check_meta(self, line: str) -> None:
        try:
            check_meta(line, self.version in ("VCFv4.2", "VCFv4.3"))
        except MetaFault as fault:
            raise (self.malformed if fault.header else self.unreadable)(fault.what) from fault

    def _check_columns(self, line: str, columns: Sequence[str]) -> None:
        if len(columns) < len(_FIXED):
            raise self.malformed(f"there are not enough columns present in the header line: {line}")
        for wanted, found in zip(_FIXED, columns, strict=False):
            if found not in _FIXED:
                raise self.malformed(
                    f"unknown column name '{found}'; it does not match a legal column header name."
                )
            if found != wanted:
                raise self.malformed(f"we were expecting column name '{wanted}' but we saw '{found}'")
        if len(columns) == len(_FIXED):
            return
        if columns[8] != "FORMAT":
            raise self.malformed(f"we were expecting column name 'FORMAT' but we saw '{columns[8]}'")
        if len(columns) == len(_FIXED) + 1:
            raise self.malformed("The FORMAT field was provided but there is no genotype/sample data")

    def malformed(self, what: str) -> ServerStop:
        """The library's complaint, as the server passes it on."""
        return self.unreadable(f"Your input file has a malformed header: {what}")

    def unreadable(self, what: str) -> ServerStop:
        """A complaint in other words."""
        text = f"Unable to parse header with error: {what}, for input source: file://{self.path.as_posix()}"
        return ServerStop(html.escape(text, quote=False).replace('"', "&quot;"))


def java_split(line: str) -> list[str]:
    """Columns of a line as Java splits them: empty ones at the end are lost."""
    columns = line.split("\t")
    while len(columns) > 1 and not columns[-1]:
        columns.pop()
    return columns


def names_differ(line: str) -> None:
    """The look for people with one name, over all columns of any line that begins with #CHROM."""
    seen: set[str] = set()
    for name in java_split(line):
        if name in seen:
            raise ServerStop(f"Two individuals or more have the following ID: {html.escape(name)}")
        seen.add(name)
