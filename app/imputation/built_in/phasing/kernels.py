"""The two ways to compute a pass, with the same signatures: C, or NumPy where nothing was compiled."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from app.imputation.built_in.phasing.words import Words

LANES = 16
UNKNOWN_HETS, DRAW, VOTE, EVERY = 1, 2, 4, 8  # flags of a walk, in step with _phasing.c


@dataclass(frozen=True, eq=False)
class Neighbours:
    """Haplotypes near each target haplotype at some sites: `picks` int32 [steps, 2 * people, most], -1 none.

    `steps` int64, ascending sites. Those of a person itself are never among them. `before` shares the
    longest stretch that ends at the step, `after` the longest that begins there.
    """

    steps: NDArray[np.int64]
    before: NDArray[np.int32]
    after: NDArray[np.int32]

    @classmethod
    def empty(cls, steps: NDArray[np.int64], targets: int, most: int) -> Neighbours:
        """Room for what a kernel finds."""
        shape = (len(steps), targets, most)
        return cls(steps, np.full(shape, -1, dtype=np.int32), np.full(shape, -1, dtype=np.int32))


@dataclass(frozen=True, eq=False)
class Walks:
    """What the walks of a pass have in common.

    `words` [width, haplotypes], of which the first `panel` are the panel's and then two of each person;
    `change` float32 [sites] is the chance of a switch before each site; `het` and `missing` uint32
    [people, width] mark genotypes. New haplotypes go to `out` [width, 2 * people]. `votes` float32 [2, n] has
    a place for each heterozygous genotype, person by person (from `places`, int64 [people + 1]): with VOTE it
    gains how likely a haplotype has the same allele there as at the next one, less how likely the other; and
    the same for the one behind the next.
    """

    words: Words
    sites: int
    panel: int
    change: NDArray[np.float32]
    het: Words
    missing: Words
    out: Words
    places: NDArray[np.int64]
    votes: NDArray[np.float32]
    states: int
    error: float

    @property
    def haplotypes(self) -> int:
        """Panel and targets together."""
        return int(self.words.shape[1])


class PhasingKernel(Protocol):
    """One way to compute. All are deterministic and may be called from threads for different people."""

    def nearest(self, walks: Walks, found: Neighbours, *, backward: bool) -> None:
        """Fill `found.before`, or `found.after` looking backward, by a positional BWT over all haplotypes."""
        ...

    def relatives(self, walks: Walks, found: Neighbours, stride: int, people: tuple[int, int]) -> None:
        """Fill both for some people from their genotypes; tries every `stride`-th haplotype of the panel."""
        ...

    def walk(self, walks: Walks, found: Neighbours, people: tuple[int, int], seed: int, flags: int) -> None:
        """One pass over some people."""
        ...


class _Compiled:
    """The C kernel."""

    def __init__(self) -> None:
        self._c = importlib.import_module("app.imputation.built_in.phasing._phasing")

    def nearest(self, walks: Walks, found: Neighbours, *, backward: bool) -> None:
        picks = found.after if backward else found.before
        sizes = (walks.sites, walks.haplotypes, walks.panel, picks.shape[2])
        self._c.neighbours(walks.words, found.steps, picks, *sizes, int(backward))

    def relatives(self, walks: Walks, found: Neighbours, stride: int, people: tuple[int, int]) -> None:
        arrays = (walks.words, found.steps, walks.het, walks.missing, found.before, found.after)
        sizes = (walks.sites, walks.haplotypes, walks.panel, found.before.shape[2])
        self._c.kin(*arrays, *sizes, stride, *people)

    def walk(self, walks: Walks, found: Neighbours, people: tuple[int, int], seed: int, flags: int) -> None:
        arrays = (walks.words, found.steps, found.before, found.after, walks.change, walks.het)
        sizes = (walks.sites, walks.haplotypes, walks.panel, found.before.shape[2], walks.states)
        more = (walks.missing, walks.places, walks.out, walks.votes)
        self._c.walk(*arrays, *more, *sizes, *people, seed, walks.error, flags)


def compiled() -> PhasingKernel | None:
    """The C kernel, None where it was not compiled."""
    try:
        return _Compiled()
    except ImportError:
        return None
