"""Oxford text: .gen (three probabilities a person) and .haps (two alleles a person), each with its .sample.

The first allele is taken for the reference, which the format does not promise. Probabilities become hard
calls, see `probabilities`.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.genotypes.cohort import MISSING, Batch, Codes, Origin, Reference, RowFlag
from app.genotypes.header import Header
from app.genotypes.readers.calls import ABSENT, GAP, calls_of, rows_within
from app.genotypes.readers.columns import ChromosomeNames, allele_pair_flags, text_pieces
from app.genotypes.readers.contract import FormatError
from app.genotypes.readers.people import read_sample
from app.genotypes.readers.probabilities import hard_calls
from app.genotypes.rows import SiteFlag
from app.genotypes.texts import Texts

_PIECE = 1 << 20
_LONGEST_WORD = 1 << 16
_ALLELES = {ord("0"): 0, ord("1"): 1, ord("?"): GAP, ord("."): GAP, ord("-"): ABSENT}
_ALLELE_OF_BYTE = np.full(256, 99, np.int32)
_ALLELE_OF_BYTE[list(_ALLELES)] = list(_ALLELES.values())
_GEN_OF_BYTES = np.full(256, 9, np.uint8)
_GEN_OF_BYTES[[ord("0"), ord("1")]] = 0, 1


@dataclass
class _Line:
    """One site: the leading words and the bytes behind them."""

    number: int
    words: list[bytes]
    rest: bytes


class OxfordReader:
    """See `GenotypeReader`; for .gen and .haps. Memory: one batch of rows."""

    header: Header | None = None
    notes: tuple[str, ...] = ()

    def __init__(self, path: Path, sample: Path, *, haplotypes: bool) -> None:
        """Reads the people and proves the width of the first line; FormatError or OSError otherwise."""
        people = read_sample(sample)
        self.samples: Sequence[str] = people.names()
        self.people = people.columns()
        self.origin = Origin(
            "Oxford HAPS" if haplotypes else "Oxford GEN", (str(path), str(sample)), Reference.PROVISIONAL
        )
        self._path = path
        self._size = path.stat().st_size
        self._done = 0
        self._haplotypes = haplotypes
        self._values = (2 if haplotypes else 3) * len(self.samples)
        self._names = ChromosomeNames(path)
        self._leading = self._count_leading()

    def _count_leading(self) -> int:
        """5 words before the values (chromosome, ID, position, alleles), 6 where there are two IDs."""
        for piece in text_pieces(self._path, _PIECE):
            for line in bytes(piece).splitlines():
                if line.strip():
                    count = len(line.split()) - self._values
                    if count not in (5, 6):
                        raise self._wrong_width(1, count + self._values)
                    return count
        raise FormatError("oxford.no_variants", str(self._path), "The file has no variants")

    def _wrong_width(self, number: int, words: int) -> FormatError:
        return FormatError(
            "oxford.columns",
            str(self._path),
            f"A line has {words:,} columns; {len(self.samples):,} people in the .sample file need "
            f"{self._values + 5:,}",
            f"line {number:,}",
            "Use the .sample file that was written with this file.",
        )

    def progress(self) -> tuple[int, int]:
        """Bytes of text for a plain file; for a packed one a rough share."""
        return min(self._done, self._size), self._size

    def batches(self, rows: int = 2048) -> Iterator[Batch]:
        """Rows in file order."""
        rows = rows_within(rows, 4 * len(self.samples))
        first, lines = 0, list[_Line]()
        for line in self._lines():
            lines.append(line)
            if len(lines) == rows:
                yield self._batch(lines, first)
                first += len(lines)
                lines = []
        if lines:
            yield self._batch(lines, first)
        self._done = self._size

    def _lines(self) -> Iterator[_Line]:
        number = 0
        for piece in text_pieces(self._path, _PIECE):
            for raw in bytes(piece).splitlines():
                number += 1
                self._done += len(raw) // 8
                words = raw.split(None, self._leading)
                if not words:
                    continue
                if len(words) <= self._leading or max(map(len, words[:-1])) > _LONGEST_WORD:
                    raise self._wrong_width(number, len(words))
                yield _Line(number, words[:-1], words[-1].rstrip())

    def _batch(self, lines: list[_Line], first: int) -> Batch:
        refs = Texts.of(line.words[-2] for line in lines)
        alts = Texts.of(line.words[-1] for line in lines)
        flags = allele_pair_flags(refs, alts) | np.uint32(RowFlag.NO_REFERENCE)
        batch = Batch(
            names=self._names.names,
            chromosome=np.array([self._names.number(line.words[0]) for line in lines], np.uint16),
            position=np.array([self._position(line) for line in lines], np.int64),
            ids=Texts.of(line.words[-4] for line in lines),
            refs=refs,
            alts=alts,
            flags=flags,
            record=np.arange(first, first + len(lines), dtype=np.int64),
        )
        if self._haplotypes:
            self._add_haplotypes(batch, lines)
        else:
            batch.genotypes = np.stack([self._called(line) for line in lines])
            batch.flags |= np.uint32(SiteFlag.HAS_SLASH)
        return batch

    def _position(self, line: _Line) -> int:
        word = line.words[-3]
        if not word.removeprefix(b"-").isdigit() or len(word) > 12:
            raise FormatError(
                "oxford.position",
                str(self._path),
                "A position is no whole number",
                f"line {line.number:,}",
                "Check the columns: chromosome, ID, position, two alleles, then the values.",
            )
        return int(word)

    def _called(self, line: _Line) -> Codes:
        count = len(self.samples)
        if len(line.rest) == 2 * self._values - 1:
            digits = _GEN_OF_BYTES[np.frombuffer(line.rest, np.uint8)[::2]].reshape(count, 3)
            total = digits.sum(axis=1)
            if int(total.max()) <= 1:
                codes = digits[:, 1] + digits[:, 2] * np.uint8(2)
                codes[total == 0] = MISSING
                return codes
        shares = self._numbers(line).reshape(count, 3)
        total = shares.sum(axis=1)
        known = total > 0
        dosage = np.full(count, np.nan)
        dosage[known] = (shares[known, 1] + 2 * shares[known, 2]) / total[known]
        return hard_calls(dosage)

    def _numbers(self, line: _Line) -> NDArray[np.float64]:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                values = np.fromstring(line.rest.decode("ascii"), np.float64, sep=" ")
        except (ValueError, DeprecationWarning):
            values = np.empty(0)
        if len(values) != self._values or not np.isfinite(values).all():
            words = len(line.words) + len(line.rest.split())
            if words != self._values + self._leading:
                raise self._wrong_width(line.number, words)
            raise self._bad_value(line)
        return values

    def _bad_value(self, line: _Line) -> FormatError:
        return FormatError(
            "oxford.value",
            str(self._path),
            "A genotype is not written in numbers that it could have",
            f"line {line.number:,}",
            "Export the file again.",
        )

    def _add_haplotypes(self, batch: Batch, lines: list[_Line]) -> None:
        read = [self._alleles(line) for line in lines]
        alleles = np.stack([each for each, _ in read]).reshape(len(lines), -1, 2)
        loose = np.stack([stars for _, stars in read])
        nobody = np.zeros(loose.shape, bool)
        both = np.full(len(lines), 2, np.int32)
        calls = calls_of(alleles[:, :, 0], alleles[:, :, 1], ~loose, nobody, both, both - 1)
        batch.genotypes, batch.phase, batch.haploid = calls.genotypes, calls.phase, calls.haploid
        batch.flags |= calls.flags

    def _alleles(self, line: _Line) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
        """Two allele numbers a person, and who is not phased (a star behind the allele)."""
        letters = np.frombuffer(line.rest, np.uint8)[::2]
        stars: NDArray[np.bool_] = np.zeros(len(self.samples), bool)
        if len(line.rest) != 2 * self._values - 1 or (np.frombuffer(line.rest, np.uint8)[1::2] > 32).any():
            words = line.rest.split()
            if len(words) != self._values:
                raise self._wrong_width(line.number, len(words) + self._leading)
            letters = np.frombuffer(b"".join(word[:1] for word in words), np.uint8)
            starred = np.array([word[1:] == b"*" for word in words], bool)
            stars = starred[0::2] | starred[1::2]
            if any(word[1:] not in (b"", b"*") for word in words):
                raise self._bad_value(line)
        alleles = _ALLELE_OF_BYTE[letters]
        if int(alleles.max()) > 1 or (alleles[0::2] == ABSENT).any():
            raise self._bad_value(line)
        return alleles, stars


def open_oxford(parts: Mapping[str, Path]) -> OxfordReader:
    """A reader of `gen` or `haps` with `sample`. FormatError names the file that is missing."""
    main = next((kind for kind in ("gen", "haps") if kind in parts), None)
    if main is None or "sample" not in parts:
        there = next(iter(parts.values()))
        missing = "sample" if main else "gen or .haps"
        raise FormatError(
            "oxford.missing_file",
            str(there),
            f"There is no .{missing} beside {there.name}",
            "",
            "Put both files of one name into one folder, or choose both together.",
        )
    return OxfordReader(parts[main], parts["sample"], haplotypes=main == "haps")
