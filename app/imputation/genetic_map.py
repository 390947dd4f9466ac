"""Genetic maps: centimorgans along a chromosome, from a file or at a constant rate."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.domain.problem import Kind, problem
from app.genotypes.bgzf import ContainerError, open_text_blocks
from app.genotypes.matrix import bare_name, compared_name

CM_PER_BP = 1e-6
_LONGEST = 3e8  # beyond the end of every chromosome
_MOST_CENTIMORGANS = 1e6
_PIECE_BYTES = 1 << 16


@dataclass(frozen=True, eq=False)
class GeneticMap:
    """Known points of a map: `positions` in bp, ascending, and `centimorgans`, never falling."""

    positions: NDArray[np.float64]
    centimorgans: NDArray[np.float64]

    def at(self, positions: NDArray[np.int64]) -> NDArray[np.float64]:
        """Centimorgans at positions: linear between points, 1 cM a megabase outside them."""
        where = positions.astype(np.float64)
        if not len(self.positions):
            return where * CM_PER_BP
        inside = np.interp(where, self.positions, self.centimorgans)
        before = np.minimum(where - self.positions[0], 0.0)
        after = np.maximum(where - self.positions[-1], 0.0)
        return np.asarray(inside + (before + after) * CM_PER_BP, dtype=np.float64)

    def scaled(self, factor: float) -> GeneticMap:
        """All distances times a factor; the constant rate becomes a map of two far points."""
        if not len(self.positions):
            ends = np.array([1.0, _LONGEST])
            return GeneticMap(ends, ends * CM_PER_BP * factor)
        ends = np.array([1.0, _LONGEST])
        inside = ends[(ends < self.positions[0]) | (ends > self.positions[-1])]
        places = np.sort(np.concatenate([self.positions, inside]))
        return GeneticMap(places, self.at(places.astype(np.int64)) * factor)

    def write_plink(self, path: Path, chromosome: str) -> None:
        """Write it as PLINK does: chromosome, id, cM, bp; read by Beagle and Minimac4."""
        points = zip(self.centimorgans.tolist(), self.positions.tolist(), strict=True)
        lines = [f"{chromosome} . {cm:.6f} {int(bp)}\n" for cm, bp in points]
        path.write_text("".join(lines), encoding="ascii")


CONSTANT = GeneticMap(np.empty(0), np.empty(0))


def read_map(path: Path, chromosome: str) -> GeneticMap:
    """Read a map of one chromosome; ProblemError when no point of it can be read.

    Known forms: PLINK (chromosome, id, cM, bp), `pos chr cM` and `chrom pos cM` with or without a header,
    and the four columns of HapMap (`Chromosome Position(bp) Rate(cM/Mb) Map(cM)`); plain or gzip.
    """
    points = _Points(compared_name(chromosome))
    try:
        with open_text_blocks(path, piece_bytes=_PIECE_BYTES) as blocks:
            for piece in blocks:
                points.add(bytes(piece))
    except (OSError, ContainerError, ValueError, IndexError) as error:
        raise problem(
            Kind.INPUT,
            "The genetic map cannot be read",
            f"{path.name}: {error}.",
            "Give a map of four columns: chromosome, id, cM, position.",
            subject=path.name,
        ) from error
    if len(points.positions) < 2:
        raise problem(
            Kind.INPUT,
            "The genetic map does not fit",
            f"{path.name} has no points of chromosome {bare_name(chromosome)}.",
            "Give the map of this chromosome, or none.",
            subject=path.name,
        )
    positions, centimorgans = np.array(points.positions), np.array(points.centimorgans)
    order = np.lexsort((centimorgans, positions))
    return GeneticMap(positions[order], np.maximum.accumulate(centimorgans[order]))


class _Points:
    """The points of one chromosome, gathered from pieces of text; maps have a hundred thousand lines."""

    def __init__(self, chromosome: str) -> None:
        self._chromosome = chromosome
        self._columns: tuple[int, int, int] | None = None
        self.positions, self.centimorgans = array("d"), array("d")

    def add(self, text: bytes) -> None:
        """Add whole lines. ValueError and IndexError where they are none of a map."""
        if self._columns is None:
            text = self._begin(text)
        if not self._add_even(text):
            for line in text.splitlines():
                self._add_line(line.decode("ascii", "replace").split())

    def _begin(self, text: bytes) -> bytes:
        """Settle the columns by the first line; what is left when a header is taken away."""
        first, _, rest = text.lstrip().partition(b"\n")
        cells = first.decode("ascii", "replace").split()
        if not cells:
            return b""
        header = not any(cell.replace(".", "", 1).isdigit() for cell in cells[1:])
        self._columns = _columns([cell.lstrip("#").lower() for cell in cells] if header else [], len(cells))
        return rest if header else text

    def _add_even(self, text: bytes) -> bool:
        """Many lines of the same chromosome at once; False where they may be anything else."""
        cells, lines = text.split(), len(text.splitlines())
        width = len(cells) // max(lines, 1)
        if self._columns is None or width <= max(self._columns) or width * lines != len(cells):
            return False
        chrom, bp, cm = (cells[column::width] for column in self._columns)
        if len(set(chrom)) != 1 or not b"".join(bp).isdigit():
            return False
        if self._is_mine(chrom[0].decode("ascii", "replace")):
            try:
                positions, places = array("d", map(float, bp)), array("d", map(float, cm))
            except ValueError:  # told with its line
                return False
            if not (np.isfinite(positions).all() and (np.abs(places) <= _MOST_CENTIMORGANS).all()):
                return False
            self.positions.extend(positions)
            self.centimorgans.extend(places)
        return True

    def _add_line(self, row: Sequence[str]) -> None:
        if row and self._columns is not None:
            chrom, bp, cm = self._columns
            if self._is_mine(row[chrom]):
                self.positions.append(_whole(row[bp]))
                self.centimorgans.append(_place(row[cm]))

    def _is_mine(self, name: str) -> bool:
        return compared_name(name) in (self._chromosome, ".")


def _place(text: str) -> float:
    """Centimorgans; the longest chromosome has some hundred."""
    place = float(text)
    if not abs(place) <= _MOST_CENTIMORGANS:  # so that what is no number is refused too
        raise ValueError(f"{text} is no place in centimorgans")
    return place


def _whole(text: str) -> float:
    """A position; a part of a base pair tells that the columns are others than was thought."""
    position = float(text)
    if "." in text or not position.is_integer():
        raise ValueError(
            f"the position {text} is no whole number; without a header the columns are taken as "
            "chromosome, id, cM, position"
        )
    return position


def _columns(names: list[str], width: int) -> tuple[int, int, int]:
    """Where chromosome, bp and cM stand: by the header, or by the number of columns."""
    if not names:
        return (0, 3, 2) if width == 4 else (1, 0, 2)
    at = {name: i for i, name in enumerate(names)}
    bp = [i for name, i in at.items() if name.startswith(("pos", "bp"))]
    chrom = [i for name, i in at.items() if name.startswith("chr")]
    cm = [i for name, i in at.items() if "cm" in name and "cm/mb" not in name]
    return chrom[0], bp[0], cm[-1]
