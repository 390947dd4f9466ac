"""Chromosome X: dropped alleles, three regions, ploidy and half calls (7.7, 7.12 D)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from app.genotypes.server.stops import ServerStop
from tests.helpers.server_oracle.records import Record
from tests.helpers.server_oracle.site_filter import SiteFilter, has_invalid_alleles

NON_PAR = {"hg19": (2_699_520, 154_931_044), "hg38": (2_781_479, 155_701_383)}
REGIONS = ("X.PAR1", "X.nonPAR", "X.PAR2")


@dataclass
class XFindings:
    """What the walk over the region between the PARs brings up.

    `ambiguous` are (sample, place) where a sample was haploid before and is diploid now.
    """

    ambiguous: list[tuple[str, str]] = field(default_factory=list)
    half_calls: Counter[int] = field(default_factory=Counter)
    haploid: set[str] = field(default_factory=set)
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


def rewrite(
    records: Iterable[Record], sites: SiteFilter, names: list[str], build: str, file: str
) -> list[Record]:
    """The records as the rewriting leaves them: bad alleles dropped, letters in capitals, X for 23."""
    kept: list[Record] = []
    for record in records:
        if "," in record.alt or has_invalid_alleles(record):
            sites.exclude_invalid(record)
            continue
        line = len(kept) + 1
        if record.short is not None:
            raise _too_short(*record.short, len(kept), file)
        if record.filters == "0":
            raise malformed(line, "0 is an invalid filter name in vcf4")
        if not record.filters:
            raise malformed(line, "The VCF specification requires a valid filter status: filter was ")
        record.ref, record.alt = record.ref.upper(), record.alt.upper()
        if record.ref == record.alt:
            raise malformed(line, f"Duplicate allele added to VariantContext: {record.alt}")
        if region_of(record.position, build) == REGIONS[1] or names != sorted(names):
            _decode(record, names, line)
        record.chromosome = {"23": "X", "chr23": "chrX"}.get(record.chromosome, record.chromosome)
        kept.append(record)
    return kept


def _too_short(text: str, number: int, before: int, file: str) -> ServerStop:
    columns = text.count("\t") + 1
    what = f"{file}: Line {number}: The provided VCF file is not correct tab-delimited"
    if columns < 9:
        what = (
            f"Line {before}: there aren't enough columns for line {text} "
            f"(we expected 9 tokens, and saw {columns} )"
        )
    return ServerStop(f"Task 'Calculating QC Statistics {what}")


def _decode(record: Record, names: list[str], line: int) -> None:
    """The look at the genotypes, which are written anew: columns without a sample are lost."""
    if len(record.cells) < len(names):
        where = f"{record.chromosome}:{record.position}"
        raise malformed(
            line,
            f"there are {len(record.cells)} genotypes while the header requires that {len(names)} "
            f"genotypes be present for all records at {where}",
        )
    if record.fault is not None and record.fault.message.count("Index"):
        record.fault = None
        record.genotypes = record.genotypes[: len(names)]
        record.count()
    place = record.keys.index("GT") if "GT" in record.keys else -1
    if place > 0:
        raise malformed(
            line,
            f"Saw GT field at position {place}, "
            "but it must be at the first position for genotypes when present",
        )
    filled = {bool(cell.split(":")[0].strip("/|")) for cell in record.cells[: len(names)]}
    if place == 0 and False in filled:
        raise ServerStop(
            "Task 'Calculating QC Statistics GTs cannot be missing for some samples if they are "
            "available for others in the record"
        )


def malformed(line: int, what: str) -> ServerStop:
    """The rewriting library's complaint about the so-manieth record that it reads."""
    return ServerStop(
        "Task 'Calculating QC Statistics The provided VCF file is malformed at approximately line number "
        f"{line}: {what}"
    )


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
            findings.haploid.add(names[index])
        elif names[index] in findings.haploid:
            findings.ambiguous.append((names[index], f"{record.chromosome}:{record.position}"))
        findings.half_calls[index] += len(alleles) > 1 and 0 < alleles.count(".") < len(alleles)
