"""Small imputed files as the engines and servers write them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from app.genotypes.bgzf import BgzfWriter

NAMES = tuple(f"S{n}" for n in range(1, 13))
_HEAD = (
    "##fileformat=VCFv4.2",
    "##source=Minimac v4.1.6",
    "##mis_panel=hapmap@2",
    '##INFO=<ID=AF,Number=1,Type=Float,Description="x">',
    '##INFO=<ID=IMPUTED,Number=0,Type=Flag,Description="x">',
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="x">',
    '##FORMAT=<ID=DS,Number=1,Type=Float,Description="x">',
    '##FORMAT=<ID=HDS,Number=2,Type=Float,Description="x">',
)
_FIXED = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO"


def site_lines(
    chromosome: str = "20", sites: int = 300, *, first: int = 60_000, step: int = 9_000, seed: int = 1
) -> list[str]:
    """The first eight columns of records; every tenth is typed, every thirtieth typed only."""
    random = np.random.default_rng(seed)
    lines, position = [], first
    for number in range(sites):
        position += int(random.integers(1, step))
        ref, alt = ("ACGT"[int(n)] for n in random.choice(4, 2, replace=False))
        if number % 17 == 5:
            ref += "TTTTT" * int(random.integers(1, 9))
        marks = "TYPED" if number % 30 == 0 else "TYPED;IMPUTED" if number % 10 == 0 else "IMPUTED"
        r2 = f"R2={random.random():.4f};" if "IMPUTED" in marks else ""
        site = f"{chromosome}\t{position}\t{chromosome}:{position}\t{ref}\t{alt}\t.\tPASS"
        lines.append(f"{site}\tAF={random.random() / 2:.4f};{r2}{marks}")
    return lines


def dose_text(sites: Sequence[str], names: Sequence[str] = NAMES, head: Sequence[str] = _HEAD) -> bytes:
    """A dose VCF of these sites; genotypes follow from the number of the record and the sample."""
    lines = [*head, "\t".join([_FIXED, "FORMAT", *names])]
    for row, site in enumerate(sites):
        cells = [f"0|{(row + n) % 2}:{(row + n) % 2}.01:0,{(row + n) % 2}.01" for n in range(len(names))]
        lines.append("\t".join([site, "GT:DS:HDS", *cells]))
    return ("\n".join(lines) + "\n").encode("utf-8", "surrogateescape")


def info_text(sites: Sequence[str], head: Sequence[str] = _HEAD) -> bytes:
    """The info VCF of these sites."""
    return ("\n".join([*head, _FIXED, *sites]) + "\n").encode()


def packed(text: bytes, folder: Path, name: str = "made.gz") -> bytes:
    """A text as BGZF."""
    path = folder / name
    with BgzfWriter(path) as writer:
        writer.write(text)
    data = path.read_bytes()
    path.unlink()
    return data
