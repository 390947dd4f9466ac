"""Checks of the genotypes themselves."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from app.domain.finding import Finding
from app.domain.repair import RepairCode
from app.genotypes.builds import plain_chromosome
from app.genotypes.checks.finding_of import INFO, SEVERE, WARNING, Subject
from app.genotypes.rows import SiteFlag


def presence(subject: Subject) -> Iterable[Finding]:
    """GT must be there, and first."""
    yield from subject.of_records(
        subject.flagged(SiteFlag.NO_GT),
        "genotype.missing",
        SEVERE,
        "Records without genotypes",
        "FORMAT has no GT; services cannot use dosages or likelihoods alone.",
        what_to_do="Export the genotypes as GT.",
    )
    yield from subject.of_records(
        subject.flagged(SiteFlag.GT_NOT_FIRST),
        "genotype.not_first",
        WARNING,
        "GT is not the first field",
        "The VCF specification wants GT first; some programs read nothing else.",
        what_to_do="Write the file with bcftools.",
        fix=RepairCode.STRIP_FIELDS,
    )


def codes(subject: Subject) -> Iterable[Finding]:
    """Genotypes that cannot be understood."""
    yield from subject.of_records(
        subject.flagged(SiteFlag.ALLELE_TOO_BIG),
        "genotype.allele_index",
        SEVERE,
        "Genotypes with an allele that is not listed",
        "An allele number is larger than the number of ALT alleles.",
        what_to_do="Make the file again; ALT lost an allele.",
    )
    yield from subject.of_records(
        subject.flagged(SiteFlag.BAD_GENOTYPE),
        "genotype.invalid",
        SEVERE,
        "Genotypes that cannot be read",
        "They are not numbers with / or |.",
        what_to_do="Make the file again.",
    )
    yield from subject.of_records(
        subject.flagged(SiteFlag.HALF_CALL),
        "genotype.half_call",
        WARNING,
        "Genotypes with one allele missing",
        "Servers count ./1 as two copies of 1.",
        what_to_do="Set them missing.",
        fix=RepairCode.HALF_CALLS,
    )


def ploidy(subject: Subject) -> Iterable[Finding]:
    """One allele only: right on X of men and on MT, wrong elsewhere."""
    haploid = subject.flagged(SiteFlag.HAPLOID)
    autosome = np.array(
        [(plain_chromosome(raw) or "").isdigit() for raw in subject.scan.chromosomes] or [False]
    )
    wrong = haploid[autosome[subject.scan.sites.chromosome[haploid]]]
    yield from subject.of_records(
        wrong,
        "genotype.haploid",
        SEVERE,
        "Genotypes with one allele on an autosome",
        "People have two copies; phasing programs stop here.",
        what_to_do="Make the file again as diploid.",
    )
    yield from subject.of_records(
        haploid if not len(wrong) else haploid[:0],
        "genotype.haploid_x",
        INFO,
        "Genotypes with one allele",
        "As is usual for men on X and for MT.",
        what_to_do="Nothing.",
    )


def phase(subject: Subject) -> Iterable[Finding]:
    """Phased, not phased, or both."""
    flags = subject.scan.sites.flags
    slash, pipe = flags & np.uint16(SiteFlag.HAS_SLASH) > 0, flags & np.uint16(SiteFlag.HAS_PIPE) > 0
    if slash.any() and pipe.any():
        yield from subject.of_records(
            np.flatnonzero(pipe if pipe.sum() < slash.sum() else slash),
            "genotype.mixed_phase",
            WARNING,
            "Phased and unphased genotypes in one file",
            "Servers take the file as unphased and phase it again.",
            what_to_do="Nothing, or make them all alike.",
        )
    if slash.any() and not subject.options.phasing:
        yield subject.finding(
            "genotype.unphased",
            SEVERE,
            "The data are not phased, and no phasing was chosen",
            where=subject.place(int(np.flatnonzero(slash)[0])),
            count=int(slash.sum()),
            what_to_do="Choose a phasing program.",
        )


def phased(subject: Subject) -> bool | None:
    """Whether all genotypes are phased, as a server sees it (any “/” makes it unphased; MT is phased).

    None where there are no genotypes.
    """
    sites = subject.scan.sites
    if not len(sites) or not subject.scan.samples or (sites.flags & np.uint16(SiteFlag.NO_GT)).all():
        return None
    if subject.chromosomes == ["MT"]:
        return True
    return not (sites.flags & np.uint16(SiteFlag.HAS_SLASH)).any()
