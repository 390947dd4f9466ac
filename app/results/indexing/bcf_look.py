"""The look into a BCF file: its records are turned into the columns of a VCF and counted as those are."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from app.domain.problem import ProblemError
from app.domain.progress import Progress, Report, silent
from app.genotypes.bgzf import EOF_MARKER, Compression, detect_compression
from app.results.doses.contract import DoseBatch, Field, SiteKind
from app.results.doses.reading import open_doses
from app.results.indexing.content_fault import ContentFault
from app.results.indexing.figures import FileFigures
from app.results.indexing.header_names import read_header
from app.results.indexing.kinds import FileKind, kind_of
from app.results.indexing.record_scan import MARGIN, RecordScan

_MARKS = {
    int(SiteKind.NONE): b".",
    int(SiteKind.TYPED): b"TYPED",
    int(SiteKind.IMPUTED): b"IMPUTED",
    int(SiteKind.TYPED | SiteKind.IMPUTED): b"TYPED;IMPUTED",
}
_COLUMNS = 8


def look_into_bcf(path: Path, name: str, *, keep_all: bool = False, report: Report = silent) -> FileFigures:
    """Read a BCF file to its end and count it; no index is made, as nothing here needs one.

    What is damaged inside is a note of the figures, which then count the records before it. OSError when the
    file cannot be read.
    """
    found = FileFigures(name, kind_of(name), size=path.stat().st_size)
    with path.open("rb") as file:
        found.sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0)
        found.compression = str(detect_compression(file.read(18)))
        file.seek(max(0, found.size - len(EOF_MARKER)))
        is_packed = found.compression == Compression.BGZF
        found.end_marker = file.read() == EOF_MARKER if is_packed else None
    scan = RecordScan(_COLUMNS, keep_all=keep_all)
    try:
        for text in _texts(path, found, report):
            scan.feed(bytearray(text + bytes(MARGIN)), len(text), 0)
    except (ProblemError, ContentFault) as error:
        why = error.problem.what_happened if isinstance(error, ProblemError) else f"{error}."
        found.notes, found.whole = (why.rsplit(": ", 1)[-1],), False
    found.chromosomes, found.sorted = scan.chromosomes(), scan.sorted
    return found


def _texts(path: Path, found: FileFigures, report: Report) -> Iterator[bytes]:
    reader = open_doses(path, Field.NONE)
    try:
        facts = read_header("".join(f"{line}\n" for line in reader.header).encode())
        found.samples = found.sent_names = reader.samples
        found.formats, found.facts = facts.formats, facts.facts
        if found.kind is FileKind.GENOTYPES:
            found.kind = facts.kind
        for batch in reader.batches():
            report(Progress(done=reader.packed_done, total=found.size, step=f"Looking into {path.name}"))
            yield _as_lines(batch)
    finally:
        reader.close()


def _as_lines(batch: DoseBatch) -> bytes:
    """A line a record, of the columns before FORMAT; ALTs of one record stand in one line again."""
    chromosome = batch.chromosome.encode()
    rows = zip(batch.position.tolist(), batch.refs.raws(), batch.alts.raws(), strict=True)
    sites = list(rows)
    record = np.arange(len(batch)) if batch.record is None else batch.record
    first = np.flatnonzero(np.diff(record, prepend=-1)).tolist()
    lines = []
    for start, stop in zip(first, [*first[1:], len(sites)], strict=True):
        position, ref, _ = sites[start]
        alts = b",".join(alt for _, _, alt in sites[start:stop])
        marks = _MARKS[int(batch.info.kind[start])]
        lines.append(b"%b\t%d\t.\t%b\t%b\t.\t.\t%b\n" % (chromosome, position, ref, alts, marks))
    return b"".join(lines)
