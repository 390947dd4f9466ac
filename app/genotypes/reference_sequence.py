"""A reference genome in FASTA, plain or BGZF: bases at places, read piece by piece; indels moved left by it.

An index (`.fai`) beside the file is used, and checked; without one the file is read through once. Nothing is
written. A genome never lies in memory: the longest piece is `PIECE` bases.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.domain.path_text import shown
from app.domain.problem import Kind, ProblemError, problem
from app.genotypes.bgzf import (
    Compression,
    ContainerError,
    ContainerFault,
    block_length,
    detect_compression,
    inflate_block,
    open_text_blocks,
)
from app.genotypes.builds import BUILDS, length, plain_chromosome

PIECE = 1 << 20
FARTHEST = 100_000
"""Bases that an indel is moved at most: repeats that a read can hold are shorter."""

Indel = tuple[int, str, str]


@dataclass(frozen=True)
class _Record:
    """A line of an index: bases, the byte where they begin, bases a line, and bytes a line."""

    length: int
    offset: int
    bases: int
    width: int

    def byte(self, base: int) -> int:
        """The byte of a base, counted from 0."""
        return self.offset + base // self.bases * self.width + base % self.bases


class ReferenceSequence:
    """An open FASTA file. ProblemError when it is none, packed as no program can seek in, or cut off."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            with path.open("rb") as file:
                packing = detect_compression(file.read(1 << 16))
                self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            raise _trouble(path, str(getattr(error, "strerror", None) or "it is empty")) from error
        if packing is Compression.GZIP:
            raise _trouble(path, "it is packed by gzip, in which nothing can be looked up")
        try:
            self._blocks = self._all_blocks() if packing is Compression.BGZF else None
            self._records = self._indexed()
        except (ContainerError, ValueError, TypeError) as error:
            raise _trouble(path, f"it is damaged, or its index is not of it ({error})") from error
        self._piece = ("", 0, np.empty(0, np.uint8))

    @property
    def chromosomes(self) -> tuple[str, ...]:
        """Plain names of the chromosomes that are there."""
        return tuple(self._records)

    @property
    def build(self) -> str | None:
        """The build by the lengths of its chromosomes, None where they fit none or several."""
        named = [(name, each.length) for name, each in self._records.items() if name != "MT"]
        fitting = [b for b in BUILDS if named and all(length(b, name) == size for name, size in named)]
        return fitting[0] if len(fitting) == 1 else None

    def bases(self, chromosome: str, start: int, stop: int) -> NDArray[np.uint8]:
        """Bases in capitals from `start` (counted from 1) up to but not `stop`; fewer beyond the ends."""
        record = self._records.get(chromosome)
        if record is None:
            return np.empty(0, np.uint8)
        first, last = max(start, 1) - 1, min(stop - 1, record.length)
        if first >= last:
            return np.empty(0, np.uint8)
        raw = np.frombuffer(self._bytes(record.byte(first), record.byte(last - 1) + 1), np.uint8)
        letters = raw[raw > ord(" ")]
        if len(letters) != last - first:
            raise _trouble(self.path, "its index is not of it, or the file is cut off")
        return np.where(letters >= ord("a"), letters - 32, letters).astype(np.uint8)

    def at(self, chromosome: str, positions: NDArray[np.int64]) -> NDArray[np.uint8]:
        """The base at each position, 0 where there is none; in any order."""
        found = np.zeros(len(positions), np.uint8)
        order = np.argsort(positions, kind="stable")
        pieces = positions[order] // PIECE
        for piece in np.unique(pieces).tolist():
            places = order[np.searchsorted(pieces, piece) : np.searchsorted(pieces, piece, "right")]
            start = max(piece * PIECE, 1)
            bases = self.bases(chromosome, start, (piece + 1) * PIECE)
            inside = positions[places] - start
            good = (inside >= 0) & (inside < len(bases))
            found[places[good]] = bases[inside[good]]
        return found

    def text(self, chromosome: str, start: int, stop: int) -> str:
        """Bases as a text; those near the last ones asked for are at hand."""
        name, begin, bases = self._piece
        if name != chromosome or start < begin or stop > begin + len(bases):
            begin = max(1, start - 4096)
            bases = self.bases(chromosome, begin, stop + 60_000)
            self._piece = chromosome, begin, bases
        return bases[max(start, 1) - begin : max(stop - begin, 0)].tobytes().decode("ascii", "replace")

    def matches(self, chromosome: str, position: int, allele: str) -> bool:
        """Whether the sequence has this allele at a position."""
        return bool(allele) and self.text(chromosome, position, position + len(allele)) == allele

    def left_aligned(self, chromosome: str, position: int, ref: str, alt: str) -> Indel | None:
        """The same change as far to the left as it goes, in the fewest bases; None where REF is not there.

        Tan, Abecasis and Kang 2015, as `bcftools norm` does.
        """
        if not ref or not alt or ref == alt or not self.matches(chromosome, position, ref):
            return None
        least = max(1, position - FARTHEST)
        while ref[-1] == alt[-1] and (min(len(ref), len(alt)) > 1 or position > least):
            ref, alt = ref[:-1], alt[:-1]
            if not ref or not alt:
                position -= 1
                base = self.text(chromosome, position, position + 1)
                ref, alt = base + ref, base + alt
        while min(len(ref), len(alt)) > 1 and ref[0] == alt[0]:
            ref, alt, position = ref[1:], alt[1:], position + 1
        return position, ref, alt

    def close(self) -> None:
        """Let the file go."""
        self._map.close()

    def _all_blocks(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Where blocks begin in the file, and where their bytes begin in the text; ends included."""
        packed, text, view = [0], [0], memoryview(self._map)
        try:
            while packed[-1] < len(view):
                end = packed[-1] + block_length(view, packed[-1], packed[-1])
                if end == packed[-1] or end > len(view):
                    raise ContainerError(ContainerFault.TRUNCATED, packed[-1], "the last block is cut off")
                text.append(text[-1] + int.from_bytes(view[end - 4 : end], "little"))
                packed.append(end)
        finally:
            view.release()
        return np.array(packed, np.int64), np.array(text, np.int64)

    def _bytes(self, start: int, stop: int) -> bytes:
        if self._blocks is None:
            return self._map[start:stop]
        packed, text = self._blocks
        first = int(np.searchsorted(text, start, "right")) - 1
        last = int(np.searchsorted(text, stop))
        view = memoryview(self._map)
        try:
            pieces = [
                bytes(inflate_block(view[packed[n] : packed[n + 1]], int(packed[n])))
                for n in range(first, min(last, len(packed) - 1))
            ]
        except ContainerError as error:
            raise _trouble(self.path, f"it is damaged ({error})") from error
        finally:
            view.release()
        return b"".join(pieces)[start - int(text[first]) : stop - int(text[first])]

    def _indexed(self) -> dict[str, _Record]:
        """The human chromosomes of the file, by plain names; of several of one name the first."""
        beside = self.path.with_name(self.path.name + ".fai")
        rows = _read_index(beside) if beside.is_file() else self._scanned()
        found: dict[str, _Record] = {}
        for name, record in rows:
            plain = plain_chromosome(name)
            if plain is not None and plain not in found and record.length > 0:
                found[plain] = record
        if not found:
            raise ValueError("no human chromosome")
        for record in found.values():
            if record.bases < 1 or self._bytes(record.offset - 1, record.offset) != b"\n":
                raise ValueError("the index points elsewhere")
        return found

    def _scanned(self) -> Iterable[tuple[str, _Record]]:
        """What an index would say, from one pass over the file. ValueError when lines differ in length."""
        name, offset, bases, width, count, short, at = "", 0, 0, 0, 0, False, 0
        with open_text_blocks(self.path) as blocks:
            for piece in blocks:
                for line in bytes(piece).splitlines(keepends=True):
                    letters = len(line.rstrip())
                    if line.startswith(b">"):
                        if name:
                            yield name, _Record(count, offset, bases, width)
                        name = (line[1:].split() or [b"?"])[0].decode("utf-8", "replace")
                        offset, bases, width, count, short = at + len(line), 0, 0, 0, False
                    elif not name:
                        raise ValueError("no line begins with “>”")
                    elif letters:
                        if short or (bases and letters > bases):
                            raise ValueError(f"lines of {name} differ in length")
                        bases, width = (bases, width) if bases else (letters, len(line))
                        short, count = letters < bases, count + letters
                    at += len(line)
        if name:
            yield name, _Record(count, offset, bases, width)


def _read_index(path: Path) -> list[tuple[str, _Record]]:
    rows = [line.split("\t") for line in path.read_text("utf-8", "replace").splitlines() if line]
    return [(row[0], _Record(*(int(word) for word in row[1:5]))) for row in rows]


def _trouble(path: Path, why: str) -> ProblemError:
    name = shown(path.name)
    return problem(
        Kind.INPUT,
        "The reference sequence cannot be used",
        f"{name}: {why}.",
        "Give a whole FASTA file, plain or packed by bgzip, with its .fai beside it or none.",
        subject=name,
    )
