"""Which genome build positions belong to, and why it is believed.

Four kinds of evidence: known sites at their positions (strong, needs nothing but positions and alleles),
contig lengths of the header (often copied from elsewhere), positions beyond the end of a chromosome (a veto),
and the chr prefix (a hint). They are weighed together as one posterior, see `_posterior`; what is less sure
than `SURE` must neither be flipped nor lifted. The tables say where they come from.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from app.domain.resources import resource
from app.genotypes.chromosome_names import REFSEQ
from app.genotypes.chromosome_names import plain_chromosome as plain_chromosome
from app.genotypes.cohort import Cohort
from app.genotypes.known_sites import KNOWN_BUILDS, NO_ALLELES, SITE_CHROMOSOMES, known_sites

if TYPE_CHECKING:
    from app.domain.finding import BuildGuess

SURE = 0.95
BUILDS = ("NCBI36", "GRCh37", "GRCh38", "T2T-CHM13")
SPOKEN = {
    "NCBI36": "NCBI36 (hg18)",
    "GRCh37": "GRCh37 (hg19)",
    "GRCh38": "GRCh38 (hg38)",
    "T2T-CHM13": "T2T-CHM13",
}
_ALIASES = {
    "hg18": "NCBI36",
    "b36": "NCBI36",
    "hg19": "GRCh37",
    "b37": "GRCh37",
    "hs37d5": "GRCh37",
    "hg38": "GRCh38",
    "b38": "GRCh38",
    "hs1": "T2T-CHM13",
    "chm13": "T2T-CHM13",
}
_OTHER = "another"
_PRIOR = {"NCBI36": 0.1, "GRCh37": 0.45, "GRCh38": 0.4, _OTHER: 0.05}
_HEADER_WEIGHT = 20.0  # contig lengths are copied from elsewhere in about one file of twenty
_NAME_WEIGHT = 3.0  # “chr” or not
_BY_CHANCE = 2e-4  # share of positions that meet a known site of a build that is not theirs
_MISPLACED = 0.02  # share of known sites that stand elsewhere than they should
_HIT_RATES = np.geomspace(1e-3, 1.0, 13)  # share of positions that are known: depends on the array
_ENOUGH_TO_MISS = 1000  # about one position in a hundred of an array is a known one


def build_name(text: str | None) -> str | None:
    """The name used here for a build written in any of the usual ways, None when it is none of them."""
    if not text:
        return None
    word = text.strip().lower()
    return next((b for b in BUILDS if b.lower() == word), _ALIASES.get(word))


def naturally(chromosomes: Iterable[str]) -> list[str]:
    """1 to 22, X, Y, XY, MT, and then what is no chromosome; with or without “chr”."""
    places = {name: number for number, name in enumerate([*map(str, range(1, 23)), "X", "Y", "XY", "MT"])}
    return sorted(chromosomes, key=lambda c: (places.get(plain_chromosome(c) or "", len(places)), c))


@cache
def _table() -> dict[str, dict[str, dict[str, int]]]:
    loaded: dict[str, dict[str, dict[str, int]]] = json.loads(resource("builds.json").read_text("utf-8"))
    return loaded


def length(build: str, chromosome: str) -> int | None:
    """Bases of a chromosome (`1` … `22`, `X`, `Y`, `MT`) in a build."""
    return _table()["lengths"][build].get(chromosome)


def allele_class(ref: str, alt: str) -> int:
    """1–4 for the pairs A/C, A/G, A/T, C/G of either strand and order, 0 for anything else."""
    names = {"AC": 1, "GT": 1, "AG": 2, "CT": 2, "AT": 3, "CG": 4}
    return names.get("".join(sorted((ref + alt).upper())), 0)


@cache
def _class_of_code() -> NDArray[np.uint8]:
    """The class for a pair of letters as `ref << 8 | alt`, see `rows.alleles`."""
    result = np.zeros(1 << 16, np.uint8)
    for ref in "ACGTacgt":
        for alt in "ACGTacgt":
            result[ord(ref) << 8 | ord(alt)] = allele_class(ref, alt)
    return result


@cache
def _class_of_known() -> NDArray[np.uint8]:
    """The class for each code of a known site, 0 where its alleles are not known."""
    result = np.zeros(256, np.uint8)
    for code in range(16):
        result[code] = allele_class("ACGT"[code >> 2], "ACGT"[code & 3])
    result[NO_ALLELES] = 0
    return result


@dataclass
class BuildEvidence:
    """What speaks for and against each build; add that of several files together with `+`.

    `known` counts known sites met at their position in a build, `patterns` the same by the set of builds in
    which a site has that position. `searched` counts the positions that were looked up among the known ones,
    `uncharted` those on each chromosome for which none are known.
    """

    known: Counter[str] = field(default_factory=Counter)
    patterns: Counter[tuple[str, ...]] = field(default_factory=Counter)
    contigs: Counter[str] = field(default_factory=Counter)
    contigs_with_length: int = 0
    beyond: Counter[str] = field(default_factory=Counter)
    beyond_example: dict[str, str] = field(default_factory=dict)
    positions: int = 0
    searched: int = 0
    prefixed: int = 0
    bare: int = 0
    accessions: Counter[str] = field(default_factory=Counter)
    uncharted: Counter[str] = field(default_factory=Counter)

    def __add__(self, other: BuildEvidence) -> BuildEvidence:
        return BuildEvidence(
            self.known + other.known,
            self.patterns + other.patterns,
            self.contigs + other.contigs,
            self.contigs_with_length + other.contigs_with_length,
            self.beyond + other.beyond,
            other.beyond_example | self.beyond_example,
            self.positions + other.positions,
            self.searched + other.searched,
            self.prefixed + other.prefixed,
            self.bare + other.bare,
            self.accessions + other.accessions,
            self.uncharted + other.uncharted,
        )

    def add_contigs(self, contigs: Mapping[str, int | None]) -> None:
        """Take in the contig lines of a header."""
        for raw, bases in contigs.items():
            name = plain_chromosome(raw)
            if name is None or name == "MT" or bases is None:
                continue
            self.contigs_with_length += 1
            self.contigs.update(build for build in BUILDS if length(build, name) == bases)

    def add_chromosome(self, raw: str, position: NDArray[np.int64], code: NDArray[np.uint32]) -> None:
        """Take in the positions and allele codes (see `rows.alleles`) of one chromosome."""
        name = plain_chromosome(raw)
        self._add_name(raw)
        if name is None or not len(position):
            return
        self.positions += len(position)
        for build in BUILDS:
            end = length(build, name)
            far = position[position > end] if end else position[:0]
            if len(far):
                self.beyond[build] += len(far)
                self.beyond_example.setdefault(build, f"{raw}:{far[0]:,}")
        name = "X" if name == "XY" else name
        if name in SITE_CHROMOSOMES:
            self._add_known(name, position, code)
        else:
            self.uncharted[name] += len(position)

    def _add_name(self, raw: str) -> None:
        if raw[:3].lower() == "chr":
            self.prefixed += 1
        elif match := REFSEQ.match(raw):
            versions = _table()["refseq_version"]
            name = plain_chromosome(raw) or ""
            self.accessions.update(b for b in versions if versions[b].get(name) == int(match[2]))
        else:
            self.bare += 1

    def _add_known(self, chromosome: str, position: NDArray[np.int64], code: NDArray[np.uint32]) -> None:
        simple = (code < 1 << 16) & (position > 0)
        wanted, first = np.unique(position[simple], return_index=True)
        self.searched += len(wanted)
        kind = _class_of_code()[code[simple][first]]
        hits = np.zeros((len(KNOWN_BUILDS), len(wanted)), bool)
        for number, build in enumerate(KNOWN_BUILDS):
            rows = known_sites().rows(build, chromosome, wanted)
            theirs = _class_of_known()[known_sites().code[rows]]
            hits[number] = (rows >= 0) & ((theirs == kind) | (theirs == 0) | (kind == 0))
            self.known[build] += int(hits[number].sum())
        pattern = (hits * np.array([[1], [2], [4]], np.uint8)).sum(axis=0)
        for bits, count in zip(*np.unique(pattern[pattern > 0], return_counts=True), strict=True):
            met = tuple(b for number, b in enumerate(KNOWN_BUILDS) if int(bits) >> number & 1)
            self.patterns[met] += int(count)


_BASES = np.isin(np.arange(256), np.frombuffer(b"ACGTacgt", np.uint8))


def evidence_of(cohort: Cohort) -> BuildEvidence:
    """What the header and the sites of a packed file say, one entry a record: the same as its scan says."""
    evidence = BuildEvidence()
    evidence.add_contigs(dict(cohort.origin.contigs))
    fresh = np.ones(len(cohort) + 1, bool)
    record = np.asarray(cohort.record)
    fresh[1:-1] = record[1:] != record[:-1]
    first = np.flatnonzero(fresh[:-1])
    several = ~fresh[1:][first]
    ref, alt = cohort.refs.first_letters()[first], cohort.alts.first_letters()[first]
    odd = several | (ref == 0) | (alt == 0)
    if cohort.origin.format == "VCF":
        odd |= ~_BASES[ref] | ~_BASES[alt]
    code = np.where(odd, np.uint32(1 << 23), ref.astype(np.uint32) << np.uint32(8) | alt)
    position = np.maximum(np.asarray(cohort.position)[first], 0)
    chromosome = np.asarray(cohort.chromosome)[first]
    order = np.argsort(chromosome, kind="stable")
    bounds = np.searchsorted(chromosome[order], np.arange(len(cohort.names) + 1))
    for number, raw in enumerate(cohort.names):
        mine = order[bounds[number] : bounds[number + 1]]
        evidence.add_chromosome(raw, position[mine], code[mine])
    return evidence


def settled(evidence: BuildEvidence, build: str, why: str) -> BuildGuess | None:
    """The build that a person or a site list tells; None where anything contradicts it.

    Known positions of another build, positions beyond the chromosomes and contig lengths contradict. No known
    position needs to be met: rare variants and invented data have none. `why` is the first sentence.
    """
    vetoed = {each for each in BUILDS if _is_vetoed(evidence, each)}
    if build in vetoed or build_by_contigs(evidence) not in (None, build):
        return None
    confidence = SURE
    if evidence.patterns:
        odds = _posterior(evidence, vetoed)
        if max(odds, key=lambda each: odds[each]) not in (build, _OTHER):
            return None
        confidence = max(SURE, odds.get(build, 0.0))
    return _guess(build, min(0.999, confidence), (why, *_sentences(evidence)))


def _guess(build: str | None, confidence: float, sentences: tuple[str, ...]) -> BuildGuess:
    from app.domain.finding import (
        BuildGuess,
    )  # here alone, for much that is quick knows chromosomes by this module

    return BuildGuess(value=build, confidence=round(confidence, 3), evidence=sentences)


def judge(evidence: BuildEvidence) -> BuildGuess:
    """The build that the evidence speaks for, with sentences that say why.

    `confidence` is the posterior probability; it stays below `SURE` without at least a few known sites.
    """
    sentences = tuple(_sentences(evidence))
    vetoed = {build for build in BUILDS if _is_vetoed(evidence, build)}
    for value, confidence in _candidates(evidence, vetoed):
        if value not in vetoed:
            return _guess(value, confidence, sentences)
    left = [build for build in BUILDS if build not in vetoed]
    if vetoed and len(left) == 1:
        return _guess(left[0], 0.7, sentences)
    return _guess(None, 0, sentences)


def _is_vetoed(evidence: BuildEvidence, build: str) -> bool:
    """More positions beyond the ends of the chromosomes than a few mistakes explain."""
    return evidence.beyond[build] > max(2, evidence.positions // 1000)


def _candidates(evidence: BuildEvidence, vetoed: set[str]) -> Iterable[tuple[str, float]]:
    """Builds from the strongest evidence to the weakest."""
    by_contigs = build_by_contigs(evidence)
    if evidence.patterns:
        odds = _posterior(evidence, vetoed)
        best = max(odds, key=lambda each: odds[each])
        if best != _OTHER and odds[best] > 0.5:
            yield best, min(0.999, odds[best])
    if by_contigs:
        yield by_contigs, 0.9
    if evidence.accessions:
        yield evidence.accessions.most_common(1)[0][0], 0.9
    if _is_strange(evidence):
        return
    if evidence.prefixed and not evidence.bare:
        yield "GRCh38", 0.5
    elif evidence.bare and not evidence.prefixed and not evidence.beyond["GRCh37"]:
        yield "GRCh37", 0.5


def _posterior(evidence: BuildEvidence, vetoed: set[str]) -> dict[str, float]:
    """Probability of each known build, and of another one or none.

    Hits are Poisson: in the right build known sites are met at a rate that depends on the array (a flat prior
    over its logarithm), in every other one by chance only, or where a few sites are misplaced.
    """
    searched, total = evidence.searched, sum(evidence.patterns.values())
    by_chance = searched * _BY_CHANCE
    logs = {_OTHER: math.log(_PRIOR[_OTHER]) + total * math.log(by_chance) - 3 * by_chance}
    for build in KNOWN_BUILDS:
        if build in vetoed:
            continue
        mine = sum(count for met, count in evidence.patterns.items() if build in met)
        right, wrong = searched * _HIT_RATES, searched * (_BY_CHANCE + _MISPLACED * _HIT_RATES)
        each = mine * np.log(right) - right + (total - mine) * np.log(wrong) - 2 * wrong
        top = float(each.max())
        logs[build] = _log_prior(evidence, build) + top + math.log(float(np.exp(each - top).mean()))
    top = max(logs.values())
    weights = {build: math.exp(value - top) for build, value in logs.items()}
    return {build: weight / sum(weights.values()) for build, weight in weights.items()}


def _log_prior(evidence: BuildEvidence, build: str) -> float:
    weight = _PRIOR[build]
    if build == build_by_contigs(evidence) or evidence.accessions[build]:
        weight *= _HEADER_WEIGHT
    if evidence.prefixed and not evidence.bare and build == "GRCh38":
        weight *= _NAME_WEIGHT
    return math.log(weight)


def _is_strange(evidence: BuildEvidence) -> bool:
    """So many positions without known ones, but for chance, that none of the usual builds is likely."""
    few = max(2.0, 3 * _BY_CHANCE * evidence.searched)
    return evidence.searched >= _ENOUGH_TO_MISS and max(evidence.known.values(), default=0) <= few


def build_by_contigs(evidence: BuildEvidence) -> str | None:
    """The build whose chromosome lengths the header states, None when it states none or is of two minds."""
    if not evidence.contigs:
        return None
    build, matches = evidence.contigs.most_common(1)[0]
    return build if matches * 2 > evidence.contigs_with_length else None


def _sentences(evidence: BuildEvidence) -> Iterable[str]:
    known = sum(evidence.patterns.values())
    if _is_strange(evidence):
        yield "Hardly any known position was met, as in rare builds, rare variants or invented data."
    for build in sorted(KNOWN_BUILDS, key=lambda each: -evidence.known[each]):
        if evidence.known[build]:
            yield f"{evidence.known[build]:,} of {known:,} known positions agree with {SPOKEN[build]}."
    if not known and evidence.uncharted and evidence.uncharted.total() == evidence.positions:
        yield f"No known position to compare on {', '.join(sorted(evidence.uncharted))}."
    elif not known and evidence.positions and not _is_strange(evidence):
        yield "None of the known positions was met."
    if header := build_by_contigs(evidence):
        matches, total = evidence.contigs[header], evidence.contigs_with_length
        yield f"{matches:,} of {total:,} contig lengths in the header are those of {SPOKEN[header]}."
    for build in BUILDS:
        if count := evidence.beyond[build]:
            one = count == 1
            place = f"{count:,} position{'' if one else 's'} (such as {evidence.beyond_example[build]})"
            yield f"{place} {'lies' if one else 'lie'} beyond the end of the chromosome in {SPOKEN[build]}."
    for build, count in evidence.accessions.items():
        are = " is an accession" if count == 1 else "s are accessions"
        yield f"{count:,} chromosome name{are} of {SPOKEN[build]}."
    if evidence.prefixed and not evidence.bare:
        yield "Chromosome names begin with “chr”, as is usual for GRCh38 (hg38)."
    elif evidence.bare and not evidence.prefixed:
        yield "Chromosome names have no “chr”, as is usual for GRCh37 (hg19)."
