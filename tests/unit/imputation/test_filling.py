"""Missing alleles of phased people are filled as the panel expects them; what is known stays."""

import numpy as np
from numpy.typing import NDArray

from app.genotypes.matrix import GenotypeMatrix
from app.imputation.filling import fill_missing
from app.imputation.genetic_map import GeneticMap
from app.imputation.study import Study
from tests.unit.imputation.built_in.invented import mosaic_task

_NO_MAP = GeneticMap(np.empty(0), np.empty(0))


def matrix(haplotypes: NDArray[np.int8], people: int) -> GenotypeMatrix:
    sites = len(haplotypes)
    texts = np.full(sites, "A", dtype=object)
    return GenotypeMatrix(
        samples=tuple(f"p{number}" for number in range(people)),
        chromosomes=np.full(sites, "20", dtype=object),
        positions=np.arange(1, sites + 1, dtype=np.int64) * 1000,
        ids=texts,
        refs=texts,
        alts=texts,
        haplotypes=haplotypes,
        phased=np.ones((sites, people), dtype=bool),
    )


def study(haplotypes: NDArray[np.int8]) -> Study:
    task, _, _ = mosaic_task(1, 200, 300, 1, 6)
    return Study(
        chromosome="20",
        panel=matrix(np.empty((300, 0), dtype=np.int8), 0),
        typed=task.stretch,
        target=matrix(haplotypes, haplotypes.shape[1] // 2),
        typed_only=matrix(haplotypes[:0], haplotypes.shape[1] // 2),
        present=np.ones(haplotypes.shape[1], dtype=bool),
        mismatched=0,
        target_sites=300,
        unusable=0,
    )


def test_gaps_are_filled_and_nothing_else_is_changed() -> None:
    _, known, _ = mosaic_task(1, 200, 300, 1, 6)
    gaps = np.random.default_rng(0).random(known.shape) < 0.05
    gaps[:, 3] = False
    filled = fill_missing(study(np.where(gaps, -1, known).astype(np.int8)), _NO_MAP, threads=2)
    assert (filled[~gaps] == known[~gaps]).all()
    assert set(filled[gaps].tolist()) == {0, 1}
    assert (filled[gaps] == known[gaps]).mean() > 0.95


def test_people_without_gaps_come_back() -> None:
    _, known, _ = mosaic_task(1, 200, 300, 1, 6)
    assert (fill_missing(study(known), _NO_MAP) == known).all()
