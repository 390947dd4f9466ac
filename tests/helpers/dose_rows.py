"""Invented haplotype dosages of every kind, as rows to be written; and what plink2 reads of files."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from app.genotypes.texts import Texts
from app.results.doses.contract import DoseBatch, InfoColumns
from app.results.doses.writing import DoseWriter
from app.results.export.info_text import HEADER
from app.results.export.kernel import Kernel
from app.results.export.rounding import of_haplotypes
from app.results.export.rows import Rows

needs_plink2 = pytest.mark.skipif(shutil.which("plink2") is None, reason="plink2 is not installed")


def haplotypes(rows: int, samples: int, seed: int = 3, missing: float = 0.01) -> NDArray[np.float32]:
    """Float32 [rows, samples, 2]: rare and common, sharp and blurred rows, whole ones and such with gaps."""
    rng = np.random.default_rng(seed)
    frequency = rng.choice([0, 0.002, 0.02, 0.2, 0.5, 0.9, 1], (rows, 1, 1))
    sharp = rng.random((rows, samples, 2)) < frequency
    blurred = rng.random((rows, samples, 2)) < rng.choice([0, 0.01, 0.3, 1], (rows, 1, 1))
    thousandths = np.rint(rng.random((rows, samples, 2)) * 1000) / 1000
    values = np.where(blurred, thousandths, sharp).astype(np.float32)
    values[rng.random((rows, samples)) < rng.choice([0, missing], (rows, 1))] = np.nan
    return values


def rows_of(values: NDArray[np.float32], kernel: Kernel | None = None, chromosome: str = "20") -> Rows:
    """Rows with these haplotype dosages, at rising positions."""
    count = len(values)
    position = 1000 + 7 * np.arange(count, dtype=np.int64)
    nothing = np.full(count, np.nan, np.float32)
    info = InfoColumns(nothing, nothing, nothing, nothing, np.zeros(count, np.uint8))
    ids = Texts.of(f"{chromosome}:{place}:A:G" for place in position.tolist())
    refs, alts = Texts.of(["A"] * count), Texts.of(["G"] * count)
    batch = DoseBatch(chromosome, 0, position, ids, refs, alts, info, haplotypes=values)
    columns = [(b".", b"PASS", b"R2=0.9")] * count
    return Rows(chromosome, position, ids, refs, alts, columns, of_haplotypes(values, kernel), batch)


def write_result(
    path: Path,
    values: NDArray[np.float32],
    *,
    chromosome: str = "chr20",
    fields: str = "GT:DS:HDS",
    r2: Sequence[float] | None = None,
    typed: Collection[int] = (),
) -> Path:
    """A VCF with these haplotype dosages; INFO as Minimac 4 writes it, ER2 at typed rows."""
    known = ~np.isnan(values[:, :, :1])
    af = np.where(known, values, 0).sum(axis=(1, 2)) / np.maximum(2 * known.sum(axis=(1, 2)), 1)
    info = []
    for row, frequency in enumerate(af.tolist()):
        quality = 0.9 if r2 is None else r2[row]
        told = f"AF={frequency:.5f};MAF={min(frequency, 1 - frequency):.5f};R2={quality:g};"
        info.append(told + ("ER2=0.8;TYPED;IMPUTED" if row in typed else "IMPUTED"))
    header = [line.replace("<ID=AF", "<ID=MAF") for line in HEADER if "<ID=AF" in line] + list(HEADER)
    rows = rows_of(values, None, chromosome)
    with DoseWriter(
        path, names_of(values.shape[1]), chromosomes=[(chromosome, None)], header=header, fields=fields
    ) as writer:
        writer.write(chromosome, rows.position, rows.ids, rows.refs, rows.alts, info, values)
    return path


def names_of(samples: int) -> list[str]:
    """Names of invented people."""
    return [f"P{number}" for number in range(samples)]


def plink2(folder: Path, *words: str) -> None:
    """Run plink2 in a folder; what it says is shown when it fails."""
    command = ["plink2", *words, "--threads", "1", "--memory", "640"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def as_read_by_plink2(folder: Path, *words: str) -> NDArray[np.float64]:
    """Haplotype dosages [variants, samples, 2] that plink2 finds; NaN is missing."""
    plink2(folder, *words, "--export", "vcf", "vcf-dosage=HDS-force", "--out", "seen")
    found = []
    for line in (folder / "seen.vcf").read_text().splitlines():
        if not line.startswith("#"):
            words_of_line = line.split("\t")
            place = words_of_line[8].split(":").index("HDS")
            found.append([_pair(call.split(":"), place) for call in words_of_line[9:]])
    return np.array(found, np.float64)


def _pair(call: list[str], place: int) -> tuple[float, float]:
    both = call[place].split(",") if place < len(call) else ["."]
    if both[0] == ".":
        return float("nan"), float("nan")
    return float(both[0]), float(both[-1])
