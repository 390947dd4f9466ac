"""What becomes of sites (7.3, with 7.12 A–C), many at once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from app.genotypes.server.java import java_double
from app.genotypes.server.panel_sites import EVERYWHERE
from app.genotypes.server.parameters import ExcludedSite
from app.genotypes.server.sites import Sites
from app.genotypes.site_table import OTHER, Alleles, SiteTable, complemented, letters_code, swapped
from app.genotypes.texts import Texts

MOST_MISSING = 0.10
MOST_LISTED = 500_000
"""Sites that are listed one by one; more are counted only."""

_MOST_TEXT = 16_000_000  # letters of long IDs and alleles in a list; then such sites are counted only
_LONG_TEXT = 200

Bits = NDArray[np.bool_]
Codes = NDArray[np.uint8]

_IS_LETTER = np.zeros(256, bool)
_IS_LETTER[list(b"ACGTacgt")] = True
_PALINDROMES = np.zeros(256, np.uint8)  # 1: A/T and T/A, 2: C/G and G/C
_PALINDROMES[[0 << 2 | 3, 3 << 2 | 0]] = 1
_PALINDROMES[[1 << 2 | 2, 2 << 2 | 1]] = 2
_COMPLEMENT = str.maketrans("ACGT", "TGCA")

(
    _KEPT,
    _MULTIALLELIC,
    _INVALID,
    _DUPLICATE,
    _FILTER,
    _MONOMORPHIC,
    _TYPED_ONLY,
    _MATCH,
    _AMBIGUOUS,
    _SWITCH,
    _FLIP,
    _FLIP_SWITCH,
    _MISMATCH,
    _LOW_CALL_RATE,
) = range(14)
_COUNTERS = {
    _MULTIALLELIC: "multiallelic",
    _INVALID: "invalid_alleles",
    _DUPLICATE: "duplicated",
    _FILTER: "filter_flag",
    _MONOMORPHIC: "monomorphic",
    _TYPED_ONLY: "typed_only",
    _MATCH: "match",
    _AMBIGUOUS: "ambiguous_at_cg",
    _SWITCH: "allele_switch",
    _FLIP: "strand_flip",
    _FLIP_SWITCH: "strand_flip_and_switch",
    _MISMATCH: "allele_mismatch",
    _LOW_CALL_RATE: "low_call_rate",
}
_REASONS = {
    _MULTIALLELIC: "Multiallelic Site",
    _INVALID: "Invalid Alleles",
    _DUPLICATE: "Filter Duplicate",
    _FILTER: "Filter Other",
    _MONOMORPHIC: "Monomorphic",
    _SWITCH: "Allele switch",
    _FLIP: "Strand flip",
    _FLIP_SWITCH: "Strand flip and Allele switch",
    _MISMATCH: "Allele mismatch",
}
_COMPARED = (_SWITCH, _FLIP, _FLIP_SWITCH, _MISMATCH)


@dataclass(frozen=True)
class Fates:
    """A value a site. `early`: fell to the first three rules. `in_panel`: the panel has its position; `kept`:
    goes on."""

    early: Bits
    in_panel: Bits
    kept: Bits

    @property
    def passing(self) -> Bits:
        """Sites of the panel that went through all rules."""
        return self.in_panel & self.kept


@dataclass
class SiteFilter:
    """Applies the rules to batch after batch and keeps the books for the report."""

    counts: Counter[str] = field(default_factory=Counter)
    excluded: list[ExcludedSite] = field(default_factory=list)
    typed_only: list[ExcludedSite] = field(default_factory=list)
    overlap_found: int = 0
    unrepairable: Counter[str] = field(default_factory=Counter)
    _long_text: int = 0

    def judge(self, sites: Sites, panel: SiteTable | None) -> Fates:
        """The fates of sites, counted. `panel` None: its list does not know the name of the chromosome."""
        fate = _early(sites)
        early = fate != _KEPT
        called = sites.samples - sites.counts[:, 3]
        self.counts["alt_af_gt_05"] += int(
            ((sites.counts[:, 1] + 2 * sites.counts[:, 2] > called) & ~early).sum()
        )
        if sites.samples > 1:
            no_alt = sites.counts[:, 0] + sites.counts[:, 3] == sites.samples
            fate[~early & no_alt] = _MONOMORPHIC
        rows = np.flatnonzero(fate == _KEPT)
        last = np.full(len(sites), -1, np.int64)
        if panel is EVERYWHERE:
            fate[rows] = _MATCH
        elif panel is None:
            fate[rows] = _TYPED_ONLY
        else:
            fate[rows], last[rows] = _compare(sites.part(rows), panel)
            if panel.partial:
                fate[rows[fate[rows] == _TYPED_ONLY]] = _MATCH
        return self._book(sites, fate, early, last, panel)

    def _book(
        self,
        sites: Sites,
        fate: NDArray[np.int8],
        early: Bits,
        last: NDArray[np.int64],
        panel: SiteTable | None,
    ) -> Fates:
        in_panel = fate >= _MATCH
        compared = fate.copy()
        kept = (fate == _MATCH) | (fate == _AMBIGUOUS)
        share = sites.counts[:, 3] / sites.samples if sites.samples else np.zeros(len(sites))
        fate[kept & (share > MOST_MISSING)] = _LOW_CALL_RATE
        kept &= fate != _LOW_CALL_RATE
        for numbers in (compared, fate[fate == _LOW_CALL_RATE]):
            for kind, times in zip(*np.unique(numbers, return_counts=True), strict=True):
                self.counts[_COUNTERS[int(kind)]] += int(times)
        typed = fate == _TYPED_ONLY
        self.overlap_found += int(in_panel.sum())
        self.counts["remaining"] += int(kept.sum())
        self.counts["excluded"] += int((~kept & ~typed).sum())
        self._list(sites, fate, np.flatnonzero(~kept & ~typed), last, panel)
        self._list_typed(sites, np.flatnonzero(typed))
        self._note_crowded(sites.position, fate)
        return Fates(early, in_panel, kept | typed)

    def _list(
        self,
        sites: Sites,
        fate: NDArray[np.int8],
        rows: NDArray[np.intp],
        last: NDArray[np.int64],
        panel: SiteTable | None,
    ) -> None:
        room = MOST_LISTED - len(self.excluded)
        for row in rows[:room].tolist():
            kind = int(fate[row])
            if kind == _LOW_CALL_RATE:
                rate = 1.0 - int(sites.counts[row, 3]) / sites.samples
                reason = f"Low call rate. Value: {java_double(rate)}"
            elif kind in _COMPARED and panel is not None:
                ref, alt = _letters_of(panel, int(last[row]))
                reason = f"{_REASONS[kind]}. Reference Panel: {ref}/{alt}"
            else:
                reason = _REASONS[kind]
            self._append(self.excluded, _site(sites, row, reason))

    def _list_typed(self, sites: Sites, rows: NDArray[np.intp]) -> None:
        room = MOST_LISTED - len(self.typed_only)
        for row in rows[:room].tolist():
            self._append(self.typed_only, _site(sites, row, ""))

    def _append(self, listed: list[ExcludedSite], site: ExcludedSite) -> None:
        size = len(site.id) + len(site.ref) + len(site.alt)
        if size > _LONG_TEXT:
            if self._long_text + size > _MOST_TEXT:
                return
            self._long_text += size
        listed.append(site)

    def _note_crowded(self, position: NDArray[np.int64], fate: NDArray[np.int8]) -> None:
        """Flips and switches at a place with another site: turned they could be twice the same variant."""
        if len(position) < 2:
            return
        same = np.zeros(len(position), bool)
        same[1:] = position[1:] == position[:-1]
        same[:-1] |= same[1:]
        turned = (fate == _FLIP) | (fate == _FLIP_SWITCH)
        self.unrepairable["strand_flips"] += int((same & turned).sum())
        changed = (fate == _SWITCH) | (fate == _FLIP_SWITCH)
        self.unrepairable["allele_switches"] += int((same & changed).sum())

    def exclude_invalid(self, sites: Sites, rows: NDArray[np.intp]) -> list[ExcludedSite]:
        """Alleles that the rewriting of chromosome X drops before any rule (7.12 D); only counted."""
        self.counts["invalid_alleles"] += len(rows)
        self.counts["excluded"] += len(rows)
        return [_site(sites, row, "Invalid Alleles") for row in rows[:MOST_LISTED].tolist()]

    @property
    def overlap_percent(self) -> float | None:
        """Share of the sites that the panel has, in per cent with two decimals."""
        total = self.overlap_found + self.counts["typed_only"]
        return round(self.overlap_found / total * 100, 2) if total else None


def _site(sites: Sites, row: int, reason: str) -> ExcludedSite:
    return ExcludedSite(
        id=sites.ids[row],
        chromosome=sites.names[int(sites.chromosome[row])],
        position=int(sites.position[row]),
        ref=sites.refs[row],
        alt=sites.alts[row],
        reason=reason,
    )


def _early(sites: Sites) -> NDArray[np.int8]:
    """The first three rules: several ALT alleles, other letters, FILTER."""
    fate = np.full(len(sites), _KEPT, np.int8)
    fate[invalid_alleles(sites)] = _INVALID
    for row in np.flatnonzero(sites.alts.lengths > 1).tolist():
        if b"," in sites.alts.raw(row):
            fate[row] = _MULTIALLELIC
    for row in np.flatnonzero((fate == _KEPT) & ~_passed(sites.filters)).tolist():
        fate[row] = _DUPLICATE if b"DUP" in sites.filters.raw(row) else _FILTER
    return fate


def invalid_alleles(sites: Sites) -> Bits:
    """Where REF or ALT is not one letter of ACGT, in either case."""
    valid: Bits = _IS_LETTER[sites.refs.first_letters()] & _IS_LETTER[sites.alts.first_letters()]
    return ~valid


def _passed(filters: Texts) -> Bits:
    lengths = filters.lengths
    passed: Bits = (filters.first_letters() == ord(".")) | (lengths == 0)
    four = np.flatnonzero(lengths == 4)
    if len(four):
        letters = filters.blob[filters.starts[four][:, None] + np.arange(4)]
        passed[four] = (letters == np.frombuffer(b"PASS", np.uint8)).all(axis=1)
    return passed


def _compare(sites: Sites, panel: SiteTable) -> tuple[NDArray[np.int8], NDArray[np.int64]]:
    """How sites stand to the panel, and the last row at each position (-1 without one)."""
    first, after = panel.ranges(sites.position)
    fate = np.full(len(sites), _TYPED_ONLY, np.int8)
    here = np.flatnonzero(after > first)
    last = np.where(after > first, after - 1, -1)
    if not len(here):
        return fate, last
    mine = letters_code(sites.refs[here], sites.alts[here])
    first, after = first[here], after[here]
    fate[here] = kinds_of(mine, panel.code[after - 1])
    odd = (mine == OTHER) | (panel.code[after - 1] == OTHER)
    for step in range(int((after - first).max())):
        at = np.flatnonzero(first + step < after)
        code = panel.code[first[at] + step]
        fate[here[at[(code == mine[at]) & (code != OTHER)]]] = _MATCH
        odd[at] |= code == OTHER
    for row in np.flatnonzero(odd).tolist():
        rows = [_letters_of(panel, k) for k in range(int(first[row]), int(after[row]))]
        pair = sites.refs[int(here[row])], sites.alts[int(here[row])]
        fate[here[row]] = compare_alleles(pair, rows)
    return fate, last


def kinds_of(mine: Codes, panel: Codes) -> NDArray[np.int8]:
    """How pairs stand to one row of the panel each, both as codes of `SiteTable`."""
    kind = np.full(len(mine), _MISMATCH, np.int8)
    turned = complemented(mine)
    kind[turned == swapped(panel)] = _FLIP_SWITCH
    kind[turned == panel] = _FLIP
    kind[mine == swapped(panel)] = _SWITCH
    kind[(_PALINDROMES[mine] > 0) & (_PALINDROMES[mine] == _PALINDROMES[panel])] = _AMBIGUOUS
    kind[mine == panel] = _MATCH
    return kind


def _letters_of(panel: SiteTable, row: int) -> Alleles:
    """REF and ALT of a row as the server reads them: the first letters alone."""
    ref, alt = panel.alleles(row)
    return ref[:1], alt[:1]


def compare_alleles(mine: Alleles, rows: list[Alleles]) -> int:
    """As `kinds_of`, for pairs that are not two letters of ACGT: exact ones look at all rows (7.12 C)."""
    if mine in rows:
        return _MATCH
    last = rows[-1]
    if any({mine, last} <= pairs for pairs in ({("A", "T"), ("T", "A")}, {("C", "G"), ("G", "C")})):
        return _AMBIGUOUS
    if mine == last[::-1]:
        return _SWITCH
    turned = mine[0].translate(_COMPLEMENT), mine[1].translate(_COMPLEMENT)
    strand = {*mine} <= {*"ACGT"} and mine[0] != mine[1]
    if strand and turned == last:
        return _FLIP
    return _FLIP_SWITCH if strand and turned == last[::-1] else _MISMATCH
