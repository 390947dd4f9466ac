"""Takes a panel in: reads its files once, checks every genotype, and keeps it packed, part by part.

What an engine would take without a word is refused: see `panel_format.building`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np

from app.domain.finding import BuildGuess
from app.domain.model import Model
from app.domain.problem import Kind, ProblemError, problem
from app.domain.progress import Report, silent
from app.genotypes.bgzf import ContainerError, open_text_blocks
from app.genotypes.builds import BuildEvidence, judge, plain_chromosome, settled
from app.genotypes.repair.regions import NON_PAR, REGIONS
from app.imputation.contract import WHOLE
from app.imputation.packed_panels import is_packed
from app.imputation.panel_format.building import Built, Part, build
from app.imputation.panel_format.panel_text import contig_length
from app.imputation.panel_format.reader import SUFFIX, Panel
from app.imputation.panel_format.site_columns import Sites, join_sites
from app.imputation.panel_part import PanelPart

_EVIDENCE_SITES = 200_000


class PanelFacts(Model):
    """What was found in the files of a panel.

    `several_alts` records with several ALT alleles became one for each; `duplicates` and records
    `without_alt` were left out. `sites` are those that are kept.
    """

    parts: tuple[PanelPart, ...]
    build: str
    build_evidence: tuple[str, ...] = ()
    samples: int
    sites: int
    several_alts: int = 0
    duplicates: int = 0
    without_alt: int = 0


def take_panel(
    sources: Sequence[Path], folder: Path, build: str | None = None, report: Report = silent
) -> PanelFacts:
    """Read VCF, BCF, MSAV or bref3 files of one panel and write its parts into an empty folder.

    `build` is what the user says; without it the sites must tell it. Raises ProblemError for panels that
    cannot be used, and where the sites contradict the build.
    """
    evidence, taken, parts = BuildEvidence(), [], []
    for source in sources:
        one = _File(source, folder, build).take(evidence, report)
        taken.append((source, one))
        parts += [_part(each.path, each.contig, each.part) for each in one.parts]
    _refuse_mix(taken)
    guess = _judged(evidence, build)
    counts = [one.counts for _, one in taken]
    return PanelFacts(
        parts=tuple(part for part in parts if part.count),
        build=str(guess.value),
        build_evidence=guess.evidence,
        samples=counts[0].samples,
        sites=sum(each.sites for each in counts),
        several_alts=sum(each.several_alts for each in counts),
        duplicates=sum(each.duplicates for each in counts),
        without_alt=sum(each.without_alt for each in counts),
    )


def _part(path: Path, contig: str, part: str) -> PanelPart:
    with Panel.open(path) as panel:
        return PanelPart(
            chromosome=plain_chromosome(contig) or contig,
            part=part,
            contig=contig,
            packed=path.name,
            haplotypes=panel.size,
            count=panel.count,
            first=panel.first,
            last=panel.last,
            per_mb=panel.per_mb,
        )


@dataclass
class _File:
    """One file while it is read; X is cut at the ends of its pseudoautosomal parts."""

    source: Path
    folder: Path
    build: str | None
    seen: list[Sites] = field(default_factory=list)
    kept: int = 0

    def take(self, evidence: BuildEvidence, report: Report) -> Built:
        """Write the parts of the file, and add what it says of the build."""
        self._part_of = lru_cache(maxsize=1024)(self._ranges)
        built = build(self.source, self._named, self._path, report, self._watch)
        evidence.add_contigs(dict(filter(None, map(contig_length, built.contigs))))
        if self.seen:
            sites = join_sites(self.seen)
            codes = list(map(_code, sites.refs.tolist(), sites.alts.tolist()))
            raw = built.parts[0].contig
            evidence.add_chromosome(raw, sites.positions, np.array(codes, dtype=np.uint32))
        return built

    def _named(self, contig: str, position: int) -> Part:
        borders = self._part_of(contig)
        if borders is None:
            return Part("", 1, WHOLE)
        ranges = (1, borders[0] - 1), borders, (borders[1] + 1, WHOLE)
        number = (position >= borders[0]) + (position > borders[1])
        return Part(REGIONS[number], *ranges[number])

    def _ranges(self, contig: str) -> tuple[int, int] | None:
        """Where the part of X between the pseudoautosomal ones lies; None elsewhere."""
        if plain_chromosome(contig) != "X":
            return None
        return NON_PAR[self.build if self.build in NON_PAR else self._build_of_header()]

    def _build_of_header(self) -> str:
        """By the length of X, where the header has it."""
        evidence = BuildEvidence()
        evidence.add_contigs(_header_contigs(self.source))
        found = str(judge(evidence).value)
        return found if found in NON_PAR else "GRCh37"

    def _path(self, contig: str, part: str) -> Path:
        name = plain_chromosome(contig)
        if name is None:
            raise _refused(self.source, "This is no chromosome", f"It is called {contig[:40]}.")
        stem = f"chr{name}.{part}" if part else f"chr{name}"
        path = self.folder / f"{stem}{SUFFIX}"
        if path.exists():
            raise _refused(self.source, "A chromosome comes twice", f"Another file holds {stem} too.")
        return path

    def _watch(self, sites: Sites) -> None:
        if self.kept < _EVIDENCE_SITES:
            self.seen.append(sites)
            self.kept += len(sites)


def _code(ref: str, alt: str) -> int:
    return ord(ref[0]) << 8 | ord(alt[0]) if len(ref) == len(alt) == 1 else 1 << 23


def _header_contigs(source: Path) -> dict[str, int | None]:
    """The chromosomes that the header of a VCF names, with their lengths; none of another file."""
    found: dict[str, int | None] = {}
    if is_packed(source) or source.name.lower().endswith(".bcf"):
        return found
    with (
        contextlib.suppress(OSError, ContainerError),
        open_text_blocks(source, piece_bytes=1 << 16) as blocks,
    ):
        for piece in blocks:
            lines = bytes(piece).splitlines()
            found.update(filter(None, map(contig_length, lines)))
            if not lines[-1].startswith(b"##"):
                break
    return found


def _refused(source: Path, title: str, what: str, do: str = "Choose another file.") -> ProblemError:
    return problem(Kind.INPUT, title, f"{source.name}: {what}", do, subject=source.name)


def _refuse_mix(taken: Sequence[tuple[Path, Built]]) -> None:
    first_path, first = taken[0]
    for path, each in taken[1:]:
        if each.counts.samples != first.counts.samples:
            what = f"It has {each.counts.samples} people, {first_path.name} has {first.counts.samples}."
            raise _refused(path, "The files are not of one panel", what, "Add them as panels of their own.")


def _judged(evidence: BuildEvidence, build: str | None) -> BuildGuess:
    if build is None:
        guess = judge(evidence)
        if guess.value is None or guess.confidence < 0.6:
            raise problem(
                Kind.INPUT,
                "The genome build of the panel is not clear",
                " ".join(guess.evidence) or "Its sites do not tell it.",
                "Say it: GRCh37 or GRCh38.",
            )
        return guess
    guess = settled(evidence, build, f"You said that it is {build}.") or BuildGuess()
    if guess.value is None:
        other = judge(evidence)
        raise problem(
            Kind.INPUT,
            "The panel is of another build",
            f"You said {build}, and its sites speak against that. {' '.join(other.evidence)}",
            f"Add it as {other.value}." if other.value else "Look at the file.",
        )
    return guess
