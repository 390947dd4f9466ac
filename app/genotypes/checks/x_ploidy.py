"""Men who are haploid here and diploid there on X: the reason for which servers abort most X jobs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.domain.finding import Finding
from app.genotypes.bgzf import ContainerError, read_lines
from app.genotypes.builds import plain_chromosome
from app.genotypes.checks.finding_of import SEVERE, Subject, some
from app.genotypes.rows import SiteFlag

MOST_HALF_CALLS = 0.1
NON_PAR = {"GRCh37": (2_699_520, 154_931_044), "GRCh38": (2_781_479, 155_701_383)}


def mixed_ploidy(subject: Subject) -> Iterable[Finding]:
    """Reads X again, and only when genotypes between the PARs are haploid or half called."""
    low, high = NON_PAR.get(subject.build.value or "", NON_PAR["GRCh37"])
    odd = subject.flagged(SiteFlag.HAPLOID | SiteFlag.HALF_CALL)
    position = subject.scan.sites.position[odd]
    if "X" not in subject.chromosomes or not ((position >= low) & (position <= high)).any():
        return
    counts = _count(subject, low, high)
    both = _names(subject, (counts.haploid > 0) & (counts.diploid > 0))
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
            fix="ploidy",
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
            fix="half_calls",
        )


@dataclass
class _Counts:
    """Per sample, in the region between the PARs."""

    haploid: NDArray[np.int64]
    diploid: NDArray[np.int64]
    half: NDArray[np.int64]
    records: int = 0


def _names(subject: Subject, chosen: NDArray[np.bool_]) -> list[str]:
    names = subject.scan.header.samples
    return [names[i] for i in np.flatnonzero(chosen) if i < len(names)]


def _count(subject: Subject, low: int, high: int) -> _Counts:
    counts = _Counts(*np.zeros((3, subject.scan.samples), np.int64))
    with contextlib.suppress(OSError, ContainerError):
        for line in read_lines(subject.scan.path):
            _count_line(line, low, high, counts)
    return counts


def _count_line(line: bytes, low: int, high: int, counts: _Counts) -> None:
    words = line.split(b"\t")
    if line.startswith(b"#") or len(words) != len(counts.half) + 9 or not words[1].isdigit():
        return
    if plain_chromosome(words[0].decode("utf-8", "replace")) != "X" or not low <= int(words[1]) <= high:
        return
    keys = words[8].split(b":")
    if b"GT" not in keys:
        return
    place = keys.index(b"GT")
    counts.records += 1
    for index, cell in enumerate(words[9:]):
        genotype = cell.split(b":")[place] if cell.count(b":") >= place else b"."
        alleles = genotype.replace(b"|", b"/").split(b"/")
        gaps = alleles.count(b".")
        counts.half[index] += len(alleles) > 1 and gaps == 1
        counts.diploid[index] += len(alleles) > 1 and not gaps
        counts.haploid[index] += len(alleles) == 1 and not gaps
