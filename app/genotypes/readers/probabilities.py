"""Genotype probabilities → hard calls.

A dosage of an ALT allele within 0.1 of 0, 1 or 2 is called, all else is missing: the rule and the threshold
that PLINK 2 has when nobody says otherwise (`--hard-call-threshold 0.1`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from app.genotypes.cohort import HET, MISSING, Bits, Codes

THRESHOLD = 0.1
_SLACK = 1e-9  # for sums that are not exact in binary


@dataclass
class Called:
    """One record of a BGEN: [alts, samples] codes, with phase and ploidy."""

    codes: Codes
    phase: Bits | None = None
    haploid: Bits | None = None


def hard_calls(dosage: NDArray[np.float64]) -> Codes:
    """Codes of dosages between 0 and 2; NaN is missing."""
    nearest = np.rint(dosage)
    sure = (np.abs(dosage - nearest) <= THRESHOLD + _SLACK) & (nearest >= 0) & (nearest <= 2)
    return np.where(sure, nearest, MISSING).astype(np.uint8)


@lru_cache(maxsize=4)
def pair_table(phased: bool) -> Codes:
    """Codes of all pairs of 8-bit probabilities of the first allele: hom and het, or both haplotypes."""
    pairs = np.arange(1 << 16)
    first, second = (pairs & 255) / 255, (pairs >> 8) / 255
    dosage = 2 - first - second if phased else 2 - 2 * first - second
    return hard_calls(dosage)


def unpacked(raw: NDArray[np.uint8], bits: int, count: int) -> NDArray[np.float64]:
    """`count` numbers of 1 to 32 bits, as shares of the largest; ValueError when there are too few bytes."""
    if len(raw) * 8 < bits * count:
        raise ValueError("its probabilities are cut")
    if bits in (8, 16, 32):
        whole = raw[: bits // 8 * count].view(f"<u{bits // 8}").astype(np.float64)
    else:
        each = np.unpackbits(raw, count=bits * count, bitorder="little").reshape(count, bits)
        whole = each @ (2.0 ** np.arange(bits))
    shares: NDArray[np.float64] = whole / (2.0**bits - 1)
    return shares


def call_record(
    ploidy: NDArray[np.uint8], missing: Bits, phased: bool, bits: int, alleles: int, raw: NDArray[np.uint8]
) -> Called:
    """Any record of up to two copies: some people haploid, several ALT alleles, any number of bits."""
    each = np.array([0, alleles - 1, 2 * (alleles - 1) if phased else alleles * (alleles + 1) // 2 - 1])
    counts = each[ploidy]
    values = unpacked(raw, bits, int(counts.sum()))
    begin = np.cumsum(counts) - counts
    dosage = np.full((alleles - 1, len(ploidy)), np.nan)
    phase = np.zeros(dosage.shape, bool) if phased else None
    for copies in (1, 2):
        people = np.flatnonzero(ploidy == copies)
        if not len(people):
            continue
        shares = values[begin[people][:, None] + np.arange(each[copies])]
        if phased and copies == 2:
            both = np.stack([_with_last(half) for half in np.split(shares, 2, axis=1)])
            dosage[:, people] = both.sum(axis=0)[:, 1:].T
            assert phase is not None
            phase[:, people] = (both[0] > both[1])[:, 1:].T
        else:
            dosage[:, people] = (_with_last(shares) @ _copies(alleles, copies))[:, 1:].T
    dosage[:, missing] = np.nan
    return _called(dosage, phase, ploidy == 1)


def _called(dosage: NDArray[np.float64], phase: Bits | None, haploid: Bits) -> Called:
    codes = hard_calls(dosage)
    codes[:, haploid] = np.where(codes[:, haploid] == HET, MISSING, codes[:, haploid])
    codes[:, (codes == MISSING).any(axis=0)] = MISSING
    alone = np.broadcast_to(haploid, codes.shape) & (codes != MISSING) if haploid.any() else None
    return Called(codes, None if phase is None else phase & (codes == HET), alone)


def _with_last(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """The last probability is what is left of 1."""
    return np.concatenate([shares, 1 - shares.sum(axis=1, keepdims=True)], axis=1)


def _copies(alleles: int, copies: int) -> NDArray[np.float64]:
    """[genotypes, alleles]: copies of each allele, in the order 00 01 11 02 12 22; doubled for haploids."""
    if copies == 1:
        return 2 * np.eye(alleles)
    one = np.eye(alleles)
    return np.array([one[low] + one[high] for high in range(alleles) for low in range(high + 1)])
