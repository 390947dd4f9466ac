"""Switch errors: how often the phase of a result changes sides against a truth that is phased."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.domain.accuracy import SwitchErrors
from app.domain.problem import Kind, problem
from app.genotypes.matrix import GenotypeMatrix, compared_name, join, matrix_pieces, read_samples
from app.results.truth.people import pairs_of

Alleles = NDArray[np.int8]


class SwitchCount:
    """Counts over sites that come in order, piece by piece, for people that stand side by side."""

    def __init__(self, people: int) -> None:
        self._side = np.full(people, -1, dtype=np.int8)  # of the last heterozygous genotype, -1 before
        self.joins = np.zeros(people, dtype=np.int64)
        self.wrong = np.zeros(people, dtype=np.int64)

    def new_chromosome(self) -> None:
        """No genotype is joined with what came before."""
        self._side[:] = -1

    def add(self, truth: Alleles, phased: Alleles) -> None:
        """Sites [n, 2 * people] of alleles, two columns a person; negative ones are missing."""
        first, second = truth[:, 0::2], truth[:, 1::2]
        one, two = phased[:, 0::2], phased[:, 1::2]
        same, other = (first == one) & (second == two), (first == two) & (second == one)
        het = (first != second) & (first >= 0) & (second >= 0) & (same | other)
        for person in np.flatnonzero(het.any(axis=0)):
            sides = same[het[:, person], person].astype(np.int8)
            if self._side[person] >= 0:
                sides = np.concatenate([self._side[person : person + 1], sides])
            self.joins[person] += len(sides) - 1
            self.wrong[person] += int((sides[1:] != sides[:-1]).sum())
            self._side[person] = sides[-1]

    def told(self) -> SwitchErrors:
        """The sums."""
        return SwitchErrors(people=len(self._side), joins=int(self.joins.sum()), wrong=int(self.wrong.sum()))


def compared_phase(
    result: Sequence[Path], truth: Sequence[Path], names: Mapping[str, str] | None = None
) -> SwitchErrors | None:
    """Of VCF files with the same order of chromosomes, read side by side: memory does not grow with them.

    Sites are the same by chromosome, position, REF and ALT; those that either side writes with a slash are
    left out. None when no genotype can be compared. ProblemError for other formats than VCF.
    """
    parts = [_file(path, each, names or {}) for path in result for each in truth]
    told = [part for part in parts if part is not None and part.joins]
    if not told:
        return None
    return SwitchErrors(
        people=max(part.people for part in told),
        joins=sum(part.joins for part in told),
        wrong=sum(part.wrong for part in told),
    )


def _file(result: Path, truth: Path, names: Mapping[str, str]) -> SwitchErrors | None:
    for path in (result, truth):
        if not path.name.lower().endswith((".vcf", ".vcf.gz", ".vcf.bgz")):
            raise _no_phase(path)
    pairs = pairs_of(read_samples(result), read_samples(truth), names, {})
    if not len(pairs):
        return None
    mine, theirs = (_columns(each) for each in (pairs.result, pairs.truth))
    count, ahead, chromosome = SwitchCount(len(pairs)), _Ahead(truth), ""
    for piece in matrix_pieces(result):
        for part in _by_chromosome(piece):
            name = compared_name(str(part.chromosomes[0]))
            if name != chromosome:
                count.new_chromosome()
                chromosome = name
            known = ahead.until(name, int(part.positions[-1]))
            if known is not None:
                rows, same = _same_sites(part, known)
                count.add(known.haplotypes[same][:, theirs], part.haplotypes[rows][:, mine])
    return count.told()


class _Ahead:
    """The truth as far as the result has come."""

    def __init__(self, path: Path) -> None:
        self._pieces = (part for piece in matrix_pieces(path) for part in _by_chromosome(piece))
        self._held: list[GenotypeMatrix] = []
        self._seen: set[str] = set()

    def until(self, chromosome: str, position: int) -> GenotypeMatrix | None:
        """Sites of a chromosome up to a position, and what was read behind it; None when there are none."""
        while not self._far_enough(chromosome, position):
            piece = next(self._pieces, None)
            if piece is None:
                break
            if _name(piece) != chromosome and chromosome not in self._seen:
                self._held.clear()  # the result has nothing there
            self._held.append(piece)
            self._seen.add(_name(piece))
        there = [piece for piece in self._held if _name(piece) == chromosome]
        known = join(there) if there else None
        newest = self._held[-1:]
        self._held = [piece for piece in there if int(piece.positions[-1]) >= position]
        if newest and _name(newest[0]) != chromosome:
            self._held += newest
        return known

    def _far_enough(self, chromosome: str, position: int) -> bool:
        if not self._held:
            return False
        last = self._held[-1]
        if _name(last) != chromosome:
            return chromosome in self._seen
        return int(last.positions[-1]) > position


def _name(piece: GenotypeMatrix) -> str:
    return compared_name(str(piece.chromosomes[0]))


def _by_chromosome(piece: GenotypeMatrix) -> Iterator[GenotypeMatrix]:
    cuts = np.flatnonzero(piece.chromosomes[1:] != piece.chromosomes[:-1]) + 1
    for rows in np.split(np.arange(len(piece)), cuts):
        if len(rows):
            yield piece.take(rows)


def _columns(people: NDArray[np.intp]) -> NDArray[np.intp]:
    return np.stack([2 * people, 2 * people + 1], axis=1).ravel()


def _same_sites(mine: GenotypeMatrix, theirs: GenotypeMatrix) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    known = {key: row for row, key in enumerate(theirs.site_keys()) if theirs.phased[row]}
    keys = enumerate(mine.site_keys())
    found = [(row, known[key]) for row, key in keys if mine.phased[row] and key in known]
    pairs = np.array(found, dtype=np.intp).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def _no_phase(path: Path) -> Exception:
    return problem(
        Kind.INPUT,
        "The phase cannot be compared",
        f"{path.name} is not a VCF.",
        "Give phased VCF files, or leave the phase out.",
        subject=path.name,
    )
