"""What kind of data this is: coding of alleles, whole genomes, imputed data, lists of variants only."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from app.domain.finding import Finding
from app.domain.repair import RepairCode
from app.genotypes.checks.cohort_subject import CohortSubject
from app.genotypes.checks.finding_of import INFO, WARNING
from app.genotypes.checks.row_answers import Rule, finding_of_rule
from app.genotypes.strand_coding import CodingKind, coding_of
from app.genotypes.texts import joined

_DENSE = 600.0  # sites in a million bases: 1.8 million in a genome, more than nearly all arrays
_WINDOW = 1_000_000
_MIN_ROWS = 200
_FEW_REFERENCES = 0.02
_CODINGS = {
    CodingKind.AB: ("Alleles are written as A and B", "Export them again as letters of the plus strand."),
    CodingKind.ONE_TWO: ("Alleles are written as 1 and 2", "Export them again as letters."),
    CodingKind.NUMBERS: ("Alleles are written as 1, 2, 3 and 4", "Write them as A, C, G and T."),
    CodingKind.TOP: ("Alleles are of Illumina's TOP strand", "Turn them by the manifest or by the panel."),
    CodingKind.BOTTOM: ("Alleles are of Illumina's BOT strand", "Turn them by the manifest or by the panel."),
    CodingKind.MIXED: ("Part of the alleles seem to be of Illumina's TOP strand", "Compare with the panel."),
    CodingKind.INSERTIONS: ("Alleles are written as I and D", "Export them again as letters."),
}
_TURNABLE = (CodingKind.TOP, CodingKind.BOTTOM, CodingKind.MIXED)


def coding(subject: CohortSubject) -> Iterable[Finding]:
    """Illumina's AB and TOP codings, and numbers for letters."""
    found = coding_of(
        joined(each.refs for each in subject.cohorts), joined(each.alts for each in subject.cohorts)
    )
    kind = CodingKind(found.kind)
    subject.learn(strand="" if kind is CodingKind.UNKNOWN else kind.value)
    if kind in _CODINGS:
        title, advice = _CODINGS[kind]
        detail = (
            f"{100 * found.share_top:.0f} % of {found.judged:,} pairs that tell are of the TOP strand."
            if kind in _TURNABLE
            else "Letters of a genome strand are needed to compare with a panel."
        )
        fix = RepairCode.FLIP if kind in _TURNABLE else None
        yield finding_of_rule(
            subject, Rule(f"strand.{kind.value}", WARNING, title, detail, advice, fix), [], found.pairs
        )


def density(subject: CohortSubject) -> Iterable[Finding]:
    """Whole genomes have more sites than arrays; imputed data have them without any gap."""
    sites, windows, missing, genotypes = 0, 0, 0, 0
    for cohort in subject.cohorts:
        window = cohort.chromosome.astype(np.int64) << 32 | cohort.position // _WINDOW
        _, counts = np.unique(window, return_counts=True)
        sites, windows = sites + int(counts.sum()), windows + len(counts)
        missing += int(cohort.counts[:, 3].sum(dtype=np.int64))
        genotypes += len(cohort) * len(cohort.samples)
    dense = windows > 0 and sites / windows > _DENSE
    whole = genotypes > 0 and missing == 0 and len(subject.samples) >= 10
    subject.learn(looks_sequenced=bool(dense and not whole), looks_imputed=bool(dense and whole))
    if dense:
        what = "imputed or phased before" if whole else "sequenced"
        detail = f"{sites / windows:,.0f} sites in a million bases" + (
            ", and not one genotype is missing." if whole else "."
        )
        advice = "Use the genotypes as measured." if whole else "Thin the data to the sites of an array."
        code, fix = ("content.looks_imputed", None) if whole else ("content.sequenced", RepairCode.THIN)
        rule = Rule(code, WARNING if whole else INFO, f"The data look {what}", detail, advice, fix)
        yield finding_of_rule(subject, rule, [], sites)


def variants_only(subject: CohortSubject) -> Iterable[Finding]:
    """Output of a variant caller for one person or few has no rows where they are like the reference."""
    rows = sum(map(len, subject.cohorts))
    genotypes = sum(each.counts[:, :3].sum(axis=0, dtype=np.int64) for each in subject.cohorts)
    if rows < _MIN_ROWS or np.sum(genotypes) == 0 or len(subject.samples) > 5:
        return
    share = float(genotypes[0] / np.sum(genotypes))
    if share < _FEW_REFERENCES and genotypes[1] > 0:
        detail = f"Only {100 * share:.1f} % of the genotypes are homozygous for the reference."
        rule = Rule(
            "content.variants_only",
            WARNING,
            "The file lists only sites that differ from the reference",
            detail + " Sites that do not differ are taken as missing, which spoils imputation.",
            "Call genotypes at all sites of an array or of the panel (a gVCF can be turned into that).",
        )
        yield finding_of_rule(subject, rule, [], rows)
