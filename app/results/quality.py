"""How good a result is by its own figures: R2 by chromosome and by minor allele frequency.

The short figures of the command line and of the list of results: typed panel sites count in their means, as
servers count them. `app.results.figures` keeps typed and imputed sites apart. Reads info files (a VCF without
samples, or the table of Minimac before 4.1) and, where there is none, the dose file itself. Streams.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.domain.problem import Kind, ProblemError, problem
from app.domain.result import ChromosomeQuality, MafBin, Quality
from app.genotypes.matrix import read_samples
from app.results.doses.contract import SiteKind
from app.results.figures.bins import MAF_BINS as BINS
from app.results.figures.bins import bin_numbers, reached
from app.results.figures.info_tables import info_rows
from app.results.figures.site_sums import UNKNOWN, Sites
from app.results.indexing.unread_formats import unread_format_of

__all__ = ["BINS", "bin_numbers", "figure_files", "quality"]
MOST_CHROMOSOMES = 1000  # more names than that are no chromosomes


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
        self.over_03 += int((known >= reached(0.3)).sum())
        self.over_08 += int((known >= reached(0.8)).sum())

    def share(self, count: float) -> float | None:
        """A sum over the variants with an R2; None when there are none."""
        return count / self.known if self.known else None


@dataclass
class _Totals:
    chromosomes: dict[str, _Sums] = field(default_factory=dict)
    bins: list[_Sums] = field(default_factory=lambda: [_Sums() for _ in BINS[1:]])
    er2: float = 0.0
    er2_known: int = 0
    without_maf: int = 0

    def add(self, sites: Sites) -> None:
        """Add variants; those that are in the array only have no R2 of an imputation and count as typed."""
        r2 = np.where(sites.kind == SiteKind.TYPED, np.nan, sites.r2)
        typed = ~sites.imputed
        is_one = sites.chromosome in self.chromosomes or len(self.chromosomes) < MOST_CHROMOSOMES
        name = sites.chromosome if is_one else UNKNOWN
        self.chromosomes.setdefault(name, _Sums()).add(r2, int(typed.sum()))
        place = bin_numbers(sites.maf)
        self.without_maf += int((place < 0).sum())
        for number in np.unique(place[place >= 0]).tolist():
            here = place == number
            self.bins[number].add(r2[here], int(typed[here].sum()))
        known = sites.er2[np.isfinite(sites.er2)]
        self.er2 += float(known.sum())
        self.er2_known += len(known)


def quality(source: Path | Iterable[Path]) -> Quality:
    """The figures of a result folder (searched through) or of given info and dose files.

    For a chromosome with both an info and a dose file the info file is read, but for one in a format that is
    not read here (see `unread_infos`). ProblemError when there is no such file or one cannot be read.
    """
    named = _files(source)
    files = _readable(named)
    if not files and named:
        raise _unread(named[0])
    if not files:
        raise problem(
            Kind.NOT_FOUND,
            "There is nothing to judge",
            "No info or dose file was found.",
            "Choose the folder of a fetched result.",
        )
    totals = _Totals()
    for path in _preferred(files):
        for rows in info_rows(path):
            totals.add(rows.sites)
    return _as_quality(totals, _samples(files))


def figure_files(source: Path | Iterable[Path]) -> list[Path]:
    """The info files of a result folder or of given files, and the dose files that have none beside them."""
    return _preferred(_readable([path for path in _files(source) if _is_info(path) or _is_dose(path)]))


def unread_infos(paths: Iterable[Path]) -> dict[Path, str]:
    """Info files in a format that is not read here, and that format in words, such as "a SAV file …"."""
    formats = {path: unread_format_of(path) for path in paths if _is_info(path)}
    return {path: spoken for path, spoken in formats.items() if spoken}


def _readable(paths: list[Path]) -> list[Path]:
    unread = unread_infos(paths)
    return [path for path in paths if path not in unread]


def _unread(path: Path) -> ProblemError:
    return problem(
        Kind.INPUT,
        "The info file cannot be read here",
        f"{path.name} is {unread_format_of(path)}, which is not read here, and no dose file is beside it.",
        "Take in the dose file as VCF or BCF too.",
        subject=path.name,
    )


def _files(source: Path | Iterable[Path]) -> list[Path]:
    found = sorted(source.rglob("*")) if isinstance(source, Path) and source.is_dir() else None
    if found is None:
        return [source] if isinstance(source, Path) else list(source)
    return [p for p in found if _is_info(p) or _is_dose(p)]


def _is_info(path: Path) -> bool:
    return path.name.endswith((".info.gz", ".info"))


def _is_dose(path: Path) -> bool:
    return path.name.endswith((".dose.vcf.gz", ".dose.vcf.bgz", ".dose.vcf", ".dose.bcf"))


def _preferred(files: list[Path]) -> list[Path]:
    """Info files, and dose files that have none beside them."""
    told = {(p.parent, p.name.split(".info")[0]) for p in files if _is_info(p)}
    return [p for p in files if _is_info(p) or (p.parent, _stem(p)) not in told]


def _stem(dose: Path) -> str:
    """The name that an info file shares with it: `chr20` of chr20.dose.vcf.gz, also of chr20.vcf.gz."""
    return dose.name.split(".dose" if _is_dose(dose) else ".vcf" if ".vcf" in dose.name else ".bcf")[0]


def _samples(files: list[Path]) -> int:
    doses = [p for p in files if not _is_info(p)]
    return len(read_samples(doses[0])) if doses else 0


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
                judged=each.known,
            )
            for number, each in enumerate(totals.bins)
        ),
        mean_er2=totals.er2 / totals.er2_known if totals.er2_known else None,
        r2_08=sum(each.over_08 for each in totals.chromosomes.values()),
        without_maf=totals.without_maf,
    )
