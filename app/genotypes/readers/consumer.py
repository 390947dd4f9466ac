"""Raw data of consumer tests: 23andMe, AncestryDNA, FamilyTreeDNA, MyHeritage, Living DNA and their like.

Each file is one person; several files make one cohort of all their sites. The vendors state letters on the
plus strand and do not say which is the reference. Files are read whole (about 10 bytes a line are kept).
"""

from __future__ import annotations

import hashlib
import os
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.genotypes.builds import plain_chromosome
from app.genotypes.cohort import Batch, Origin, Reference
from app.genotypes.header import Header
from app.genotypes.readers.consumer_layout import SPOKEN, Layout, fields, is_header, layout_of
from app.genotypes.readers.contract import FormatError
from app.genotypes.readers.letter_rows import BAD, Codes, names_of, pair_of, rows_of
from app.genotypes.readers.text_lines import TextLines
from app.genotypes.texts import Texts, joined

MOST_TEXT = 256 << 20
LONGEST_LINE = 1 << 16
_MOST_NAMES = 200  # of chromosomes
_MOST_REPEATS = 255  # of one position in one file
_ENOUGH_TO_JUDGE = 10
_AGAIN = "Download the file again from the company's page."


def open_consumer(paths: Sequence[Path]) -> ConsumerReader:
    """A reader of one or several people's files. FormatError when one is no such file or builds conflict."""
    layouts = [_layout(path) for path in paths]
    builds = {layout.build: path for layout, path in zip(layouts, paths, strict=True) if layout.build}
    if len(builds) > 1:
        (one, path), (other, _) = list(builds.items())[:2]
        raise FormatError(
            "consumer.builds",
            os.fspath(path),
            "The files are of different genome builds",
            f"{one} and {other}",
            "Add the files of each build as a dataset of its own.",
        )
    return ConsumerReader(paths, layouts, next(iter(builds), ""))


def _layout(path: Path) -> Layout:
    lines = TextLines(path, MOST_TEXT, LONGEST_LINE)
    found = layout_of(lines)
    if found is not None:
        return found
    if not lines.number:
        raise lines.error("consumer.empty", "The file is empty")
    raise lines.error(
        "consumer.columns",
        "The columns rsid, chromosome, position and genotype were not found",
        "the first lines",
        "Choose the raw data as the company gave them, not a report or a changed table.",
    )


@dataclass
class Person:
    """One file's rows in file order; `pairs` are as `letter_rows.pair_of` gives them."""

    names: list[str]
    chromosome: NDArray[np.uint16]
    position: NDArray[np.int64]
    ids: Texts
    pairs: Codes


class ConsumerReader:
    """See `GenotypeReader`. `vendors` are the companies, one a file; `notes` are sentences for the person."""

    header: Header | None = None

    def __init__(self, paths: Sequence[Path], layouts: Sequence[Layout], build: str) -> None:
        self._paths = list(paths)
        self._layouts = list(layouts)
        self.samples: Sequence[str] = names_of(paths)
        self.people: dict[str, Sequence[str] | Sequence[int]] = {}
        self.vendors = tuple(SPOKEN[layout.vendor] for layout in layouts)
        self.notes: tuple[str, ...] = ()
        strands = {layout.strand for layout in layouts}
        self.origin = Origin(
            format=layouts[0].vendor if len(set(self.vendors)) == 1 else "consumer",
            files=tuple(os.fspath(path) for path in paths),
            reference=Reference.UNKNOWN,
            build=build,
            strand=strands.pop() if len(strands) == 1 else "",
        )
        self._sizes = [path.stat().st_size for path in paths]
        self._before = 0
        self._lines: TextLines | None = None

    def progress(self) -> tuple[int, int]:
        """Bytes read so far, bytes in all."""
        here = self._lines.consumed if self._lines else 0
        return self._before + here, sum(self._sizes)

    def batches(self, rows: int = 2048) -> Iterator[Batch]:
        """One file in its own order; several by chromosome and position."""
        people = []
        self._before = 0
        for path, layout, size in zip(self._paths, self._layouts, self._sizes, strict=True):
            self._lines = TextLines(path, MOST_TEXT, LONGEST_LINE)
            people.append(_read(self._lines, layout))
            self._before, self._lines = self._before + size, None
        sites = _Sites(people)
        for start in range(0, len(sites.position), rows):
            yield sites.batch(slice(start, start + rows))


class _Parser:
    """Takes lines and keeps what they say in arrays."""

    def __init__(self, lines: TextLines, layout: Layout) -> None:
        self._lines = lines
        self._layout = layout
        self._names: dict[bytes, int] = {}
        self._pair: dict[bytes, int] = {}
        self.chromosome, self.position = array("H"), array("q")
        self.pairs = bytearray()
        self.ids, self.ends = bytearray(), array("q")

    def add(self, line: bytes) -> None:
        """Take in a record. FormatError when it is none."""
        words = fields(line, self._layout.delimiter)
        columns = self._layout.columns
        if len(words) < self._layout.width or len(words) > self._layout.width + 4:
            raise self._broken("consumer.line", "A line has another number of columns")
        place = words[columns[2]].strip()
        if not place.isdigit() or len(place) > 10:
            raise self._broken("consumer.position", "A position is not a whole number")
        self.chromosome.append(self._name(words[columns[1]].strip()))
        self.position.append(int(place))
        self.ids += words[columns[0]].strip()
        self.ends.append(len(self.ids))
        self.pairs.append(self._genotype(b"".join(words[column].strip() for column in columns[3:])))

    def _broken(self, code: str, title: str) -> FormatError:
        return self._lines.error(code, title, f"line {self._lines.number:,}", _AGAIN)

    def _name(self, raw: bytes) -> int:
        number = self._names.setdefault(raw, len(self._names))
        if not raw or number >= _MOST_NAMES:
            raise self._broken("consumer.chromosome", "The column of the chromosome holds something else")
        return number

    def _genotype(self, text: bytes) -> int:
        pair = self._pair.get(text)
        if pair is None:
            pair = pair_of(text)
            if len(self._pair) < 10_000:
                self._pair[text] = pair
        return pair

    def person(self) -> Person:
        """What was taken in."""
        if not self.pairs:
            raise self._lines.error("consumer.empty", "The file holds no genotypes", advice=_AGAIN)
        pairs = np.frombuffer(bytes(self.pairs), np.uint8)
        bad = np.flatnonzero(pairs & BAD)
        if len(bad) * 2 > len(pairs) and len(pairs) >= _ENOUGH_TO_JUDGE:
            place = f"record {bad[0] + 1:,}"
            raise self._lines.error("consumer.genotypes", "The genotypes are not letters", place, _AGAIN)
        return Person(
            [name.decode("utf-8", "replace") for name in self._names],
            np.array(self.chromosome, np.uint16),
            np.array(self.position, np.int64),
            Texts(np.frombuffer(bytes(self.ids), np.uint8), np.array(self.ends, np.int64)),
            pairs,
        )


def _read(lines: TextLines, layout: Layout) -> Person:
    parser = _Parser(lines, layout)
    for line in lines:
        if lines.number <= layout.lines or not line.strip() or line.startswith(b"#"):
            continue
        if line[:6].strip(b'"').lower().startswith((b"rsid", b"snp", b"name", b"id")) and is_header(line):
            continue  # joined files repeat it
        parser.add(line)
    if not lines.whole and _is_cut(line, layout):
        raise lines.error("container.truncated", "The file is cut short", f"line {lines.number:,}", _AGAIN)
    return parser.person()


def _is_cut(line: bytes, layout: Layout) -> bool:
    """Whether the last line, which has no end, lacks its last letter or its closing quote."""
    last = fields(line, layout.delimiter)[-1].strip()
    return line.count(b'"') % 2 == 1 or not last


class _Sites:
    """The sites of all people together. Sites are the same when chromosome, position and turn are."""

    def __init__(self, people: Sequence[Person]) -> None:
        self._pairs = [person.pairs for person in people]
        if len(people) == 1:
            only = people[0]
            self._names, self._chromosome = only.names, only.chromosome
            self.position, self._ids = only.position, only.ids
            self._rows: list[NDArray[np.int64] | None] = [None]
            return
        self._unite(people)

    def _unite(self, people: Sequence[Person]) -> None:
        spoken: dict[str, int] = {}
        self._names = []
        keys = np.empty(0, np.int64)
        self._ids = Texts.of(())
        arrays: dict[bytes, NDArray[np.int64]] = {}  # people measured on one array share their sites
        each_array = []
        for person in people:
            mine = _keys(person, spoken, self._names)
            each_array.append(hashlib.blake2b(mine.tobytes()).digest())
            if each_array[-1] in arrays:
                continue
            arrays[each_array[-1]] = mine
            fresh = np.flatnonzero(~np.isin(mine, keys))
            if len(fresh):
                keys = np.concatenate([keys, mine[fresh]])
                order = np.argsort(keys, kind="stable")
                keys, self._ids = keys[order], joined([self._ids, person.ids[fresh]])[order]
        self._chromosome = (keys >> 48).astype(np.uint16)
        self.position = keys >> 8 & (1 << 40) - 1
        places = {digest: _where(mine, keys) for digest, mine in arrays.items()}
        self._rows = [places[digest] for digest in each_array]

    def batch(self, rows: slice) -> Batch:
        """Some sites as rows of a cohort."""
        columns = [
            pairs[rows] if places is None else _taken(pairs, places[rows])
            for pairs, places in zip(self._pairs, self._rows, strict=True)
        ]
        record = np.arange(len(self.position), dtype=np.int64)[rows]
        return rows_of(
            np.stack(columns, axis=1),
            self._names,
            self._chromosome[rows],
            self.position[rows],
            self._ids[rows],
            record,
        )


def _taken(pairs: Codes, places: NDArray[np.int64]) -> Codes:
    found: Codes = np.where(places >= 0, pairs[np.maximum(places, 0)], 0).astype(np.uint8)
    return found


def _where(mine: NDArray[np.int64], keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """The row of a person's file for each site, -1 where it has none."""
    places = np.full(len(keys), -1, np.int64)
    places[np.searchsorted(keys, mine)] = np.arange(len(mine))
    return places


def _keys(person: Person, spoken: dict[str, int], names: list[str]) -> NDArray[np.int64]:
    """chromosome << 48 | position << 8 | turn, with numbers of chromosomes that all people share."""
    for name in person.names:
        plain = plain_chromosome(name) or name
        if plain not in spoken:
            spoken[plain] = len(names)
            names.append(name)
    numbers = np.array([spoken[plain_chromosome(name) or name] for name in person.names] or [0], np.int64)
    place = numbers[person.chromosome] << 40 | person.position
    order = np.argsort(place, kind="stable")
    sorted_place = place[order]
    turn = np.arange(len(place)) - np.searchsorted(sorted_place, sorted_place)
    keys = np.empty(len(place), np.int64)
    keys[order] = sorted_place << 8 | np.minimum(turn, _MOST_REPEATS)
    return keys
