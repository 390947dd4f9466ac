"""From files of any format to what checks and repairs work with: a scan and a packed cohort."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from app.domain.progress import Progress, Report, silent
from app.genotypes.cohort import Cohort, CohortWriter, TooManyNamesError, open_cohort
from app.genotypes.full_disk import told_when_full
from app.genotypes.readers.contract import FormatError, GenotypeReader
from app.genotypes.readers.file_sets import file_set
from app.genotypes.scan import Scan, scan_file
from app.genotypes.sniff import Content, look

TOGETHER = frozenset({"23andme", "ancestrydna", "myheritage", "ftdna", "livingdna", "consumer"})
"""Formats with one person a file: all of them make one cohort."""

WITH_MANIFEST = frozenset({"final_report"})
_HASHED_AT_ONCE = 1 << 20


@dataclass(frozen=True)
class Source:
    """Files that are read as one: a VCF, a bed with its bim and fam, the raw files of several people."""

    paths: tuple[Path, ...]
    content: Content

    @property
    def main(self) -> Path:
        """The file that stands for the source in findings."""
        return self.paths[0]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(os.path.getsize(path) for path in self.paths)


@dataclass(frozen=True)
class Read:
    """A source that was read; `cohort` is None when nobody wanted it or the reading broke off."""

    source: Source
    scan: Scan
    cohort: Cohort | None = None


def sources_of(paths: Iterable[Path]) -> list[Source]:
    """Group files that belong together, in the order of the first of each. OSError when one is gone."""
    sources: list[Source] = []
    taken: set[Path] = set()
    for path in (each.absolute() for each in paths):
        if path in taken:
            continue
        content = look(path)
        files = (path,) if content.vcf else tuple(file_set(path))
        taken.update(each.absolute() for each in files)
        sources.append(Source(files, content))
    return _united(sources)


def _united(sources: list[Source]) -> list[Source]:
    """People of one kind of raw data become one source, and a manifest joins its reports."""
    people = [each for each in sources if each.content.name in TOGETHER]
    reports = [each for each in sources if each.content.name in WITH_MANIFEST]
    tables = [each for each in sources if each.content.name in ("csv", "manifest")] if reports else []
    united: list[Source] = []
    for group in (people, [*reports, *tables]):
        if group:
            united.append(Source(tuple(path for each in group for path in each.paths), group[0].content))
    gone = {id(each) for each in (*people, *reports, *tables)}
    return [*(each for each in sources if id(each) not in gone), *united]


def read_source(
    source: Source, folder: Path | None, report: Report = silent, *, digest: bool = False
) -> Read:
    """Read a source once. `folder` is where its cohort goes, None for none (VCF only).

    Raises FormatError or OSError when it cannot be read, ProblemError when there is no room for the cohort; a
    VCF that is damaged gives a scan that says so.
    """
    with told_when_full():
        return _read(source, folder, report, digest)


def _read(source: Source, folder: Path | None, report: Report, digest: bool) -> Read:
    if folder is not None:
        forget(folder)
    if source.content.vcf:
        scan = scan_file(source.main, report, digest=digest, cohort=folder)
        whole = folder is not None and (folder / "cohort.json").is_file()
        return Read(source, scan, open_cohort(folder) if whole and folder is not None else None)
    if folder is None:
        raise ValueError("formats other than VCF are read into a cohort")
    return _read_other(source, folder, report, digest)


def forget(folder: Path) -> None:
    """Remove a cohort, its `cohort.json` first, so that no half of it can be taken for the whole.

    OSError when the file that makes it one stays.
    """
    (folder / "cohort.json").unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)


def _read_other(source: Source, folder: Path, report: Report, digest: bool) -> Read:
    from app.genotypes.from_cohort import scan_of_cohort
    from app.genotypes.readers.opening import open_reader

    reader = open_reader(source.paths)
    cohort = write_cohort(reader, folder, report)
    scan = scan_of_cohort(cohort, reader.header)
    scan.notes = tuple(reader.notes)
    scan.format = cohort.origin.format
    if digest:
        scan.sha256 = digest_of(source.paths)
    return Read(source, scan, cohort)


def write_cohort(reader: GenotypeReader, folder: Path, report: Report = silent) -> Cohort:
    """Everything of a reader, packed. FormatError or OSError."""
    try:
        return _written(reader, folder, report)
    except TooManyNamesError as error:
        title, advice = "The file has more chromosome names than any genome has", "Keep the chromosomes only."
        raise FormatError("chromosome.too_many", reader.origin.files[0], title, advice=advice) from error


def _written(reader: GenotypeReader, folder: Path, report: Report) -> Cohort:
    header = reader.header
    origin = reader.origin if header is None else replace(reader.origin, contigs=header.contig_lengths)
    with CohortWriter(folder, origin, reader.samples, **reader.people) as writer:
        tell = partial(_tell, reader, writer, report)
        for batch in reader.batches():
            writer.append(batch)
            tell()
    return open_cohort(folder)


def _tell(reader: GenotypeReader, writer: CohortWriter, report: Report) -> None:
    done, total = reader.progress()
    counts = {"variants": writer.records, "samples": len(reader.samples)}
    report(Progress(done=done, total=total, step="Reading genotypes", counts=counts))


def digest_of(paths: Sequence[Path]) -> str:
    """SHA-256 of the bytes of files, one after the other."""
    digest = hashlib.sha256()
    for path in paths:
        with path.open("rb") as file:
            while piece := file.read(_HASHED_AT_ONCE):
                digest.update(piece)
    return digest.hexdigest()


def read_cohort(paths: Sequence[Path], folder: Path, report: Report = silent) -> list[Cohort]:
    """The cohorts of files of any format, each in a folder of its own inside `folder`.

    FormatError, OSError, or ContainerError for a VCF that is damaged.
    """
    cohorts = []
    for number, source in enumerate(sources_of(paths)):
        read = read_source(source, folder / str(number), report)
        if read.scan.error is not None:
            read.scan.error.path = str(source.main)
            raise read.scan.error
        if read.cohort is not None:
            cohorts.append(read.cohort)
    return cohorts
