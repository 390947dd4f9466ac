"""How an Illumina GenomeStudio final report lies: long or matrix, its columns, the coding of its alleles.

Column names vary with what was ticked on export, and people cut off the head; so the columns are found by
their names wherever they stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

MOST_HEADER_LINES = 300
CODINGS = ("plus", "forward", "top", "design", "", "ab")  # from the best to the worst; "" is not stated
_NAME = {"snp name", "snpname", "snp_name", "marker", "marker name", "rsid", "name", "probe set id"}
_SAMPLE = {"sample id", "sampleid", "sample_id", "sample name", "sample"}
_CHROMOSOME = {"chr", "chromosome", "chrom"}
_POSITION = {"position", "mapinfo", "map info", "chromosome position", "pos", "coordinate"}
_SCORE = {"gc score", "gcscore", "gc_score", "gencall score", "gencall"}
_ALLELE = re.compile(r"allele ?([12])(?: ?- ?(plus|forward|top|design|ab))?$")
_CELL = re.compile(r"(.+)\.(gtype|genotype|top alleles|plus/minus alleles|forward alleles|score)$")
_CELL_CODING = {
    "gtype": "ab",
    "genotype": "",
    "top alleles": "top",
    "plus/minus alleles": "plus",
    "forward alleles": "forward",
}
_ABOUT_SNP = {
    "index", "address", "gentrain score", "cluster sep", "clustersep", "frac a", "frac c", "frac g", "frac t",
    "snp", "ilmn strand", "ilmnstrand", "customer strand", "source strand", "call freq", "aa freq", "ab freq",
    "bb freq", "minor freq", "rep errors", "p-c errors", "ppc errors", "top genomic sequence", "norm id",
    "norm. id", "chi test p100", "het excess", "aux", "line", "edited",
}  # fmt: skip


@dataclass(frozen=True)
class ReportLayout:
    """Places of columns, counted from 0, -1 where there is none.

    `alleles` are the two columns of a long report; `samples` are (name, column of genotypes, column of scores
    or -1) of a matrix. `lines` stand before the first row; `about` is the head of the report.
    """

    kind: str
    delimiter: bytes
    coding: str
    name: int
    width: int
    lines: int
    chromosome: int = -1
    position: int = -1
    sample: int = -1
    alleles: tuple[int, int] = (-1, -1)
    score: int = -1
    samples: tuple[tuple[str, int, int], ...] = ()
    about: dict[str, str] = field(default_factory=dict)

    @property
    def content(self) -> str:
        """The manifest that the report names, without its ending, or a word for it."""
        return re.sub(r"\.(bpm|csv|egt)$", "", self.about.get("content", "")) or "the array"

    @property
    def has_positions(self) -> bool:
        """Whether chromosome and position stand in the report itself."""
        return self.chromosome >= 0 and self.position >= 0


def report_layout(lines: Iterable[bytes]) -> ReportLayout | None:
    """The layout by the first lines, None when they are not those of a final report."""
    about: dict[str, str] = {}
    below_data = False
    for number, line in enumerate(lines, 1):
        if number > MOST_HEADER_LINES:
            return None
        bare = line.strip().lower()
        if bare.startswith(b"[data]"):
            below_data = True
        elif bare and not bare.startswith((b"[header]", b"#")):
            found = _columns(line, number, about, below_data)
            if found is not None or below_data:
                return found
            _note(line, about)
    return None


def _note(line: bytes, about: dict[str, str]) -> None:
    words = [each.strip() for each in re.split(r"[\t,;]+", line.decode("utf-8", "replace"))]
    if len(words) > 1:
        about[words[0].lower()] = words[1]


def _columns(line: bytes, lines: int, about: dict[str, str], below_data: bool) -> ReportLayout | None:
    for delimiter in (b"\t", b",", b";"):
        names = [each.decode("utf-8", "replace").strip().strip('"').strip() for each in line.split(delimiter)]
        if len(names) < 2:
            continue
        found = _long(names, delimiter, lines, about) or _matrix(names, delimiter, lines, about, below_data)
        if found is not None:
            return found
    return None


def _lowered(names: Sequence[str]) -> list[str]:
    return [re.sub(r"\s+", " ", name.lower()) for name in names]


def _place(names: Sequence[str], wanted: set[str]) -> int:
    return next((place for place, name in enumerate(names) if name in wanted), -1)


def _long(written: Sequence[str], delimiter: bytes, lines: int, about: dict[str, str]) -> ReportLayout | None:
    names = _lowered(written)
    pairs: dict[str, dict[str, int]] = {}
    for place, column in enumerate(names):
        if match := _ALLELE.match(column):
            pairs.setdefault(match[2] or "", {})[match[1]] = place
    coding = next((each for each in CODINGS if len(pairs.get(each, ())) == 2), None)
    name, sample = _place(names, _NAME), _place(names, _SAMPLE)
    if coding is None or name < 0 or sample < 0:
        return None
    return ReportLayout(
        "long",
        delimiter,
        coding,
        name,
        len(names),
        lines,
        _place(names, _CHROMOSOME),
        _place(names, _POSITION),
        sample,
        (pairs[coding]["1"], pairs[coding]["2"]),
        _place(names, _SCORE),
        about=about,
    )


def _matrix(
    written: Sequence[str], delimiter: bytes, lines: int, about: dict[str, str], below_data: bool
) -> ReportLayout | None:
    names = _lowered(written)
    name = _place(names, _NAME)
    if name < 0:
        name = 0 if names[0] == "" and below_data else -1
    if name < 0 or _place(names, _SAMPLE) >= 0 or any(map(_is_foreign, names)):
        return None
    samples, coding = _cells(written, names, name)
    if not samples or not (below_data or coding or _place(names, _CHROMOSOME) >= 0):
        return None
    return ReportLayout(
        "matrix",
        delimiter,
        coding,
        name,
        len(names),
        lines,
        _place(names, _CHROMOSOME),
        _place(names, _POSITION),
        samples=tuple(samples),
        about=about,
    )


def _is_foreign(column: str) -> bool:
    """Columns of a long report without samples, of a manifest and of consumer files."""
    return column in _FOREIGN or _ALLELE.match(column) is not None


_FOREIGN = {"ilmnid", "genotype", "result", "alleles", "ref", "alt"}


def _cells(written: Sequence[str], names: Sequence[str], name: int) -> tuple[list[tuple[str, int, int]], str]:
    """Samples with their columns, and the coding that the names of the columns state."""
    by_field: dict[str, dict[str, int]] = {}
    for place, column in enumerate(names):
        if match := _CELL.match(column):
            by_field.setdefault(match[2], {})[written[place][: len(match[1])]] = place
    known = {_CELL_CODING[each]: each for each in by_field if each in _CELL_CODING}
    if known:
        coding = next(each for each in CODINGS if each in known)
        scores = by_field.get("score", {})
        cells = by_field[known[coding]]
        return [(sample, place, scores.get(sample, -1)) for sample, place in cells.items()], coding
    other = _ABOUT_SNP | _NAME | _CHROMOSOME | _POSITION | {""}
    bare = [
        (written[place], place, -1)
        for place, column in enumerate(names)
        if place != name and column not in other
    ]
    return bare, ""
