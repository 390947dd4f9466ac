"""How good a result is by its own figures: R2 by chromosome and by minor allele frequency.

Reads info files (a VCF without samples, or the table of Minimac before 4.1) and, where there is none, the
dose file itself; keys and flags may come in any order. Streams: memory does not grow with the file.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from app.domain.problem import Kind, problem
from app.domain.result import ChromosomeQuality, MafBin, Quality
from app.genotypes.bgzf import ContainerError, open_text_blocks
from app.genotypes.matrix import bare_name, read_samples

BINS = (0.0, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
_LINES_AT_ONCE = 20_000
_HEAD = 4096
UNKNOWN = "unknown"  # the chromosome of sites whose name does not tell it
MOST_CHROMOSOMES = 1000  # more names than that are no chromosomes
_R2_KEYS = (b"R2", b"DR2", b"INFO", b"Rsq")


class SiteFigures(NamedTuple):
    """What an info file says of a variant; NaN where it says nothing.

    `site` is position, REF and ALT as they stand there, empty where they do not.
    """

    chromosome: str
    maf: float
    r2: float
    er2: float
    typed: bool
    imputed: bool
    site: tuple[bytes, bytes, bytes] = (b"", b"", b"")


@dataclass
class _Sums:
    """Running sums of a group of variants."""

    variants: int = 0
    typed: int = 0
    known: int = 0
    r2: float = 0.0
    over_03: int = 0
    over_08: int = 0

    def add(self, r2: NDArray[np.float64], typed: int) -> None:
        known = r2[np.isfinite(r2)]
        self.variants += len(r2)
        self.typed += typed
        self.known += len(known)
        self.r2 += float(known.sum())
        self.over_03 += int((known >= 0.3).sum())
        self.over_08 += int((known >= 0.8).sum())

    def share(self, count: float) -> float | None:
        """A sum over the variants with an R2; None when there are none."""
        return count / self.known if self.known else None


@dataclass
class _Totals:
    chromosomes: dict[str, _Sums] = field(default_factory=dict)
    bins: list[_Sums] = field(default_factory=lambda: [_Sums() for _ in BINS[1:]])
    er2: float = 0.0
    er2_known: int = 0

    def add(self, sites: list[SiteFigures]) -> None:
        """Add variants; those that are in the array only have no R2 of an imputation and count as typed."""
        r2 = np.array([s.r2 if s.imputed else math.nan for s in sites])
        typed = np.array([s.typed for s in sites])
        maf = np.array([s.maf for s in sites])
        er2 = np.array([s.er2 for s in sites])
        for name, rows in self._by_chromosome(sites):
            self.chromosomes.setdefault(name, _Sums()).add(r2[rows], int(typed[rows].sum()))
        place = bin_numbers(maf)
        for number, sums in enumerate(self.bins):
            here = place == number
            sums.add(r2[here], int(typed[here].sum()))
        self.er2 += float(er2[np.isfinite(er2)].sum())
        self.er2_known += int(np.isfinite(er2).sum())

    def _by_chromosome(self, sites: list[SiteFigures]) -> Iterator[tuple[str, NDArray[np.intp]]]:
        """The rows of each chromosome, in order of appearance, in one pass however many names there are."""
        names, first, place = np.unique([s.chromosome for s in sites], return_index=True, return_inverse=True)
        groups = np.split(np.argsort(place, kind="stable"), np.cumsum(np.bincount(place))[:-1])
        for number in np.argsort(first).tolist():
            name = str(names[number])
            is_one = name in self.chromosomes or len(self.chromosomes) < MOST_CHROMOSOMES
            yield name if is_one else UNKNOWN, groups[number]


def bin_numbers(maf: NDArray[np.float64]) -> NDArray[np.intp]:
    """The bin of each frequency: lower end within, upper end not, but for the last; -1 for NaN."""
    numbers = np.searchsorted(np.array(BINS), maf, side="right") - 1
    return np.where(np.isnan(maf), -1, np.clip(numbers, 0, len(BINS) - 2))


def quality(source: Path | Iterable[Path]) -> Quality:
    """The figures of a result folder (searched through) or of given info and dose files.

    For a chromosome with both an info and a dose file the info file is read. ProblemError when there is
    no such file or one cannot be read.
    """
    files = _files(source)
    if not files:
        raise problem(
            Kind.NOT_FOUND,
            "There is nothing to judge",
            "No info or dose file was found.",
            "Choose the folder of a fetched result.",
        )
    totals = _Totals()
    for path in _preferred(files):
        for sites in _batches(path):
            totals.add(sites)
    return _as_quality(totals, _samples(files))


def figure_files(source: Path | Iterable[Path]) -> list[Path]:
    """The info files of a result folder or of given files, and the dose files that have none beside them."""
    return _preferred([path for path in _files(source) if _is_info(path) or _is_dose(path)])


def _files(source: Path | Iterable[Path]) -> list[Path]:
    found = sorted(source.rglob("*")) if isinstance(source, Path) and source.is_dir() else None
    if found is None:
        return [source] if isinstance(source, Path) else list(source)
    return [p for p in found if _is_info(p) or _is_dose(p)]


def _is_info(path: Path) -> bool:
    return path.name.endswith((".info.gz", ".info"))


def _is_dose(path: Path) -> bool:
    return path.name.endswith((".dose.vcf.gz", ".dose.vcf"))


def _preferred(files: list[Path]) -> list[Path]:
    """Info files, and dose files that have none beside them."""
    told = {(p.parent, p.name.split(".info")[0]) for p in files if _is_info(p)}
    return [p for p in files if not _is_dose(p) or (p.parent, p.name.split(".dose")[0]) not in told]


def _samples(files: list[Path]) -> int:
    doses = [p for p in files if not _is_info(p)]
    return len(read_samples(doses[0])) if doses else 0


def site_figures(path: Path) -> Iterator[SiteFigures]:
    """The figures of each variant of an info file of either generation, or of a dose file."""
    columns: dict[bytes, int] | None = None
    try:
        with open_text_blocks(path) as blocks:
            for piece in blocks:
                for line in bytes(piece).splitlines():
                    if line.startswith(b"#") or not line.strip():
                        continue
                    if line.startswith((b"SNP\t", b"SNP ")):
                        columns = {name: number for number, name in enumerate(line.split())}
                    else:
                        yield _of_table(line, columns) if columns else _of_vcf(line)
    except (ContainerError, OSError, ValueError, LookupError) as error:
        raise problem(
            Kind.INPUT,
            "A result file cannot be read",
            f"{path.name} is no info or dose file, or it is damaged.",
            "Fetch the result again.",
            subject=path.name,
            details=str(error),
        ) from error


def _batches(path: Path) -> Iterator[list[SiteFigures]]:
    batch: list[SiteFigures] = []
    for site in site_figures(path):
        batch.append(site)
        if len(batch) == _LINES_AT_ONCE:
            yield batch
            batch = []
    if batch:
        yield batch


def _of_vcf(line: bytes) -> SiteFigures:
    """A record with INFO; without MAF it follows from AF. Beagle marks imputed records by IMP."""
    columns = line.split(b"\t", 8)
    keys, values = set(), {}
    for part in columns[7].split(b";"):
        key, equals, value = part.partition(b"=")
        keys.add(key)
        if equals:
            values[key] = value
    r2 = next((_number(values[key]) for key in _R2_KEYS if key in values), math.nan)
    from_beagle = b"DR2" in keys and not keys & {b"TYPED", b"IMPUTED"}
    typed = b"IMP" not in keys if from_beagle else bool(keys & {b"TYPED", b"TYPED_ONLY", b"GENOTYPED"})
    only = b"TYPED_ONLY" in keys or (b"TYPED" in keys and b"IMPUTED" not in keys)
    return SiteFigures(
        bare_name(columns[0].decode("ascii", "replace")),
        _maf(values.get(b"MAF", b"."), values.get(b"AF", b".")),
        r2,
        _number(values.get(b"ER2", b".")),
        typed,
        not only,
        (columns[1], columns[3], columns[4]),
    )


def _of_table(line: bytes, columns: dict[bytes, int]) -> SiteFigures:
    """A line of the old table: `SNP REF(0) ALT(1) ALT_Frq MAF AvgCall Rsq Genotyped LooRsq EmpR EmpRsq …`."""
    cells = line.split()
    genotyped = cells[columns[b"Genotyped"]].lower()
    name = cells[columns[b"SNP"]].split(b":", 2)
    is_place = len(name) > 1 and name[1].isdigit()
    chromosome = name[0].decode("ascii", "replace") if is_place else UNKNOWN
    ref, alt = (cells[columns[key]] if key in columns else b"" for key in (b"REF(0)", b"ALT(1)"))
    return SiteFigures(
        bare_name(chromosome),
        _maf(cells[columns[b"MAF"]], cells[columns[b"ALT_Frq"]]),
        _number(cells[columns[b"Rsq"]]),
        _number(cells[columns[b"EmpRsq"]]) if b"EmpRsq" in columns else math.nan,
        genotyped != b"imputed",
        genotyped != b"typed_only",
        (name[1] if is_place else b"", ref, alt),
    )


def _number(text: bytes) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _maf(maf: bytes, frequency: bytes) -> float:
    told = _number(maf)
    if not math.isnan(told):
        return told
    alternate = _number(frequency.split(b",", 1)[0])
    return min(alternate, 1 - alternate) if not math.isnan(alternate) else math.nan


def _as_quality(totals: _Totals, samples: int) -> Quality:
    return Quality(
        samples=samples,
        variants=sum(each.variants for each in totals.chromosomes.values()),
        by_chromosome=tuple(
            ChromosomeQuality(
                chromosome=name, variants=each.variants, typed=each.typed, mean_r2=each.share(each.r2)
            )
            for name, each in totals.chromosomes.items()
        ),
        by_maf=tuple(
            MafBin(
                maf_from=BINS[number],
                maf_to=BINS[number + 1],
                variants=each.variants,
                mean_r2=each.share(each.r2),
                share_r2_03=each.share(each.over_03),
                share_r2_08=each.share(each.over_08),
            )
            for number, each in enumerate(totals.bins)
        ),
        mean_er2=totals.er2 / totals.er2_known if totals.er2_known else None,
    )
