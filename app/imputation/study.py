"""Brings a target and a panel together: which sites are the same, and what must be true of both."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.domain.problem import Kind, ProblemError, problem
from app.genotypes.bgzf import BgzfWriter
from app.genotypes.matrix import ABSENT, MISSING, GenotypeMatrix, Region, bare_name, read_matrix
from app.imputation.contract import ImputationRequest

_CELLS = {
    (a, b): f"{'.' if a < 0 else a}|{'.' if b < 0 else b}".encode() for a in (-1, 0, 1) for b in (-1, 0, 1)
} | {(a, ABSENT): (b"." if a < 0 else str(a).encode()) for a in (-1, 0, 1)}


@dataclass(frozen=True, eq=False)
class Study:
    """Target and panel at the sites that both have, row by row, in the panel's order.

    `panel` has the columns of `panel_columns` only (a haploid person of the panel has one); `typed_only` are
    usable target sites that the panel has not, `mismatched` the number of those whose place it has with
    other alleles. `present` marks target columns that are haplotypes (a haploid person has one).
    """

    chromosome: str
    panel: GenotypeMatrix
    panel_columns: NDArray[np.bool_]
    target: GenotypeMatrix
    typed_only: GenotypeMatrix
    present: NDArray[np.bool_]
    mismatched: int
    target_sites: int
    unusable: int

    def panel_alleles(self, matrix: GenotypeMatrix) -> NDArray[np.int8]:
        """The alleles of panel sites, [sites, K] of 0 and 1; ProblemError for others and unphased ones."""
        alleles = matrix.haplotypes[:, self.panel_columns]
        if alleles.size and (alleles.min() < 0 or alleles.max() > 1 or not matrix.phased.all()):
            raise _bad_panel(matrix, ((alleles < 0) | (alleles > 1)).any(axis=1) | ~matrix.phased)
        return alleles


def load_study(request: ImputationRequest) -> Study:
    """Read the target and the panel at its sites; ProblemError when nothing can be imputed from them."""
    region = Region(request.chromosome, *request.informing)
    everything = read_matrix(request.target_vcf, region)
    if not everything.samples:
        raise _refused(request.target_vcf, "The file has no samples", "There is nobody to impute.")
    target = _believable(everything.take(usable_sites(everything)))
    panel = read_matrix(request.panel_vcf, region, target.positions)
    panel = panel.take(usable_sites(panel))
    known = {key: row for row, key in enumerate(panel.site_keys())}
    rows = np.array([known.get(key, -1) for key in target.site_keys()], dtype=np.intp)
    if not (rows >= 0).any():
        raise _no_overlap(request, len(everything), len(panel))
    order = np.argsort(rows[rows >= 0], kind="stable")
    present = _haplotypes(target, request.target_vcf)
    target = _with_one_column(target, present)
    other = _inside(request, target.take(rows < 0))
    return Study(
        chromosome=str(panel.chromosomes[0]),
        panel=panel.take(np.sort(rows[rows >= 0])),
        panel_columns=_haplotypes(panel, request.panel_vcf),
        target=target.take(np.flatnonzero(rows >= 0)[order]),
        typed_only=other.take(~np.isin(other.positions, panel.positions)),
        present=present,
        mismatched=int(np.isin(other.positions, panel.positions).sum()),
        target_sites=len(_inside(request, everything)),
        unusable=len(_inside(request, everything)) - len(_inside(request, target)),
    )


def _believable(target: GenotypeMatrix) -> GenotypeMatrix:
    """Alleles that a site with one ALT cannot have (2 and more) become missing calls, counted as such."""
    return replace(
        target, haplotypes=np.where(target.haplotypes > 1, MISSING, target.haplotypes).astype(np.int8)
    )


def _with_one_column(target: GenotypeMatrix, present: NDArray[np.bool_]) -> GenotypeMatrix:
    """A missing call of a haploid person may be read as a diploid one, which Beagle refuses."""
    haplotypes = target.haplotypes.copy()
    haplotypes[:, ~present] = ABSENT
    return replace(target, haplotypes=haplotypes)


def _inside(request: ImputationRequest, matrix: GenotypeMatrix) -> GenotypeMatrix:
    """The sites within the range that is written."""
    return matrix.take((matrix.positions >= request.first) & (matrix.positions <= request.last))


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
        raise _refused(
            path,
            "People are haploid at some sites only",
            "The file mixes haploid and diploid genotypes of one person.",
            "Split chromosome X at the ends of its pseudoautosomal parts and impute each part by itself.",
        )
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


def _bad_panel(matrix: GenotypeMatrix, bad: NDArray[np.bool_]) -> ProblemError:
    row = int(bad.argmax())
    place = f"{matrix.chromosomes[row]}:{matrix.positions[row]}"
    return problem(
        Kind.INPUT,
        "The panel cannot be used",
        f"At {place} it has genotypes that are missing, not phased or of an allele that ALT does not name.",
        "Use a phased panel without missing genotypes.",
    )


def _no_overlap(request: ImputationRequest, target: int, panel: int) -> ProblemError:
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
