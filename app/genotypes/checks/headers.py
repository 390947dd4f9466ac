"""Checks of the header and of the form of the lines."""

from __future__ import annotations

from collections.abc import Iterable

from app.domain.finding import Finding
from app.domain.repair import RepairCode
from app.genotypes.checks.finding_of import SEVERE, WARNING, Subject, some
from app.genotypes.header import FIXED_COLUMNS

_NEWEST_AT_SERVICES = (4, 3)


def file_format(subject: Subject) -> Iterable[Finding]:
    """The first line and the version."""
    header = subject.scan.header
    if _has_no_line(subject):
        return  # said once, as an empty or a cut file
    if not header.file_format:
        yield subject.finding(
            "header.no_fileformat",
            subject.service_severity,
            "The line ##fileformat is missing",
            "A VCF file begins with its version, such as ##fileformat=VCFv4.2.",
            what_to_do="Put the line at the top.",
            fix=RepairCode.RECOMPRESS,
        )
    elif header.version is None or header.version[0] != 4:
        yield subject.finding(
            "header.version",
            SEVERE,
            "The VCF version is not supported",
            f"The header says “{header.file_format}”; services read VCF 4.0 to 4.2.",
            what_to_do="Convert it with bcftools to VCF 4.2.",
        )
    else:
        yield from _version_limit(subject, header.version)
        yield from _spelling(subject)


def _version_limit(subject: Subject, version: tuple[int, int]) -> Iterable[Finding]:
    text = subject.options.limits.max_vcf_version
    limit = _as_version(text) or _NEWEST_AT_SERVICES
    if version > limit:
        yield subject.finding(
            "header.version_too_new",
            subject.service_severity,
            f"VCF {version[0]}.{version[1]} is too new for services",
            f"They read up to {limit[0]}.{limit[1]}.",
            what_to_do="Write it as VCF 4.2; for genotypes alone the two are the same.",
            fix=RepairCode.RECOMPRESS,
        )


def _spelling(subject: Subject) -> Iterable[Finding]:
    """Services compare the line letter by letter."""
    header = subject.scan.header
    wanted = f"##fileformat=VCFv{header.version_text}"
    written = header.file_format_as_written.decode("utf-8", "replace")
    if written[:13] != wanted[:13] or header.file_format != wanted[13:]:
        yield subject.finding(
            "header.version_spelling",
            subject.service_severity,
            "The line ##fileformat is spelled in another way",
            f"It reads “{written}”; services know “{wanted}” only.",
            what_to_do=f"Write it as {wanted}.",
            fix=RepairCode.RECOMPRESS,
        )


def _as_version(text: str | None) -> tuple[int, int] | None:
    major, _, minor = (text or "").partition(".")
    return (int(major), int(minor)) if major.isdigit() and minor.isdigit() else None


def _has_no_line(subject: Subject) -> bool:
    scan = subject.scan
    return not (scan.header.lines or len(scan.sites) or scan.faults)


def columns(subject: Subject) -> Iterable[Finding]:
    """The #CHROM line; a file that was cut or damaged above it is told as that alone."""
    scan, header = subject.scan, subject.scan.header
    if header.columns is None and (_has_no_line(subject) or (scan.error is not None and not len(scan.sites))):
        return
    if header.columns is None:
        yield subject.finding(
            "header.no_columns",
            SEVERE,
            "The line #CHROM is missing",
            "Without it the samples have no names.",
            what_to_do="Take the header from the source of the file.",
        )
    elif header.blanks_for_tabs:
        rows = scan.faults.get("blanks")
        yield subject.finding(
            "header.blanks",
            SEVERE,
            "Blanks instead of tabs",
            "The columns of the #CHROM line are separated by blanks"
            + (f", and so are {rows.count:,} other lines." if rows else "."),
            where=some(rows.places, rows.count) if rows else "",
            count=1 + (rows.count if rows else 0),
            what_to_do="Separate columns by tabs.",
        )
    elif tuple(header.columns[:8]) != FIXED_COLUMNS[:8] or header.columns[8:9] not in ([], [b"FORMAT"]):
        yield subject.finding(
            "header.wrong_columns",
            SEVERE,
            "The line #CHROM has other columns than a VCF",
            "It must read #CHROM POS ID REF ALT QUAL FILTER INFO FORMAT and then the samples.",
            what_to_do="Make the file again with a tool that writes VCF.",
        )


def byte_order_mark(subject: Subject) -> Iterable[Finding]:
    """A mark that some editors put before the first line."""
    if subject.scan.header.bom:
        yield subject.finding(
            "header.byte_order_mark",
            subject.service_severity,
            "A byte order mark stands before the header",
            "Some editors add it; many programs then see no VCF.",
            what_to_do="Save the file without it.",
            fix=RepairCode.RECOMPRESS,
        )


def lines(subject: Subject) -> Iterable[Finding]:
    """Lines that break the form: wrong columns, blanks, a second header, empty lines."""
    for code, fault in subject.scan.faults.items():
        if code == "blanks" and subject.scan.header.blanks_for_tabs:
            continue  # told with the header
        title, severity, advice = _LINES[code]
        if code == "blank_line":
            severity = subject.service_severity
        yield subject.finding(
            f"line.{code}",
            severity,
            title,
            where=some(fault.places, fault.count),
            count=fault.count,
            what_to_do=advice,
        )


_LINES = {
    "columns": (
        "Lines with a wrong number of columns",
        SEVERE,
        "Make the file again; a line was cut or two were joined.",
    ),
    "blanks": ("Lines with blanks instead of tabs", SEVERE, "Separate columns by tabs."),
    "position": (
        "Positions that are not positive whole numbers",
        SEVERE,
        "Correct them; spreadsheets change long numbers.",
    ),
    "second_header": (
        "A second header in the middle of the file",
        SEVERE,
        "Join files with bcftools concat, not by copying.",
    ),
    "blank_line": ("Empty lines", WARNING, "Remove them."),
}


def empty(subject: Subject) -> Iterable[Finding]:
    """A header without any variant."""
    scan = subject.scan
    bare = _has_no_line(subject)
    if not len(scan.sites) and not scan.faults and scan.error is None:
        yield subject.finding(
            "content.no_variants",
            SEVERE,
            "The file is empty" if bare else "The file holds no variants",
            "There is not one line in it." if bare else "There is a header and nothing below it.",
            what_to_do="Copy, download or export it again."
            if bare
            else "Look whether the export went wrong.",
        )


def imputed(subject: Subject) -> Iterable[Finding]:
    """Dosages show that the data were imputed before."""
    words = {word for text in subject.scan.formats for word in text.split(":")}
    dosages = words & {"DS", "HDS", "SD"}
    if dosages and len(subject.scan.sites):
        yield subject.finding(
            "content.imputed",
            WARNING,
            "The data look imputed already",
            f"Records carry dosages ({', '.join(sorted(dosages))}). Imputing twice hides errors.",
            what_to_do="Use the genotypes as they were measured.",
        )
