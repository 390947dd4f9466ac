"""Genotypes written as letters → rows of a cohort, where nothing says which allele is the reference.

Allele numbers: 0 missing, 1 to 4 A C G T, 5 D, 6 I, 7 B (of Illumina's A and B). REF of a row is the first
allele in that order, which means nothing: rows are marked `NO_REFERENCE`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.genotypes.cohort import HET, HOM_ALT, HOM_REF, MISSING, Batch, RowFlag
from app.genotypes.rows import SiteFlag
from app.genotypes.texts import Texts

Codes = NDArray[np.uint8]
Report = Callable[[int], None]
LETTERS = b".ACGTDIB"
NUMBER = {letter: number for number, letter in enumerate(LETTERS)} | {ord("-"): 0, ord("0"): 0}
HALF, BAD = 1 << 6, 1 << 7  # beside the two allele numbers of a pair
_NO_CALLS = {
    b"",
    b"-",
    b"--",
    b"0",
    b"00",
    b"?",
    b"??",
    b".",
    b"..",
    b"NC",
    b"NA",
    b"NN",
    b"N",
    b"-/-",
    b"0/0",
}
_DOT = np.array([0], np.uint8)


def pair_of(text: bytes) -> int:
    """`AG` → first | second << 3; one letter leaves the second 0. Half calls and unknown letters are
    missing and carry `HALF` or `BAD`."""
    word = text.strip().upper()
    if word in _NO_CALLS:
        return 0
    letters = word.replace(b"/", b"").replace(b"|", b"")
    numbers = [NUMBER.get(letter, -1) for letter in letters]
    if len(numbers) > 2 or -1 in numbers:
        return BAD
    if 0 in numbers:
        return HALF
    return numbers[0] | (numbers[1] << 3 if len(numbers) == 2 else 0)


def rows_of(
    pairs: Codes,
    names: Sequence[str],
    chromosome: NDArray[np.uint16],
    position: NDArray[np.int64],
    ids: Texts,
    record: NDArray[np.int64],
) -> Batch:
    """A batch from [sites, people] pairs (see `pair_of`); a site with n alleles becomes n - 1 rows."""
    first: Codes = pairs & np.uint8(7)
    second: Codes = pairs >> np.uint8(3) & np.uint8(7)
    present = np.stack([((first == k) | (second == k)).any(axis=1) for k in range(1, 8)], axis=1)
    alleles = present.sum(axis=1)
    site = np.repeat(np.arange(len(pairs)), np.maximum(alleles - 1, 1))
    ref, alt = _allele_numbers(present, site)
    one, two = first[site], second[site]
    haploid = (one > 0) & (two == 0)
    flags = _flags(pairs[site], haploid, ref, alt)
    flags[alleles[site] > 2] |= np.uint32(RowFlag.SPLIT | SiteFlag.MULTIALLELIC)
    return Batch(
        names=names,
        chromosome=chromosome[site],
        position=position[site],
        ids=ids[site],
        refs=_texts(ref),
        alts=_texts(alt),
        flags=flags,
        record=record[site],
        genotypes=_copies(one, two, haploid, alt),
        haploid=haploid if haploid.any() else None,
    )


def _allele_numbers(present: NDArray[np.bool_], site: NDArray[np.intp]) -> tuple[Codes, Codes]:
    """REF and ALT of each row: the first allele of its site, and the next one after it in turn."""
    order = np.argsort(~present, axis=1, kind="stable") + 1
    counts = present.sum(axis=1)
    turn = np.arange(len(site)) - np.searchsorted(site, site) + 1
    ref = np.where(counts[site] > 0, order[site, 0], 0)
    alt = np.where(counts[site] > turn, order[site, np.minimum(turn, 6)], 0)
    return ref.astype(np.uint8), alt.astype(np.uint8)


def _texts(numbers: Codes) -> Texts:
    letters = np.frombuffer(LETTERS, np.uint8)[numbers]
    return Texts(letters, np.arange(1, len(numbers) + 1, dtype=np.int64))


def _copies(one: Codes, two: Codes, haploid: NDArray[np.bool_], alt: Codes) -> Codes:
    wanted = np.where(alt == 0, 255, alt)[:, None]
    copies = (one == wanted).astype(np.uint8) + (two == wanted)
    copies[haploid & (one == wanted)] = 2
    codes: Codes = np.array([HOM_REF, HET, HOM_ALT], np.uint8)[copies]
    codes[one == 0] = MISSING
    return codes


def _flags(pairs: Codes, haploid: NDArray[np.bool_], ref: Codes, alt: Codes) -> NDArray[np.uint32]:
    flags = np.full(len(pairs), RowFlag.NO_REFERENCE, np.uint32)
    for wanted, flag in (
        ((ref == 0) | (alt == 0), RowFlag.NO_ALLELES),
        ((ref > 4) | (alt > 4), SiteFlag.BAD_ALLELE),
        (haploid.any(axis=1), SiteFlag.HAPLOID),
        ((pairs >> 3 & 7 > 0).any(axis=1), SiteFlag.HAS_SLASH),
        ((pairs & HALF > 0).any(axis=1), SiteFlag.HALF_CALL),
        ((pairs & BAD > 0).any(axis=1), SiteFlag.BAD_GENOTYPE),
    ):
        flags[wanted] |= np.uint32(flag)
    return flags


def names_of(paths: Iterable[Path]) -> list[str]:
    """A sample name for each file from its own name, in letters that programs take, all different."""
    found: list[str] = []
    for path in paths:
        stem = re.sub(r"(\.(zip|gz|bgz|txt|csv|tsv|tab))+$", "", path.name, flags=re.IGNORECASE)
        name = re.sub(r"[^A-Za-z0-9._-]+", "_", stem).strip("._-") or "sample"
        number, fresh = 1, name
        while fresh in found:
            number += 1
            fresh = f"{name}_{number}"
        found.append(fresh)
    return found
