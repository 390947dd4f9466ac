"""Checks of the genotypes themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from app.domain.finding import Finding
from app.domain.repair import RepairCode
from app.genotypes.builds import plain_chromosome
from app.genotypes.checks.finding_of import INFO, SEVERE, WARNING, Subject
from app.genotypes.checks.row_answers import Rule
from app.genotypes.rows import SiteFlag

_PRESENCE = {
    SiteFlag.NO_GT: Rule(
        "genotype.missing",
        SEVERE,
        "Records without genotypes",
        "FORMAT has no GT; services cannot use dosages or likelihoods alone.",
        "Export the genotypes as GT.",
    ),
    SiteFlag.GT_NOT_FIRST: Rule(
        "genotype.not_first",
        WARNING,
        "GT is not the first field",
        "The VCF specification wants GT first; some programs read nothing else.",
        "Write the file with bcftools.",
        RepairCode.STRIP_FIELDS,
    ),
}
_CODES = {
    SiteFlag.ALLELE_TOO_BIG: Rule(
        "genotype.allele_index",
        SEVERE,
        "Genotypes with an allele that is not listed",
        "An allele number is larger than the number of ALT alleles.",
        "Make the file again; ALT lost an allele.",
    ),
    SiteFlag.BAD_GENOTYPE: Rule(
        "genotype.invalid",
        SEVERE,
        "Genotypes that cannot be read",
        "They are not numbers with / or |.",
        "Make the file again.",
    ),
    SiteFlag.HALF_CALL: Rule(
        "genotype.half_call",
        WARNING,
        "Genotypes with one allele missing",
        "Servers count ./1 as two copies of 1.",
        "Set them missing.",
        RepairCode.HALF_CALLS,
    ),
}


def presence(subject: Subject) -> Iterable[Finding]:
    """GT must be there, and first."""
    return _flagged(subject, _PRESENCE)


def codes(subject: Subject) -> Iterable[Finding]:
    """Genotypes that cannot be understood."""
    return _flagged(subject, _CODES)


def _flagged(subject: Subject, rules: Mapping[SiteFlag, Rule]) -> Iterable[Finding]:
    """What there is to say of records whose genotypes were flagged when they were read."""
    for flag, rule in rules.items():
        words = rule.code, rule.severity, rule.title, rule.detail
        yield from subject.of_records(subject.flagged(flag), *words, what_to_do=rule.what_to_do, fix=rule.fix)


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
