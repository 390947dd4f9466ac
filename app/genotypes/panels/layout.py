"""Which column of a site list holds what, told by its header or by its first line."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from app.domain.problem import Kind, ProblemError, problem
from app.genotypes.bgzf import open_text_blocks
from app.genotypes.builds import plain_chromosome

BLANKS = bytes.maketrans(b" ", b"\t")
_CHROMOSOME = ("CHROM", "CHR", "CHROMOSOME")
_POSITION = ("POS", "POSITION", "BP")
_ID = ("ID", "RSID", "SNP", "RS_ID")
_REF = ("REF", "A0", "REF_ALLELE")
_ALT = ("ALT", "A1", "ALT_ALLELE")
_FREQUENCY = ("AAF_ALL", "AF", "AAF", "ALL", "ALL.AAF", "AF_ALL", "ALT_AF")
_IN_NAME = re.compile(r"(?:^|[^a-z])chr(?:om(?:osome)?)?[._-]?(\d{1,2}|X|Y|MT?)(?![0-9a-z])", re.I)
_ALLELE = re.compile(r"(?:[ACGTNacgtn*,]+|<[^>]+>|\.|-)$")


@dataclass(frozen=True)
class Layout:
    """Columns of a table by number, from 0; ALT stands behind REF.

    `fixed` is the chromosome of all lines where there is no such column. `counts` are the columns of AC and
    AN. `skip` lines stand before the first site. `frequency_name` is what the source calls the frequency.
    """

    position: int
    ref: int
    chromosome: int | None = None
    fixed: str = ""
    id: int | None = None
    frequency: int | None = None
    counts: tuple[int, int] | None = None
    skip: int = 0
    blanks: bool = False
    frequency_name: str = ""

    @property
    def columns(self) -> int:
        """How many columns every line must have."""
        optional = (self.chromosome, self.id, self.frequency, *(self.counts or ()))
        most: int = max(self.position, self.ref + 1, *(each for each in optional if each is not None))
        return most + 1


def first_lines(path: Path, count: int = 400) -> list[str]:
    """The first lines of a packed or plain file of text."""
    with open_text_blocks(path, piece_bytes=1 << 16) as blocks:
        piece = next(iter(blocks), memoryview(b""))
        return bytes(piece).decode("utf-8", "replace").splitlines()[:count]


def layout_of(path: Path, population: str = "") -> Layout:
    """The layout of a site list or legend; ProblemError when it is none that is known."""
    lines = first_lines(path)
    skip = next((n for n, line in enumerate(lines) if not line.startswith("##")), len(lines))
    if skip == len(lines):
        raise _unknown(path)
    blanks = "\t" not in lines[skip]
    words = _words(lines[skip], blanks)
    if _is_header(words):
        first = _words(lines[skip + 1], blanks) if len(lines) > skip + 1 else []
        return _by_header(path, words, first, population, skip + 1, blanks)
    found = _by_first_line(words)
    if found is None:
        raise _unknown(path)
    return replace(found, skip=skip, blanks=blanks)


def _words(line: str, blanks: bool) -> list[str]:
    return line.strip("\r\n").split(" " if blanks else "\t")


def _is_header(words: Sequence[str]) -> bool:
    upper = {word.lstrip("#").upper() for word in words}
    return bool(upper & set(_POSITION)) and bool(upper & set(_REF))


def _column(names: Sequence[str], wanted: Sequence[str]) -> int | None:
    return next((names.index(word) for word in wanted if word in names), None)


def _by_header(
    path: Path, words: Sequence[str], first: Sequence[str], population: str, skip: int, blanks: bool
) -> Layout:
    names = [word.lstrip("#").upper() for word in words]
    position, ref, alt = (_column(names, each) for each in (_POSITION, _REF, _ALT))
    if position is None or ref is None or alt != ref + 1:
        raise _unknown(path)
    chromosome, identifier = _column(names, _CHROMOSOME), _column(names, _ID)
    frequency = _frequency_column(path, names, population)
    counts = (names.index("AC"), names.index("AN")) if {"AC", "AN"} <= set(names) else None
    fixed = "" if chromosome is not None else _fixed_chromosome(path, first, identifier)
    named = words[frequency] if frequency is not None else "AC/AN" if counts else ""
    return Layout(
        position,
        ref,
        chromosome,
        fixed,
        identifier,
        frequency,
        counts if frequency is None else None,
        skip,
        blanks,
        named,
    )


def _frequency_column(path: Path, names: Sequence[str], population: str) -> int | None:
    """That of the population asked for, else that of everybody, else the first one."""
    if population:
        wanted = population.upper()
        exact = (f"AAF_{wanted}", f"{wanted}.AAF", f"AF_{wanted}", f"{wanted}_AF", wanted)
        found = _column(names, exact)
        if found is None:
            raise _no_population(path, population, names)
        return found
    found = _column(names, _FREQUENCY)
    if found is not None:
        return found
    return next((n for n, name in enumerate(names) if name.startswith("AAF_") or name.endswith(".AAF")), None)


def _by_first_line(words: Sequence[str]) -> Layout | None:
    """Lists without a header: ID CHROM POS REF ALT [AAF], CHROM POS ID REF ALT, CHROM POS REF ALT."""
    forms = ((1, 2, 0, 3), (0, 1, 2, 3), (0, 1, None, 2))
    for chromosome, position, identifier, ref in forms:
        if len(words) > ref + 1 and _fits(words, chromosome, position, ref):
            last = ref + 2
            frequency = last if identifier == 0 and len(words) > last and _is_share(words[last]) else None
            return Layout(position, ref, chromosome, id=identifier, frequency=frequency)
    return None


def _fits(words: Sequence[str], chromosome: int, position: int, ref: int) -> bool:
    alleles = words[ref], words[ref + 1]
    plain = plain_chromosome(words[chromosome]) is not None and words[position].isdigit()
    return plain and all(_ALLELE.match(each) for each in alleles)


def _is_share(word: str) -> bool:
    try:
        return 0 <= float(word) <= 1
    except ValueError:
        return word in (".", "NA")


def _fixed_chromosome(path: Path, first: Sequence[str], identifier: int | None) -> str:
    """The chromosome of a legend: in its name, or in identifiers such as `20:60343:G:A`."""
    if match := _IN_NAME.search(path.name):
        found = plain_chromosome(match[1])
        if found is not None:
            return found
    if identifier is not None and len(first) > identifier:
        parts = first[identifier].split(":")
        found = plain_chromosome(parts[0]) if len(parts) > 1 else None
        if found is not None:
            return found
    raise problem(
        Kind.INPUT,
        "The chromosome of a legend is not known",
        f"{path.name} has no column for the chromosome, and its name does not tell it.",
        "Give the file a name with it, such as panel.chr20.legend.gz.",
        subject=path.name,
    )


def _unknown(path: Path) -> ProblemError:
    return problem(
        Kind.INPUT,
        "The file is no site list that is known",
        f"{path.name} has neither the columns CHROM, POS, REF and ALT nor those of a legend; it is no VCF.",
        "Add HRC sites, a list of an imputation server, legends, or a VCF or BCF with the panel's sites.",
        subject=path.name,
    )


def _no_population(path: Path, population: str, names: Sequence[str]) -> ProblemError:
    return problem(
        Kind.INPUT,
        "The list has no frequencies of this population",
        f"{path.name} has the columns {', '.join(names)}; none is for “{population}”.",
        "Name another population, or none.",
        subject=path.name,
    )
