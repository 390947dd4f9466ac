"""Checks of the container: compression, completeness, the index beside the file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from app.domain.finding import Finding
from app.domain.repair import RepairCode
from app.genotypes.bgzf import Compression, ContainerFault
from app.genotypes.checks.finding_of import INFO, SEVERE, WARNING, Subject
from app.genotypes.index_file import IndexSummary, read_index
from app.genotypes.readers.contract import FormatError
from app.genotypes.sniff import Content


def content(path: str, found: Content) -> Finding:
    """A file that is no VCF."""
    return Finding(
        code=f"content.{found.name}",
        severity=SEVERE,
        title="The file is empty" if found.name == "empty" else f"This is {found.spoken}, not a VCF file",
        detail="It has 0 bytes." if found.name == "empty" else "Services take genotypes as VCF files.",
        file=path,
        what_to_do=found.advice or "Choose VCF files.",
    )


def format_fault(error: FormatError) -> Finding:
    """A file that breaks the rules of its own format."""
    return Finding(
        code=error.code,
        severity=SEVERE,
        title=error.title,
        file=error.path,
        where=error.place,
        what_to_do=error.advice,
    )


def other_format(subject: Subject) -> Iterable[Finding]:
    """Genotypes in another format than the one that services take."""
    if not subject.is_vcf:
        yield subject.finding(
            "content.format",
            SEVERE if subject.options.for_service else INFO,
            f"The data are {subject.scan.format}, services take VCF",
            " ".join(subject.scan.notes),
            what_to_do="Haplodesk writes VCF files from them.",
            fix=RepairCode.RECOMPRESS,
        )


def unreadable(path: str, error: OSError) -> Finding:
    """A file that the system does not let us read."""
    missing = isinstance(error, FileNotFoundError)
    return Finding(
        code="content.missing" if missing else "content.unreadable",
        severity=SEVERE,
        title="The file is not there" if missing else "The file cannot be read",
        detail=f"The system says: {error.strerror or type(error).__name__}.",
        file=path,
        what_to_do="Look whether it was moved or its disk is connected."
        if missing
        else "Ask for the permission to read it, or copy it to another folder.",
    )


def compression(subject: Subject) -> Iterable[Finding]:
    """Services index the upload, which needs BGZF."""
    spoken = {Compression.GZIP: "plain gzip", Compression.PLAIN: "not compressed"}
    kind = subject.scan.compression
    if kind in spoken and subject.is_vcf:
        yield subject.finding(
            f"container.{kind.value}",
            subject.service_severity,
            "Not compressed as BGZF",
            f"The file is {spoken[kind]}; imputation services need blocks that can be indexed (BGZF).",
            what_to_do="Compress it with bgzip.",
            fix=RepairCode.RECOMPRESS,
        )


def completeness(subject: Subject) -> Iterable[Finding]:
    """A cut or damaged file, and the marker that tells a whole one."""
    error = subject.scan.error
    if error is not None:
        cut = error.fault is ContainerFault.TRUNCATED
        stop = subject.scan.size if cut else error.offset
        told = f"The file ends at byte {stop:,}" if cut else f"Reading stopped at byte {stop:,}"
        yield subject.finding(
            f"container.{error.fault.value.replace(' ', '_')}",
            SEVERE,
            {
                ContainerFault.TRUNCATED: "The file is cut short",
                ContainerFault.CORRUPT: "The file is damaged",
                ContainerFault.LINE_TOO_LONG: "The file has a line without an end",
            }[error.fault],
            f"{told}: {error.detail}.",
            where=f"byte {stop}",
            what_to_do="Copy or make the file again.",
        )
    elif subject.scan.eof_marker is False:
        yield subject.finding(
            "container.no_eof_marker",
            WARNING,
            "The end marker is missing",
            "A whole BGZF file ends with an empty block; without it nobody can tell if lines are lost.",
            what_to_do="Compare the number of variants with the source, or make the file again.",
            fix=RepairCode.RECOMPRESS,
        )


def index(subject: Subject) -> Iterable[Finding]:
    """An index that belongs to another file misleads programs; services make their own."""
    path = Path(subject.scan.path)
    beside = path.with_name(path.name + ".tbi")
    if not beside.is_file():
        return
    found = read_index(beside)
    if found is None or _contradicts(found, subject):
        yield subject.finding(
            "index.stale",
            WARNING,
            "The index beside the file is not its own",
            f"{beside.name} " + ("cannot be read." if found is None else "describes other records."),
            what_to_do="Make the index again; services make their own.",
            fix=RepairCode.RECOMPRESS,
        )


def _contradicts(found: IndexSummary, subject: Subject) -> bool:
    scan = subject.scan
    if set(found.names) != set(scan.chromosomes) or found.last_offset > scan.size:
        return True
    return found.records is not None and found.records != len(scan.sites)
