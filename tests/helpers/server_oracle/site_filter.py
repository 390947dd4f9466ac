"""What becomes of a site (7.3, with 7.12 A–C)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from app.genotypes.server.java import java_double
from app.genotypes.server.parameters import ExcludedSite
from app.genotypes.site_table import Alleles, SiteTable
from tests.helpers.server_oracle.records import Record

_LETTERS = frozenset("ACGTacgt")
_COMPLEMENT = str.maketrans("ACGT", "TGCA")
_AMBIGUOUS = (frozenset({("A", "T"), ("T", "A")}), frozenset({("C", "G"), ("G", "C")}))
MOST_MISSING = 0.10


@dataclass(frozen=True)
class Fate:
    """`early`: fell to the first three rules. `in_panel`: the panel has its position. `kept`: goes on."""

    early: bool = False
    in_panel: bool = False
    kept: bool = False


@dataclass
class SiteFilter:
    """Applies the rules to one site after the other and keeps the books for the report."""

    counts: Counter[str] = field(default_factory=Counter)
    excluded: list[ExcludedSite] = field(default_factory=list)
    typed_only: list[ExcludedSite] = field(default_factory=list)
    overlap_found: int = 0

    def judge(self, record: Record, panel: SiteTable | None) -> Fate:
        """The fate of a site, counted."""
        if early := _early_reason(record):
            return self._exclude(record, *early, Fate(early=True))
        self.counts["alt_af_gt_05"] += record.mostly_alt
        if record.samples > 1 and record.ref_count + record.missing == record.samples:
            return self._exclude(record, "monomorphic", "Monomorphic", Fate())
        rows = [(ref[:1], alt[:1]) for ref, alt in panel.at(record.position)] if panel is not None else []
        if not rows:
            self.counts["typed_only"] += 1
            self.typed_only.append(_site(record, ""))
            return Fate(kept=True)
        self.overlap_found += 1
        return self._compare(record, rows)

    def _compare(self, record: Record, rows: list[Alleles]) -> Fate:
        kind = compare_alleles((record.ref, record.alt), rows)
        self.counts[kind] += 1
        if kind not in ("match", "ambiguous_at_cg"):
            reason = f"{_REASONS[kind]}. Reference Panel: {rows[-1][0]}/{rows[-1][1]}"
            self.excluded.append(_site(record, reason))
            self.counts["excluded"] += 1
            return Fate(in_panel=True)
        if record.missing / record.samples > MOST_MISSING:
            rate = 1 - record.missing / record.samples
            return self._exclude(
                record, "low_call_rate", f"Low call rate. Value: {java_double(rate)}", Fate(in_panel=True)
            )
        self.counts["remaining"] += 1
        return Fate(in_panel=True, kept=True)

    def _exclude(self, record: Record, counter: str, reason: str, fate: Fate) -> Fate:
        self.counts[counter] += 1
        self.counts["excluded"] += 1
        self.excluded.append(_site(record, reason))
        return fate

    def exclude_invalid(self, record: Record) -> None:
        """An allele that the rewriting of chromosome X drops before any rule (7.12 D)."""
        self._exclude(record, "invalid_alleles", "Invalid Alleles", Fate())

    @property
    def overlap_percent(self) -> float | None:
        """Share of the sites that the panel has, in per cent with two decimals."""
        total = self.overlap_found + self.counts["typed_only"]
        return round(self.overlap_found / total * 100, 2) if total else None


_REASONS = {
    "allele_switch": "Allele switch",
    "strand_flip": "Strand flip",
    "strand_flip_and_switch": "Strand flip and Allele switch",
    "allele_mismatch": "Allele mismatch",
}


def _site(record: Record, reason: str) -> ExcludedSite:
    return ExcludedSite(
        id=record.id,
        chromosome=record.chromosome,
        position=record.position,
        ref=record.ref,
        alt=record.alt,
        reason=reason,
    )


def _early_reason(record: Record) -> tuple[str, str] | None:
    if "," in record.alt:
        return "multiallelic", "Multiallelic Site"
    if has_invalid_alleles(record):
        return "invalid_alleles", "Invalid Alleles"
    if record.filters not in ("PASS", ".", ""):
        if "DUP" in record.filters:
            return "duplicated", "Filter Duplicate"
        return "filter_flag", "Filter Other"
    return None


def has_invalid_alleles(record: Record) -> bool:
    """Whether REF or ALT is not one letter of ACGT, in either case."""
    return record.ref not in _LETTERS or record.alt not in _LETTERS


def compare_alleles(mine: Alleles, rows: list[Alleles]) -> str:
    """How a pair stands to the panel: exact matches look at all rows, the rest at the last (7.12 C)."""
    if mine in rows:
        return "match"
    last = rows[-1]
    if any(mine in pair and last in pair for pair in _AMBIGUOUS):
        return "ambiguous_at_cg"
    turned = mine[0].translate(_COMPLEMENT), mine[1].translate(_COMPLEMENT)
    if mine == last[::-1]:
        return "allele_switch"
    if turned == last:
        return "strand_flip"
    if turned == last[::-1]:
        return "strand_flip_and_switch"
    return "allele_mismatch"
