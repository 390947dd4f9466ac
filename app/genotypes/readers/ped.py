"""PLINK text: .ped with .map (a line a person) and .tped with .tfam (a line a site).

Both hold letters only: which allele is the reference is not known. A .ped is turned by way of a temporary
file of one byte a genotype, so that memory does not grow with its size.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from app.genotypes.cohort import Batch, Codes, Origin, Reference
from app.genotypes.header import Header
from app.genotypes.readers.calls import rows_within
from app.genotypes.readers.columns import ChromosomeNames, integers, lines_of, split, text_pieces
from app.genotypes.readers.contract import FormatError
from app.genotypes.readers.letter_rows import HALF, rows_of
from app.genotypes.readers.people import People, prove, read_fam
from app.genotypes.texts import Texts, joined

_PIECE = 1 << 20
_LONGEST_WORD = 1000
_UNKNOWN = 255
_TURNED_AT_ONCE = 1 << 26
_NUMBER = np.full(256, _UNKNOWN, np.uint8)
for _letters, _number in (
    (b"0Nn-?.", 0),
    (b"Aa1", 1),
    (b"Cc2", 2),
    (b"Gg3", 3),
    (b"Tt4", 4),
    (b"Dd", 5),
    (b"Ii", 6),
):
    _NUMBER[list(_letters)] = _number


class Letters:
    """Turns the letters of lines into pairs of allele numbers, and notices how alleles are coded."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen = np.zeros(256, bool)

    def pairs(self, rest: bytes, count: int, line: int) -> Codes:
        """One byte a genotype, see `letter_rows.pair_of`. FormatError when the line is of another width."""
        text = np.frombuffer(rest, np.uint8)
        letters = text[::2]
        if len(rest) != 4 * count - 1 or (text[1::2] > 32).any():
            letters = self._from_words(rest, count, line)
        self._seen[letters] = True
        numbers = _NUMBER[letters]
        first, second = numbers[0::2], numbers[1::2]
        if (numbers == _UNKNOWN).any():
            raise self._error("plink.alleles", "An allele is no letter of A, C, G, T, I and D", line)
        pairs: Codes = first | second << np.uint8(3)
        pairs[(first == 0) != (second == 0)] = HALF
        return pairs

    def _from_words(self, rest: bytes, count: int, line: int) -> NDArray[np.uint8]:
        words = rest.split()
        if len(words) != 2 * count:
            title = f"A line has {len(words):,} alleles instead of {2 * count:,}"
            raise self._error("plink.ped_columns", title, line)
        if any(len(word) > 1 for word in words):
            title = "Alleles of several letters cannot be read from this format"
            raise self._error("plink.long_alleles", title, line, "Export the data as .bed or VCF.")
        return np.frombuffer(b"".join(words), np.uint8)

    def _error(self, code: str, title: str, line: int, advice: str = "Export the data again.") -> FormatError:
        return FormatError(code, str(self._path), title, f"line {line:,}", advice)

    def prove(self) -> None:
        """FormatError when there were digits that say nothing about letters."""
        seen = set(np.flatnonzero(self._seen).tolist())
        digits, letters = seen & set(b"1234"), seen & set(b"ACGTacgt")
        if digits and (letters or digits <= set(b"12")):
            raise self._error(
                "plink.alleles_12",
                "Alleles are coded 1 and 2, so that nobody can tell which letters they are",
                1,
                "Export the data again with letters (A C G T).",
            )


class MapSites:
    """The list of sites of a .map: chromosome, ID, perhaps cM, position."""

    def __init__(self, path: Path) -> None:
        """Reads the list. FormatError at the first line that is none."""
        self.names = ChromosomeNames(path)
        chromosomes, positions, ids = [], [], []
        for lines in lines_of(path):
            words = split(lines, 4)
            columns = int(words.count.min(initial=4))
            if columns < 3 or int(words.count.max(initial=0)) > 4:
                raise FormatError(
                    "plink.map_columns", str(path), "A line of the list of variants has not 4 columns"
                )
            at = 3 if columns == 4 else 2
            position, good = integers(words.text, words.start[:, at], words.end[:, at])
            if not good.all():
                number = int(lines.number[np.flatnonzero(~good)[0]])
                raise FormatError(
                    "plink.map_position", str(path), "A position is no whole number", f"line {number:,}"
                )
            chromosomes.append(self.names.of(words.column(0)))
            positions.append(position)
            ids.append(words.column(1))
        self.chromosome = np.concatenate([np.zeros(0, np.uint16), *chromosomes])
        self.position = np.concatenate([np.zeros(0, np.int64), *positions])
        self.ids = joined(ids)
        if not len(self.position):
            raise FormatError("plink.no_variants", str(path), "The list of variants is empty")


class PedReader:
    """See `GenotypeReader`. Reads the file twice: for the people, then for the genotypes."""

    header: Header | None = None
    notes: tuple[str, ...] = ()

    def __init__(self, ped: Path, sites: Path) -> None:
        """Reads both lists; FormatError or OSError when something is wrong."""
        self.origin = Origin("PLINK PED", (str(ped), str(sites)), Reference.UNKNOWN)
        self._path = ped
        self._size = ped.stat().st_size
        self._done = 0
        self._sites = MapSites(sites)
        people = People()
        for number, words in _split_lines(ped, 6):
            if len(words) < 7:
                raise FormatError(
                    "plink.ped_columns",
                    str(ped),
                    "A line has too few columns",
                    f"line {number:,}",
                    "Export it again.",
                )
            people.add(*(word.decode("utf-8", "replace") for word in words[:6]))
        prove(people, ped, "plink")
        self.samples: Sequence[str] = people.names()
        self.people = people.columns()

    def progress(self) -> tuple[int, int]:
        """Bytes of the .ped, counted while the sites are given."""
        return self._done, self._size

    def batches(self, rows: int = 2048) -> Iterator[Batch]:
        """Rows in the order of the .map."""
        count, people = len(self._sites.position), len(self.samples)
        rows = rows_within(rows, 8 * people)
        with tempfile.TemporaryFile() as turned:
            self._spill(turned, count)
            piece = max(rows, _TURNED_AT_ONCE // people // rows * rows)
            for start in range(0, count, piece):
                stop = min(count, start + piece)
                by_site = np.ascontiguousarray(_columns(turned, people, count, start, stop).T)
                for at in range(start, stop, rows):
                    self._done = int(at / count * self._size)
                    yield self._batch(by_site[at - start : at - start + rows], at)
        self._done = self._size

    def _spill(self, turned: BinaryIO, count: int) -> None:
        letters = Letters(self._path)
        lines = 0
        for number, words in _split_lines(self._path, 6):
            rest = words[6].rstrip() if len(words) > 6 else b""
            turned.write(letters.pairs(rest, count, number).data)
            lines += 1
        letters.prove()
        if lines != len(self.samples):
            raise FormatError("content.changed", str(self._path), "The file changed while it was read")

    def _batch(self, pairs: Codes, first: int) -> Batch:
        here = slice(first, first + len(pairs))
        sites = self._sites
        record = np.arange(first, first + len(pairs), dtype=np.int64)
        return rows_of(
            pairs, sites.names.names, sites.chromosome[here], sites.position[here], sites.ids[here], record
        )


def _split_lines(path: Path, leading: int) -> Iterator[tuple[int, list[bytes]]]:
    """Number and leading words of each line with the rest in one piece; blank and comment lines left out."""
    number = 0
    for piece in text_pieces(path, _PIECE):
        for raw in bytes(piece).splitlines():
            number += 1
            words = raw.split(None, leading)
            if words and not words[0].startswith(b"#"):
                if max(map(len, words[:leading])) > _LONGEST_WORD:
                    raise FormatError(
                        "plink.ped_columns", str(path), "A word is too long", f"line {number:,}"
                    )
                yield number, words


def _columns(file: BinaryIO, people: int, count: int, start: int, stop: int) -> Codes:
    """[people, stop - start] bytes of the turned file."""
    columns = np.empty((people, stop - start), np.uint8)
    for person in range(people):
        file.seek(person * count + start)
        columns[person] = np.frombuffer(file.read(stop - start), np.uint8)
    return columns


class TpedReader:
    """See `GenotypeReader`; a line a site, as .tped has it."""

    header: Header | None = None
    notes: tuple[str, ...] = ()

    def __init__(self, tped: Path, tfam: Path) -> None:
        """Reads the people; FormatError or OSError when something is wrong."""
        self.origin = Origin("PLINK TPED", (str(tped), str(tfam)), Reference.UNKNOWN)
        people = read_fam(tfam)
        self.samples: Sequence[str] = people.names()
        self.people = people.columns()
        self._path = tped
        self._size = tped.stat().st_size
        self._done = 0

    def progress(self) -> tuple[int, int]:
        """Bytes of text for a plain file; for a packed one a rough share."""
        return min(self._done, self._size), self._size

    def batches(self, rows: int = 2048) -> Iterator[Batch]:
        """Rows in file order."""
        rows = rows_within(rows, 8 * len(self.samples))
        names, letters = ChromosomeNames(self._path), Letters(self._path)
        lines: list[tuple[int, list[bytes]]] = []
        first = 0
        for line in _split_lines(self._path, 4):
            lines.append(line)
            if len(lines) == rows:
                yield self._batch(lines, first, names, letters)
                first += len(lines)
                lines = []
        if lines:
            yield self._batch(lines, first, names, letters)
        elif not first:
            raise FormatError("plink.no_variants", str(self._path), "The file has no variants")
        letters.prove()
        self._done = self._size

    def _batch(
        self, lines: list[tuple[int, list[bytes]]], first: int, names: ChromosomeNames, letters: Letters
    ) -> Batch:
        pairs = []
        for number, words in lines:
            if len(words) < 5 or not words[3].removeprefix(b"-").isdigit() or len(words[3]) > 12:
                raise FormatError(
                    "plink.tped_columns",
                    str(self._path),
                    "A line does not begin with chromosome, ID, cM and position",
                    f"line {number:,}",
                    "Export the data again.",
                )
            pairs.append(letters.pairs(words[4].rstrip(), len(self.samples), number))
            self._done += len(words[4]) // 8
        return rows_of(
            np.stack(pairs),
            names.names,
            np.array([names.number(words[0]) for _, words in lines], np.uint16),
            np.array([int(words[3]) for _, words in lines], np.int64),
            Texts.of(words[1] for _, words in lines),
            np.arange(first, first + len(lines), dtype=np.int64),
        )


def open_ped(parts: Mapping[str, Path]) -> PedReader | TpedReader:
    """A reader of `ped` and `map`, or of `tped` and `tfam`. FormatError names the file that is missing."""
    for main, beside in (("ped", "map"), ("tped", "tfam")):
        if main in parts and beside in parts:
            return (
                PedReader(parts[main], parts[beside])
                if main == "ped"
                else TpedReader(parts[main], parts[beside])
            )
    there = next(iter(parts.values()))
    partner = {"ped": "map", "map": "ped", "tped": "tfam", "tfam": "tped"}[next(iter(parts))]
    raise FormatError(
        "plink.missing_file",
        str(there),
        f"There is no .{partner} beside {there.name}",
        "",
        "Put both files of one name into one folder, or choose both together.",
    )
