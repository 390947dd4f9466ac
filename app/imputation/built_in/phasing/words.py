"""Alleles in words: bit s % 32 of words[s // 32, h] is the allele of haplotype h at site s."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint32]
WORD = 32


def width(sites: int) -> int:
    """How many words a haplotype takes."""
    return -(-sites // WORD)


def packed(bits: NDArray[np.integer] | NDArray[np.bool_]) -> Words:
    """Words uint32 [width, n] of a matrix [sites, n] of 0 and 1; bits behind the last site are 0."""
    sites, columns = bits.shape
    words = np.zeros((width(sites), columns), dtype=np.uint32)
    for row in range(len(words)):
        part = bits[row * WORD : (row + 1) * WORD].astype(np.uint8)
        octets = np.zeros((4, columns), dtype=np.uint8)
        octets[: -(-len(part) // 8)] = np.packbits(part, axis=0, bitorder="little")
        for place in range(4):
            words[row] |= octets[place].astype(np.uint32) << np.uint32(8 * place)
    return words


def unpacked(words: Words, sites: int) -> NDArray[np.int8]:
    """The matrix int8 [sites, n] of words."""
    bits = np.empty((sites, words.shape[1]), dtype=np.int8)
    for site in range(sites):
        bits[site] = words[site // WORD] >> np.uint32(site % WORD) & np.uint32(1)
    return bits
