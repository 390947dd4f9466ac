"""Builds packed panels from the files that panels come in: VCF, BCF, MSAV of Minimac4, bref3 of Beagle.

A file is read once, as a stream. What an engine would take without a word is refused here: genotypes that are
missing or not phased, people who are haploid at some sites only, lines out of order. A record with several
ALT alleles becomes one for each; one that was there before is left out and counted.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.domain.problem import Kind, ProblemError, problem
from app.domain.progress import Progress, Report, silent
from app.genotypes.bgzf import open_text_blocks
from app.genotypes.file_trouble import Words, told_of
from app.genotypes.matrix import Region, compared_name
from app.imputation.packed_panels import is_packed, packed_lines
from app.imputation.panel_format.bcf_lines import bcf_lines
from app.imputation.panel_format.site_columns import Sites
from app.imputation.panel_format.vcf_text import ODD, OTHER, RowReader
from app.imputation.panel_format.writer import PanelWriter

_DAMAGED = Words("The panel is damaged", "Download or make it again.")
_REFUSED = Words("The panel cannot be taken in", "Look at the file and at the room on the disk.")
_WHOLE_PANEL = "Use a phased panel without missing genotypes; a phasing program makes one from this file."
_PIECE = 4 << 20
_CONTIG = re.compile(rb"##contig=<(?=[^>]*ID=([^,>]+))(?=[^>]*length=(\d+))?")
PartOf = Callable[[str, int], str | None]
PathOf = Callable[[str, str], Path]


@dataclass
class Counts:
    """What was found in a file: people, sites that were kept, and records that were not simply taken."""

    samples: int = 0
    sites: int = 0
    several_alts: int = 0  # records that became one for each ALT
    duplicates: int = 0  # left out
    without_alt: int = 0  # left out


class BuiltPart(NamedTuple):
    """One packed file; `part` is what `PartOf` called it."""

    path: Path
    contig: str
    part: str


@dataclass
class Built:
    """Everything that one file gave; `contigs` are the lengths of its header."""

    counts: Counts = field(default_factory=Counts)
    parts: list[BuiltPart] = field(default_factory=list)
    contigs: list[bytes] = field(default_factory=list)


def pack_vcf(source: Path, out: Path, region: Region | None = None, report: Report = silent) -> Counts:
    """Pack a panel file, or a region of one, into the file `out`; ProblemError for one that cannot be used.

    `source` is VCF (plain, gzip or BGZF), BCF, MSAV or bref3. Without a region it may hold one chromosome.
    Where a region has no site, no file is written and the answer counts none.
    """

    def part_of(contig: str, position: int) -> str | None:
        return "" if region is None or region.holds(contig, position) else None

    built = build(source, part_of, lambda _contig, _part: out, report, by_region=region is not None)
    return built.counts


def build(
    source: Path,
    part_of: PartOf,
    path_of: PathOf,
    report: Report = silent,
    watch: Callable[[Sites], None] | None = None,
    *,
    by_region: bool = False,
) -> Built:
    """Pack a file into one or more. Synchronous; a report that raises stops it, and nothing is left then.

    `part_of(contig, position)` names the part that a site belongs to, None to leave it out; `path_of(contig,
    part)` is where that part goes. `watch` sees the sites that are kept.
    """
    building = _Building(source, part_of, path_of, watch, by_region)
    _refuse_old_form(source)
    with told_of(source, _DAMAGED, _REFUSED), building.stack:
        for text in _texts(source, report):
            building.take(text)
        if not building.built.counts.sites and (building.built.parts or not by_region):
            raise building.refused("The panel is empty", "It has no records with an ALT allele.")
    return building.built


def contig_length(line: bytes) -> tuple[str, int | None] | None:
    """What a header line says of a chromosome: its name and its length; None for other lines."""
    found = _CONTIG.match(line)
    if found is None:
        return None
    return found[1].decode("utf-8", "replace"), int(found[2]) if found[2] else None


def _refuse_old_form(source: Path) -> None:
    """Packed forms of old are told by their names; they cannot be read back."""
    if source.name.lower().endswith((".sav", ".bref", ".m3vcf", ".m3vcf.gz")):
        raise problem(
            Kind.INPUT,
            "A panel of an old form",
            f"{source.name} is packed for an older program.",
            "Add the VCF or BCF file that it was made from, or one in the form MSAV or bref3.",
            subject=source.name,
        )


def _texts(source: Path, report: Report) -> Iterator[bytes]:
    """Whole lines of the file as a VCF, some megabytes at once."""
    step = f"Reading {source.name}"
    if is_packed(source) or source.name.lower().endswith(".bcf"):
        yield from _joined(source, report, step)
        return
    with open_text_blocks(source, piece_bytes=_PIECE) as blocks:
        for piece in blocks:
            yield bytes(piece)
            report(Progress(done=blocks.packed_done, total=blocks.size, step=step))


def _joined(source: Path, report: Report, step: str) -> Iterator[bytes]:
    """The lines of a binary form, as many as make up some megabytes."""
    size = source.stat().st_size

    def told(done: int) -> None:
        report(Progress(done=done, total=size, step=step))

    lines = packed_lines(source, told) if is_packed(source) else bcf_lines(source, told)
    held: list[bytes] = []
    length = 0
    for line in lines:
        held.append(line)
        length += len(line)
        if length > _PIECE:
            yield b"\n".join(held) + b"\n"
            held, length = [], 0
    yield b"\n".join(held)


class _Building:
    """What is known of a file while it is read."""

    def __init__(
        self,
        source: Path,
        part_of: PartOf,
        path_of: PathOf,
        watch: Callable[[Sites], None] | None,
        by_region: bool,
    ) -> None:
        self._source, self._part_of, self._path_of, self._watch = source, part_of, path_of, watch
        self._by_region = by_region
        self.stack = ExitStack()
        self.built = Built()
        self._reader = RowReader(np.zeros(0, dtype=np.uint8))
        self._key: tuple[bytes, str] | None = None
        self._writers: dict[str, PanelWriter] = {}
        self._position = 0
        self._here: set[tuple[str, str]] = set()
        self._header = False

    def take(self, text: bytes) -> None:
        """Some whole lines."""
        at = 0
        while at < len(text):
            at = self._note_header(text, at) if text.startswith(b"#", at) else self._rows(text, at)

    def _note_header(self, text: bytes, at: int) -> int:
        end = text.find(b"\n", at)
        line = text[at:] if end < 0 else text[at:end]
        if line.startswith(b"##contig="):
            self.built.contigs.append(line)
        if line.startswith(b"#CHROM"):
            self._header = True
            self.built.counts.samples = max(0, line.rstrip(b"\r").count(b"\t") - 8)
        return len(text) if end < 0 else end + 1

    def _rows(self, text: bytes, at: int) -> int:
        reader = self._reader
        following = reader.read(text, at)
        ends = reader.fields.tolist()
        start = at
        chosen: list[tuple[int, int]] = []
        for row, fields in enumerate(ends):
            if fields[9] > start:
                key = self._key_of(text, start, fields)
                if key is not None and key != self._key:
                    self._keep(text, chosen)
                    self._begin(key, text, start, fields)
                    return start
                if key is not None:
                    chosen.append((row, start))
            start = text.find(b"\n", fields[9]) + 1
        self._keep(text, chosen)
        return following

    def _key_of(self, text: bytes, start: int, fields: list[int]) -> tuple[bytes, str] | None:
        """The chromosome and the part that a line belongs to; None when it is not wanted."""
        end = text.find(b"\t", start, fields[9])
        stop = text.find(b"\t", end + 1, fields[9])
        digits = text[end + 1 : stop]
        if end < 0 or stop < 0 or not digits.isdigit() or len(digits) > 10:
            columns = text.count(b"\t", start, fields[9]) + 1
            raise self.refused("A line is no VCF line", f"A line has {columns} columns or no position.")
        contig = text[start:end]
        part = self._part_of(contig.decode("utf-8", "replace"), int(digits))
        return None if part is None else (contig, part)

    def _begin(self, key: tuple[bytes, str], text: bytes, start: int, fields: list[int]) -> None:
        """The first line of a part: who is haploid there, and the file that it goes to."""
        if not self._header:
            raise self.refused("The file is no VCF file", "It has no header line that starts with #CHROM.")
        contig = key[0].decode("utf-8", "replace")
        if self._key is not None and self._key[0] != key[0]:
            before = self._key[0].decode("utf-8", "replace")
            if not self._by_region or compared_name(before) != compared_name(contig):
                what = f"It holds {before} and {contig}."
                raise self.refused("Several chromosomes in one file", what, "Give a file for each.")
        if key[1] in self._writers:
            raise self.refused("The panel is not sorted", f"Parts of {contig} are mixed.", "Sort it.")
        if fields[8] < 0:
            raise self.refused("The panel has no genotypes", "A line has no GT in front.")
        cells = text[fields[8] + 1 : fields[9]].split(b"\t")
        people = self.built.counts.samples
        if len(cells) != people or not people:
            what = f"At {_place(text, start)} there are {len(cells)} cells for {people} people."
            raise self.refused("The panel has genotypes that cannot be read", what)
        alone = [not (b"|" in cell or b"/" in cell.split(b":", 1)[0]) for cell in cells]
        ploidy = np.where(alone, 1, 2).astype(np.uint8)
        self._key, self._reader = key, RowReader(ploidy)
        path = self._path_of(contig, key[1])
        writer = PanelWriter(path, contig, ploidy)
        self._writers[key[1]] = self.stack.enter_context(writer)
        self.built.parts.append(BuiltPart(path, contig, key[1]))

    def _keep(self, text: bytes, rows: Sequence[tuple[int, int]]) -> None:
        """Write the rows (numbers, where they start) that belong to the present part."""
        if not rows:
            return
        reader, picked = self._reader, _Picked()
        for row, start in rows:
            fields = reader.fields[row].tolist()
            if reader.kinds[row] == ODD:
                raise self._bad_row(text, start, fields)
            self._pick(text, row, start, fields, picked)
        if not picked.rows:
            return
        sites = picked.sites()
        self._writers[self.built.parts[-1].part].add(sites, picked.alleles(reader.alleles))
        self.built.counts.sites += len(sites)
        if self._watch is not None:
            self._watch(sites)

    def _pick(self, text: bytes, row: int, start: int, fields: list[int], picked: _Picked) -> None:
        counts = self.built.counts
        position = int(text[fields[0] + 1 : fields[1]])
        if position != self._position:
            if position < self._position:
                what = f"Position {position:,} comes after {self._position:,}."
                raise self.refused("The panel is not sorted", what, "Sort it by position.")
            self._position = position
            self._here.clear()
        head = text[fields[1] + 1 : fields[4]].decode("utf-8", "replace").split("\t")
        name, ref, alts = head[0], head[1], head[2].split(",")
        if self._reader.kinds[row] == OTHER and int(self._reader.alleles[row].max()) > len(alts):
            raise self._bad_row(text, start, fields)
        if alts == ["."]:
            counts.without_alt += 1
            return
        counts.several_alts += len(alts) > 1
        for number, alt in enumerate(alts, 1):
            if (ref, alt) in self._here:
                counts.duplicates += 1
                continue
            self._here.add((ref, alt))
            if len(alts) > 1:
                picked.several.append(len(picked.rows))
                picked.numbers.append(number)
            picked.rows.append(row)
            picked.positions.append(position)
            picked.texts.append((name, ref, alt))

    def _bad_row(self, text: bytes, start: int, fields: list[int]) -> ProblemError:
        place = _place(text, start)
        if fields[8] < 0:
            return self.refused("The panel has no genotypes", f"At {place} there is no GT in front.")
        words = [w.split(b":", 1)[0] for w in text[fields[8] + 1 : fields[9]].split(b"\t")]
        ploidy = self._reader.ploidy.tolist()
        missing = sum(b"." in word for word in words)
        loose = sum(b"/" in word and len(set(word.split(b"/"))) > 1 for word in words)
        if missing:
            what = f"At {place} {missing} of {len(words)} genotypes are missing."
            return self.refused("The panel has missing genotypes", what, _WHOLE_PANEL)
        if loose:
            what = f"At {place} {loose} of {len(words)} genotypes are not phased."
            return self.refused("The panel is not phased", what, _WHOLE_PANEL)
        if len(words) == len(ploidy):
            other = [w.replace(b"/", b"|").count(b"|") + 1 != n for w, n in zip(words, ploidy, strict=True)]
            if sum(other):
                what = (
                    f"At {place} {sum(other)} of {len(words)} people have more or fewer alleles than before."
                )
                advice = "Split chromosome X at the ends of its pseudoautosomal parts, or give its build."
                return self.refused("People are haploid at some sites only", what, advice)
        what = f"At {place} there are {len(words)} cells for {len(ploidy)} people, or odd ones."
        return self.refused("The panel has genotypes that cannot be read", what)

    def refused(self, title: str, what: str, do: str = "Choose another file.") -> ProblemError:
        """What is said of the file."""
        name = self._source.name
        return problem(Kind.INPUT, title, f"{name}: {what}", do, subject=name)


@dataclass
class _Picked:
    """Records that are kept, one for each ALT allele."""

    rows: list[int] = field(default_factory=list)
    several: list[int] = field(default_factory=list)  # places of those from a record with several ALT alleles
    numbers: list[int] = field(default_factory=list)  # of their allele
    positions: list[int] = field(default_factory=list)
    texts: list[tuple[str, str, str]] = field(default_factory=list)  # id, REF, ALT

    def sites(self) -> Sites:
        """Their columns."""
        ids, refs, alts = map(_objects, zip(*self.texts, strict=True))
        return Sites(np.array(self.positions, dtype=np.int64), ids, refs, alts)

    def alleles(self, found: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Their alleles, 0 and 1, from those of the rows."""
        if not self.several and self.rows == list(range(len(found))):
            return found
        made: NDArray[np.uint8] = found[np.array(self.rows)]
        if self.several:
            several = np.array(self.several)
            made[several] = made[several] == np.array(self.numbers, dtype=np.uint8)[:, None]
        return made


def _objects(values: Sequence[str]) -> NDArray[np.object_]:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


def _place(text: bytes, start: int) -> str:
    return b":".join(text[start : start + 80].split(b"\t")[:2]).decode("utf-8", "replace")
