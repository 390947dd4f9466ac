"""Writes a masked cohort as an upload, one VCF a chromosome, and what is hidden beside it."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.domain.accuracy import AncestrySource
from app.domain.benchmark import HiddenSites
from app.domain.problem import Kind, ProblemError, problem
from app.domain.progress import Progress, Report, silent
from app.genotypes.bgzf import ContainerError
from app.genotypes.cohort import ROWS_AT_ONCE, Cohort, RowFlag, open_cohort
from app.genotypes.people.ancestry import project
from app.genotypes.readers.contract import FormatError
from app.genotypes.reading import digest_of, read_cohort
from app.genotypes.repair.study import Study, unite
from app.genotypes.split_calls import alone
from app.genotypes.texts import Texts
from app.genotypes.writers.vcf import VcfRows, VcfWriter, written_name
from app.results.figures.bins import MAF_BINS, bin_numbers
from app.results.masking.choosing import Chosen, Rows, choose
from app.results.truth.people import read_groups

SITES, PEOPLE = "hidden.sites.tsv", "people.tsv"
_HEAD = "chrom\tpos\tref\talt\tmaf\tmaf_from\n"


@dataclass(frozen=True)
class MaskErrand:
    """Mask a dataset of these files; `cohorts` are packed genotypes of the same files, where there are any.

    The upload goes to `upload`, the hidden genotypes and their list to `kept`, both folders that are there;
    `work` is for packed genotypes meanwhile. `people` is a table with the group of each person; without one
    people are projected, where enough known sites are there.
    """

    paths: tuple[str, ...]
    upload: Path
    kept: Path
    work: Path
    share: float
    seed: int
    chromosomes: tuple[str, ...] = ()
    build: str | None = None
    cohorts: tuple[str, ...] = ()
    people: str | None = None


def mask(errand: MaskErrand, report: Report = silent) -> HiddenSites:
    """Hide sites and write both parts. ProblemError; whoever asks removes what was written when it raises."""
    study = unite(_cohorts(errand, report))
    chosen = choose(study, errand.share, errand.seed, errand.chromosomes)
    truth = []
    for number, name in enumerate(chosen.chromosomes):
        report(Progress(done=number, total=len(chosen.chromosomes), step=f"Masking chromosome {name}"))
        rows = chosen.rows[name]
        _write(study, rows[~chosen.hidden[rows]], name, errand.upload / f"chr{name}.vcf.gz", errand.build)
        hidden = rows[chosen.hidden[rows]]
        if len(hidden):
            truth.append(f"hidden.chr{name}.vcf.gz")
            _write(study, hidden, name, errand.kept / truth[-1], errand.build)
    text = "".join(_lines(study, chosen))
    (errand.kept / SITES).write_text(text, "ascii")
    ancestry = _groups(study, errand)
    return HiddenSites(
        seed=errand.seed,
        share=errand.share,
        chromosomes=chosen.chromosomes,
        people=len(study.samples),
        typed=chosen.typed,
        hidden=int(chosen.hidden.sum()),
        by_maf=chosen.by_maf,
        sha256=tuple(digest_of([Path(each)]) for each in errand.paths),
        sites_sha256=hashlib.sha256(text.encode("ascii")).hexdigest(),
        sites_file=SITES,
        truth_files=tuple(truth),
        people_file=PEOPLE if ancestry is not AncestrySource.NONE else "",
        ancestry=ancestry,
        build=errand.build or "",
    )


def _groups(study: Study, errand: MaskErrand) -> AncestrySource:
    """Write the table of groups beside the hidden genotypes."""
    target = errand.kept / PEOPLE
    if errand.people is not None:
        read_groups(Path(errand.people))  # told now, not when the results have arrived
        shutil.copyfile(errand.people, target)
        return AncestrySource.TABLE
    alike = all(each.samples == study.samples for each in study.cohorts)
    found = project(study.cohorts, errand.build) if errand.build and alike else None
    if found is None:
        return AncestrySource.NONE
    rows = zip(study.samples, found.label, strict=True)
    text = "".join(f"{name}\t{label}\n" for name, label in rows)
    target.write_text("sample\tsuperpopulation\n" + text, "utf-8")
    return AncestrySource.PROJECTION


def _cohorts(errand: MaskErrand, report: Report) -> list[Cohort]:
    if errand.cohorts:
        return [open_cohort(Path(each)) for each in errand.cohorts]
    name = Path(errand.paths[0]).name
    try:
        return read_cohort([Path(each) for each in errand.paths], errand.work, report)
    except FormatError as error:
        raise _unreadable(name, f"{error.title} {error.place}".strip()) from error
    except ContainerError as error:
        raise _unreadable(name, f"The file is {error.fault}") from error


def _unreadable(name: str, why: str) -> ProblemError:
    return problem(
        Kind.INPUT, "The dataset cannot be read", f"{name}: {why}.", "Check the dataset first.", subject=name
    )


def _write(study: Study, rows: Rows, chromosome: str, path: Path, build: str | None) -> None:
    with VcfWriter(path, study.samples, written_name(chromosome, build), build) as writer:
        for at in range(0, len(rows), ROWS_AT_ONCE):
            for cohort, some, columns in _runs(study, rows[at : at + ROWS_AT_ONCE]):
                writer.append(_vcf_rows(cohort, some, columns))


def _runs(study: Study, rows: Rows) -> Iterator[tuple[Cohort, Rows, NDArray[np.intp] | None]]:
    """Stretches of rows that are of one cohort, with the columns of its people."""
    numbers = study.cohort[rows]
    cuts = [0, *(np.flatnonzero(np.diff(numbers.astype(np.int64))) + 1).tolist(), len(rows)]
    for start, stop in zip(cuts[:-1], cuts[1:], strict=True):
        if stop > start:
            number = int(numbers[start])
            yield study.cohorts[number], study.row[rows[start:stop]].astype(np.intp), study.columns[number]


def _vcf_rows(cohort: Cohort, rows: Rows, columns: NDArray[np.intp] | None) -> VcfRows:
    def of_people(matrix: NDArray[np.generic]) -> NDArray[np.generic]:
        return matrix if columns is None else matrix[:, columns]

    flags = np.asarray(cohort.flags)[rows]
    codes = cohort.genotypes(rows)
    for at in np.flatnonzero(flags & np.uint32(int(RowFlag.SPLIT))).tolist():
        codes[at] = alone(cohort, slice(int(rows[at]), int(rows[at]) + 1))[0]
    return VcfRows(
        position=np.asarray(cohort.position)[rows],
        ids=cohort.ids[rows],
        refs=_told(cohort.refs[rows], b"N"),
        alts=_told(cohort.alts[rows], b"."),
        genotypes=np.asarray(of_people(codes), np.uint8),
        phased=flags & np.uint32(int(RowFlag.PHASED)) > 0,
        phase=np.asarray(of_people(cohort.phase(rows)), bool),
        haploid=np.asarray(of_people(cohort.haploid(rows)), bool) if cohort.has_haploid else None,
    )


def _told(alleles: Texts, otherwise: bytes) -> Texts:
    return Texts.of(otherwise if raw in (b"", b".", b"0") else raw for raw in alleles.raws())


def _lines(study: Study, chosen: Chosen) -> Iterator[str]:
    """The list of hidden sites, a line each, in order."""
    yield _HEAD
    for name in chosen.chromosomes:
        rows = chosen.rows[name]
        for row in rows[chosen.hidden[rows]].tolist():
            cohort, at = study.cohorts[int(study.cohort[row])], int(study.row[row])
            maf = float(chosen.maf[row])
            low = MAF_BINS[int(bin_numbers(np.array([maf]))[0])]
            place = f"{name}\t{int(cohort.position[at])}\t{cohort.refs[at]}\t{cohort.alts[at]}"
            yield f"{place}\t{maf:.6f}\t{low:g}\n"
