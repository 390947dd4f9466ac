"""Which genome build positions belong to, and why it is believed.

Four kinds of evidence: known sites at their positions (strong, needs nothing but positions and alleles),
contig lengths of the header (often copied from elsewhere), positions beyond the end of a chromosome (a veto),
and the chr prefix (a hint). Facts: `genotypes.md` 5c; the tables say where they come from.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain.finding import BuildGuess
from app.domain.resources import resource

BUILDS = ("NCBI36", "GRCh37", "GRCh38", "T2T-CHM13")
KNOWN_BUILDS = ("GRCh37", "GRCh38")
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
_NUMBERED = {"23": "X", "24": "Y", "25": "XY", "26": "MT", "M": "MT"}
_REFSEQ = re.compile(r"NC_0+(\d{1,2})\.(\d+)$")
_CHROMOSOMES = frozenset([*map(str, range(1, 23)), "X", "Y", "XY", "MT"])
_MIN_KNOWN = 3
_ENOUGH_TO_MISS = 1000  # about one position in a hundred of an array is a known one


def build_name(text: str | None) -> str | None:
    """The name used here for a build written in any of the usual ways, None when it is none of them."""
    if not text:
        return None
    word = text.strip().lower()
    return next((b for b in BUILDS if b.lower() == word), _ALIASES.get(word))


def plain_chromosome(raw: str) -> str | None:
    """`chr7` → `7`, `23` → `X`, `NC_000022.10` → `22`; None when it is no human chromosome."""
    name = raw[3:] if raw[:3].lower() == "chr" else raw
    if match := _REFSEQ.match(name):
        name = match[1]
    elif name.startswith("NC_012920."):
        return "MT"
    name = _NUMBERED.get(name.upper(), name.upper())
    return name if name in _CHROMOSOMES else None


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
def _known() -> dict[str, NDArray[np.uint64]]:
    """For each build the known sites as sorted numbers chromosome · position · class."""
    with np.load(resource("known_sites.npz")) as table:
        return {
            build: _sorted_keys(table["chromosome"], table[build], table["alleles"]) for build in KNOWN_BUILDS
        }


def _sorted_keys(
    chromosome: NDArray[np.uint8], position: NDArray[Any], kind: NDArray[np.uint8]
) -> NDArray[np.uint64]:
    return np.sort(_keys(chromosome, position, kind))


def _keys(
    chromosome: NDArray[np.uint8] | np.uint8, position: NDArray[Any], kind: NDArray[np.uint8]
) -> NDArray[np.uint64]:
    place = position.astype(np.uint64) << np.uint64(8)
    keys: NDArray[np.uint64] = place | kind.astype(np.uint64)
    keys |= np.asarray(chromosome).astype(np.uint64) << np.uint64(40)
    return keys


@dataclass
class BuildEvidence:
    """What speaks for and against each build; add that of several files together with `+`.

    `searched` counts the positions that were looked up among the known ones, `uncharted` those on each
    chromosome for which none are known.
    """

    known: Counter[str] = field(default_factory=Counter)
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
        if name.isdigit():
            self._add_known(int(name), position, code)
        else:
            self.uncharted[name] += len(position)

    def _add_name(self, raw: str) -> None:
        if raw[:3].lower() == "chr":
            self.prefixed += 1
        elif match := _REFSEQ.match(raw):
            versions = _table()["refseq_version"]
            name = plain_chromosome(raw) or ""
            self.accessions.update(b for b in versions if versions[b].get(name) == int(match[2]))
        else:
            self.bare += 1

    def _add_known(self, chromosome: int, position: NDArray[np.int64], code: NDArray[np.uint32]) -> None:
        simple = (code < 1 << 16) & (position > 0)
        self.searched += int(simple.sum())
        kind = _class_of_code()[code[simple]]
        keys = _keys(np.uint8(chromosome), position[simple], kind)
        mine = np.unique(keys[kind > 0])
        for build, known in _known().items():
            place = np.searchsorted(known, mine)
            found = known[np.minimum(place, len(known) - 1)] == mine
            self.known[build] += int(found.sum())


def judge(evidence: BuildEvidence) -> BuildGuess:
    """The build that the evidence speaks for, with sentences that say why."""
    sentences = tuple(_sentences(evidence))
    vetoed = {build for build in BUILDS if _is_vetoed(evidence, build)}
    for value, confidence in _candidates(evidence):
        if value not in vetoed:
            return BuildGuess(value=value, confidence=round(confidence, 3), evidence=sentences)
    left = [build for build in BUILDS if build not in vetoed]
    if vetoed and len(left) == 1:
        return BuildGuess(value=left[0], confidence=0.7, evidence=sentences)
    return BuildGuess(evidence=sentences)


def _is_vetoed(evidence: BuildEvidence, build: str) -> bool:
    """More positions beyond the ends of the chromosomes than a few mistakes explain."""
    return evidence.beyond[build] > max(2, evidence.positions // 1000)


def _candidates(evidence: BuildEvidence) -> Iterable[tuple[str, float]]:
    """Builds from the strongest evidence to the weakest."""
    by_contigs = build_by_contigs(evidence)
    best, hits = max(((b, evidence.known[b]) for b in KNOWN_BUILDS), key=lambda each: each[1])
    others = sum(evidence.known.values()) - hits
    if hits >= _MIN_KNOWN and hits > 3 * others:
        confidence = min(0.999, 1 - 0.5 ** (hits - others + 1))
        yield best, max(confidence, 0.98) if best == by_contigs else confidence
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


def _is_strange(evidence: BuildEvidence) -> bool:
    """So many positions without a known one that neither of the two usual builds is likely."""
    return evidence.searched >= _ENOUGH_TO_MISS and not sum(evidence.known.values())


def build_by_contigs(evidence: BuildEvidence) -> str | None:
    """The build whose chromosome lengths the header states, None when it states none or is of two minds."""
    if not evidence.contigs:
        return None
    build, matches = evidence.contigs.most_common(1)[0]
    return build if matches * 2 > evidence.contigs_with_length else None


def _sentences(evidence: BuildEvidence) -> Iterable[str]:
    known = sum(evidence.known.values())
    for build in KNOWN_BUILDS:
        if evidence.known[build]:
            yield f"{evidence.known[build]:,} of {known:,} known positions agree with {SPOKEN[build]}."
    if _is_strange(evidence):
        yield "None of the known positions was met, as in older builds (NCBI36, hg18) or invented data."
    elif evidence.uncharted and evidence.uncharted.total() == evidence.positions:
        yield f"No known position to compare on {', '.join(sorted(evidence.uncharted))}."
    elif evidence.positions and not known:
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
