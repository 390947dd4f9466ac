"""Brings the sites of a target into the coding of a panel before an engine sees them.

Engines leave out what does not fit without a word: sites with REF and ALT exchanged, on the other strand, in
the wrong order. Here each site is matched by ourselves, turned where that is certain, and every one that is
left out is counted and listed. A/T and C/G sites with exchanged alleles are ambiguous and left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.domain.model import Model
from app.genotypes.bgzf import BgzfWriter, open_text_blocks
from app.genotypes.matrix import ABSENT, MISSING, GenotypeMatrix, Region, compared_name, matrix_pieces
from app.imputation.chunks import MEGABASE, Chunk
from app.imputation.panel_format.reader import Panel
from app.imputation.ploidy import Site, XCalls, with_one_allele

Alleles = tuple[str, str]
_OTHER_STRAND = str.maketrans("ACGT", "TGCA")
_SAME, _EXCHANGED = False, True
_LETTERS = {0: "0", 1: "1", MISSING: "."}


class Alignment(Model):
    """What became of the sites of a target on a part of a chromosome.

    `typed` sites are used, among them `exchanged` (REF and ALT) and `flipped` (strand) ones. Not used are
    `mismatched` (other alleles in the panel), `ambiguous`, `duplicates`, `unusable` (several ALT alleles);
    `typed_only` are not in the panel. `never_het` people have two alleles at every typed site, always equal
    ones: on X between its pseudoautosomal parts likely men. Of these `men` are certain; they were turned
    to one allele, their `unlikely` heterozygous calls to missing ones. `missing` counts genotypes of typed
    sites. `per_chunk` are the typed sites that inform each chunk.
    """

    samples: int = 0
    sites: int = 0
    typed: int = 0
    exchanged: int = 0
    flipped: int = 0
    mismatched: int = 0
    ambiguous: int = 0
    duplicates: int = 0
    unusable: int = 0
    typed_only: int = 0
    never_het: int = 0
    men: int = 0
    unlikely: int = 0
    missing: int = 0
    phased: bool = True
    haploid: bool = False
    per_chunk: tuple[int, ...] = ()

    @property
    def lost(self) -> int:
        """Sites with a place in the panel that are not used."""
        return self.mismatched + self.ambiguous + self.duplicates + self.unusable


def positions_within(target: Path, region: Region) -> NDArray[np.int64]:
    """The positions of a target's sites in a region, as they come. OSError, ContainerError."""
    wanted, found = compared_name(region.chromosome), []
    with open_text_blocks(target) as blocks:
        for piece in blocks:
            for line in bytes(piece).splitlines():
                if line.startswith(b"#"):
                    continue
                chromosome, _, rest = line.partition(b"\t")
                position = rest.partition(b"\t")[0]
                if position.isdigit() and compared_name(chromosome.decode("utf-8", "replace")) == wanted:
                    found.append(int(position))
    places = np.array(found, dtype=np.int64)
    return places[(places >= region.first) & (places <= region.last)]


def megabases(positions: NDArray[np.int64]) -> tuple[int, ...]:
    """How many positions lie in each megabase."""
    return tuple(np.bincount(positions // MEGABASE).tolist())


def panel_alleles(panel: Panel, positions: NDArray[np.int64]) -> dict[int, list[Alleles]]:
    """The alleles of a panel at some positions. ProblemError where it is damaged."""
    found: dict[int, list[Alleles]] = {}
    if len(positions):
        sites = panel.sites(int(positions.min()), int(positions.max()))
        sites = sites.take(np.isin(sites.positions, positions))
        columns = (sites.positions.tolist(), sites.refs.tolist(), sites.alts.tolist())
        for position, ref, alt in zip(*columns, strict=True):
            found.setdefault(position, []).append((ref, alt))
    return found


def match(alleles: Alleles, known: Sequence[Alleles]) -> tuple[Alleles, bool, bool] | None:
    """(panel alleles, REF and ALT exchanged, strand flipped) of the one way that fits; None: none or several.

    A site without ALT (`.`) takes the panel's where there is only one with its REF.
    """
    ref, alt = alleles
    if alt == ".":
        same = [each for each in known if each[0] == ref]
        return (same[0], False, False) if len(same) == 1 == len(known) else None
    if alleles in known:
        return alleles, False, False
    other = (ref.translate(_OTHER_STRAND), alt.translate(_OTHER_STRAND))
    if is_palindrome(alleles):
        return None
    ways = [((alt, ref), True, False)]
    if len(ref) == len(alt) == 1:
        ways += [(other, False, True), ((other[1], other[0]), True, True)]
    fitting = [way for way in ways if way[0] in known]
    return fitting[0] if len(fitting) == 1 else None


def is_palindrome(alleles: Alleles) -> bool:
    """Whether both strands show the same two letters."""
    return alleles[0].translate(_OTHER_STRAND) == alleles[1]


def align(
    target: Path,
    region: Region,
    contig: str,
    known: dict[int, list[Alleles]],
    chunks: Sequence[Chunk],
    folder: Path,
    chances: dict[Site, float] | None = None,
) -> Alignment:
    """Write `aligned-N.vcf.gz` for each chunk, and `excluded.txt` and `typed-only.txt`, into a folder.

    `chances` are given for X between its pseudoautosomal parts (see `ploidy.expected_het`): who is a man for
    certain and has two alleles gets one; the target is read again then. Memory does not grow with the file.
    Raises ProblemError for a damaged target.
    """
    nobody = np.zeros(0, dtype=bool)
    sources = (target, region, contig, known, chunks, folder, chances or {})
    found, men = _aligned(*sources, nobody)
    return _aligned(*sources, men)[0] if chances and men.any() else found


def _aligned(
    target: Path,
    region: Region,
    contig: str,
    known: dict[int, list[Alleles]],
    chunks: Sequence[Chunk],
    folder: Path,
    chances: dict[Site, float],
    men: NDArray[np.bool_],
) -> tuple[Alignment, NDArray[np.bool_]]:
    """Once through the target; also who is a man with two alleles."""
    with ExitStack() as stack:
        sink = _Sink(stack, contig, chunks, folder, chances, men)
        for piece in matrix_pieces(target, region):
            sink.take(piece, known)
        return sink.answer(), sink.calls.men


def target_header(contig: str, samples: Sequence[str]) -> bytes:
    """The header of a VCF with genotypes on one chromosome."""
    columns = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *samples]
    return (
        f"##fileformat=VCFv4.2\n##contig=<ID={contig}>\n"
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n' + "\t".join(columns) + "\n"
    ).encode()


@dataclass
class _Sink:
    """Sorts rows into the files of the chunks that they inform."""

    stack: ExitStack
    contig: str
    chunks: Sequence[Chunk]
    folder: Path
    chances: dict[Site, float] = field(default_factory=dict)
    men: NDArray[np.bool_] = field(default_factory=lambda: np.zeros(0, dtype=bool))
    counts: dict[str, int] = field(default_factory=dict)
    seen: set[tuple[int, Alleles]] = field(default_factory=set)
    writers: list[BgzfWriter] = field(default_factory=list)
    samples: int = -1

    def __post_init__(self) -> None:
        self.per_chunk = [0] * len(self.chunks)
        self.phased, self.haploid = True, False
        self.het: NDArray[np.bool_] = np.zeros(0, dtype=bool)  # or ever with one allele
        self.calls = XCalls(0, {})
        self.excluded = self.stack.enter_context((self.folder / "excluded.txt").open("w", encoding="utf-8"))
        self.only = self.stack.enter_context((self.folder / "typed-only.txt").open("w", encoding="utf-8"))

    def count(self, name: str, number: int = 1) -> None:
        self.counts[name] = self.counts.get(name, 0) + number

    def take(self, piece: GenotypeMatrix, known: dict[int, list[Alleles]]) -> None:
        if self.samples < 0:
            self._open(piece.samples)
        for row, position in enumerate(piece.positions.tolist()):
            self._row(piece, row, position, known.get(position, ()))

    def _open(self, samples: tuple[str, ...]) -> None:
        self.samples = len(samples)
        self.het = np.zeros(self.samples, dtype=bool)
        self.calls = XCalls(self.samples, self.chances)
        header = target_header(self.contig, samples)
        for chunk in self.chunks:
            path = self.folder / f"aligned-{chunk.number}.vcf.gz"
            self.writers.append(self.stack.enter_context(BgzfWriter(path, level=1)))
            self.writers[-1].write(header)

    def _row(self, piece: GenotypeMatrix, row: int, position: int, known: Sequence[Alleles]) -> None:
        alleles = (str(piece.refs[row]).upper(), str(piece.alts[row]).upper())
        self.count("sites")
        if "," in alleles[1]:
            self._leave_out(piece, row, "unusable", "Several ALT alleles")
            return
        if not known:
            self.count("typed_only")
            self.only.write(self._line(piece, row) + "\n")
            if alleles[1] != ".":
                self._write(piece, row, position, alleles, _SAME)
            return
        found = match(alleles, known)
        if found is None:
            ambiguous = is_palindrome(alleles) and (alleles[1], alleles[0]) in known
            name, why = ("ambiguous", "Ambiguous strand") if ambiguous else ("mismatched", "Other alleles")
            self._leave_out(piece, row, name, why)
        elif (position, found[0]) in self.seen:
            self._leave_out(piece, row, "duplicates", "Duplicate")
        else:
            self.seen.add((position, found[0]))
            self._use(piece, row, position, *found)

    def _use(
        self, piece: GenotypeMatrix, row: int, position: int, alleles: Alleles, exchanged: bool, flipped: bool
    ) -> None:
        self.count("typed")
        self.count("exchanged", exchanged)
        self.count("flipped", flipped)
        self._write(piece, row, position, alleles, exchanged, typed=True)

    def _leave_out(self, piece: GenotypeMatrix, row: int, name: str, why: str) -> None:
        self.count(name)
        self.excluded.write(f"{self._line(piece, row)}\t{why}\n")

    def _line(self, piece: GenotypeMatrix, row: int) -> str:
        place = f"{piece.chromosomes[row]}\t{piece.positions[row]}\t{piece.refs[row]}\t{piece.alts[row]}"
        return f"{piece.ids[row]}\t{place}"

    def _write(
        self,
        piece: GenotypeMatrix,
        row: int,
        position: int,
        alleles: Alleles,
        exchanged: bool,
        *,
        typed: bool = False,
    ) -> None:
        cells = piece.haplotypes[row]
        cells = np.where(cells > 1, MISSING, cells)
        if exchanged:
            cells = np.where(cells >= 0, 1 - cells, cells)
        phased = bool(piece.phased[row])
        if self.men.any():
            cells = self._turned(cells, typed)
        if typed:
            self._note(cells, phased)
            if self.chances:
                self.calls.note((position, *alleles), cells)
        head = f"{self.contig}\t{position}\t{piece.ids[row]}\t{alleles[0]}\t{alleles[1]}\t.\tPASS\t.\tGT\t"
        line = (head + cells_text(cells, "|" if phased else "/") + "\n").encode()
        for chunk, writer in zip(self.chunks, self.writers, strict=True):
            if chunk.informs(position):
                writer.write(line)
                self.per_chunk[chunk.number] += typed

    def _turned(self, cells: NDArray[np.int8], typed: bool) -> NDArray[np.int8]:
        """The row with one allele for each man; heterozygous calls of men at typed sites are counted."""
        turned = with_one_allele(cells, self.men)
        if typed:
            self.count("unlikely", int(((turned[0::2] == MISSING) & (cells[0::2] != MISSING)).sum()))
        return turned

    def _note(self, cells: NDArray[np.int8], phased: bool) -> None:
        first, second = cells[0::2], cells[1::2]
        self.count("missing", int(((first == MISSING) | (second == MISSING)).sum()))
        self.het |= (first != second) & (first != MISSING) & (second != MISSING)
        self.phased &= phased
        self.haploid |= bool((second == ABSENT).any())

    def answer(self) -> Alignment:
        return Alignment(
            samples=max(self.samples, 0),
            phased=self.phased,
            haploid=self.haploid,
            never_het=int((~self.het).sum()),
            men=int(self.men.sum()),
            per_chunk=tuple(self.per_chunk),
            **self.counts,
        )


def _pairs(separator: str) -> Iterator[tuple[int, str]]:
    for first, one in _LETTERS.items():
        yield _code(first, ABSENT), one
        for second, two in _LETTERS.items():
            yield _code(first, second), f"{one}{separator}{two}"


def _code(first: int, second: int) -> int:
    return 4 * (first + 2) + second + 2


def _table(separator: str) -> NDArray[np.object_]:
    table = np.full(16, ".", dtype=object)
    for code, text in _pairs(separator):
        table[code] = text
    return table


_TABLES = {"|": _table("|"), "/": _table("/")}


def cells_text(alleles: NDArray[np.int8], separator: str) -> str:
    """The genotypes of a row [2 * samples] as they stand in a VCF."""
    codes = 4 * (alleles[0::2].astype(np.intp) + 2) + alleles[1::2] + 2
    return "\t".join(_TABLES[separator][codes].tolist())
