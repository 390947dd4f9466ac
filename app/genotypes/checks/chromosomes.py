"""Checks of chromosome names, order and positions."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from app.domain.finding import Finding
from app.domain.repair import RepairCode
from app.genotypes.builds import (
    SPOKEN,
    SURE,
    build_by_contigs,
    build_name,
    length,
    naturally,
    plain_chromosome,
)
from app.genotypes.checks.finding_of import INFO, SEVERE, WARNING, Subject, some
from app.genotypes.chromosome_names import MOST_NAMES, OTHER_NAMES

_LARGEST_POSITION = 2**31 - 1


def names(subject: Subject) -> Iterable[Finding]:
    """Names that are no human chromosome, and such as servers do not know."""
    raw = subject.scan.chromosomes
    if OTHER_NAMES in raw:
        yield subject.finding(
            "chromosome.too_many",
            SEVERE,
            "More chromosome names than any genome has",
            f"Only the first {MOST_NAMES:,} names and those of human chromosomes are told apart.",
            what_to_do="Keep the records of the chromosomes only.",
            fix=RepairCode.RENAME_CHROMOSOMES,
        )
    unknown = [each for each in raw if plain_chromosome(each) is None]
    unusual = [each for each in raw if plain_chromosome(each) and not _is_usual(each)]
    if unknown:
        yield subject.finding(
            "chromosome.unknown",
            subject.service_severity,
            "Unknown chromosome names",
            "Services take 1 to 22 and X, with or without “chr”.",
            where=some(unknown),
            count=len(unknown),
            what_to_do="Remove these records or rename the chromosome.",
            fix=RepairCode.RENAME_CHROMOSOMES,
        )
    if unusual:
        yield subject.finding(
            "chromosome.unusual_name",
            subject.service_severity,
            "Chromosome names that services do not know",
            f"“{unusual[0]}” is chromosome {plain_chromosome(unusual[0])}.",
            where=some(unusual),
            count=len(unusual),
            what_to_do="Rename the chromosome.",
            fix=RepairCode.RENAME_CHROMOSOMES,
        )


def _is_usual(raw: str) -> bool:
    name = raw[3:] if raw.startswith("chr") else raw
    return name in {*map(str, range(1, 24)), "X", "MT"}


def not_offered(subject: Subject) -> Iterable[Finding]:
    """Chromosomes that the chosen service does not impute."""
    offered = {plain_chromosome(each) or each for each in subject.options.limits.chromosomes}
    foreign = [each for each in subject.chromosomes if offered and each not in offered]
    if foreign:
        yield subject.finding(
            "chromosome.not_offered",
            SEVERE,
            "The service does not impute this chromosome",
            where=some(foreign),
            count=len(foreign),
            what_to_do="Leave these files out, or choose another service.",
        )


def one_a_file(subject: Subject) -> Iterable[Finding]:
    """Services want one chromosome a file."""
    if len(subject.chromosomes) > 1:
        yield subject.finding(
            "chromosome.several",
            subject.service_severity,
            "Several chromosomes in one file",
            "Services take one chromosome a file.",
            where=some(naturally(subject.chromosomes)),
            count=len(subject.chromosomes),
            what_to_do="Split the file by chromosome.",
            fix=RepairCode.SPLIT_CHROMOSOMES,
        )


def prefix(subject: Subject) -> Iterable[Finding]:
    """With and without “chr” in one file, and the prefix against the build."""
    raw = [each for each in subject.scan.chromosomes if plain_chromosome(each)]
    with_prefix = [each for each in raw if each[:3].lower() == "chr"]
    if with_prefix and len(with_prefix) < len(raw):
        yield subject.finding(
            "chromosome.mixed_prefix",
            SEVERE,
            "Chromosomes with and without “chr” in one file",
            where=some(raw),
            count=len(raw),
            what_to_do="Name all records alike.",
            fix=RepairCode.RENAME_CHROMOSOMES,
        )
        return
    build = build_name(subject.options.build) or subject.build.value
    if build not in ("GRCh37", "GRCh38") or not raw:
        return
    if bool(with_prefix) != (build == "GRCh38"):
        wanted = f"chr{subject.chromosomes[0]}" if build == "GRCh38" else subject.chromosomes[0]
        yield subject.finding(
            "chromosome.prefix",
            SEVERE if subject.options.for_service else INFO,
            f"Services want “{wanted}” for {SPOKEN[build]}",
            f"The file says “{raw[0]}”.",
            where=some(raw),
            count=len(raw),
            what_to_do="Rename the chromosome, or choose the right build.",
            fix=RepairCode.RENAME_CHROMOSOMES,
        )


def order(subject: Subject) -> Iterable[Finding]:
    """Records must be sorted, and each chromosome must be in one piece."""
    sites = subject.scan.sites
    same = sites.chromosome[1:] == sites.chromosome[:-1]
    back = np.flatnonzero(same & (sites.position[1:] < sites.position[:-1])) + 1
    yield from subject.of_records(
        back,
        "order.unsorted",
        SEVERE if subject.is_vcf else INFO,
        "Records are not in the order of their positions",
        "An index cannot be made, and services refuse the file.",
        what_to_do="Sort the file.",
        fix=RepairCode.SORT,
    )
    runs = np.flatnonzero(~same) + 1
    if len(sites) and len(runs) + 1 > len(np.unique(sites.chromosome)):
        yield from subject.of_records(
            _returns(sites.chromosome, runs),
            "order.not_contiguous",
            SEVERE if subject.is_vcf else INFO,
            "Records of a chromosome are scattered",
            "Another chromosome stands between them.",
            what_to_do="Sort the file.",
            fix=RepairCode.SORT,
        )


def _returns(chromosome: NDArray[np.uint16], runs: NDArray[np.intp]) -> NDArray[np.intp]:
    """Where a chromosome begins again that was left before."""
    seen = {int(chromosome[0])}
    again = []
    for start in runs:
        name = int(chromosome[start])
        if name in seen:
            again.append(int(start))
        seen.add(name)
    return np.array(again, np.intp)


def positions(subject: Subject) -> Iterable[Finding]:
    """Position 0 and positions beyond the end of the chromosome."""
    sites = subject.scan.sites
    yield from subject.of_records(
        np.flatnonzero(sites.position == 0),
        "position.zero",
        WARNING,
        "Variants at position 0",
        "Their place is not known.",
        what_to_do="Remove them.",
        fix=RepairCode.DROP_BAD_POSITION,
    )
    yield from subject.of_records(
        np.flatnonzero(sites.position > _LARGEST_POSITION),
        "position.too_large",
        subject.service_severity,
        "Positions too large for a whole number of 32 bits",
        f"Programs for VCF files read positions up to {_LARGEST_POSITION:,}.",
        what_to_do="Correct or remove them.",
        fix=RepairCode.DROP_BAD_POSITION,
    )
    build = subject.build.value or build_name(subject.options.build)
    if build is None:
        return
    ends = [_end(build, raw) for raw in subject.scan.chromosomes] or [0]
    beyond = np.flatnonzero(sites.position > np.array(ends, np.int64)[sites.chromosome])
    yield from subject.of_records(
        beyond,
        "position.beyond_end",
        WARNING,
        "Variants beyond the end of the chromosome",
        f"In {SPOKEN[build]} the chromosome is shorter.",
        what_to_do="Look whether the build is right, then remove them.",
        fix=RepairCode.DROP_BAD_POSITION,
    )


def _end(build: str, raw: str) -> int:
    return length(build, plain_chromosome(raw) or "") or np.iinfo(np.int64).max


def build(subject: Subject) -> Iterable[Finding]:
    """The build found against the one stated by the user and by the header."""
    found, stated = subject.build, build_name(subject.options.build)
    if found.value is None or found.confidence < SURE:
        return
    header = build_by_contigs(subject.evidence)
    evidence = " ".join(found.evidence[:2])
    if stated and stated != found.value:
        yield subject.finding(
            "build.wrong",
            SEVERE,
            f"The positions are {SPOKEN[found.value]}, not {SPOKEN[stated]}",
            evidence,
            what_to_do=f"Choose {SPOKEN[found.value]} as the build.",
            fix=RepairCode.LIFTOVER,
        )
    if header and header != found.value:
        yield subject.finding(
            "build.header_contradicts",
            WARNING if stated == found.value else SEVERE,
            "The header names another build than the positions",
            f"The contig lengths are those of {SPOKEN[header]}. {evidence}",
            what_to_do=f"Correct the contig lines to {SPOKEN[found.value]} after making sure.",
            fix=RepairCode.RECOMPRESS,
        )


def old_build(subject: Subject) -> Iterable[Finding]:
    """hg18 and T2T must be lifted before any service takes them."""
    value = subject.build.value
    if value in ("NCBI36", "T2T-CHM13"):
        yield subject.finding(
            "build.not_supported",
            subject.service_severity,
            f"The file looks like {SPOKEN[value]}",
            " ".join(subject.build.evidence[:3]),
            what_to_do="Lift it to GRCh37 or GRCh38 first.",
            fix=RepairCode.LIFTOVER,
        )
