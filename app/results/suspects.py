"""Typed sites whose genotypes the panel does not believe: their empirical R2 is far below their R2.

Where the data are imputed as if the site had not been typed and the answer does not resemble what was typed
(ER2), while the site itself is well supported (R2), the genotypes are likely wrong: a strand flip, swapped
alleles, another build, a bad probe.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from pathlib import Path

from app.domain.model import Model
from app.genotypes.bgzf import ContainerError, open_text_blocks
from app.genotypes.matrix import bare_name

LOWEST_R2 = 0.8
HIGHEST_ER2 = 0.3
LOWEST_MAF = 0.01
MOST = 1000


class Suspect(Model):
    """A typed site, with both figures as the result file has them."""

    chrom: str
    pos: int
    ref: str
    alt: str
    r2: float
    er2: float


def suspects(source: Path | Iterable[Path]) -> tuple[Suspect, ...]:
    """The suspect sites of a result folder or of info and dose files, worst first, at most 1,000.

    Rare sites (MAF below 0.01) are left out, as their ER2 says little. Files that cannot be read are left
    to `quality`, which tells of them.
    """
    found = (each for path in info_files(source) for each in _of_file(path))
    worst = heapq.nsmallest(MOST, found, key=lambda each: (each.er2, each.chrom, each.pos))
    return tuple(worst)


def info_files(source: Path | Iterable[Path]) -> list[Path]:
    """The info files, and the dose files that have none beside them."""
    if isinstance(source, Path):
        files = sorted(source.rglob("*")) if source.is_dir() else [source]
    else:
        files = list(source)
    infos = [p for p in files if p.name.endswith(".info.gz")]
    told = {(p.parent, p.name.removesuffix(".info.gz")) for p in infos}
    doses = [p for p in files if p.name.endswith(".dose.vcf.gz")]
    return infos + [p for p in doses if (p.parent, p.name.removesuffix(".dose.vcf.gz")) not in told]


def _of_file(path: Path) -> Iterator[Suspect]:
    try:
        with open_text_blocks(path) as blocks:
            for piece in blocks:
                text = bytes(piece)
                if b"ER2=" in text:
                    yield from _of_lines(text.splitlines())
    except (ContainerError, OSError):
        return


def _of_lines(lines: Iterable[bytes]) -> Iterator[Suspect]:
    for line in lines:
        if b"ER2=" not in line or line.startswith(b"#"):
            continue
        cells = line.split(b"\t", 8)
        if len(cells) >= 8 and (found := _suspect(cells)) is not None:
            yield found


def _suspect(cells: list[bytes]) -> Suspect | None:
    told = dict(part.split(b"=", 1) for part in cells[7].split(b";") if b"=" in part)
    try:
        r2, er2, maf = (float(told[key]) for key in (b"R2", b"ER2", b"MAF"))
        position = int(cells[1])
    except (KeyError, ValueError):
        return None
    if not (r2 >= LOWEST_R2 and er2 < HIGHEST_ER2 and maf >= LOWEST_MAF):
        return None
    ref, alt = (cell.decode("ascii", "replace") for cell in cells[3:5])
    chrom = bare_name(cells[0].decode("ascii", "replace"))
    return Suspect(chrom=chrom, pos=position, ref=ref, alt=alt, r2=r2, er2=er2)
