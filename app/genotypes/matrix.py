"""Genotypes of a VCF as NumPy arrays: what imputation, phasing and accuracy compute with.

Rows of plain `a|b` cells (one digit each, FORMAT exactly `GT`) are decoded many at a time; every other row
(more FORMAT fields, haploid calls, alleles of two digits) goes cell by cell through a slower path.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.domain.problem import Kind, ProblemError, problem
from app.genotypes.bgzf import open_text_blocks
from app.genotypes.chromosome_names import plain_chromosome
from app.genotypes.file_trouble import told_of

MISSING = -1  # an allele that was not called
ABSENT = -2  # the second allele of a haploid call
_PIECE_BYTES = 4 << 20
_POSITION_DIGITS = 10  # more than any chromosome needs, fewer than an integer of 64 bits holds
_SEPARATOR = re.compile(rb"[|/]")
_BAR, _SLASH, _TAB = ord("|"), ord("/"), ord("\t")


@dataclass(frozen=True)
class Region:
    """Sites of one chromosome, both ends within; names are compared by `compared_name`."""

    chromosome: str
    first: int = 1
    last: int = 1 << 40

    def holds(self, chromosome: str, position: int) -> bool:
        """Whether a site lies in the region."""
        inside = self.first <= position <= self.last
        return inside and compared_name(chromosome) == compared_name(self.chromosome)


@dataclass(frozen=True, eq=False)
class GenotypeMatrix:
    """Sites in file order with the alleles of every sample.

    `haplotypes` is int8 [sites, 2 * samples]: the allele number, MISSING or ABSENT; the two alleles of a
    sample stand side by side. `phased[site]` is False when a heterozygous genotype there is written `a/b`.
    `positions` are 1-based; `chromosomes`, `ids`, `refs`, `alts` hold text as it is in the file.
    """

    samples: tuple[str, ...]
    chromosomes: NDArray[np.object_]
    positions: NDArray[np.int64]
    ids: NDArray[np.object_]
    refs: NDArray[np.object_]
    alts: NDArray[np.object_]
    haplotypes: NDArray[np.int8]
    phased: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.positions)

    def take(self, sites: NDArray[np.intp] | NDArray[np.bool_]) -> GenotypeMatrix:
        """The sites of an index or a mask, in its order."""
        return GenotypeMatrix(
            self.samples,
            self.chromosomes[sites],
            self.positions[sites],
            self.ids[sites],
            self.refs[sites],
            self.alts[sites],
            self.haplotypes[sites],
            self.phased[sites],
        )

    def counts(self) -> NDArray[np.int16]:
        """Copies of the first ALT allele, [sites, samples]; MISSING where any allele is missing."""
        first, second = self.haplotypes[:, 0::2], self.haplotypes[:, 1::2]
        counts: NDArray[np.int16] = (first == 1).astype(np.int16) + (second == 1).astype(np.int16)
        counts[(first == MISSING) | (second == MISSING)] = MISSING
        return counts

    def site_keys(self) -> list[tuple[str, int, str, str]]:
        """What makes a site the same site in two files: `compared_name`, position, REF, ALT."""
        names = {name: compared_name(name) for name in set(self.chromosomes.tolist())}
        columns = zip(
            self.chromosomes.tolist(),
            self.positions.tolist(),
            self.refs.tolist(),
            self.alts.tolist(),
            strict=True,
        )
        return [(names[chromosome], position, ref, alt) for chromosome, position, ref, alt in columns]


@dataclass
class _Rows:
    """The rows of a piece while they are collected; `fast` are those with plain cells."""

    heads: list[list[bytes]] = field(default_factory=list)
    cells: list[bytes] = field(default_factory=list)


def bare_name(chromosome: str) -> str:
    """A chromosome's name without the prefix `chr`, as it is compared between files."""
    return chromosome[3:] if chromosome[:3].lower() == "chr" else chromosome


@lru_cache(maxsize=1024)
def compared_name(chromosome: str) -> str:
    """What a chromosome is called when names of two files are compared: `23` and `chrX` are both `X`.

    A name that is no human chromosome loses its `chr` only.
    """
    return plain_chromosome(chromosome) or bare_name(chromosome)


def read_samples(path: Path) -> tuple[str, ...]:
    """The sample names of a VCF; a ProblemError when it has no header line `#CHROM`."""
    with told_of(path), open_text_blocks(path, piece_bytes=1 << 16) as blocks:
        rest = b""
        for piece in blocks:
            text = rest + bytes(piece)
            start = 0 if text.startswith(b"#CHROM") else text.find(b"\n#CHROM") + 1
            if text.startswith(b"#CHROM", start):
                return _names(text[start : _line_end(text, start)])
            rest = text[-6:]
    raise _no_header(path)


def read_matrix(
    path: Path, region: Region | None = None, positions: NDArray[np.int64] | None = None
) -> GenotypeMatrix:
    """All sites of a VCF (plain, gzip or BGZF), of a region, or at given positions; see `matrix_pieces`."""
    pieces = list(matrix_pieces(path, region, positions))
    return join(pieces) if pieces else _empty(read_samples(path))


def matrix_pieces(
    path: Path,
    region: Region | None = None,
    positions: NDArray[np.int64] | None = None,
    piece_bytes: int = _PIECE_BYTES,
) -> Iterator[GenotypeMatrix]:
    """The same, in pieces of a few megabytes of text, so that memory does not grow with the file.

    Raises ProblemError (input) for a damaged file, a missing header and a row that is no VCF row.
    """
    wanted = None if positions is None else frozenset(positions.tolist())
    samples: tuple[str, ...] | None = None
    with told_of(path), open_text_blocks(path, piece_bytes=piece_bytes) as blocks:
        for piece in blocks:
            rows = _Rows()
            for line in bytes(piece).splitlines():
                if line.startswith(b"#"):
                    samples = _names(line) if line.startswith(b"#CHROM") else samples
                elif line and _is_wanted(line, region, wanted):
                    _add_row(rows, line, path)
            if rows.heads:
                if samples is None:
                    raise _no_header(path)
                yield _decode(rows, samples, path)


def join(pieces: list[GenotypeMatrix]) -> GenotypeMatrix:
    """Pieces of one file, one after another."""
    if len(pieces) == 1:
        return pieces[0]
    return GenotypeMatrix(
        pieces[0].samples,
        np.concatenate([p.chromosomes for p in pieces]),
        np.concatenate([p.positions for p in pieces]),
        np.concatenate([p.ids for p in pieces]),
        np.concatenate([p.refs for p in pieces]),
        np.concatenate([p.alts for p in pieces]),
        np.concatenate([p.haplotypes for p in pieces]),
        np.concatenate([p.phased for p in pieces]),
    )


def _empty(samples: tuple[str, ...]) -> GenotypeMatrix:
    none = np.empty(0, dtype=object)
    haplotypes = np.empty((0, 2 * len(samples)), dtype=np.int8)
    return GenotypeMatrix(
        samples, none, np.empty(0, np.int64), none, none, none, haplotypes, np.empty(0, dtype=bool)
    )


def _names(line: bytes) -> tuple[str, ...]:
    return tuple(line.rstrip(b"\r\n").decode("utf-8", "replace").split("\t")[9:])


def _line_end(text: bytes, start: int) -> int:
    end = text.find(b"\n", start)
    return len(text) if end < 0 else end


def _is_wanted(line: bytes, region: Region | None, wanted: frozenset[int] | None) -> bool:
    if region is None and wanted is None:
        return True
    chromosome, position, _ = line.split(b"\t", 2) if line.count(b"\t", 0, 4096) > 1 else (b"", b"", b"")
    if not position.isdigit() or len(position) > _POSITION_DIGITS:
        return True  # what is wrong with it is told where rows are read
    if wanted is not None and int(position) not in wanted:
        return False
    return region is None or region.holds(chromosome.decode("utf-8", "replace"), int(position))


def _add_row(rows: _Rows, line: bytes, path: Path) -> None:
    fields = line.split(b"\t", 9)
    if len(fields) < 8 or not fields[1].isdigit() or len(fields[1]) > _POSITION_DIGITS:
        raise problem(
            Kind.INPUT,
            "A line is no VCF line",
            f"In {path.name} a line has {len(fields)} columns or no possible position.",
            "Check the file; it may be cut or of another format.",
            subject=path.name,
        )
    rows.cells.append(fields.pop() if len(fields) == 10 else b"")
    rows.heads.append(fields)


def _decode(rows: _Rows, samples: tuple[str, ...], path: Path) -> GenotypeMatrix:
    total, width = len(rows.heads), len(samples)
    haplotypes = np.full((total, 2 * width), MISSING, dtype=np.int8)
    phased = np.ones(total, dtype=bool)
    if width:
        plain = [
            i
            for i, cells in enumerate(rows.cells)
            if len(cells) == 4 * width - 1 and rows.heads[i][8:] == [b"GT"]
        ]
        slow = set(range(total)) - set(plain)
        slow.update(_decode_plain(rows, plain, haplotypes, phased))
        for index in sorted(slow):
            phased[index] = _decode_slowly(rows, index, haplotypes[index], path)
    return _with_heads(rows, samples, haplotypes, phased)


def _with_heads(
    rows: _Rows, samples: tuple[str, ...], haplotypes: NDArray[np.int8], phased: NDArray[np.bool_]
) -> GenotypeMatrix:
    def column(number: int) -> NDArray[np.object_]:
        values = np.empty(len(rows.heads), dtype=object)
        values[:] = [head[number].decode("utf-8", "replace") for head in rows.heads]
        return values

    positions = np.array([int(head[1]) for head in rows.heads], dtype=np.int64)
    return GenotypeMatrix(samples, column(0), positions, column(2), column(3), column(4), haplotypes, phased)


def _decode_plain(
    rows: _Rows, plain: list[int], haplotypes: NDArray[np.int8], phased: NDArray[np.bool_]
) -> list[int]:
    """Decode rows of `a|b` cells together; gives back those that only looked like it."""
    if not plain:
        return []
    text = b"\t".join([rows.cells[i] for i in plain]) + b"\t"
    block = np.frombuffer(text, dtype=np.uint8).reshape(len(plain), -1, 4)
    first = block[:, :, 0].view(np.int8) - np.int8(48)
    second = block[:, :, 2].view(np.int8) - np.int8(48)
    separator = block[:, :, 1]
    good = (block[:, :, 3] == _TAB) & ((separator == _BAR) | (separator == _SLASH))
    for alleles in (first, second):
        good &= (alleles >= -2) & (alleles <= 9) & (alleles != -1)  # "." is -2, "/" would be -1
        alleles[alleles == -2] = MISSING
    where = np.array(plain, dtype=np.intp)
    pairs = np.stack([first, second], axis=2).reshape(len(plain), -1)
    haplotypes[where] = pairs
    loose = (separator == _SLASH) & (first != second) & (first >= 0) & (second >= 0)
    phased[where] = ~loose.any(axis=1)
    return [plain[i] for i in np.flatnonzero(~good.all(axis=1))]


def _decode_slowly(rows: _Rows, index: int, row: NDArray[np.int8], path: Path) -> bool:
    """One row of any form into `row`; says whether its heterozygous genotypes are phased."""
    keys = rows.heads[index][8].split(b":") if len(rows.heads[index]) > 8 else []
    cells = rows.cells[index].split(b"\t")
    if b"GT" not in keys or 2 * len(cells) != len(row):
        raise problem(
            Kind.INPUT,
            "A line has no genotypes",
            f"In {path.name} the line at position {rows.heads[index][1].decode()} has no GT field, "
            "or not one cell for each sample.",
            "Export the file again with genotypes (GT) for every sample.",
            subject=path.name,
        )
    at = keys.index(b"GT")
    phased = True
    for number, cell in enumerate(cells):
        genotype = cell if not at and b":" not in cell else (cell.split(b":") + [b"."] * (at + 1))[at]
        alleles = [_allele(part, path) for part in _SEPARATOR.split(genotype.strip())]
        row[2 * number] = alleles[0]
        row[2 * number + 1] = alleles[1] if len(alleles) > 1 else _partner(genotype)
        if b"/" in genotype and alleles[0] != alleles[-1] and min(alleles) >= 0:
            phased = False
    return phased


def _partner(genotype: bytes) -> int:
    return MISSING if genotype.strip() == b"." else ABSENT


def _allele(text: bytes, path: Path) -> int:
    if text in (b".", b""):
        return MISSING
    if not text.isdigit() or len(text) > 3 or int(text) > 127:
        raise problem(
            Kind.INPUT,
            "A genotype cannot be read",
            f"{path.name} has a genotype with the allele {text[:20].decode('utf-8', 'replace')!r}.",
            "Export the file again.",
            subject=path.name,
        )
    return int(text)


def _no_header(path: Path) -> ProblemError:
    return problem(
        Kind.INPUT,
        "The file is no VCF file",
        f"{path.name} has no header line that starts with #CHROM.",
        "Choose a VCF file, plain or compressed.",
        subject=path.name,
    )
