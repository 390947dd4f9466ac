"""Whether the results come from the same phased haplotypes, without which they cannot be meta-imputed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.domain.problem import Kind, problem

Alleles = NDArray[np.int8]
_SHOWN = 3


class PhaseCheck:
    """Compares the alleles of each result with those of the first, person by person, over all typed sites.

    A person whose two haplotypes are exchanged at every site of the chromosome, without exception, has the
    same phase under exchanged names; that is turned back. Anything else is another phasing.
    """

    def __init__(self, names: Sequence[str], samples: Sequence[str]) -> None:
        self._names = names
        self._samples = samples
        self._straight = np.zeros((len(names), len(samples)), np.int64)
        self._crossed = np.zeros_like(self._straight)
        self._where: dict[tuple[int, int], tuple[str, int]] = {}

    def add(self, chromosome: str, positions: NDArray[np.int64], alleles: Sequence[Alleles]) -> None:
        """Take in sites: int8 [sites, people, 2] of each result, in the same order of people."""
        first = alleles[0]
        for k, other in enumerate(alleles[1:], start=1):
            if np.array_equal(first, other):
                self._crossed[k] += _differing(first, other[:, :, ::-1]).sum(axis=0)
                continue
            straight = _differing(first, other)
            self._straight[k] += straight.sum(axis=0)
            self._crossed[k] += _differing(first, other[:, :, ::-1]).sum(axis=0)
            for person in np.flatnonzero(straight.any(axis=0)).tolist():
                site = int(positions[int(straight[:, person].argmax())])
                self._where.setdefault((k, person), (chromosome, site))

    def exchanged(self) -> NDArray[np.bool_]:
        """Whose haplotypes are exchanged in which result, [results, people].

        ProblemError (input) that names the first sites and people when the phase differs otherwise.
        """
        differ = self._straight > 0
        turned = np.asarray(differ & (self._crossed == 0), dtype=np.bool_)
        if (differ & ~turned).any():
            raise self._refusal(differ & ~turned)
        return turned

    def _refusal(self, wrong: NDArray[np.bool_]) -> Exception:
        k = int(np.flatnonzero(wrong.any(axis=1))[0])
        people = np.flatnonzero(wrong[k]).tolist()
        places = [(*self._where[k, person], self._samples[person]) for person in people]
        shown = ", ".join(f"{name} at {chromosome}:{site}" for chromosome, site, name in places[:_SHOWN])
        sites = int(self._straight[k][wrong[k]].sum())
        return problem(
            Kind.INPUT,
            "The results were phased apart",
            f"The typed haplotypes of {len(people):,} of {len(self._samples):,} people differ between "
            f"{self._names[0]} and {self._names[k]} ({sites:,} genotypes; first {shown}).",
            "Send to all services at once with “Phase once on this computer” (on the command line: submit "
            "--phase-with), so that all get the same haplotypes. Until then, take the better result of each "
            "variant (consensus).",
            subject=self._names[k],
        )


def _differing(first: Alleles, other: Alleles) -> NDArray[np.bool_]:
    """Where two called genotypes differ in either haplotype, [sites, people]."""
    known = (first != -1) & (other != -1)
    return np.asarray(((first != other) & known).any(axis=2), dtype=np.bool_)
