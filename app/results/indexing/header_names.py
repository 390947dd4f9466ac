"""The header of an imputed file: what it tells, and the samples' own names put back into it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from app.results.indexing.kinds import FileKind

COLUMN_LINE = b"#CHROM\t"
_FIXED = 9
_FORMAT = re.compile(rb"^##FORMAT=<ID=([^,>]+)", re.MULTILINE)
_FACTS = (b"source", b"mis_pipeline", b"mis_phasing", b"mis_panel", b"phasing", b"fileDate", b"reference")
_FIGURES = re.compile(rb"^##INFO=<ID=(R2|DR2|Rsq|INFO)\b", re.MULTILINE)
_DOSAGES = frozenset({"DS", "HDS", "GP"})
_CUTS = re.compile(rb"[\x00-\x1f\x7f]")
_LONGEST_FACT = 300


@dataclass(frozen=True)
class HeaderFacts:
    """What a header says; `columns` counts those of a record, 0 where the line of columns is missing.

    `old_marks`: Minimac 4 before 4.1 marks sites in INFO; `filter_marks`: Minimac 3 marks them in FILTER.
    """

    columns: int
    samples: tuple[bytes, ...]
    formats: tuple[str, ...]
    facts: dict[str, str]
    old_marks: bool
    filter_marks: bool = False
    has_figures: bool = False

    @property
    def kind(self) -> FileKind:
        """What a VCF of any name is: dosages and figures of an imputation make it a dose or an info file."""
        if self.samples:
            return FileKind.DOSE if _DOSAGES & set(self.formats) else FileKind.GENOTYPES
        return FileKind.INFO if self.has_figures else FileKind.GENOTYPES


def read_header(header: bytes) -> HeaderFacts:
    """The facts of a header, all its lines with their ends."""
    line = _column_line(header)
    cells = line.split(b"\t") if line else []
    return HeaderFacts(
        columns=len(cells),
        samples=tuple(cells[_FIXED:]),
        formats=tuple(each.decode("ascii", "replace") for each in _FORMAT.findall(header)),
        facts=_facts(header),
        old_marks=b"##INFO=<ID=TYPED_ONLY" in header,
        filter_marks=b"##FILTER=<ID=GENOTYPED" in header,
        has_figures=_FIGURES.search(header) is not None,
    )


def _facts(header: bytes) -> dict[str, str]:
    found = {}
    for line in header.split(b"\n"):
        name, equals, value = line.removeprefix(b"##").partition(b"=")
        if equals and name in _FACTS and not value.startswith(b"<"):
            found[name.decode("ascii")] = value.strip().decode("utf-8", "replace")[:_LONGEST_FACT]
    return found


def _column_line(header: bytes) -> bytes:
    start = 0 if header.startswith(COLUMN_LINE) else header.rfind(b"\n" + COLUMN_LINE) + 1
    if not header.startswith(COLUMN_LINE, start):
        return b""
    end = header.find(b"\n", start)
    return header[start : len(header) if end < 0 else end].rstrip(b"\r")


@dataclass(frozen=True)
class Renamed:
    """A header with own names, how many got theirs, and how many keep the name that was sent."""

    header: bytes
    restored: int
    kept: int


def restore_names(header: bytes, own_names: Mapping[str, str]) -> Renamed:
    """Put own names (sent → own) into the line of columns; nothing else of the header changes.

    A name that would stand twice, or that cannot stand in a VCF, is left as it was sent.
    """
    line = _column_line(header)
    cells = line.split(b"\t")
    names = cells[_FIXED:]
    table = {_raw(sent): _raw(own) for sent, own in own_names.items() if sent != own}
    wanted = [table.get(name, name) for name in names]
    counts = Counter(wanted)
    new = [
        own if own != name and counts[own] == 1 and own and not _CUTS.search(own) else name
        for name, own in zip(names, wanted, strict=True)
    ]
    if len(set(new)) != len(new) and len(set(names)) == len(names):
        new = names  # an own name is what another sample is called that keeps the sent one
    restored = sum(a != b for a, b in zip(new, names, strict=True))
    kept = sum(a != b for a, b in zip(wanted, names, strict=True)) - restored
    if not restored:
        return Renamed(header, 0, kept)
    fresh = b"\t".join([*cells[:_FIXED], *new])
    return Renamed(header.replace(line, fresh, 1) if line else header, restored, kept)


def _raw(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")
