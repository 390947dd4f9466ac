"""How good a result is, by sums over the people at each site: r2 by frequency, told and true R2, switches."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.results.doses.contract import DoseBatch, Field
from app.results.doses.reading import open_doses

BINS = (0.0, 0.0005, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
_LEAST_VARIANCE = 1e-9

Site = tuple[int, str, str]
Doubles = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Scores:
    """Sites that were not typed. `sums` float64 [sites, 6]: people, dosage, truth, their squares, products;
    `told` the R2 of the file, `again` that of its haplotypes' dosages (NaN without); `frequency` of ALT."""

    sums: Doubles
    told: Doubles
    again: Doubles
    frequency: Doubles

    def r2(self, low: float, high: float) -> tuple[int, float]:
        """Sites of a range of MAF in the panel, and the squared correlation over all their genotypes."""
        maf = np.minimum(self.frequency, 1 - self.frequency)
        inside = (maf > low) & (maf <= high)
        return int(inside.sum()), float(_squared_correlation(self.sums[inside].sum(axis=0)))

    @property
    def told_and_true(self) -> float:
        """How the told R2 and the true r2 of sites are correlated, where both are defined."""
        true = _squared_correlation(self.sums)
        both = np.isfinite(true) & np.isfinite(self.told)
        return float(np.corrcoef(true[both], self.told[both])[0, 1]) if both.sum() > 1 else float("nan")

    @property
    def told_and_again(self) -> float:
        """The largest difference of the R2 in the file and that of its dosages."""
        known = np.isfinite(self.again) & np.isfinite(self.told)
        return float(np.abs(self.again - self.told)[known].max()) if known.any() else float("nan")


def _squared_correlation(sums: Doubles) -> Doubles:
    count, dosage, truth, dosages, truths, products = np.moveaxis(sums, -1, 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = (dosages - dosage**2 / count) * (truths - truth**2 / count)
        answer = (products - dosage * truth / count) ** 2 / spread
    return np.where(spread > _LEAST_VARIANCE, answer, np.nan)


def genotypes(path: Path) -> tuple[list[str], Iterator[tuple[Site, NDArray[np.int8]]]]:
    """People of a VCF and its records, one for each ALT, with alleles int8 [people, 2], -1 for missing."""
    names = subprocess.run(["bcftools", "query", "-l", path], check=True, capture_output=True, text=True)
    return names.stdout.split(), _records(path, len(names.stdout.split()))


def _records(path: Path, people: int) -> Iterator[tuple[Site, NDArray[np.int8]]]:
    line = "%POS\t%REF\t%ALT[\t%GT]\n"
    command: list[str | Path] = ["bcftools", "query", "-f", line, path]
    query = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert query.stdout is not None
    for row in query.stdout:
        position, ref, alts, _ = row.split(b"\t", 3)
        cells = np.frombuffer(row[-4 * people :], dtype=np.int8).reshape(people, 4)[:, ::2]
        for number, alt in enumerate(alts.split(b","), 1):
            alleles = np.where(cells == ord("."), -1, cells == ord("0") + number).astype(np.int8)
            yield (int(position), ref.decode(), alt.decode()), alleles
    if query.wait():
        raise RuntimeError(f"bcftools cannot read {path.name}")


def truth_of(path: Path, typed: Path) -> tuple[list[str], dict[Site, NDArray[np.int8]]]:
    """People and true counts of ALT int8 [people] at the sites that were not typed."""
    seen = {site for site, _ in genotypes(typed)[1]}
    people, records = genotypes(path)
    counts = {
        site: (alleles.sum(axis=1) * np.where(alleles.min(axis=1) < 0, -1, 1)).astype(np.int8)
        for site, alleles in records
        if site not in seen
    }
    return people, counts


def scored(
    dose: Path, truth: tuple[list[str], dict[Site, NDArray[np.int8]]], frequencies: dict[Site, float]
) -> Scores:
    """Compare a dose file with the truth; sites that one of them lacks are left out."""
    people, counts = truth
    reader = open_doses(dose, Field.DOSAGE | Field.HAPLOTYPES)
    columns = np.array([list(reader.samples).index(name) for name in people])
    rows: list[list[float]] = []
    for batch in reader.batches():
        rows += _rows(batch, columns, counts, frequencies)
    reader.close()
    table = np.array(rows)
    return Scores(table[:, :6], table[:, 6], table[:, 7], table[:, 8])


def _rows(
    batch: DoseBatch,
    columns: NDArray[np.intp],
    counts: dict[Site, NDArray[np.int8]],
    frequencies: dict[Site, float],
) -> Iterator[list[float]]:
    again = _again(batch)
    assert batch.dosage is not None
    sites = zip(batch.position.tolist(), list(batch.refs), list(batch.alts), strict=True)
    for row, site in enumerate(sites):
        true = counts.get(site)
        if true is None:
            continue
        known = true >= 0
        x, y = batch.dosage[row][columns][known].astype(np.float64), true[known].astype(np.float64)
        sums = [len(x), x.sum(), y.sum(), x @ x, y @ y, x @ y]
        yield [*sums, float(batch.info.r2[row]), float(again[row]), frequencies.get(site, np.nan)]


def _again(batch: DoseBatch) -> Doubles:
    if batch.haplotypes is None:
        return np.full(len(batch), np.nan)
    parts = batch.haplotypes.reshape(len(batch), -1).astype(np.float64)
    mean = parts.mean(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(parts.var(axis=1) / (mean * (1 - mean)))


def switch_errors(phased: Path, truth: Path) -> tuple[int, int]:
    """(switches, chances) over pairs of neighbouring heterozygous sites that both files have."""
    people, records = genotypes(truth)
    true = dict(records)
    names, found = genotypes(phased)
    columns = np.array([names.index(name) for name in people])
    pairs = [(true[site], alleles[columns]) for site, alleles in found if site in true]
    right = np.array([each[0] for each in pairs])
    mine = np.array([each[1] for each in pairs])
    switches = chances = 0
    for person in range(len(people)):
        a, b = right[:, person], mine[:, person]
        both = (a[:, 0] != a[:, 1]) & (b[:, 0] != b[:, 1]) & (a.min(axis=1) >= 0) & (b.min(axis=1) >= 0)
        same = a[both, 0] == b[both, 0]
        switches += int((same[1:] != same[:-1]).sum())
        chances += max(len(same) - 1, 0)
    return switches, chances
