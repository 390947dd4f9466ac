"""Builds packed panels from the files that panels come in.

A file is read once, as a stream. What an engine would take without a word is refused here: genotypes that are
missing or not phased, people who are haploid at some sites only, lines out of order. A record with several
ALT alleles becomes one for each; one that was there before is left out and counted.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from app.domain.progress import Report, silent
from app.genotypes.file_trouble import Words, told_of
from app.genotypes.matrix import Region, compared_name
from app.imputation.contract import WHOLE
from app.imputation.panel_format.heads import Heads, NoRow, read_heads
from app.imputation.panel_format.panel_text import panel_texts, refuse_old_form
from app.imputation.panel_format.refusals import bad_row, refused
from app.imputation.panel_format.site_columns import Sites
from app.imputation.panel_format.splitting import Splitter
from app.imputation.panel_format.vcf_text import ODD, OTHER, RowReader
from app.imputation.panel_format.writer import PanelWriter

_DAMAGED = Words("The panel is damaged", "Download or make it again.")
_REFUSED = Words("The panel cannot be taken in", "Look at the file and at the room on the disk.")


class Part(NamedTuple):
    """A part of a chromosome, from `first` to `last`; `name` is None for one that is left out."""

    name: str | None
    first: int
    last: int


PartOf = Callable[[str, int], Part]
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

    def part_of(contig: str, position: int) -> Part:
        return Part("", 1, WHOLE) if region is None else _of_region(region, contig, position)

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

    `part_of(contig, position)` tells the part that a site belongs to; `path_of(contig, part)` is where that
    part goes. `watch` sees the sites that are kept.
    """
    refuse_old_form(source)
    building = _Building(source, part_of, path_of, watch, by_region)
    with told_of(source, _DAMAGED, _REFUSED), building.stack:
        for text in panel_texts(source, report):
            building.take(text)
        if not building.built.counts.sites and (building.built.parts or not by_region):
            raise refused(source, "The panel is empty", "It has no records with an ALT allele.")
    return building.built


def _of_region(region: Region, contig: str, position: int) -> Part:
    if compared_name(contig) != compared_name(region.chromosome):
        return Part(None, 0, WHOLE)
    if position < region.first:
        return Part(None, 0, region.first - 1)
    if position > region.last:
        return Part(None, region.last + 1, WHOLE)
    return Part("", region.first, region.last)


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
        self._key: tuple[str, str] | None = None
        self._writers: dict[str, PanelWriter] = {}
        self._splitter = Splitter()
        self._position = 0
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
        """Take rows from `at`; where to go on: with the first row of another part if there is one."""
        following = self._reader.read(text, at)
        try:
            heads = read_heads(text, at, self._reader.fields)
        except NoRow as error:
            row, columns = error.args
            ends = self._reader.fields[:, 9]
            line = text[int(ends[row - 1]) + 1 if row else at : int(ends[row])].strip()
            told = b" ".join(line[:40].split(b"\t")[:2]).decode("utf-8", "replace")
            what = f"The line '{told} …' has {columns} columns or no possible position."
            raise refused(self._source, "A line is no VCF line", what) from error
        begin = 0
        while begin < len(heads.rows):
            contig = heads.contigs[begin]
            part = self._part_of(contig, int(heads.positions[begin]))
            end = _end_of(heads, begin, part)
            if part.name is not None:
                if self._key != (contig, part.name):
                    start = int(heads.starts[begin])
                    self._begin(contig, part.name, text, start, int(heads.rows[begin]))
                    return start
                self._keep(text, heads, slice(begin, end))
            begin = end
        return following

    def _begin(self, contig: str, part: str, text: bytes, start: int, row: int) -> None:
        """The first line of a part: who is haploid there, and the file that it goes to."""
        if not self._header:
            what = "It has no header line that starts with #CHROM."
            raise refused(self._source, "The file is no VCF file", what)
        self._refuse_other(contig, part)
        line = text[start : int(self._reader.fields[row, 9])]
        people = self.built.counts.samples
        cells = line.split(b"\t")[9:]
        if self._reader.fields[row, 8] < 0 or len(cells) != people or not people:
            raise bad_row(self._source, line, np.zeros(people, dtype=np.uint8))
        genotypes = [cell.split(b":", 1)[0] for cell in cells]
        alone = [not (b"|" in genotype or b"/" in genotype) for genotype in genotypes]
        ploidy = np.where(alone, 1, 2).astype(np.uint8)
        self._key, self._reader = (contig, part), RowReader(ploidy)
        path = self._path_of(contig, part)
        self._writers[part] = self.stack.enter_context(PanelWriter(path, contig, ploidy))
        self.built.parts.append(BuiltPart(path, contig, part))

    def _refuse_other(self, contig: str, part: str) -> None:
        """Several chromosomes, or a part that comes again."""
        if self._key is not None and self._key[0] != contig:
            before = self._key[0]
            if not self._by_region or compared_name(before) != compared_name(contig):
                what = f"It holds {before} and {contig}."
                raise refused(self._source, "Several chromosomes in one file", what, "Give a file for each.")
        if part in self._writers:
            what = f"Parts of {contig} are mixed."
            raise refused(self._source, "The panel is not sorted", what, "Sort it by position.")

    def _keep(self, text: bytes, heads: Heads, part: slice) -> None:
        """Write rows of the present part."""
        rows, positions = heads.rows[part], heads.positions[part]
        self._refuse_bad(text, heads, part)
        refs, counts = heads.refs[part], self.built.counts
        split = self._splitter.split(positions, refs, heads.alts[part])
        counts.several_alts, counts.duplicates = self._splitter.several_alts, self._splitter.duplicates
        counts.without_alt = self._splitter.without_alt
        if not len(split.rows):
            return
        sites = Sites(positions[split.rows], heads.ids[part][split.rows], refs[split.rows], split.alts)
        whole = len(rows) == len(self._reader.alleles)
        alleles = self._reader.alleles if whole else self._reader.alleles[rows]
        self._writers[self.built.parts[-1].part].add(sites, split.alleles(alleles))
        counts.sites += len(sites)
        if self._watch is not None:
            self._watch(sites)

    def _refuse_bad(self, text: bytes, heads: Heads, part: slice) -> None:
        """Rows out of order, and those with genotypes that cannot be used."""
        rows, positions = heads.rows[part], heads.positions[part]
        falls = np.flatnonzero(np.diff(positions, prepend=self._position) < 0)
        if len(falls):
            now = int(positions[falls[0]])
            before = int(positions[falls[0] - 1]) if falls[0] else self._position
            what = f"Position {now:,} comes after {before:,}."
            raise refused(self._source, "The panel is not sorted", what, "Sort it by position.")
        self._position = int(positions[-1])
        reader, kinds = self._reader, self._reader.kinds[rows]
        bad = kinds == ODD
        for at in np.flatnonzero(kinds == OTHER).tolist():
            named = str(heads.alts[part][at]).count(",") + 1
            bad[at] = int(reader.alleles[rows[at]].max(initial=0)) > named
        if bad.any():
            first = int(np.flatnonzero(bad)[0])
            line = text[int(heads.starts[part][first]) : int(reader.fields[rows[first], 9])]
            raise bad_row(self._source, line, reader.ploidy)


def _end_of(heads: Heads, begin: int, part: Part) -> int:
    """Where rows end that belong together with the first of them."""
    positions, contigs = heads.positions[begin:], heads.contigs
    contig = contigs[begin]
    outside = (positions < part.first) | (positions > part.last)
    outside[0] = False  # it belongs to its part, so that each call goes on by a row at least
    end = begin + (int(outside.argmax()) if outside.any() else len(positions))
    if contigs[end - 1] == contig and contigs.count(contig) == len(contigs):
        return end
    return next((at for at in range(begin, end) if contigs[at] != contig), end)
