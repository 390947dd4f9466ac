"""Checks of variants: alleles, duplicates, filter, density, call rate."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from app.domain.finding import Finding
from app.domain.repair import RepairCode
from app.genotypes.checks.finding_of import FEW_PEOPLE, INFO, SEVERE, WARNING, Subject
from app.genotypes.rows import SiteFlag
from app.genotypes.scan import Sites

_RANK = (INFO, WARNING, SEVERE)


def alleles(subject: Subject) -> Iterable[Finding]:
    """REF and ALT."""
    for flag, code, severity, title, detail, advice in _ALLELES:
        indices = subject.flagged(flag)
        severity = severity if subject.is_vcf else min(severity, WARNING, key=_RANK.index)
        yield from subject.of_records(
            indices, code, severity, title, detail, what_to_do=advice, fix=_FIXES[flag]
        )


_FIXES = {
    SiteFlag.SAME_ALLELES: RepairCode.DROP_INVALID_ALLELES,
    SiteFlag.MULTIALLELIC: RepairCode.SPLIT_ALLELES,
    SiteFlag.INDEL: RepairCode.DROP_INDELS,
    SiteFlag.SYMBOLIC: RepairCode.DROP_INVALID_ALLELES,
    SiteFlag.BAD_ALLELE: RepairCode.DROP_INVALID_ALLELES,
    SiteFlag.LOWER_CASE: RepairCode.UPPER_CASE,
    SiteFlag.FILTERED: RepairCode.CLEAR_FILTER,
}
_ALLELES = (
    (
        SiteFlag.SAME_ALLELES,
        "allele.same",
        SEVERE,
        "REF and ALT are the same",
        "Servers stop at such a record.",
        "Remove these records.",
    ),
    (
        SiteFlag.MULTIALLELIC,
        "allele.multiallelic",
        WARNING,
        "Sites with more than two alleles",
        "Servers leave them out.",
        "Split them if you need them.",
    ),
    (
        SiteFlag.INDEL,
        "allele.indel",
        INFO,
        "Insertions and deletions",
        "Servers leave them out of the input; they are imputed from the panel.",
        "",
    ),
    (
        SiteFlag.SYMBOLIC,
        "allele.symbolic",
        WARNING,
        "Alleles that are no letters",
        "Symbols such as <DEL>, * or a dot are left out by servers.",
        "Remove them if you like.",
    ),
    (
        SiteFlag.BAD_ALLELE,
        "allele.invalid",
        WARNING,
        "Alleles that are not A, C, G, T",
        "Codes such as N, 0, -, I and D are left out by servers.",
        "Look up the alleles in the manifest of the array.",
    ),
    (
        SiteFlag.LOWER_CASE,
        "allele.lower_case",
        WARNING,
        "Alleles in lower case",
        "Servers compare letters as they are, so these sites count as mismatches.",
        "Write them in capitals.",
    ),
    (
        SiteFlag.FILTERED,
        "site.filtered",
        WARNING,
        "Variants that failed a filter",
        "FILTER is not PASS; servers leave them out.",
        "Clear FILTER where it does not matter.",
    ),
)


def place_keys(sites: Sites) -> NDArray[np.uint64]:
    """A number for chromosome and position of each record."""
    keys: NDArray[np.uint64] = sites.chromosome.astype(np.uint64) << np.uint64(40)
    return keys | np.maximum(sites.position, 0).astype(np.uint64)


def repeated(sites: Sites) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Indices of records that repeat an earlier one exactly, and of those that share its position only."""
    keys = place_keys(sites)
    order = np.lexsort((sites.alleles, keys)) if (keys[1:] <= keys[:-1]).any() else np.arange(0)
    same_place = np.flatnonzero(keys[order][1:] == keys[order][:-1]) + 1
    exact = sites.alleles[order[same_place]] == sites.alleles[order[same_place - 1]]
    return np.sort(order[same_place[exact]]), np.sort(order[same_place[~exact]])


def duplicates(subject: Subject) -> Iterable[Finding]:
    """The same variant twice, and different variants at one position."""
    exact, shared = repeated(subject.scan.sites)
    yield from subject.of_records(
        exact,
        "site.duplicate",
        WARNING,
        "Variants that occur more than once",
        "Chromosome, position and alleles are the same.",
        what_to_do="Keep the one with the better call rate.",
        fix=RepairCode.DROP_DUPLICATES,
    )
    yield from subject.of_records(
        shared,
        "site.same_position",
        WARNING,
        "Different variants at one position",
        "Often two probes of an array for one variant, or REF and ALT exchanged.",
        what_to_do="Keep the one that the panel has.",
        fix=RepairCode.DROP_DUPLICATES,
    )


def monomorphic_records(subject: Subject) -> NDArray[np.intp]:
    """Records in which all called genotypes are the same homozygote (of more than one sample)."""
    sites = subject.scan.sites
    if subject.scan.samples < 2:
        return np.empty(0, np.intp)
    called = sites.ref + sites.alt
    same = (sites.het == 0) & ((sites.ref == 0) | (sites.alt == 0)) & (called > 0)
    odd = SiteFlag.HALF_CALL | SiteFlag.MULTIALLELIC | SiteFlag.BAD_GENOTYPE
    found: NDArray[np.intp] = np.flatnonzero(same & ((sites.flags & np.uint16(odd)) == 0))
    return found


def monomorphic(subject: Subject) -> Iterable[Finding]:
    """Variants that do not vary here."""
    yield from subject.of_records(
        monomorphic_records(subject),
        "site.monomorphic",
        INFO,
        "Variants that do not vary in these samples",
        "Servers leave out those without the other allele.",
    )


def call_rate(subject: Subject) -> Iterable[Finding]:
    """Variants with many missing genotypes; of a few people one missing call would be many."""
    scan = subject.scan
    if scan.samples < FEW_PEOPLE:
        return
    limit = subject.options.variant_call_rate
    low = np.flatnonzero(scan.sites.missing > (1 - limit) * scan.samples + 1e-9)
    yield from subject.of_records(
        low,
        "site.call_rate",
        WARNING,
        "Variants with a low call rate",
        f"Less than {100 * limit:.0f} % of the samples are called; servers leave them out.",
        what_to_do="Remove them if you like.",
        fix=RepairCode.DROP_SITES_CALL_RATE,
    )


def density(subject: Subject) -> Iterable[Finding]:
    """More variants than any array has: sequenced or imputed data."""
    sites = subject.scan.sites
    limit = subject.options.variants_per_10_mb
    if len(sites) <= limit:
        return
    window = sites.chromosome.astype(np.int64) << 32 | np.maximum(sites.position, 0) // 10_000_000
    _, first, counts = np.unique(window, return_index=True, return_counts=True)
    dense = np.flatnonzero(counts > limit)
    if len(dense):
        densest = int(dense[np.argmax(counts[dense])])
        yield subject.finding(
            "site.dense",
            WARNING,
            "More variants than a genotyping array has",
            f"Up to {counts[densest]:,} in 10 million bases: the data look sequenced or imputed. "
            f"Some services refuse more than {limit:,}.",
            where=subject.place(int(first[densest])),
            count=len(dense),
            what_to_do="Thin the data to the sites of an array.",
            fix=RepairCode.THIN,
        )
