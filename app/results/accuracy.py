"""How good a result really is: dosages against the genotypes of a truth file.

Sites are those of the truth that were not typed. The minor allele frequency is the truth's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.domain.model import Model
from app.domain.problem import Kind, problem
from app.genotypes.matrix import GenotypeMatrix, compared_name, read_matrix
from app.results.doses.contract import DoseBatch, Field, SiteKind
from app.results.doses.reading import open_doses
from app.results.figures.bins import MAF_BINS as BINS
from app.results.figures.bins import MAF_COUNT, bin_numbers
from app.results.figures.left_out import quality_scores

Site = tuple[str, int, str, str]
Floats = NDArray[np.float64]


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
    """Sums over the genotypes of each bin: x dosages, y true counts.

    `moments` [bins, 6] are n, x, y, xx, yy, xy.
    """

    moments: Floats = field(default_factory=lambda: np.zeros((MAF_COUNT, 6)))
    sites: Floats = field(default_factory=lambda: np.zeros(MAF_COUNT))
    carried: Floats = field(default_factory=lambda: np.zeros(MAF_COUNT))
    agreed: Floats = field(default_factory=lambda: np.zeros(MAF_COUNT))
    iqs: Floats = field(default_factory=lambda: np.zeros(MAF_COUNT))
    iqs_known: Floats = field(default_factory=lambda: np.zeros(MAF_COUNT))

    def add(self, place: NDArray[np.intp], dosage: Floats, truth: NDArray[np.int16]) -> None:
        """Add sites of the bins `place`; `dosage` and `truth` are [sites, people], truth -1 where missing."""
        known = (truth >= 0) & np.isfinite(dosage)
        x, y = np.where(known, dosage, 0.0), np.where(known, truth, 0).astype(np.float64)
        called, true = np.rint(x).astype(np.int64), y.astype(np.int64)
        carried = known & ((called > 0) | (true > 0))
        scores = quality_scores(called, true, known)
        for number, column in enumerate((known, x, y, x * x, y * y, x * y)):
            self.moments[:, number] += _by_bin(place, column.sum(axis=1))
        self.sites += _by_bin(place, np.ones(len(place)))
        self.carried += _by_bin(place, carried.sum(axis=1))
        self.agreed += _by_bin(place, (carried & (called == true)).sum(axis=1))
        self.iqs += _by_bin(place, np.nan_to_num(scores))
        self.iqs_known += _by_bin(place, np.isfinite(scores))

    def correlation(self, number: int) -> float | None:
        """The squared correlation of a bin."""
        n, x, y, xx, yy, xy = self.moments[number].tolist()
        spread = (n * xx - x * x) * (n * yy - y * y)
        return (n * xy - x * y) ** 2 / spread if spread > 1e-9 else None


def _by_bin(place: NDArray[np.intp], values: NDArray[np.generic]) -> Floats:
    return np.bincount(place, weights=values.astype(np.float64), minlength=MAF_COUNT).astype(np.float64)


def imputation_quality_score(called: NDArray[np.int64], true: NDArray[np.int64]) -> float | None:
    """Agreement of genotypes beyond what their frequencies give by chance; None when chance explains all."""
    score = float(quality_scores(called[None, :], true[None, :], np.ones((1, len(called)), bool))[0])
    return None if np.isnan(score) else score


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
    sums = _Sums()
    found, people = 0, 0
    for path in dose_files:
        reader = open_doses(path, Field.DOSAGE)
        try:
            columns, true_columns = _common(path, reader.samples, truth, truth_vcf)
            people = max(people, len(true_columns))
            place = bin_numbers(_minor(truth, true_columns))
            for batch in reader.batches():
                rows, sites = _wanted(batch, open_rows)
                counted = place[sites] >= 0
                rows, sites = rows[counted], sites[counted]
                found += len(rows)
                if len(rows) and batch.dosage is not None:
                    dosage = batch.dosage[np.ix_(rows, columns)].astype(np.float64)
                    sums.add(place[sites], dosage, counts[np.ix_(sites, true_columns)])
        finally:
            reader.close()
    return Accuracy(samples=people, sites=found, missed=len(open_rows), by_maf=tuple(_bins(sums)))


def _wanted(batch: DoseBatch, open_rows: dict[Site, int]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows of the batch and sites of the truth that are the same and not typed; they are taken out.

    Of a record with several ALT alleles the first one counts, as in the truth.
    """
    name = compared_name(batch.chromosome)
    alts = list(batch.alts)
    first = np.arange(len(batch))
    if batch.record is not None:
        _, first, many = np.unique(batch.record, return_index=True, return_counts=True)
        alts = [",".join(alts[at : at + n]) for at, n in zip(first.tolist(), many.tolist(), strict=True)]
    refs = batch.refs if batch.record is None else batch.refs[first]
    found = []
    keys = zip(first.tolist(), batch.position[first].tolist(), refs, alts, strict=True)
    for row, position, ref, alt in keys:
        site = open_rows.pop((name, position, ref, alt), None)
        if site is not None and not batch.info.kind[row] & SiteKind.TYPED:
            found.append((row, site))
    pairs = np.array(found, np.intp).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def _minor(truth: GenotypeMatrix, people: NDArray[np.intp]) -> NDArray[np.float64]:
    """Minor allele frequency of each site among called alleles; NaN where there are none."""
    alleles = truth.haplotypes[:, np.stack([2 * people, 2 * people + 1], axis=1).ravel()]
    total = (alleles >= 0).sum(axis=1).astype(np.float64)
    alternate = (alleles == 1).sum(axis=1)
    frequency = np.divide(alternate, total, out=np.full(len(total), np.nan), where=total > 0)
    return np.asarray(np.minimum(frequency, 1 - frequency), dtype=np.float64)


def _common(
    path: Path, samples: Sequence[str], truth: GenotypeMatrix, truth_vcf: Path
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The columns of the same people in a dose file and in the truth."""
    known = {name: number for number, name in enumerate(truth.samples)}
    pairs = [(i, known[name]) for i, name in enumerate(samples) if name in known]
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


def _bins(sums: _Sums) -> Iterator[AccuracyBin]:
    for number in range(MAF_COUNT):
        carried, known = float(sums.carried[number]), float(sums.iqs_known[number])
        yield AccuracyBin(
            maf_from=BINS[number],
            maf_to=BINS[number + 1],
            sites=int(sums.sites[number]),
            r2=sums.correlation(number),
            nonref_concordance=float(sums.agreed[number]) / carried if carried else None,
            iqs=float(sums.iqs[number]) / known if known else None,
        )
