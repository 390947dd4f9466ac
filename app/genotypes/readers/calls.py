"""Genotypes of several records as allele numbers → codes, planes and flags of cohort rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.genotypes.cohort import HET, HOM_ALT, HOM_REF, MISSING, Bits, Codes, RowFlag
from app.genotypes.rows import SiteFlag

GAP, ABSENT = -1, -2  # an allele that was not called; the second allele of a haploid call


_GENOTYPES_AT_ONCE = 1 << 25


def rows_within(rows: int, samples: int) -> int:
    """Rows of a batch, fewer when there are very many samples, so that its memory stays bounded."""
    return max(1, min(rows, _GENOTYPES_AT_ONCE // max(1, samples)))


@dataclass
class Calls:
    """Rows of codes with what is odd about each; `phase` and `haploid` are None when nobody has any."""

    genotypes: Codes
    phase: Bits | None
    haploid: Bits | None
    flags: NDArray[np.uint32]


def calls_of(
    first: NDArray[np.int32],
    second: NDArray[np.int32],
    bars: Bits,
    bad: Bits,
    alleles: NDArray[np.int32],
    alt: NDArray[np.int32],
) -> Calls:
    """Allele numbers [rows, samples] (GAP, ABSENT) counted against the ALT number of each row.

    `bars` says which genotypes are phased, `bad` which cannot be understood (more than two alleles);
    `alleles` is how many alleles each record lists.
    """
    wanted = alt[:, None]
    haploid = second == ABSENT
    one, two = first == wanted, second == wanted
    codes = np.where(one & two | one & haploid, HOM_ALT, np.where(one | two, HET, HOM_REF)).astype(np.uint8)
    no_first, no_second = first == GAP, second == GAP
    codes[no_first | no_second | bad] = MISSING
    half = no_first != no_second
    half &= ~haploid
    pair = ~haploid
    phase = bars & one & ~two & pair
    flags = np.zeros(len(first), np.uint32)
    for where, flag in (
        ((pair & bars).any(axis=1), SiteFlag.HAS_PIPE),
        ((pair & ~bars).any(axis=1), SiteFlag.HAS_SLASH),
        (haploid.any(axis=1), SiteFlag.HAPLOID),
        (half.any(axis=1), SiteFlag.HALF_CALL),
        (bad.any(axis=1), SiteFlag.BAD_GENOTYPE),
        ((np.maximum(first, second) >= alleles[:, None]).any(axis=1), SiteFlag.ALLELE_TOO_BIG),
        ((bars | haploid | no_first & no_second).all(axis=1) & (bars | haploid).any(axis=1), RowFlag.PHASED),
        (alleles > 2, RowFlag.SPLIT | SiteFlag.MULTIALLELIC),
    ):
        flags[where] |= np.uint32(flag)
    haploid &= ~no_first  # a lone dot has no allele at all
    return Calls(codes, phase if phase.any() else None, haploid if haploid.any() else None, flags)
