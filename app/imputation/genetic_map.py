"""Genetic maps: centimorgans along a chromosome, from a file or at a constant rate."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.domain.problem import Kind, problem
from app.genotypes.bgzf import ContainerError, read_lines
from app.genotypes.matrix import bare_name, compared_name

CM_PER_BP = 1e-6
_LONGEST = 3e8  # beyond the end of every chromosome
_MOST_CENTIMORGANS = 1e6


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
    try:
        points = sorted(_points(path, compared_name(chromosome)))
    except (OSError, ContainerError, ValueError, IndexError) as error:
        raise problem(
            Kind.INPUT,
            "The genetic map cannot be read",
            f"{path.name}: {error}.",
            "Give a map of four columns: chromosome, id, cM, position.",
            subject=path.name,
        ) from error
    if len(points) < 2:
        raise problem(
            Kind.INPUT,
            "The genetic map does not fit",
            f"{path.name} has no points of chromosome {bare_name(chromosome)}.",
            "Give the map of this chromosome, or none.",
            subject=path.name,
        )
    positions = np.array([bp for bp, _ in points])
    return GeneticMap(positions, np.maximum.accumulate(np.array([cm for _, cm in points])))


def _points(path: Path, chromosome: str) -> Iterator[tuple[float, float]]:
    rows = (line.decode("ascii", "replace").split() for line in read_lines(path))
    filled = (row for row in rows if row)
    first = next(filled, [])
    header = not any(cell.replace(".", "", 1).isdigit() for cell in first[1:])
    chrom, bp, cm = _columns([cell.lstrip("#").lower() for cell in first] if header else [], len(first))
    for row in filled if header else itertools.chain([first], filled):
        if row and compared_name(row[chrom]) in (chromosome, "."):
            yield _whole(row[bp]), _place(row[cm])


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
