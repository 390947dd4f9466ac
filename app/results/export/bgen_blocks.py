"""Genotype blocks of a BGEN (layout 2, 8 bits), packed and unpacked in NumPy, as `_export.c` does it.

Probabilities are rounded so that the dosage is the nearest multiple of 1/255, whatever the three are: of the
two ways in which 8 bits lose something, this is the one that tests of association do not see. From haplotype
dosages the share of two copies is their product; from a dosage alone it is the least that fits, as PLINK 2
has it. Calls of one copy are written as homozygous, for regenie, SAIGE and BOLT-LMM read two bytes a person.
Source: https://www.chg.ox.ac.uk/~gav/bgen_format/
"""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray

from app.results.export.kernel import Kernel
from app.results.export.rounding import MISSING, ONE, Doses

UNKNOWN = 0xFFFFFFFF
"""The value of a missing dosage among those in 1/255."""
_LEVELS = 255
_ALLELES_AND_PLOIDY = b"\2\0\2\2"
Shares = NDArray[np.uint8]


def block_size(samples: int) -> int:
    """Bytes of a block before it is packed."""
    return 10 + 3 * samples


def blocks_of(
    doses: Doses, phased: bool, probabilities: NDArray[np.float32] | None, kernel: Kernel | None
) -> Shares:
    """[rows, block_size]; `probabilities` [rows, samples, 3] are used where there are no haplotypes."""
    rows, samples = doses.total.shape
    out = np.empty((rows, block_size(samples)), np.uint8)
    if kernel is not None and doses.haploid is None and probabilities is None:
        delta = None if doses.delta is None else np.ascontiguousarray(doses.delta)
        kernel.bgen(np.ascontiguousarray(doses.total), delta, rows, samples, phased, out)
        return out
    lost = doses.total == MISSING
    out[:, :8] = np.frombuffer(struct.pack("<I", samples) + _ALLELES_AND_PLOIDY, np.uint8)
    out[:, 8 : 8 + samples] = np.where(lost, 0x82, 2)
    out[:, 8 + samples] = phased
    out[:, 9 + samples] = 8
    pairs = _haplotypes(doses) if phased else _genotypes(doses, probabilities)
    pairs[lost] = 0
    out[:, 10 + samples :] = pairs.reshape(rows, 2 * samples)
    return out


def expected(doses: Doses, phased: bool) -> NDArray[np.uint32]:
    """What must be read back: dosages in 1/255, or those of both haplotypes in the two halves of a number."""
    if phased:
        first, second = _halves(doses)
        value = _in_255(first) | _in_255(second) << 16
    else:
        value = _in_255(doses.total.astype(np.int64))
    return np.where(doses.total == MISSING, UNKNOWN, value).astype(np.uint32)


def dosages_of(block: bytes, samples: int, phased: bool, kernel: Kernel | None) -> NDArray[np.uint32] | None:
    """Dosages of an unpacked block, see `expected`; None when it is none of 8 bits and two copies."""
    dosage = np.empty(samples, np.uint32)
    if len(block) != block_size(samples):
        return None
    if kernel is not None:
        return dosage if kernel.unbgen(block, samples, phased, dosage) else None
    raw = np.frombuffer(block, np.uint8)
    ploidy, kind, shares = raw[8 : 8 + samples], raw[8 + samples : 10 + samples], raw[10 + samples :]
    if block[:8] != struct.pack("<I", samples) + _ALLELES_AND_PLOIDY or kind.tolist() != [phased, 8]:
        return None
    first, second = shares[0::2].astype(np.int64), shares[1::2].astype(np.int64)
    if (ploidy & 63 != 2).any() or (not phased and (first + second > _LEVELS).any()):
        return None
    value = _LEVELS - first | (_LEVELS - second) << 16 if phased else 2 * _LEVELS - 2 * first - second
    return np.where(ploidy > 127, UNKNOWN, value).astype(np.uint32)


def _in_255(units: NDArray[np.int64]) -> NDArray[np.int64]:
    return (units * _LEVELS + ONE // 2) >> 14


def _halves(doses: Doses) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    total = doses.total.astype(np.int64)
    step = np.zeros_like(total) if doses.delta is None else doses.delta.astype(np.int64)
    return (total + step) >> 1, (total - step) >> 1


def _haplotypes(doses: Doses) -> Shares:
    first, second = _halves(doses)
    return np.stack([_LEVELS - _in_255(first), _LEVELS - _in_255(second)], axis=2).astype(np.uint8)


def _genotypes(doses: Doses, probabilities: NDArray[np.float32] | None) -> Shares:
    dosage = _in_255(doses.total.astype(np.int64))
    both = np.zeros_like(dosage)
    if doses.delta is not None:
        first, second = _halves(doses)
        both = ((first * second >> 8) * _LEVELS + (1 << 19)) >> 20
    elif probabilities is not None:
        told = np.nan_to_num(probabilities[:, :, 2].astype(np.float64))
        both = np.floor(np.clip(told, 0, 1) * _LEVELS + 0.5).astype(np.int64)
    if doses.haploid is not None:
        both = np.where(doses.haploid, dosage, both)
    both = np.clip(both, np.maximum(dosage - _LEVELS, 0), dosage // 2)
    het = dosage - 2 * both
    return np.stack([_LEVELS - both - het, het], axis=2).astype(np.uint8)
