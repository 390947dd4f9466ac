"""Brings a target and a panel together: which sites are the same, and what must be true of both."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.domain.problem import Kind, ProblemError, problem
from app.genotypes.bgzf import BgzfWriter
from app.genotypes.matrix import (
    ABSENT,
    MISSING,
    GenotypeMatrix,
    Region,
    bare_name,
    compared_name,
    join,
    matrix_pieces,
    read_matrix,
)
from app.imputation.built_in.stretch import PanelStretch, join_stretches, stretch_of
from app.imputation.contract import ImputationRequest
from app.imputation.panel_format.reader import Panel
from app.imputation.panel_source import bad_panel, mixed_ploidy
from app.imputation.sorted_values import among

_PIECE_BYTES = 1 << 16
_CELLS = {
    (a, b): f"{'.' if a < 0 else a}|{'.' if b < 0 else b}".encode() for a in (-1, 0, 1) for b in (-1, 0, 1)
} | {(a, ABSENT): (b"." if a < 0 else str(a).encode()) for a in (-1, 0, 1)}


@dataclass(frozen=True, eq=False)
class Study:
    """Target and panel at the sites that both have, row by row, in the panel's order.

    `panel` has these sites without genotypes, `typed` the haplotypes of the panel there (a haploid person has
    one); `typed_only` are usable target sites that the panel has not, `mismatched` the number of those whose
    place it has with other alleles. `present` marks target columns that are haplotypes (a haploid person has
    one). `rows` are the numbers of the sites in a packed panel, empty where it is a VCF.
    """

    chromosome: str
    panel: GenotypeMatrix
    typed: PanelStretch
    target: GenotypeMatrix
    typed_only: GenotypeMatrix
    present: NDArray[np.bool_]
    mismatched: int
    target_sites: int
    unusable: int
    rows: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    def typed_alleles(self) -> NDArray[np.int8]:
        """The panel's alleles at the typed sites, [typed, K] of 0 and 1."""
        return self.typed.alleles(slice(None)).view(np.int8)


def load_study(request: ImputationRequest, packed: Panel | None = None) -> Study:
    """Read the target and the panel at its sites; ProblemError when nothing can be imputed from them.

    The panel is the packed one where there is one, else the VCF, of which only sites with one ALT allele are
    used.
    """
    region = Region(request.chromosome, *request.informing)
    everything = _target(request, region)
    if not everything.samples:
        raise _refused(request.target_vcf, "The file has no samples", "There is nobody to impute.")
    _refuse_one_name_twice(request.target_vcf, everything.samples)
    target = _believable(everything.take(usable_sites(everything)))
    rows = np.empty(0, dtype=np.int64)
    if packed is not None:
        rows, near = _packed_sites(packed, region, target.positions)
        panel = _without_genotypes(near, packed.contig)
    else:
        near = None
        panel = read_matrix(request.panel_vcf, region, target.positions)
        panel = panel.take(usable_sites(panel))
    known: dict[tuple[str, int, str, str], int] = {}
    for row, key in enumerate(panel.site_keys()):
        known.setdefault(key, row)
    found = np.array([known.get(key, -1) for key in target.site_keys()], dtype=np.intp)
    if not (found >= 0).any():
        raise no_overlap(request, len(everything), len(panel))
    order = np.argsort(found[found >= 0], kind="stable")
    present = _haplotypes(target, request.target_vcf)
    target = _with_one_column(target, present)
    other = _inside(request, target.take(found < 0))
    chosen = np.sort(found[found >= 0])
    sites = panel.take(chosen)
    typed = _typed_stretch(sites, request) if near is None else join_stretches([near.take(chosen)])
    taken = among(other.positions, panel.positions)
    return Study(
        chromosome=str(panel.chromosomes[0]),
        panel=replace(sites, haplotypes=sites.haplotypes[:, :0]),
        typed=typed,
        target=target.take(np.flatnonzero(found >= 0)[order]),
        typed_only=other.take(~taken),
        present=present,
        mismatched=int(taken.sum()),
        target_sites=_many_inside(request, everything),
        unusable=_many_inside(request, everything) - _many_inside(request, target),
        rows=rows[chosen] if near is not None else rows,
    )


def _refuse_one_name_twice(path: Path, samples: Sequence[str]) -> None:
    """No program reads a result with two people of one name. The names themselves are not told: logs."""
    times = Counter(samples)
    double = [number for number, name in enumerate(samples, 1) if times[name] > 1]
    if double:
        few = ", ".join(map(str, double[:4])) + (" …" if len(double) > 4 else "")
        what = f"{len(double)} of its {len(samples)} people share a name with another (people {few})."
        raise _refused(path, "Two people have the same name", what, "Give each person a name of their own.")


def _target(request: ImputationRequest, region: Region) -> GenotypeMatrix:
    """The target, read in small pieces: it is small itself, its text is not."""
    pieces = list(matrix_pieces(request.target_vcf, region, piece_bytes=_PIECE_BYTES))
    return join(pieces) if pieces else read_matrix(request.target_vcf, region)


def _packed_sites(
    packed: Panel, region: Region, positions: NDArray[np.int64]
) -> tuple[NDArray[np.int64], PanelStretch]:
    """What a packed panel has at some positions, and in which of its rows; nothing on another chromosome."""
    rows, pieces = [np.empty(0, dtype=np.int64)], [packed.stretch(0, 0)]
    if compared_name(packed.contig) == compared_name(region.chromosome):
        for where, piece in packed.at(positions, region.first, region.last):
            rows.append(where)
            pieces.append(piece)
    return np.concatenate(rows), join_stretches(pieces)


def _without_genotypes(stretch: PanelStretch, contig: str) -> GenotypeMatrix:
    """The sites of a stretch."""
    names = np.full(len(stretch), contig, dtype=object)
    nobody = np.empty((len(stretch), 0), dtype=np.int8)
    columns = (stretch.positions, stretch.ids, stretch.refs, stretch.alts)
    return GenotypeMatrix((), names, *columns, nobody, np.ones(len(stretch), dtype=bool))


def _typed_stretch(sites: GenotypeMatrix, request: ImputationRequest) -> PanelStretch:
    """The haplotypes of sites of a VCF; ProblemError for alleles that a panel cannot have."""
    alleles = sites.haplotypes[:, _haplotypes(sites, request.panel_vcf)]
    if alleles.size and (alleles.min() < 0 or alleles.max() > 1 or not sites.phased.all()):
        raise bad_panel(sites, ((alleles < 0) | (alleles > 1)).any(axis=1) | ~sites.phased)
    return stretch_of(alleles, sites.positions, sites.ids.tolist(), sites.refs.tolist(), sites.alts.tolist())


def _believable(target: GenotypeMatrix) -> GenotypeMatrix:
    """Alleles that a site with one ALT cannot have (2 and more) become missing calls, counted as such."""
    odd = target.haplotypes > 1
    if not odd.any():
        return target
    return replace(target, haplotypes=np.where(odd, np.int8(MISSING), target.haplotypes))


def _with_one_column(target: GenotypeMatrix, present: NDArray[np.bool_]) -> GenotypeMatrix:
    """A missing call of a haploid person may be read as a diploid one, which Beagle refuses."""
    if present.all():
        return target
    haplotypes = target.haplotypes.copy()
    haplotypes[:, ~present] = ABSENT
    return replace(target, haplotypes=haplotypes)


def _inside(request: ImputationRequest, matrix: GenotypeMatrix) -> GenotypeMatrix:
    """The sites within the range that is written."""
    return matrix.take((matrix.positions >= request.first) & (matrix.positions <= request.last))


def _many_inside(request: ImputationRequest, matrix: GenotypeMatrix) -> int:
    """How many sites lie within the range that is written."""
    return int(((matrix.positions >= request.first) & (matrix.positions <= request.last)).sum())


def usable_sites(matrix: GenotypeMatrix) -> NDArray[np.intp]:
    """Sites with one ALT allele that did not come before, in order of position."""
    first: dict[tuple[str, int, str, str], int] = {}
    for row, key in enumerate(matrix.site_keys()):
        if "," not in key[3]:
            first.setdefault(key, row)
    rows = np.array(list(first.values()), dtype=np.intp)
    return rows[np.argsort(matrix.positions[rows], kind="stable")]


def _haplotypes(matrix: GenotypeMatrix, path: Path) -> NDArray[np.bool_]:
    """Columns that are haplotypes; a person must be haploid at all sites or at none."""
    absent = matrix.haplotypes == ABSENT
    mixed = absent.any(axis=0) & ~absent.all(axis=0)
    # A missing call of a haploid person may be written as a diploid one.
    mixed &= ((matrix.haplotypes >= 0) & ~absent).any(axis=0)
    if mixed.any():
        raise mixed_ploidy(path)
    return np.asarray(~absent.any(axis=0), dtype=bool)


def genotype_counts(study: Study) -> NDArray[np.int8]:
    """Copies of ALT of each person at the typed sites, -1 missing; haploid people as if both were equal."""
    first = study.target.haplotypes[:, 0::2]
    second = np.where(study.present[1::2], study.target.haplotypes[:, 1::2], first)
    return np.where((first < 0) | (second < 0), MISSING, first + second).astype(np.int8)


def write_target(study: Study, haplotypes: NDArray[np.int8], path: Path, *, phased: bool = True) -> None:
    """Write the typed sites of the target as a VCF in the panel's naming, for another program."""
    target = study.target
    columns = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *target.samples]
    header = (
        f"##fileformat=VCFv4.2\n##contig=<ID={study.chromosome}>\n"
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n' + "\t".join(columns) + "\n"
    )
    with BgzfWriter(path, level=1) as out:
        out.write(header.encode())
        for row, position in enumerate(study.panel.positions.tolist()):
            alleles = haplotypes[row].tolist()
            pairs = zip(alleles[0::2], alleles[1::2], strict=True)
            cells = b"\t".join([_CELLS[pair] for pair in pairs])
            head = f"{study.chromosome}\t{position}\t.\t{study.panel.refs[row]}\t{study.panel.alts[row]}"
            out.write(f"{head}\t.\tPASS\t.\tGT\t".encode())
            out.write((cells if phased else cells.replace(b"|", b"/")) + b"\n")


def _refused(path: Path, title: str, happened: str, advice: str = "Choose another file.") -> ProblemError:
    return problem(Kind.INPUT, title, f"{path.name}: {happened}", advice, subject=path.name)


def no_overlap(request: ImputationRequest, target: int, panel: int) -> ProblemError:
    """What to say where a target of some sites has none in common with a panel that has some there."""
    name = bare_name(request.chromosome)
    what = f"none of its {target} sites on chromosome {name}" if target else f"no site on chromosome {name}"
    return problem(
        Kind.INPUT,
        "Target and panel have no site in common",
        f"{request.target_vcf.name} has {what} in {request.panel_vcf.name} with the same alleles "
        f"({panel} at the same position).",
        "Check the genome build, the chromosome and the strand of the target.",
        subject=request.target_vcf.name,
    )
