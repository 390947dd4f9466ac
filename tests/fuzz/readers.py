"""What is fuzzed: each reader with its good files, and what it may raise."""

from __future__ import annotations

import gzip
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from unittest import mock

import numpy as np

from app.domain.problem import ProblemError
from app.genotypes import row_block
from app.genotypes.bgzf import ContainerError
from app.genotypes.cohort import CohortWriter, open_cohort
from app.genotypes.readers.contract import FormatError, GenotypeReader
from app.genotypes.scan import scan_file
from tests.helpers.small_study import FORMATS, Files, Study, make_study, manifest

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
    with tempfile.TemporaryDirectory() as folder:
        scan_file(paths[0], cohort=Path(folder, "cohort"))


def _scan_both(paths: list[Path]) -> None:
    """The extension and its NumPy twin must see the same; an AssertionError counts as a crash."""
    found = []
    for compiled in (row_block.compiled, None):
        with tempfile.TemporaryDirectory() as folder, mock.patch.object(row_block, "compiled", compiled):
            scan = scan_file(paths[0], cohort=Path(folder, "cohort"))
            if scan.error is None and not scan.gave_up:
                found.append((scan, open_cohort(Path(folder, "cohort")).genotypes(slice(0, 50)).tolist()))
    if len(found) == 2:
        (one, codes), (two, others) = found
        assert codes == others, "other genotypes"
        assert one.faults == two.faults, "other faults"
        for name in vars(one.sites):
            same = np.array_equal(getattr(one.sites, name), getattr(two.sites, name))
            assert same, f"other {name}"


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


def _panel(paths: list[Path]) -> None:
    from app.genotypes.panels.store import PanelAbout, build_panel

    with tempfile.TemporaryDirectory() as folder:
        panel = build_panel(paths, Path(folder, "list"), PanelAbout("Fuzz", "GRCh38"))
        for name in panel.about.chromosomes:
            panel.table(name)


def _chain(paths: list[Path]) -> None:
    from app.genotypes.liftover import lift, read_chain

    chain = read_chain(paths[0])
    for name in ("1", "2", "X"):
        lift(chain, name, np.arange(1, 400, 7))


def _check(paths: list[Path]) -> None:
    from app.genotypes.check import check_files

    check_files(paths)


READERS: Mapping[str, Reader] = {
    "vcf": Reader(("vcf", "vcf.gz"), _scan),
    "vcf_twins": Reader(("vcf", "vcf.gz"), _scan_both),
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
    "panel": Reader(("sites", "legend", "vcf", "bcf"), _panel),
    "chain": Reader(("chain",), _chain),
    "check": Reader(tuple(FORMATS), _check),
}


def _sites(study: Study) -> Files:
    rows = [f"{s.chromosome}\t{s.position}\t{s.id}\t{s.ref}\t{s.alt}\t5\t100\t0.05" for s in study.sites]
    return {"panel.sites.tab": "\n".join(["#CHROM\tPOS\tID\tREF\tALT\tAC\tAN\tAF", *rows, ""]).encode()}


def _legend(study: Study) -> Files:
    only = [s for s in study.sites if s.chromosome == study.sites[0].chromosome]
    rows = [f"{s.id}:{s.position}:{s.ref}:{s.alt} {s.position} {s.ref} {s.alt} SNP 0.1 0.2" for s in only]
    text = "\n".join(["id position a0 a1 TYPE EUR ALL", *rows, ""])
    return {
        f"panel.chr{only[0].chromosome.removeprefix('chr')}.legend.gz": gzip.compress(text.encode(), mtime=0)
    }


def _chain_file(study: Study) -> Files:
    size = 1000 + study.sites[0].position % 7
    return {
        "a_to_b.chain": (
            f"chain 900 chr1 {size} + 0 160 chr1 1200 + 10 160 1\n100 10 0\n50\n\n"
            f"chain 500 chr1 {size} + 200 230 chr1 1200 - 300 330 2\n30\n\n"
            "chain 50 chrX 800 + 0 50 chr2 900 + 5 55 3\n50\n"
        ).encode()
    }


LISTS: Mapping[str, Callable[[Study], Files]] = {
    "manifest": lambda study: {"manifest.csv": manifest(study)},
    "sites": _sites,
    "legend": _legend,
    "chain": _chain_file,
}
"""What is no genotype file."""


@cache
def seeds(format_: str) -> tuple[Files, ...]:
    """Good files of a format: autosomal, X with men, phased, one person."""
    studies = (
        make_study(1, samples=6, sites=12),
        make_study(2, samples=5, sites=10, chromosomes=("X",), build="GRCh37"),
        make_study(3, samples=1, sites=8, phased=True, chromosomes=("1", "2")),
    )
    if format_ in LISTS:
        return tuple(LISTS[format_](study) for study in studies)
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
