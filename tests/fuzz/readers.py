"""What is fuzzed: each reader with its good files, and what it may raise."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from app.domain.problem import ProblemError
from app.genotypes.bgzf import ContainerError
from app.genotypes.cohort import CohortWriter, open_cohort
from app.genotypes.readers.contract import FormatError, GenotypeReader
from tests.helpers.small_study import FORMATS, Files, make_study, manifest

EXPECTED = (FormatError, ContainerError, ProblemError, OSError)


@dataclass(frozen=True)
class Reader:
    """`formats` are those of its good files; `run` reads files in a folder, the one with genotypes first."""

    formats: tuple[str, ...]
    run: Callable[[list[Path]], None]


def _read(paths: list[Path]) -> None:
    from app.genotypes.readers.opening import open_reader

    _through(open_reader(paths))


def _through(reader: GenotypeReader) -> None:
    with tempfile.TemporaryDirectory() as folder:
        with CohortWriter(Path(folder, "c"), reader.origin, reader.samples, **reader.people) as writer:
            for batch in reader.batches(5):
                writer.append(batch)
                reader.progress()
        cohort = open_cohort(Path(folder, "c"))
        cohort.genotypes(slice(0, 100))
        list(cohort.refs[:100])


def _scan(paths: list[Path]) -> None:
    from app.genotypes.scan import scan_file

    with tempfile.TemporaryDirectory() as folder:
        scan_file(paths[0], cohort=Path(folder, "cohort"))


def _consumer(paths: list[Path]) -> None:
    from app.genotypes.readers.consumer import open_consumer

    _through(open_consumer(paths))


def _final_report(paths: list[Path]) -> None:
    from app.genotypes.readers.final_report import open_final_report

    _through(open_final_report(paths))


def _manifest(paths: list[Path]) -> None:
    from app.genotypes.readers.illumina_manifest import Manifest

    listed = Manifest(paths[0])
    for coding in ("plus", "top", "forward", "design", "ab", ""):
        listed.letters(coding)


def _check(paths: list[Path]) -> None:
    from app.genotypes.check import check_files

    check_files(paths)


READERS: Mapping[str, Reader] = {
    "vcf": Reader(("vcf", "vcf.gz"), _scan),
    "bcf": Reader(("bcf",), _read),
    "plink1": Reader(("bed",), _read),
    "plink2": Reader(("pgen",), _read),
    "ped": Reader(("ped", "tped"), _read),
    "oxford": Reader(("gen", "haps"), _read),
    "bgen": Reader(("bgen 1.1", "bgen 1.2", "bgen 1.2 plain", "bgen 1.3"), _read),
    "consumer": Reader(
        ("23andme", "23andme zip", "ancestrydna", "myheritage", "ftdna", "livingdna"), _consumer
    ),
    "final_report": Reader(("final report", "final report matrix", "final report AB"), _final_report),
    "manifest": Reader(("manifest",), _manifest),
    "check": Reader(tuple(FORMATS), _check),
}


@cache
def seeds(format_: str) -> tuple[Files, ...]:
    """Good files of a format: autosomal, X with men, phased, one person."""
    studies = (
        make_study(1, samples=6, sites=12),
        make_study(2, samples=5, sites=10, chromosomes=("X",), build="GRCh37"),
        make_study(3, samples=1, sites=8, phased=True, chromosomes=("1", "2")),
    )
    if format_ == "manifest":
        return tuple({"manifest.csv": manifest(study)} for study in studies)
    return tuple(FORMATS[format_](study) for study in studies)


def run_on(reader: str, files: Files) -> None:
    """Write files to a folder and read them; what is EXPECTED is swallowed, all else comes through."""
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for name, data in files.items():
            path = Path(folder, name)
            path.write_bytes(data)
            paths.append(path)
        try:
            READERS[reader].run(paths)
        except EXPECTED:
            return
