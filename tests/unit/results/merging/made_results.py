"""Small results of one cohort on disk, drawn by a seed: dose and empirical dose files of several panels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.genotypes.texts import Texts
from app.results.doses.writing import DoseWriter


@dataclass(frozen=True, eq=False)
class Made:
    """One result: doses [variants, people, 2]; rows of NaN are not written, typed ones have LDS too."""

    samples: tuple[str, ...]
    position: NDArray[np.int64]
    doses: NDArray[np.float32]
    typed: NDArray[np.bool_]
    alleles: NDArray[np.int8]
    left_out: NDArray[np.float32]
    chromosome: str = "20"
    bases: int | None = None  # the length that the header states
    turned: frozenset[int] = frozenset()  # variants whose REF and ALT are exchanged

    def people(self, order: Sequence[int]) -> Made:
        """With some people, in this order."""
        return replace(
            self,
            samples=tuple(self.samples[i] for i in order),
            doses=self.doses[:, list(order)],
            alleles=self.alleles[:, list(order)],
            left_out=self.left_out[:, list(order)],
        )

    def exchanged(self, person: int, first: int = 0) -> Made:
        """With the two haplotypes of a person exchanged, from some variant on."""
        made = replace(
            self, doses=self.doses.copy(), alleles=self.alleles.copy(), left_out=self.left_out.copy()
        )
        for array in (made.doses, made.alleles, made.left_out):
            array[first:, person] = array[first:, person, ::-1].copy()
        return made

    def without(self, rows: Sequence[int]) -> Made:
        """Without some variants."""
        doses = self.doses.copy()
        doses[list(rows)] = np.nan
        return replace(self, doses=doses)

    def write(self, folder: Path) -> Path:
        """Write both files into a folder."""
        folder.mkdir(exist_ok=True)
        has = np.flatnonzero(~np.isnan(self.doses).all(axis=(1, 2)))
        stem, named = folder / f"chr{self.chromosome}", [(self.chromosome, self.bases)]
        texts = self._texts(has)
        info = ["R2=0.5;" + ("TYPED;IMPUTED" if self.typed[i] else "IMPUTED") for i in has]
        with DoseWriter(stem.with_name(f"{stem.name}.dose.vcf.gz"), self.samples, chromosomes=named) as out:
            out.write(self.chromosome, self.position[has], *texts, info, self.doses[has])
        both = np.flatnonzero(~np.isnan(self.doses).all(axis=(1, 2)) & self.typed)
        path = stem.with_name(f"{stem.name}.empiricalDose.vcf.gz")
        with DoseWriter(path, self.samples, chromosomes=named, fields="GT:LDS") as out:
            out.write(
                self.chromosome,
                self.position[both],
                *self._texts(both),
                ["TYPED;IMPUTED"] * len(both),
                self.left_out[both],
                self.alleles[both],
            )
        return folder

    def _texts(self, rows: NDArray[np.intp]) -> tuple[Texts, Texts, Texts]:
        letters = ["ACGT"[i % 4] + "CGTA"[i % 4] for i in rows]
        pairs = [pair[::-1] if i in self.turned else pair for i, pair in zip(rows, letters, strict=True)]
        return (
            Texts.of([f"v{i}" for i in rows]),
            Texts.of([pair[0] for pair in pairs]),
            Texts.of([pair[1] for pair in pairs]),
        )


def made_results(panels: int, variants: int = 60, people: int = 5, seed: int = 1) -> list[Made]:
    """Results of one cohort from several panels, all with all variants; every third is typed."""
    random = np.random.default_rng(seed)
    shape = (variants, people, 2)
    position = np.sort(random.choice(3_000_000, variants, replace=False)).astype(np.int64) + 1
    truth = (random.random(shape) < random.beta(0.6, 1.4, (variants, 1, 1))).astype(np.int8)
    samples = tuple(f"P{i}" for i in range(people))
    results = []
    for _ in range(panels):
        doses, left_out = (_near(truth, random) for _ in range(2))
        results.append(Made(samples, position, doses, np.arange(variants) % 3 == 0, truth, left_out))
    return results


def _near(truth: NDArray[np.int8], random: np.random.Generator) -> NDArray[np.float32]:
    right = random.random(truth.shape) < 0.85
    sure = random.beta(9, 1, truth.shape)
    doses = np.where(right == (truth == 1), sure, 1 - sure)
    return np.round(doses, 3).astype(np.float32)
