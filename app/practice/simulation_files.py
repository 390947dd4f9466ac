"""Writes simulated data as the files that a laboratory and a service would have."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.genotypes.bgzf import BgzfWriter
from app.practice.simulator import SimulatedData

_LENGTHS = {
    ("GRCh37", "20"): 63_025_520,
    ("GRCh37", "22"): 51_304_566,
    ("GRCh38", "20"): 64_444_167,
    ("GRCh38", "22"): 50_818_468,
}
_ROWS = 2_000
_INFO = (
    '##INFO=<ID=AC,Number=A,Type=Integer,Description="Allele count in the panel">\n'
    '##INFO=<ID=AN,Number=1,Type=Integer,Description="Number of alleles in the panel">\n'
    '##INFO=<ID=AF,Number=A,Type=Float,Description="Allele frequency in the panel">\n'
)
_FORMAT = '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">\n'


@dataclass(frozen=True)
class SimulatedFiles:
    """Where the files lie: phased panel, cohort as an array sees it, its truth at all sites, map, people."""

    panel: Path
    cohort: Path
    truth: Path
    genetic_map: Path
    people: Path


def write_simulation(data: SimulatedData, folder: Path) -> SimulatedFiles:
    """Write all files of a simulation into a folder; each has its name only when it is whole."""
    folder.mkdir(parents=True, exist_ok=True)
    contig = data.spec.contig
    files = SimulatedFiles(
        panel=folder / f"panel.{contig}.vcf.gz",
        cohort=folder / f"cohort.{contig}.vcf.gz",
        truth=folder / f"truth.{contig}.vcf.gz",
        genetic_map=folder / f"map.{contig}.txt",
        people=folder / "people.tsv",
    )
    write_panel(data, files.panel)
    write_cohort(data, files.cohort)
    write_truth(data, files.truth)
    data.genetic_map.write_plink(files.genetic_map, contig)
    write_people(data, files.people)
    return files


def write_panel(data: SimulatedData, path: Path) -> None:
    """The phased reference panel with AC, AN and AF."""
    counts = data.panel.sum(axis=1, dtype=np.int64).tolist()
    total = data.panel.shape[1]
    info = [f"AC={count};AN={total};AF={count / total:.6g}" for count in counts]
    every = np.ones(len(data.positions), dtype=bool)
    _write(data, path, data.panel_names, every, data.panel.astype(np.int8), info, phased=True)


def write_cohort(data: SimulatedData, path: Path) -> None:
    """The cohort as it comes from the array: typed sites, some genotypes missing."""
    info = ["."] * len(data.array)
    _write(data, path, data.cohort_names, data.array_sites, data.array, info, phased=data.spec.phased)


def write_truth(data: SimulatedData, path: Path) -> None:
    """What the cohort really carries at all sites of the panel, phased."""
    every = np.ones(len(data.positions), dtype=bool)
    info = ["."] * len(data.positions)
    _write(data, path, data.cohort_names, every, data.cohort.astype(np.int8), info, phased=True)


def write_people(data: SimulatedData, path: Path) -> None:
    """A table of all people: name, set (panel or cohort), population."""
    rows = [f"{name}\tpanel\t{p}\n" for name, p in zip(data.panel_names, data.panel_populations, strict=True)]
    rows += [
        f"{name}\tcohort\t{p}\n" for name, p in zip(data.cohort_names, data.cohort_populations, strict=True)
    ]
    path.write_text("name\tset\tpopulation\n" + "".join(rows), encoding="utf-8")


def _header(data: SimulatedData, names: tuple[str, ...], with_info: bool) -> str:
    spec = data.spec
    length = _LENGTHS.get((spec.build, spec.chromosome), spec.start + spec.length)
    columns = ("#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", *names)
    return (
        "##fileformat=VCFv4.2\n"
        '##FILTER=<ID=PASS,Description="All filters passed">\n'
        f"##source=Haplodesk practice data, invented, seed {spec.seed}\n"
        f"##reference={spec.build}\n"
        f"##contig=<ID={spec.contig},length={length},assembly={spec.build}>\n"
        f"{_INFO if with_info else ''}{_FORMAT}" + "\t".join(columns) + "\n"
    )


def _write(
    data: SimulatedData,
    path: Path,
    names: tuple[str, ...],
    sites: NDArray[np.bool_],
    haplotypes: NDArray[np.int8],
    info: list[str],
    *,
    phased: bool,
) -> None:
    contig, rows = data.spec.contig, np.flatnonzero(sites).tolist()
    with BgzfWriter(path) as out:
        out.write(_header(data, names, with_info=bool(info) and info[0] != ".").encode())
        for start in range(0, len(rows), _ROWS):
            cells = genotype_cells(haplotypes[start : start + _ROWS], phased=phased)
            lines = []
            for row, text, note in zip(
                rows[start : start + _ROWS], cells, info[start : start + _ROWS], strict=True
            ):
                position, ref, alt = data.positions[row], data.refs[row], data.alts[row]
                name = f"{data.spec.chromosome}:{position}:{ref}:{alt}"
                head = f"{contig}\t{position}\t{name}\t{ref}\t{alt}\t.\tPASS\t{note}\tGT\t"
                lines.append(head.encode() + text)
            out.write(b"\n".join(lines) + b"\n")


def genotype_cells(haplotypes: NDArray[np.int8], *, phased: bool) -> list[bytes]:
    """Rows of `a|b` cells joined by tabs; -1 is written as a dot. Alleles have one digit."""
    rows, width = haplotypes.shape
    text = np.empty((rows, width // 2, 4), dtype=np.uint8)
    letters = np.where(haplotypes < 0, ord("."), haplotypes + ord("0")).astype(np.uint8)
    text[:, :, 0] = letters[:, 0::2]
    text[:, :, 1] = ord("|" if phased else "/")
    text[:, :, 2] = letters[:, 1::2]
    text[:, :, 3] = ord("\t")
    return [row.tobytes()[:-1] for row in text.reshape(rows, -1)]
