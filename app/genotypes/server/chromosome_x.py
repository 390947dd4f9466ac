"""Chromosome X: dropped alleles, three regions, ploidy and half calls (7.7, 7.12 D)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from app.genotypes.server.records import Record
from app.genotypes.server.site_filter import SiteFilter, has_invalid_alleles
from app.genotypes.server.stops import ServerStop

NON_PAR = {"hg19": (2_699_520, 154_931_044), "hg38": (2_781_479, 155_701_383)}
REGIONS = ("X.PAR1", "X.nonPAR", "X.PAR2")


@dataclass
class XFindings:
    """What the walk over the region between the PARs brings up.

    `ambiguous` are (sample, place) where a sample was haploid before and is diploid now.
    """

    ambiguous: list[tuple[str, str]] = field(default_factory=list)
    half_calls: Counter[int] = field(default_factory=Counter)
    haploid: set[int] = field(default_factory=set)
    records: int = 0

    def most_half_calls(self) -> float:
        """The largest share of half calls in a sample."""
        return max(self.half_calls.values(), default=0) / self.records if self.records else 0.0


def region_of(position: int, build: str) -> str:
    """PAR1, the region between, or PAR2; both borders belong to the region between."""
    low, high = NON_PAR[build]
    if position < low:
        return REGIONS[0]
    return REGIONS[1] if position <= high else REGIONS[2]


def rewrite(records: Iterable[Record], version: str, sites: SiteFilter) -> list[Record]:
    """The records as the rewriting leaves them: bad alleles dropped, letters in capitals, X for 23."""
    if version == "VCFv4.3":
        raise ServerStop("Task 'Calculating QC Statistics Writing VCF version VCF4_3 is not implemented")
    kept = []
    for record in records:
        if record.filters == "0":
            raise ServerStop("Task 'Calculating QC Statistics 0 is an invalid filter name in vcf4")
        if "," in record.alt or has_invalid_alleles(record):
            sites.exclude_invalid(record)
            continue
        record.chromosome = record.chromosome.replace("23", "X")
        record.ref, record.alt = record.ref.upper(), record.alt.upper()
        kept.append(record)
    return kept


def look_at_ploidy(record: Record, names: list[str], findings: XFindings) -> None:
    """Take in one record of the region between the PARs."""
    findings.records += 1
    for index, genotype in enumerate(record.genotypes):
        alleles = genotype.replace("|", "/").split("/")
        for each in alleles:
            if each.isdigit() and int(each) > 1:
                raise ServerStop(
                    f"Task 'Calculating QC Statistics The allele with index {each} is not defined "
                    "in the REF/ALT columns in the record"
                )
        if len(alleles) == 1:
            findings.haploid.add(index)
        elif index in findings.haploid:
            findings.ambiguous.append((names[index], f"{record.chromosome}:{record.position}"))
        findings.half_calls[index] += len(alleles) > 1 and 0 < alleles.count(".") < len(alleles)
