"""How good a result really is: dosages against the genotypes of a truth file.

Sites are those of the truth that were not typed. The minor allele frequency is the truth's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.domain.model import Model
from app.domain.problem import Kind, problem
from app.genotypes.bgzf import ContainerError, open_text_blocks
from app.genotypes.matrix import GenotypeMatrix, compared_name, read_matrix, read_samples
from app.results.quality import BINS, bin_numbers

Site = tuple[str, int, str, str]
_ROUNDING = 0.01  # so much may a sum of rounded figures be out of its range
_TYPED_FLAGS = frozenset({b"TYPED", b"TYPED_ONLY", b"GENOTYPED"})


class AccuracyBin(Model):
    """Sites of a range of frequency.

    `r2` is the squared correlation of dosage and true allele count over all genotypes of the bin together.
    `nonref_concordance` is the share of equal genotypes among those where truth or result carries ALT.
    `iqs` is the mean over sites of the imputation quality score, agreement beyond chance (Lin and others,
    PLoS ONE 2010), where it is defined. None where there is nothing to compute it from.
    """

    maf_from: float
    maf_to: float
    sites: int
    r2: float | None
    nonref_concordance: float | None
    iqs: float | None


class Accuracy(Model):
    """The accuracy of a result by frequency; `missed` sites of the truth are not in the result."""

    samples: int
    sites: int
    missed: int
    by_maf: tuple[AccuracyBin, ...]


@dataclass
class _Sums:
    """Sums over the genotypes of a bin: x dosages, y true counts."""

    moments: NDArray[np.float64] = field(default_factory=lambda: np.zeros(6))
    sites: int = 0
    carried: int = 0
    agreed: int = 0
    iqs: float = 0.0
    iqs_known: int = 0

    def add(self, dosage: NDArray[np.float64], truth: NDArray[np.int16]) -> None:
        known = (truth >= 0) & np.isfinite(dosage)
        x, y = dosage[known], truth[known].astype(np.float64)
        self.moments += np.array([len(x), x.sum(), y.sum(), x @ x, y @ y, x @ y])
        called, true = np.rint(x).astype(np.int64), truth[known].astype(np.int64)
        carried = (called > 0) | (true > 0)
        self.sites += 1
        self.carried += int(carried.sum())
        self.agreed += int((called == true)[carried].sum())
        score = imputation_quality_score(called, true)
        if score is not None:
            self.iqs += score
            self.iqs_known += 1

    def correlation(self) -> float | None:
        n, x, y, xx, yy, xy = self.moments.tolist()
        spread = (n * xx - x * x) * (n * yy - y * y)
        return (n * xy - x * y) ** 2 / spread if spread > 1e-9 else None


def imputation_quality_score(called: NDArray[np.int64], true: NDArray[np.int64]) -> float | None:
    """Agreement of genotypes beyond what their frequencies give by chance; None when chance explains all."""
    if not len(called):
        return None
    table = np.bincount(3 * called + true, minlength=9).reshape(3, 3) / len(called)
    chance = float(table.sum(axis=0) @ table.sum(axis=1))
    return (float(np.trace(table)) - chance) / (1 - chance) if chance < 1 - 1e-12 else None


def accuracy(dose_files: Iterable[Path], truth_vcf: Path, typed: Iterable[Site] | None = None) -> Accuracy:
    """Compare dose files with a truth VCF, for the people that both have, by their names.

    Typed sites are left out: those that a dose file marks, and `typed` (chromosome without `chr`, position,
    REF, ALT) for results without marks. ProblemError when files cannot be read or have nobody in common.
    """
    truth = read_matrix(truth_vcf)
    counts = truth.counts()
    open_rows = {key: row for row, key in enumerate(truth.site_keys())}
    for chromosome, position, ref, alt in typed or ():
        open_rows.pop((compared_name(chromosome), position, ref, alt), None)
    sums = [_Sums() for _ in BINS[1:]]
    found, people = 0, 0
    for path in dose_files:
        dose_columns, truth_columns = _common(path, truth, truth_vcf)
        people = max(people, len(truth_columns))
        place = bin_numbers(_minor(truth, truth_columns))
        for key, is_typed, dosages in _dosages(path, open_rows):
            row = open_rows.pop(key)
            if not is_typed and place[row] >= 0:
                found += 1
                sums[place[row]].add(dosages[dose_columns], counts[row, truth_columns])
    return Accuracy(samples=people, sites=found, missed=len(open_rows), by_maf=tuple(_bins(sums)))


def _minor(truth: GenotypeMatrix, people: NDArray[np.intp]) -> NDArray[np.float64]:
    """Minor allele frequency of each site among called alleles; NaN where there are none."""
    alleles = truth.haplotypes[:, np.stack([2 * people, 2 * people + 1], axis=1).ravel()]
    total = (alleles >= 0).sum(axis=1).astype(np.float64)
    alternate = (alleles == 1).sum(axis=1)
    frequency = np.divide(alternate, total, out=np.full(len(total), np.nan), where=total > 0)
    return np.asarray(np.minimum(frequency, 1 - frequency), dtype=np.float64)


def _common(path: Path, truth: GenotypeMatrix, truth_vcf: Path) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The columns of the same people in a dose file and in the truth."""
    known = {name: number for number, name in enumerate(truth.samples)}
    pairs = [(i, known[name]) for i, name in enumerate(read_samples(path)) if name in known]
    if not pairs:
        raise problem(
            Kind.INPUT,
            "Result and truth have nobody in common",
            f"No sample of {path.name} is in {truth_vcf.name}.",
            "Give the truth of the same people, with the same names.",
            subject=truth_vcf.name,
        )
    dose, true = zip(*pairs, strict=True)
    return np.array(dose, dtype=np.intp), np.array(true, dtype=np.intp)


def _dosages(path: Path, wanted: dict[Site, int]) -> Iterator[tuple[Site, bool, NDArray[np.float64]]]:
    """(site, marked as typed, dosage of each sample) of the wanted records of a dose file."""
    number, people = 0, len(read_samples(path))
    try:
        with open_text_blocks(path) as blocks:
            for piece in blocks:
                for line in bytes(piece).splitlines():
                    number += 1
                    if line.startswith(b"#"):
                        continue
                    head = line.split(b"\t", 9)
                    chromosome, position, _, ref, alt = (each.decode() for each in head[:5])
                    key = (compared_name(chromosome), int(position), ref, alt)
                    if key in wanted:
                        flags = head[7].split(b";")
                        yield key, _is_typed(flags), _row(head, people)
    except (ContainerError, OSError, ValueError, IndexError) as error:
        raise problem(
            Kind.INPUT,
            "A dose file cannot be read",
            f"{path.name} is damaged or has no dosages (line {number:,}).",
            "Fetch the result again.",
            subject=path.name,
            details=str(error),
        ) from error


def _row(head: list[bytes], people: int) -> NDArray[np.float64]:
    """The dosages of a record split into ten; ValueError when they are too few or not between 0 and 2."""
    dosages = row_dosages(head[8], head[9].split(b"\t"))
    if len(dosages) != people:
        raise ValueError(f"{len(dosages)} cells for {people} samples")
    if (dosages < -_ROUNDING).any() or (dosages > 2 + _ROUNDING).any():
        raise ValueError("a dosage is not between 0 and 2")
    return np.asarray(np.clip(dosages, 0.0, 2.0), dtype=np.float64)


def _is_typed(flags: list[bytes]) -> bool:
    """Whether INFO marks a typed record; Beagle marks the imputed ones by IMP instead."""
    if any(flag.startswith(b"DR2=") for flag in flags) and b"IMPUTED" not in flags:
        return b"IMP" not in flags
    return not _TYPED_FLAGS.isdisjoint(flags)


def row_dosages(keys: bytes, cells: list[bytes]) -> NDArray[np.float64]:
    """ALT dosages of a record: DS, or the sum of HDS, or first ALT alleles of GT; NaN where missing.

    FORMAT is read anew for each record, because its order may change within a file.
    """
    names = keys.split(b":")
    name = next((each for each in (b"DS", b"HDS", b"GT") if each in names), b"DS")
    at = names.index(name)
    values = [parts[at] if len(parts := cell.split(b":")) > at else b"." for cell in cells]
    if name == b"DS":
        firsts = [value.split(b",", 1)[0] for value in values]  # of several ALT alleles the first
        return np.array([b"nan" if value == b"." else value for value in firsts]).astype(np.float64)
    split = [value.replace(b"/", b",").replace(b"|", b",").split(b",") for value in values]
    if name == b"GT":
        return np.array([np.nan if b"." in parts else float(parts.count(b"1")) for parts in split])
    return np.array([np.nan if b"." in parts else sum(map(float, parts)) for parts in split])


def _bins(sums: list[_Sums]) -> Iterator[AccuracyBin]:
    for number, each in enumerate(sums):
        yield AccuracyBin(
            maf_from=BINS[number],
            maf_to=BINS[number + 1],
            sites=each.sites,
            r2=each.correlation(),
            nonref_concordance=each.agreed / each.carried if each.carried else None,
            iqs=each.iqs / each.iqs_known if each.iqs_known else None,
        )
