"""Takes a panel in: reads it once, checks every genotype, and writes it in the forms that engines want.

What an engine would take without a word is refused here: genotypes that are missing or not phased, lines out
of order, several chromosomes in a file. Sites with several ALT alleles and those that were there before are
left out and counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from app.domain.finding import BuildGuess
from app.domain.model import Model
from app.domain.problem import Kind, ProblemError, problem
from app.domain.progress import Progress, Report, silent
from app.genotypes.bgzf import BgzfWriter, open_text_blocks
from app.genotypes.builds import BuildEvidence, judge, plain_chromosome, settled
from app.genotypes.convert import convert
from app.genotypes.file_trouble import Words, told_of
from app.genotypes.repair.regions import NON_PAR, REGIONS
from app.imputation.aligning import target_header
from app.imputation.chunks import MEGABASE
from app.imputation.packed_panels import is_packed, packed_lines
from app.imputation.panel_part import PanelPart
from app.imputation.tabix import record_lines, write_index

_DAMAGED = Words("The panel is damaged", "Download or make it again.")
_REFUSED = Words(
    "The panel cannot be taken in", "Look at the file and at the room on the disk of the data folder."
)
_MARK_BP = 100_000
_EVIDENCE_SITES = 200_000
_CONTIG = re.compile(rb"##contig=<(?=[^>]*ID=([^,>]+))(?=[^>]*length=(\d+))?")
_PLAIN = re.compile(rb"[01]\|[01](?:\t[01]\|[01])*")
_MIXED = re.compile(rb"[01](?:\|[01])?(?:\t[01](?:\|[01])?)*")


class PanelFacts(Model):
    """What was found in the files of a panel; sites with several ALT and duplicates were left out."""

    parts: tuple[PanelPart, ...]
    build: str
    build_evidence: tuple[str, ...] = ()
    samples: int
    sites: int
    several_alts: int = 0
    duplicates: int = 0


@dataclass
class _Reading:
    """What is known of one file while it is read."""

    path: Path
    samples: tuple[str, ...] = ()
    contigs: dict[str, int | None] = field(default_factory=dict)
    contig: bytes = b""
    position: int = 0
    at_position: set[tuple[bytes, bytes]] = field(default_factory=set)
    several_alts: int = 0
    duplicates: int = 0
    done: int = 0


def take_panel(
    sources: Sequence[Path], folder: Path, build: str | None = None, report: Report = silent
) -> PanelFacts:
    """Read VCF, BCF, MSAV or bref3 files of one panel and write its parts into an empty folder.

    `build` is what the user says; without it the sites must tell it. Raises ProblemError for panels that
    cannot be used, and where the sites contradict the build.
    """
    evidence, readings, parts = BuildEvidence(), [], []
    for number, source in enumerate(sources):
        reading = _Reading(source)
        text = _as_text(source, folder / f"source-{number}.vcf.gz", report)
        chromosome = _Writing(reading, folder, _build_for_x(build), evidence)
        parts += chromosome.run(text, report)
        if text != source:
            text.unlink()
        readings.append(reading)
    _refuse_mix(readings)
    guess = _judged(evidence, build)
    return PanelFacts(
        parts=tuple(parts),
        build=str(guess.value),
        build_evidence=guess.evidence,
        samples=len(readings[0].samples),
        sites=sum(part.count for part in parts),
        several_alts=sum(each.several_alts for each in readings),
        duplicates=sum(each.duplicates for each in readings),
    )


def _as_text(source: Path, draft: Path, report: Report) -> Path:
    """A BCF file as text; it is told by its name, as are packed forms of old that cannot be read back."""
    name = source.name.lower()
    if name.endswith((".sav", ".bref", ".m3vcf", ".m3vcf.gz")):
        raise problem(
            Kind.INPUT,
            "A panel of an old form",
            f"{source.name} is packed for an older program.",
            "Add the VCF or BCF file that it was made from, or one in the form MSAV or bref3.",
            subject=source.name,
        )
    if not name.endswith(".bcf"):
        return source
    convert(source, draft, report)
    return draft


def _build_for_x(build: str | None) -> str:
    return build if build in NON_PAR else "GRCh37"


class _Writing:
    """Reads one file and writes its parts; the parts of X get files of their own."""

    def __init__(self, reading: _Reading, folder: Path, build: str, evidence: BuildEvidence) -> None:
        self._reading, self._folder, self._build, self._evidence = reading, folder, build, evidence
        self._stack = ExitStack()
        self._writers: dict[str, tuple[BgzfWriter, BgzfWriter]] = {}
        self._header = b""
        self._seen: list[tuple[int, int]] = []

    def run(self, text: Path, report: Report) -> list[PanelPart]:
        with told_of(self._reading.path, _DAMAGED, _REFUSED), self._stack:
            for line in _lines(text, self._reading, report):
                self._line(line)
        self._add_evidence()
        if not self._writers:
            raise _refused(self._reading, "The panel is empty", "It has no records.")
        return [self._part(name) for name in self._writers]

    def _line(self, line: bytes) -> None:
        reading = self._reading
        if line.startswith(b"#"):
            self._note_header(line)
            return
        fields = line.split(b"\t", 9)
        if len(fields) < 10 or not fields[1].isdigit():
            raise _refused(reading, "A line is no VCF line", f"A line has {len(fields)} columns.")
        self._refuse_order(fields[0], int(fields[1]))
        if b"," in fields[4] or fields[4] == b".":
            reading.several_alts += 1
            return
        alleles = (fields[3], fields[4])
        if alleles in reading.at_position:
            reading.duplicates += 1
            return
        reading.at_position.add(alleles)
        self._write(fields, self._cells(fields))

    def _note_header(self, line: bytes) -> None:
        if found := _CONTIG.match(line):
            size = int(found[2]) if found[2] else None
            self._reading.contigs[found[1].decode("utf-8", "replace")] = size
        if line.startswith(b"#CHROM"):
            self._reading.samples = tuple(line.decode("utf-8", "replace").rstrip().split("\t")[9:])

    def _refuse_order(self, contig: bytes, position: int) -> None:
        reading = self._reading
        if reading.contig not in (b"", contig):
            one, two = reading.contig.decode(), contig.decode("utf-8", "replace")
            what = f"It holds {one} and {two}."
            raise _refused(reading, "Several chromosomes in one file", what, "Give a file for each.")
        if position < reading.position:
            what = f"Position {position:,} comes after {reading.position:,}."
            raise _refused(reading, "The panel is not sorted", what, "Sort it by position.")
        if position != reading.position:
            reading.at_position.clear()
        reading.contig, reading.position = contig, position

    def _cells(self, fields: list[bytes]) -> bytes:
        cells = fields[9]
        if fields[8] != b"GT":
            if fields[8].split(b":", 1)[0] != b"GT":
                raise _refused(self._reading, "The panel has no genotypes", "A line has no GT in front.")
            cells = b"\t".join([cell.split(b":", 1)[0] for cell in cells.split(b"\t")])
        people = len(self._reading.samples)
        if len(cells) == 4 * people - 1 and _PLAIN.fullmatch(cells):
            return cells
        if _MIXED.fullmatch(cells) and cells.count(b"\t") == people - 1:
            return cells
        raise self._bad_cells(fields, cells)

    def _bad_cells(self, fields: list[bytes], cells: bytes) -> ProblemError:
        words = cells.split(b"\t")
        place = f"{fields[0].decode()}:{fields[1].decode()}"
        missing = sum(b"." in word for word in words)
        loose = sum(b"/" in word for word in words)
        if missing:
            what = f"At {place} {missing} of {len(words)} genotypes are missing."
            return _refused(self._reading, "The panel has missing genotypes", what, _WHOLE_PANEL)
        if loose:
            what = f"At {place} {loose} of {len(words)} genotypes are not phased."
            return _refused(self._reading, "The panel is not phased", what, _WHOLE_PANEL)
        what = (
            f"At {place} there are {len(words)} cells for {len(self._reading.samples)} people, or odd ones."
        )
        return _refused(self._reading, "The panel has genotypes that cannot be read", what)

    def _write(self, fields: list[bytes], cells: bytes) -> None:
        position = int(fields[1])
        vcf, sites = self._writer(self._part_name(position))
        head = b"\t".join([*fields[:5], b".", b"PASS", b".", b"GT", cells])
        vcf.write(head + b"\n")
        sites.write(b"\t".join([fields[1], fields[3], fields[4]]) + b"\n")
        if len(self._seen) < _EVIDENCE_SITES:
            single = len(fields[3]) == len(fields[4]) == 1
            self._seen.append((position, (fields[3][0] << 8 | fields[4][0]) if single else 1 << 23))

    def _part_name(self, position: int) -> str:
        if plain_chromosome(self._reading.contig.decode("utf-8", "replace")) != "X":
            return ""
        first, last = NON_PAR[self._build]
        return REGIONS[(position >= first) + (position > last)]

    def _writer(self, part: str) -> tuple[BgzfWriter, BgzfWriter]:
        if part not in self._writers:
            stem = self._stem(part)
            vcf = self._stack.enter_context(BgzfWriter(self._folder / f"{stem}.vcf.gz", level=4))
            sites = self._stack.enter_context(BgzfWriter(self._folder / f"{stem}.sites.gz", level=4))
            contig = self._reading.contig.decode()
            vcf.write(target_header(contig, self._reading.samples))
            self._writers[part] = (vcf, sites)
        return self._writers[part]

    def _stem(self, part: str) -> str:
        name = self._chromosome()
        stem = f"chr{name}.{part}" if part else f"chr{name}"
        if (self._folder / f"{stem}.vcf.gz").exists():
            raise _refused(self._reading, "A chromosome comes twice", f"Another file holds {stem} too.")
        return stem

    def _chromosome(self) -> str:
        raw = self._reading.contig.decode("utf-8", "replace")
        name = plain_chromosome(raw)
        if name is None:
            raise _refused(self._reading, "This is no chromosome", f"It is called {raw[:40]}.")
        return name

    def _add_evidence(self) -> None:
        self._evidence.add_contigs(self._reading.contigs)
        if self._seen:
            seen = np.array(self._seen, dtype=np.int64)
            raw = self._reading.contig.decode("utf-8", "replace")
            self._evidence.add_chromosome(raw, seen[:, 0], seen[:, 1].astype(np.uint32))

    def _part(self, part: str) -> PanelPart:
        chromosome = self._chromosome()
        stem = f"chr{chromosome}.{part}" if part else f"chr{chromosome}"
        vcf = self._folder / f"{stem}.vcf.gz"
        positions, places, last_cells = [], [], b""
        mark = -_MARK_BP
        for start, _, line in record_lines(vcf):
            position = int(line.split(b"\t", 2)[1])
            positions.append(position)
            last_cells = line
            if position - mark >= _MARK_BP and position != (positions[-2] if len(positions) > 1 else 0):
                places.append((position, start))
                mark = position
        write_index(vcf)
        alleles = last_cells.split(b"\t", 9)[9]
        return PanelPart(
            chromosome=chromosome,
            part=part,
            contig=self._reading.contig.decode(),
            vcf=vcf.name,
            sites=f"{stem}.sites.gz",
            haplotypes=alleles.count(b"|") * 2 + sum(b"|" not in cell for cell in alleles.split(b"\t")),
            count=len(positions),
            first=positions[0],
            last=positions[-1],
            per_mb=tuple(np.bincount(np.array(positions) // MEGABASE).tolist()),
            places=tuple(places),
        )


_WHOLE_PANEL = "Use a phased panel without missing genotypes; a phasing program makes one from this file."


def _lines(path: Path, reading: _Reading, report: Report) -> Iterator[bytes]:
    if is_packed(path):
        for number, line in enumerate(packed_lines(path)):
            yield line
            if number % 1000 == 0:
                report(Progress(done=number, unit="records", step=f"Reading {path.name}"))
        return
    with open_text_blocks(path) as blocks:
        for piece in blocks:
            yield from bytes(piece).splitlines()
            reading.done += 1
            report(
                Progress(
                    done=blocks.packed_done,
                    total=blocks.size,
                    step=f"Reading {reading.path.name}",
                )
            )


def _refused(reading: _Reading, title: str, what: str, do: str = "Choose another file.") -> ProblemError:
    return problem(Kind.INPUT, title, f"{reading.path.name}: {what}", do, subject=reading.path.name)


def _refuse_mix(readings: Sequence[_Reading]) -> None:
    for reading in readings[1:]:
        if len(reading.samples) != len(readings[0].samples):
            mine, first = len(reading.samples), len(readings[0].samples)
            what = f"It has {mine} people, {readings[0].path.name} has {first}."
            raise _refused(
                reading, "The files are not of one panel", what, "Add them as panels of their own."
            )


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
