"""What a damaged file is and what must be said about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from tests.helpers.small_study import Files, Study, vcf_header, vcf_text


@dataclass(frozen=True)
class Expected:
    """A finding: one of `codes`, whose place holds `place`, or, when that is empty, whose file is `file`."""

    codes: tuple[str, ...]
    place: str = ""
    file: str = ""


@dataclass(frozen=True)
class Damaged:
    """Files with their faults; `chosen` are the names that a person adds."""

    name: str
    files: Files
    expected: tuple[Expected, ...]
    chosen: tuple[str, ...]


@dataclass(frozen=True)
class Good:
    """Files that must not be refused."""

    name: str
    files: Files
    chosen: tuple[str, ...]


@dataclass
class Row:
    """A record of a VCF; `raw` stands in its place when it is not None."""

    fields: list[str]
    raw: str | None = None

    def text(self) -> str:
        """The line."""
        return "\t".join(self.fields) if self.raw is None else self.raw

    @property
    def place(self) -> str:
        """`chr22:17,055,569`, as findings say it."""
        return f"{self.fields[0]}:{int(self.fields[1]):,}"


@dataclass
class Draft:
    """A VCF while it is damaged. Lines are numbered when all is done, for damages may move them."""

    study: Study
    header: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    before: str = ""
    _free: list[Row] = field(default_factory=list)

    @classmethod
    def of(cls, study: Study) -> Draft:
        """The good file to begin with."""
        header = vcf_header(study).splitlines()
        rows = [Row(line.split("\t")) for line in vcf_text(study).splitlines()[len(header) :]]
        return cls(study, header, rows, _free=rows[3:-3])

    def pick(self, draw: Random) -> Row:
        """A record that no other damage has touched, nor its neighbours."""
        row = draw.choice(self._free)
        at = self.rows.index(row)
        near = {id(each) for each in self.rows[max(0, at - 2) : at + 3]}
        self._free = [each for each in self._free if id(each) not in near]
        return row

    def line(self, row: Row) -> str:
        """`line 51` of a record in the finished text."""
        at = next(number for number, each in enumerate(self.rows) if each is row)
        return f"line {len(self.header) + at + 1:,}"

    def text(self) -> str:
        """The finished text."""
        return self.before + "\n".join([*self.header, *(row.text() for row in self.rows)]) + "\n"

    @property
    def columns(self) -> int:
        """Where the #CHROM line stands in the header."""
        return len(self.header) - 1


Later = Callable[[Draft], Expected]
"""Says what is expected once the text is finished."""

Damage = Callable[[Draft, Random], Later]


def at_place(code: str, row: Row, *other: str) -> Later:
    """A finding at the site of a record, as it is written now."""
    place = row.place
    return lambda draft: Expected((code, *other), place)


def at_line(code: str, row: Row) -> Later:
    """A finding at the line of a record."""
    return lambda draft: Expected((code,), draft.line(row))


def of_file(*codes: str) -> Later:
    """A finding about the whole file."""
    return lambda draft: Expected(codes)


def named(code: str, place: str) -> Later:
    """A finding whose place is a name."""
    return lambda draft: Expected((code,), place)
