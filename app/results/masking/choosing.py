"""Which typed sites are hidden: a share of each range of frequency, by a seed, the same for the same data."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from app.domain.benchmark import AUTOSOMES, MOST_SHARE, HiddenBin, usual_chromosomes
from app.domain.problem import Kind, ProblemError, problem
from app.genotypes.cohort import HET, HOM_ALT, HOM_REF, RowFlag
from app.genotypes.repair.study import CHROMOSOMES, Study, chromosomes_of
from app.genotypes.site_table import OTHER, complemented, letters_code, swapped
from app.results.figures.bins import MAF_BINS, MAF_COUNT, bin_numbers
from app.results.masking.ranking import LEAST_MAF

LEAST_CALLED = 0.9

LEAST_COMMON = 10
"""Fewer common sites tell nothing of a panel, whatever they say."""
_ODD = np.uint32(int(RowFlag.SPLIT | RowFlag.NO_ALLELES | RowFlag.NO_REFERENCE))

Rows = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Chosen:
    """Rows of a study by chromosome, each sorted by position; `hidden` says which of them are hidden.

    `maf` of all rows of the study is that among called people.
    """

    chromosomes: tuple[str, ...]
    rows: dict[str, Rows]
    hidden: NDArray[np.bool_]
    maf: NDArray[np.float64]
    by_maf: tuple[HiddenBin, ...]

    @property
    def typed(self) -> int:
        """Rows of the chosen chromosomes."""
        return sum(map(len, self.rows.values()))


def choose(study: Study, share: float, seed: int, chromosomes: Collection[str] = ()) -> Chosen:
    """Hide `share` of the sites of each range of frequency on some chromosomes.

    Without `chromosomes` those of USUAL that are there, else all autosomes. What can be hidden are biallelic
    SNPs that vary among the people, are called in nine of ten, are alone at their position, and tell their
    strand. ProblemError when there is too little to hide.
    """
    number = chromosomes_of(study)
    wanted = _wanted({CHROMOSOMES[each] for each in np.unique(number).tolist()}, chromosomes)
    position = np.asarray(study.column("position"), np.int64)
    counts = np.asarray(study.column("counts"), np.int64)
    called = counts[:, [HOM_REF, HET, HOM_ALT]].sum(axis=1)
    frequency = (counts[:, HET] + 2 * counts[:, HOM_ALT]) / np.where(called > 0, 2.0 * called, np.nan)
    maf = np.asarray(np.minimum(frequency, 1 - frequency), np.float64)
    fit = (called >= LEAST_CALLED * counts.sum(axis=1)) & (maf > 0) & _simple(study)
    rows: dict[str, Rows] = {}
    for name in wanted:
        mine = np.flatnonzero(number == CHROMOSOMES.index(name))
        rows[name] = mine[np.argsort(position[mine], kind="stable")]
        fit[_crowded(rows[name], position)] = False
    candidates = np.concatenate([each[fit[each]] for each in rows.values()])
    place = bin_numbers(maf[candidates])
    hidden = np.zeros(len(study), bool)
    hidden[candidates[_drawn(place, share, seed)]] = True
    common = candidates[maf[candidates] >= LEAST_MAF]
    if hidden[common].sum() < LEAST_COMMON:
        raise _too_few(wanted, len(common), int(hidden[common].sum()), share)
    return Chosen(wanted, rows, hidden, maf, _bins(place, hidden[candidates]))


def _too_few(names: Sequence[str], common: int, hidden: int, share: float) -> ProblemError:
    """Say how many sites there are, and which share would be enough where one is."""
    needed = ceil(100 * LEAST_COMMON / common) if common else 100
    larger = f"Hide {needed} % of them, or take" if needed <= 100 * MOST_SHARE else "Take"
    return problem(
        Kind.INPUT,
        "There are too few sites to compare panels",
        f"On {_spoken(names)} there are {common:,} sites of a frequency of {LEAST_MAF:.0%} or more that "
        f"could be hidden; {share:.1%} of them are {hidden:,}, and {LEAST_COMMON} are the least that tell "
        "panels apart.",
        f"{larger} more chromosomes or a dataset with more typed sites.",
    )


def _wanted(there: Collection[str], named: Collection[str]) -> tuple[str, ...]:
    autosomes = [each for each in AUTOSOMES if each in there]
    chosen = tuple(each for each in autosomes if each in named) if named else usual_chromosomes(there)
    if not chosen:
        raise problem(
            Kind.INPUT,
            "The dataset has none of these chromosomes",
            f"It has {_spoken(autosomes)}." if autosomes else "It has no autosomes.",
            "Choose chromosomes that it has.",
        )
    return chosen


def _spoken(names: Sequence[str]) -> str:
    return f"chromosome{'s' if len(names) > 1 else ''} {', '.join(names)}"


def _simple(study: Study) -> NDArray[np.bool_]:
    """Biallelic SNPs whose strand can be told from their letters."""
    pieces = []
    for cohort in study.cohorts:
        code = letters_code(cohort.refs, cohort.alts)
        plain = (code != OTHER) & (complemented(code) != swapped(code))
        pieces.append(plain & (np.asarray(cohort.flags) & _ODD == 0))
    return np.concatenate(pieces)


def _crowded(rows: Rows, position: NDArray[np.int64]) -> Rows:
    """Rows that share their position with others."""
    same = np.diff(position[rows]) == 0
    crowded = np.zeros(len(rows), bool)
    crowded[1:] |= same
    crowded[:-1] |= same
    return rows[crowded]


def _drawn(place: NDArray[np.intp], share: float, seed: int) -> Rows:
    """Which candidates are hidden: of each range its share, rounded."""
    rng = np.random.default_rng(seed)
    drawn = []
    for number in range(MAF_COUNT):
        inside = np.flatnonzero(place == number)
        many = min(len(inside), int(np.floor(share * len(inside) + 0.5)))
        drawn.append(rng.permutation(inside)[:many])
    return np.sort(np.concatenate(drawn)).astype(np.intp)


def _bins(place: NDArray[np.intp], hidden: NDArray[np.bool_]) -> tuple[HiddenBin, ...]:
    return tuple(
        HiddenBin(
            maf_from=MAF_BINS[n],
            maf_to=MAF_BINS[n + 1],
            typed=int((place == n).sum()),
            hidden=int((hidden & (place == n)).sum()),
        )
        for n in range(MAF_COUNT)
    )
