"""One pass over the text of a VCF file: what every check needs, in arrays, at the speed of the inflating.

Nothing here judges and nothing raises for bad content: oddities become flags of a record, or faults with the
line of the first few. The checks in `genotypes/checks` read the result.
"""

from __future__ import annotations

import os
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from app.domain.processors import usable_processors
from app.genotypes.bgzf import Compression, ContainerError, split_points
from app.genotypes.cohort import CohortWriter, Origin
from app.genotypes.header import Header
from app.genotypes.kernel import SampleCounts
from app.genotypes.row_block import PLACES_KEPT
from app.genotypes.site_columns import SiteColumns, Sites
from app.genotypes.split_scan import Hashing, Part, PartFound, PartReaders, part_folder
from app.genotypes.vcf_batch import VcfBatch
from app.genotypes.vcf_reader import VcfReader, header_of

if TYPE_CHECKING:
    from app.domain.progress import Progress, Report

__all__ = ["PLACES_KEPT", "Fault", "Scan", "Sites", "quick_scan", "scan_file"]

_MOST_FORMATS = 50
SHARED_FROM = 50_000_000
"""Bytes from which several processes read a file: starting one costs as much as reading some 10 MB."""
_MOST_PROCESSES = 2  # of 50 to 65 MB each: together they stay under 150 MB
QUICK_BYTES = 4 << 20


@dataclass
class Fault:
    """Lines that break the form of a VCF: how many and where the first are."""

    count: int = 0
    places: list[str] = field(default_factory=list)


@dataclass
class Scan:
    """What one pass found. `error` is set when the file could not be read to its end.

    `partial`: only the beginning was read, on purpose. `formats` counts the values of FORMAT (the first few
    different ones). `records` are all lines with a record, also such as `sites` leaves out.
    """

    path: str
    size: int
    compression: Compression
    eof_marker: bool | None
    header: Header
    chromosomes: list[str]
    sites: Sites
    samples: int
    per_sample: SampleCounts
    faults: dict[str, Fault]
    formats: Counter[str]
    sha256: str | None = None
    error: ContainerError | None = None
    gave_up: bool = False
    partial: bool = False
    records: int = 0
    format: str = "VCF"
    notes: tuple[str, ...] = ()  # sentences of a reader about what it took as missing


def scan_file(
    path: str | os.PathLike[str],
    report: Report | None = None,
    *,
    digest: bool = False,
    cohort: Path | None = None,
    kernel: bool | None = None,
    processes: int | None = None,
) -> Scan:
    """Read a whole VCF file. OSError when it cannot be opened; memory does not grow with the file.

    `report` gets packed bytes read, with the counts `variants` and `samples`. `cohort`: keep the genotypes
    there in packed form (see `Cohort`); nothing is kept of a file that has no records or that cannot be read
    to its end. `kernel` False: NumPy instead of the extension in C. `processes`: how many may share the file;
    None: as many as the machine has cores where the file is large enough.
    """
    points = _shared(path, processes)
    if len(points) > 1:
        return _scan_parts(os.fspath(path), points, report, digest, cohort, kernel)
    with VcfReader(path, digest=digest, kernel=kernel) as reader:
        return _scanned(reader, report, cohort, None)


def _shared(path: str | os.PathLike[str], processes: int | None) -> list[int]:
    """Where the parts of a file begin that processes share; one part where it does not pay or cannot be."""
    if processes is None:
        import multiprocessing  # a process that reads alone need not load it

        large = os.path.getsize(path) >= SHARED_FROM and not multiprocessing.current_process().daemon
        processes = min(_MOST_PROCESSES, usable_processors()) if large else 1
    if processes < 2:
        return [0]
    points = split_points(path, processes)
    return points if len(points) > 1 and header_of(path) is not None else [0]


def _scan_parts(
    path: str,
    points: list[int],
    report: Report | None,
    digest: bool,
    cohort: Path | None,
    kernel: bool | None,
) -> Scan:
    header = header_of(path)
    assert header is not None
    with ExitStack() as stack:
        folder = part_folder(stack, cohort)
        stops: list[int | None] = [*points[2:], None]
        parts = [
            Part(path, header[0], start, stop, folder / str(number), cohort is not None, kernel)
            for number, (start, stop) in enumerate(zip(points[1:], stops, strict=True))
        ]
        hashing = stack.enter_context(Hashing(path)) if digest else None
        others = stack.enter_context(PartReaders(parts))
        reader = stack.enter_context(VcfReader(path, kernel=kernel, stop=points[1]))
        keeper = stack.enter_context(ScanKeeper(reader, cohort))

        def tell(done: int, variants: int) -> None:
            if report is not None:
                report(_progress(reader, done, variants))

        for batch in reader.batches():
            keeper.take(batch)
            tell(*others.listen())
        whole = keeper.found().is_whole
        for part, found in zip(parts, others.results(tell) if whole else [], strict=False):
            if whole:
                keeper.add(part, found)
                whole = found.is_whole
        scan = keeper.result()
        if hashing is not None and whole:
            scan.sha256 = hashing.value()
        return scan


def quick_scan(path: str | os.PathLike[str], limit_bytes: int = QUICK_BYTES) -> Scan:
    """The same of the beginning of a file: what can be said at once, however large it is.

    Reads about `limit_bytes` of the file as it is packed. Marked `partial` when that was not all.
    """
    with VcfReader(path) as reader:
        return _scanned(reader, None, None, limit_bytes)


def _scanned(reader: VcfReader, report: Report | None, cohort: Path | None, limit: int | None) -> Scan:
    with ScanKeeper(reader, cohort) as keeper:
        for batch in reader.batches(limit):
            keeper.take(batch)
            if report is not None:
                report(_progress(reader))
        return keeper.result()


def _progress(reader: VcfReader, done: int = 0, variants: int = 0) -> Progress:
    """`done` and `variants` are what other processes have read."""
    from app.domain.progress import Progress  # a process that only reads need not load pydantic

    counts = {"variants": reader.variants + variants, "samples": max(0, reader.samples)}
    blocks = reader.text
    return Progress(
        done=min(blocks.size, blocks.packed_done + done),
        total=blocks.size,
        step="Reading genotypes",
        counts=counts,
    )


class ScanKeeper:
    """Keeps what the checks need of the batches of a reader, and writes the packed cohort beside it."""

    def __init__(self, reader: VcfReader, cohort: Path | None = None, columns: Path | None = None) -> None:
        """`columns`: a folder for the columns of the sites; see `SiteColumns`."""
        self._reader = reader
        self._columns = SiteColumns(columns)
        self._cohort = cohort
        self._writer: CohortWriter | None = None
        self._formats: Counter[str] = Counter()
        self._found: PartFound | None = None

    def __enter__(self) -> ScanKeeper:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._columns.close()
        if self._writer is not None:
            self._writer.__exit__(kind or ContainerError)

    def take(self, batch: VcfBatch) -> None:
        """Keep the records of a batch."""
        counts = (np.ascontiguousarray(column) for column in batch.site_counts.T)
        flags = batch.flags.astype(np.uint16)
        self._columns.append((batch.chromosome, batch.position, batch.code, flags, *counts))
        self._count_formats(batch)
        if self._cohort is not None:
            if self._writer is None:
                self._writer = self._open(self._cohort)
            for part in batch.by_allele():
                self._writer.append(part)

    def _open(self, folder: Path) -> CohortWriter:
        reader = self._reader
        names = reader.header.samples[: reader.samples]
        names += [f"sample {number + 1}" for number in range(len(names), reader.samples)]
        contigs = reader.header.contig_lengths
        origin = Origin("VCF", (os.path.abspath(reader.path),), contigs=contigs)
        return CohortWriter(folder, origin, names).__enter__()

    def _count_formats(self, batch: VcfBatch) -> None:
        ends = [*(row for row, _ in batch.formats[1:]), len(batch)]
        for (row, words), end in zip(batch.formats, ends, strict=False):  # none without samples
            if words in self._formats or len(self._formats) < _MOST_FORMATS:
                self._formats[words] += end - row

    def found(self) -> PartFound:
        """What the reader found, without columns and genotypes; reading has ended. Others can be added."""
        if self._found is None:
            reader = self._reader
            counts, error = reader.per_sample, reader.error
            self._found = PartFound(
                names=list(reader.names),
                missing=counts.missing,
                het=counts.het,
                faults=reader.faults,
                formats=self._formats,
                lines=reader.lines,
                records=reader.records,
                variants=reader.variants,
                error=None if error is None else (error.fault, error.offset, error.detail),
                gave_up=reader.gave_up,
            )
        return self._found

    def add(self, part: Part, found: PartFound) -> None:
        """Put what another process found behind what there is; parts come in the order of the file."""
        mine = self.found()
        if self._cohort is not None and found.variants and found.is_whole:
            if self._writer is None:
                self._writer = self._open(self._cohort)
            self._writer.append_folder(part.folder / "cohort", mine.records)
        self._columns.read_from(part.folder, mine.add(found))

    def result(self) -> Scan:
        """Everything that was read, as one Scan; the cohort has its name when the whole file was read."""
        reader, blocks, found = self._reader, self._reader.text, self.found()
        if self._writer is not None and found.is_whole and not reader.ended_early:
            self._writer.records = found.records
            self._writer.__exit__(None)
            self._writer = None
        columns = reader.header.columns or []
        return Scan(
            path=reader.path,
            size=blocks.size,
            compression=blocks.compression,
            eof_marker=blocks.eof_marker,
            header=reader.header,
            chromosomes=found.names,
            sites=self._columns.finish(),
            samples=reader.samples if reader.samples >= 0 else max(0, len(columns) - 9),
            per_sample=SampleCounts(found.missing, found.het),
            faults={code: _fault(*each) for code, each in found.faults.items()},
            formats=found.formats,
            sha256=blocks.sha256,
            error=found.as_error(),
            gave_up=found.gave_up,
            partial=reader.ended_early and not reader.gave_up,
            records=found.records,
        )


def _fault(count: int, lines: list[int]) -> Fault:
    return Fault(count, [f"line {number:,}" for number in lines])
