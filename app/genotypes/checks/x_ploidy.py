"""Men who are haploid here and diploid there on X: the reason for which servers abort most X jobs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain.finding import Finding
from app.domain.repair import RepairCode
from app.genotypes.bgzf import ContainerError, read_lines
from app.genotypes.builds import plain_chromosome
from app.genotypes.checks.finding_of import SEVERE, Subject, some
from app.genotypes.rows import SiteFlag

MOST_HALF_CALLS = 0.1
_TAB, _DOT = b"\t."
NON_PAR = {"GRCh37": (2_699_520, 154_931_044), "GRCh38": (2_781_479, 155_701_383)}


def mixed_ploidy(subject: Subject) -> Iterable[Finding]:
    """Reads X again, and only when genotypes between the PARs are haploid or half called."""
    low, high = NON_PAR.get(subject.build.value or "", NON_PAR["GRCh37"])
    odd = subject.flagged(SiteFlag.HAPLOID | SiteFlag.HALF_CALL)
    position = subject.scan.sites.position[odd]
    if "X" not in subject.chromosomes or not ((position >= low) & (position <= high)).any():
        return
    counts = _count(subject, low, high)
    mixed = (counts.haploid > 0) & (counts.diploid > 0)
    if subject.options.for_service:
        mixed |= counts.turned
    both = _names(subject, mixed)
    half = _names(subject, counts.half > MOST_HALF_CALLS * counts.records)
    if both:
        yield subject.finding(
            "genotype.mixed_ploidy",
            SEVERE,
            "Samples with one and with two alleles on X",
            "Between the pseudoautosomal regions a sample must be haploid or diploid throughout.",
            where=some(both),
            count=len(both),
            what_to_do="Write men as haploid (or as homozygous diploid) at all sites.",
            fix=RepairCode.CONSTANT_PLOIDY,
        )
    if half:
        yield subject.finding(
            "genotype.half_calls_x",
            SEVERE,
            "Samples with many half calls on X",
            "Servers stop when more than 10 % of the genotypes of a sample are like ./1 there.",
            where=some(half),
            count=len(half),
            what_to_do="Set them missing.",
            fix=RepairCode.HALF_CALLS,
        )


@dataclass
class _Counts:
    """Per sample, in the region between the PARs.

    `one_before`: had a genotype of one allele, also a missing one; `turned`: had one of more after that,
    also a missing one, which is what services refuse.
    """

    haploid: NDArray[np.int64]
    diploid: NDArray[np.int64]
    half: NDArray[np.int64]
    one_before: NDArray[np.bool_]
    turned: NDArray[np.bool_]
    records: int = 0

    def add(self, alleles: NDArray[np.int64], gaps: NDArray[np.int64]) -> None:
        """Take in a record: how many alleles each sample has and how many of them are missing."""
        one = alleles == 1
        self.records += 1
        self.half += ~one & (gaps == 1)
        self.diploid += ~one & (gaps == 0)
        self.haploid += one & (gaps == 0)
        self.turned |= self.one_before & ~one
        self.one_before |= one


def _names(subject: Subject, chosen: NDArray[np.bool_]) -> list[str]:
    names = subject.scan.header.samples
    return [names[i] for i in np.flatnonzero(chosen) if i < len(names)]


def _count(subject: Subject, low: int, high: int) -> _Counts:
    samples = subject.scan.samples
    counts = _Counts(*np.zeros((3, samples), np.int64), *np.zeros((2, samples), bool))
    with contextlib.suppress(OSError, ContainerError):
        for line in read_lines(subject.scan.path):
            _count_line(line, low, high, counts)
    return counts


def _count_line(line: bytes, low: int, high: int, counts: _Counts) -> None:
    words = line.split(b"\t", 9)
    if line.startswith(b"#") or len(words) < 10 or not words[1].isdigit():
        return
    if plain_chromosome(words[0].decode("utf-8", "replace")) != "X" or not low <= int(words[1]) <= high:
        return
    keys = words[8].split(b":")
    if b"GT" not in keys or words[9].count(b"\t") + 1 != len(counts.half):
        return
    place = keys.index(b"GT")
    counts.add(*((_quickly(words[9]) if place == 0 else None) or _slowly(words[9], place)))


def _quickly(cells: bytes) -> tuple[NDArray[np.int64], NDArray[np.int64]] | None:
    """Alleles and missing alleles of cells that begin with GT; None unless all alleles are single letters."""
    text = np.frombuffer(cells + b"\t\t\t\t", np.uint8)
    starts = np.concatenate([[0], np.flatnonzero(text[:-4] == _TAB) + 1])
    first, second, third, after = (text[starts + k] for k in range(4))
    one = _is(second, b"\t:")
    three = _is(second, b"/|") & _is(after, b"\t:") & ~_is(third, b"\t:/|")
    if _is(first, b"\t:/|").any() or not (one | three).all():
        return None
    gaps = (first == _DOT).astype(np.int64) + (three & (third == _DOT))
    return np.where(one, 1, 2), gaps


def _is(bytes_: NDArray[np.uint8], letters: bytes) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = (bytes_ == letters[0]) | (bytes_ == letters[-1])
    for letter in letters[1:-1]:
        found |= bytes_ == letter
    return found


def _slowly(cells: bytes, place: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    alleles, gaps = [], []
    for cell in cells.split(b"\t"):
        genotype = cell.split(b":")[place] if cell.count(b":") >= place else b"."
        each = genotype.replace(b"|", b"/").split(b"/")
        alleles.append(len(each))
        gaps.append(each.count(b"."))
    return np.array(alleles, np.int64), np.array(gaps, np.int64)
