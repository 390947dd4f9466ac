"""PGEN and BED written by plink2 where the user has it and likes; never required.

BGEN is not left to it: it writes no index beside it. What it wrote is compared with the source row by row.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.domain.export import ExportFormat, ExportRequest
from app.domain.problem import Kind, ProblemError, problem
from app.genotypes.bgzf import read_lines
from app.genotypes.cohort import stride, unpack
from app.genotypes.readers.contract import FormatError
from app.results.export.kernel import Kernel
from app.results.export.pgen_file import dosages_of
from app.results.export.rounding import ABSENT, distance, hard_calls, units
from app.results.export.row_source import RowSource
from app.results.export.rows import Fingerprint
from app.results.export.sexes import Sexes, fam_text, psam_text

FORMATS = (ExportFormat.PGEN, ExportFormat.BED)
_ROUNDING = 2  # 1/16384: it rounds each sum, we each haplotype
_CODES = np.array([2, 3, 1, 0], np.uint8)


def plink2_path() -> str | None:
    """Where plink2 is, None when it is not on the PATH."""
    return shutil.which("plink2")


def refused_reason(request: ExportRequest) -> str:
    """Why plink2 cannot do this; empty when it can."""
    if request.format not in FORMATS:
        return f"plink2 is used for PGEN and BED only, not for {request.format.upper()}"
    if plink2_path() is None:
        return "plink2 is not on the PATH"
    if request.plain_names:
        return "names of chromosomes are changed, which plink2 does in its own way"
    return ""


@dataclass(frozen=True)
class Plink2Run:
    """One file to write: `vcf` has just the rows that stay; `stem` is where."""

    vcf: Path
    stem: Path
    request: ExportRequest
    pair: bool
    prefixed: bool

    def write(self) -> tuple[Path, ...]:
        """Run it. ProblemError with what it said when it fails."""
        program = plink2_path()
        if program is None:
            raise self._failed("it is not on the PATH")
        made = ["--make-pgen"] if self.request.format is ExportFormat.PGEN else ["--make-bed"]
        words = [
            program, "--vcf", str(self.vcf), f"dosage={'HDS' if self.pair else 'DS'}", *made,
            "--hard-call-threshold", f"{self.request.hard_call:g}", "--set-missing-var-ids", "@:#:$r:$a",
            "--allow-extra-chr", "--output-chr", "chrM" if self.prefixed else "MT", "--out", str(self.stem),
        ]  # fmt: skip
        done = subprocess.run(words, capture_output=True, text=True, errors="replace", check=False)
        if done.returncode:
            raise self._failed(
                done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "no reason told"
            )
        self.stem.with_name(self.stem.name + ".log").unlink(missing_ok=True)
        endings = (
            ("pgen", "pvar", "psam") if self.request.format is ExportFormat.PGEN else ("bed", "bim", "fam")
        )
        return tuple(self.stem.with_name(f"{self.stem.name}.{ending}") for ending in endings)

    def _failed(self, why: str) -> ProblemError:
        return problem(
            Kind.INPUT,
            "plink2 did not write the files",
            f"{self.vcf.name}: {why}.",
            "Write them without plink2.",
            subject=self.vcf.name,
        )


def proved(
    files: tuple[Path, ...], source: RowSource, request: ExportRequest, kernel: Kernel | None
) -> Fingerprint:
    """Compare what plink2 wrote with the rows of the source; FormatError at the first difference."""
    found = Fingerprint(samples=_names(files[2]))
    if found.samples != source.samples:
        raise _differs(files[2], "other samples", 0)
    limit = units(request.hard_call)
    is_pgen = request.format is ExportFormat.PGEN
    written = _Taker(_totals(files[0], kernel) if is_pgen else _calls(files[0], len(source.samples)))
    sites = (_site(line, is_pgen) for line in read_lines(files[1]) if not line.startswith(b"#"))
    for rows in source.rows():
        values = written.take(len(rows))
        named = b"".join(line for _, line in zip(range(len(rows)), sites, strict=False))
        if len(values) != len(rows) or named != rows.site_lines():
            raise _differs(files[1], "other positions, identifiers or alleles", found.variants)
        total = rows.doses.total
        apart = _totals_apart(values, total) if is_pgen else _calls_apart(values, total, limit)
        if apart.any():
            raise _differs(files[0], "other dosages", found.variants + int(np.argwhere(apart)[0, 0]))
        found.add(len(rows), named, values)
    if len(written.take(1)):
        raise _differs(files[0], "more variants", found.variants)
    return found


def write_sexes(people: Path, names: tuple[str, ...], sexes: Sexes) -> None:
    """Put the sexes into the .psam or .fam of plink2, which knows of none. OSError."""
    codes = sexes.codes()
    if not codes.any():
        return
    part = people.with_name(people.name + ".part")
    part.write_bytes(psam_text(names, codes) if people.suffix == ".psam" else fam_text(names, codes))
    part.replace(people)


def _totals_apart(values: NDArray[Any], total: NDArray[np.uint16]) -> NDArray[np.bool_]:
    apart: NDArray[np.bool_] = np.abs(values.astype(np.int32) - total.astype(np.int32)) > _ROUNDING
    return apart


def _calls_apart(values: NDArray[Any], total: NDArray[np.uint16], limit: int) -> NDArray[np.bool_]:
    """Calls that differ, but for dosages so near to the limit that rounding decides."""
    near = np.abs(distance(total).astype(np.int32) - limit) <= _ROUNDING
    wanted = hard_calls(total, limit)
    loose = near & ((values == ABSENT) | (wanted == ABSENT))
    apart: NDArray[np.bool_] = (values != wanted) & ~loose
    return apart


class _Taker:
    """Takes as many rows as are asked for from arrays of any length."""

    def __init__(self, arrays: Iterator[NDArray[Any]]) -> None:
        self._arrays = arrays
        self._rest: NDArray[Any] | None = None

    def take(self, count: int) -> NDArray[Any]:
        """The next rows; fewer at the end."""
        parts = [] if self._rest is None else [self._rest]
        have = sum(map(len, parts))
        while have < count and (more := next(self._arrays, None)) is not None:
            parts.append(more)
            have += len(more)
        whole = np.concatenate(parts) if parts else np.zeros((0, 0), np.uint8)
        self._rest = whole[count:]
        return whole[:count]


def _totals(path: Path, kernel: Kernel | None) -> Iterator[NDArray[Any]]:
    return (total for total, _, _ in dosages_of(path, kernel))


def _calls(path: Path, samples: int) -> Iterator[NDArray[Any]]:
    width = stride(samples)
    with path.open("rb") as file:
        file.seek(3)
        while data := file.read(max(1, (4 << 20) // width) * width):
            yield _CODES[unpack(np.frombuffer(data, np.uint8).reshape(-1, width), samples)]


def _site(line: bytes, is_pgen: bool) -> bytes:
    words = line.split(b"\t", 6)
    if is_pgen:
        return b"\t".join(words[:5]) + b"\n"
    chromosome, name, _, position, alt, ref = words[:6]
    return b"\t".join((chromosome, position, name, ref, alt)) + b"\n"


def _names(path: Path) -> tuple[str, ...]:
    place = 0 if path.suffix == ".psam" else 1
    lines = (line for line in read_lines(path) if not line.startswith(b"#"))
    return tuple(line.split(b"\t")[place].decode() for line in lines)


def _differs(path: Path, why: str, row: int) -> FormatError:
    return FormatError("export.read_back", str(path), f"The file of plink2 has {why}", f"variant {row + 1:,}")
