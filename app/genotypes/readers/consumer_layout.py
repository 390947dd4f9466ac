"""Whose raw data a consumer file is, how its columns lie and what its header states.

Told from the comment lines and the line of column names, never from the file name. Layouts met: 23andMe v3 to
v5, AncestryDNA 1 and 2, FamilyTreeDNA old (RESULT) and new (allele1, allele2), MyHeritage (also with its
doubled quotes), Living DNA, and tables with the same columns from others.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

MOST_HEADER_LINES = 500
_BUILD = re.compile(
    rb"(?:build|GRCh|NCBI|hg|reference[ =:]*)\s*-?_?(36|37|38|18|19)(?:\.\d+)?\b", re.IGNORECASE
)
_BUILDS = {b"36": "NCBI36", b"18": "NCBI36", b"37": "GRCh37", b"19": "GRCh37", b"38": "GRCh38"}
_PLUS = re.compile(rb"plus strand|forward|\(\+\) strand|\+ strand", re.IGNORECASE)
_VENDORS = (
    (b"23andme", "23andme"),
    (b"ancestrydna", "ancestrydna"),
    (b"ancestry.com", "ancestrydna"),
    (b"myheritage", "myheritage"),
    (b"living dna", "livingdna"),
    (b"familytreedna", "ftdna"),
    (b"family tree dna", "ftdna"),
    (b"ftdna", "ftdna"),
)
SPOKEN = {
    "23andme": "23andMe",
    "ancestrydna": "AncestryDNA",
    "myheritage": "MyHeritage",
    "livingdna": "Living DNA",
    "ftdna": "FamilyTreeDNA",
    "consumer": "a consumer test",
}
_STATED_PLUS = {"23andme", "ancestrydna", "myheritage", "livingdna", "ftdna"}
_ID = {b"rsid", b"snp", b"snpid", b"snp_id", b"id", b"name", b"marker", b"snp name"}
_CHROMOSOME = {b"chromosome", b"chr", b"chrom"}
_POSITION = {b"position", b"pos", b"bp"}
_GENOTYPE = {b"genotype", b"result", b"allele", b"alleles", b"call"}
_FIRST = {b"allele1", b"allele 1", b"allele_1"}
_SECOND = {b"allele2", b"allele 2", b"allele_2"}


@dataclass(frozen=True)
class Layout:
    """How a file is read: `columns` are the places of id, chromosome, position and one or two of alleles.

    `lines` are those before the first record; `build` and `strand` are what the file states.
    """

    vendor: str
    delimiter: bytes
    columns: tuple[int, ...]
    width: int
    build: str = ""
    strand: str = ""
    lines: int = 0


def fields(line: bytes, delimiter: bytes) -> list[bytes]:
    """The columns of a line; quotes go, however many there are."""
    if b'"' in line:
        line = line.replace(b'"', b"")
    return line.split(delimiter)


def layout_of(lines: Iterable[bytes]) -> Layout | None:
    """The layout of a file by its first lines, None when they are not those of a consumer file."""
    comments: list[bytes] = []
    for number, line in enumerate(lines, 1):
        if number > MOST_HEADER_LINES:
            return None
        bare = line.replace(b'"', b"").strip()
        found = _by_names(bare.lstrip(b"#").strip()) if bare else None
        if found is not None:
            return _stated(found[0], found[1], comments, number, commented=bare.startswith(b"#"))
        if bare and not bare.startswith(b"#"):
            return _without_names(line, comments, number)
        comments.append(bare)
    return None


def is_header(line: bytes) -> bool:
    """Whether a line repeats the names of the columns, as where files were joined."""
    return _by_names(line.replace(b'"', b"").lstrip(b"#").strip()) is not None


def _by_names(line: bytes) -> tuple[bytes, tuple[int, ...]] | None:
    lowered = line.lower()
    for delimiter in (b"\t", b",", b";"):
        names = [each.strip() for each in lowered.split(delimiter)]
        if len(names) >= 4 and names[0] in _ID:
            places = [_place(names, wanted) for wanted in (_CHROMOSOME, _POSITION)]
            alleles = [_place(names, wanted) for wanted in (_FIRST, _SECOND)]
            if None in alleles:
                alleles = [_place(names, _GENOTYPE)]
            every = [0, *places, *alleles]
            if None not in every:
                return delimiter, tuple(each for each in every if each is not None)
    return None


def _place(names: list[bytes], wanted: set[bytes]) -> int | None:
    return next((place for place, name in enumerate(names) if name in wanted), None)


def _without_names(line: bytes, comments: list[bytes], number: int) -> Layout | None:
    """A file whose names of columns were lost but whose vendor or first record is clear."""
    for delimiter in (b"\t", b",", b";"):
        words = [each.strip() for each in fields(line, delimiter)]
        if len(words) in (4, 5) and words[2].isdigit() and words[0] and len(words[1]) < 6:
            letters = b"".join(words[3:]).upper()
            if 1 <= len(letters) <= 4 and not letters.strip(b"ACGTDI-0"):
                return _stated(delimiter, tuple(range(len(words))), comments, number - 1)
    return None


def _stated(
    delimiter: bytes, columns: tuple[int, ...], comments: list[bytes], lines: int, commented: bool = False
) -> Layout:
    text = b"\n".join(comments)
    vendor = next((name for sign, name in _VENDORS if sign in text.lower()), "")
    if not vendor:
        plain = not comments and not commented and delimiter == b","
        vendor = "ftdna" if plain else "consumer"
    build = next((_BUILDS[match[1]] for match in _BUILD.finditer(text)), "")
    plus = vendor in _STATED_PLUS or _PLUS.search(text) is not None
    return Layout(vendor, delimiter, columns, max(columns) + 1, build, "plus" if plus else "", lines)
