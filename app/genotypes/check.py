"""Checks files as a service would, before anything is sent: the entrance to `genotypes`.

`check_files` is synchronous and pure; run it with `worker.run_in_process`.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from app.domain.finding import BuildGuess, CheckReport, FileFacts, Finding, Severity
from app.domain.progress import Progress, Report, silent
from app.genotypes.builds import BuildEvidence, judge, naturally
from app.genotypes.checks import ACROSS_CHECKS, FILE_CHECKS, calls, container, sites
from app.genotypes.checks.finding_of import CheckOptions, Subject
from app.genotypes.scan import Scan, scan_file
from app.genotypes.sniff import look

__all__ = ["CheckOptions", "check_files"]

_NO_OPTIONS = CheckOptions()
_ORDER = {Severity.SEVERE: 0, Severity.WARNING: 1, Severity.INFO: 2}
_STAGES = ("index", "validate", "qc")
_INDEX_CODES = ("container.", "content.", "order.")
_VALIDATE_CODES = ("content.no_variants",)
_QC_CODES = ("genotype.", "line.columns", "line.second_header")
_PARTIAL = ("content.no_variants", "sample.call_rate")  # mean nothing for a file read in part


def check_files(
    paths: Sequence[str | os.PathLike[str]], options: CheckOptions = _NO_OPTIONS, report: Report = silent
) -> CheckReport:
    """Read every file once and say what is in it and what is wrong.

    Never raises for what a file holds or for one that cannot be read: those become findings. `report` gets
    bytes read of all files, with live counts of variants and samples.
    """
    bad: list[Finding] = []
    subjects: list[Subject] = []
    done, total = 0, sum(_size(path) for path in paths)
    for path in paths:
        scan = _scanned(os.fspath(path), options, partial(_report_part, report, done, total), bad)
        done += _size(path)
        if scan is not None:
            subjects.append(Subject(scan, options, evidence=_evidence(scan)))
    if not paths:
        bad.append(_nothing_chosen())
    return _answer(subjects, bad)


def _size(path: str | os.PathLike[str]) -> int:
    try:
        return os.path.getsize(path)
    except OSError:
        return 0


def _report_part(report: Report, before: int, total: int, progress: Progress) -> None:
    report(progress.model_copy(update={"done": before + progress.done, "total": total}))


def _nothing_chosen() -> Finding:
    return Finding(
        code="files.none",
        severity=Severity.SEVERE,
        title="No files were chosen",
        what_to_do="Add VCF files, one a chromosome.",
    )


def _scanned(path: str, options: CheckOptions, report: Report, bad: list[Finding]) -> Scan | None:
    try:
        found = look(Path(path))
        if not found.vcf:
            bad.append(container.content(path, found))
            return None
        return scan_file(path, report, digest=options.digest)
    except OSError as error:
        bad.append(container.unreadable(path, error))
        return None


def _evidence(scan: Scan) -> BuildEvidence:
    evidence = BuildEvidence()
    evidence.add_contigs(scan.header.contigs)
    order = np.argsort(scan.sites.chromosome, kind="stable")
    bounds = np.searchsorted(scan.sites.chromosome[order], np.arange(len(scan.chromosomes) + 1))
    for number, raw in enumerate(scan.chromosomes):
        mine = order[bounds[number] : bounds[number + 1]]
        evidence.add_chromosome(raw, scan.sites.position[mine], scan.sites.alleles[mine])
    return evidence


def _answer(subjects: list[Subject], findings: list[Finding]) -> CheckReport:
    build = judge(sum((each.evidence for each in subjects), BuildEvidence()))
    for subject in subjects:
        subject.build = build
        findings.extend(_of_file(subject))
    for check in ACROSS_CHECKS:
        findings.extend(check(subjects))
    findings.sort(key=lambda each: _ORDER[each.severity])
    severe = [each for each in findings if each.severity is Severity.SEVERE]
    stage = min((_stage(each) for each in severe), key=_STAGES.index, default="ok")
    first = next((each for each in severe if _stage(each) == stage), None)
    return _summary(subjects, findings, build, stage, None if first is None else _sentence(first))


def _of_file(subject: Subject) -> Iterable[Finding]:
    partial_read = subject.scan.error is not None
    for check in FILE_CHECKS:
        for finding in check(subject):
            if not (partial_read and finding.code in _PARTIAL):
                yield finding


def _stage(finding: Finding) -> str:
    if finding.code.startswith(_INDEX_CODES) and finding.code not in _VALIDATE_CODES:
        return "index"
    return "qc" if finding.code.startswith(_QC_CODES) else "validate"


def _sentence(finding: Finding) -> str:
    place = f" ({finding.where})" if finding.where else ""
    name = f"{Path(finding.file).name}: " if finding.file else ""
    return f"{name}{finding.title}{place}."


def _summary(
    subjects: list[Subject], findings: list[Finding], build: BuildGuess, stage: str, error: str | None
) -> CheckReport:
    phased = [each for each in map(calls.phased, subjects) if each is not None]
    chromosomes = dict.fromkeys(name for subject in subjects for name in subject.chromosomes)
    return CheckReport(
        accepted=error is None,
        stage=stage,
        error=error,
        build=build,
        samples=max((each.scan.samples for each in subjects), default=0),
        snps=sum(len(each.scan.sites) for each in subjects),
        chromosomes=tuple(naturally(chromosomes)),
        phased=all(phased) if phased else None,
        files=tuple(_facts(each) for each in subjects) + tuple(_unread(subjects, findings)),
        findings=tuple(findings),
    )


def _unread(subjects: list[Subject], findings: list[Finding]) -> Iterable[FileFacts]:
    """Files that are no VCF or could not be read: name and size, and what they are."""
    scanned = {each.scan.path for each in subjects}
    for finding in findings:
        if finding.file and finding.file not in scanned and finding.code.startswith("content."):
            kind = finding.code.removeprefix("content.")
            name = Path(finding.file).name
            yield FileFacts(path=finding.file, name=name, size=_size(finding.file), format=kind)


def _facts(subject: Subject) -> FileFacts:
    scan = subject.scan
    records = scan.sites
    position = records.position[records.position >= 0]
    same = records.chromosome[1:] == records.chromosome[:-1]
    exact, shared = sites.repeated(records)
    calls_made = len(records) * scan.samples
    missing = int(records.missing.sum(dtype=np.int64))
    return FileFacts(
        path=scan.path,
        name=subject.name,
        size=scan.size,
        format="VCF",
        compression=scan.compression.value,
        vcf_version=scan.header.version_text,
        samples=scan.samples,
        sample_ids_hash=hashlib.sha256("\t".join(scan.header.samples).encode()).hexdigest(),
        variants=len(records),
        chromosomes=tuple(subject.chromosomes),
        chromosomes_raw=tuple(scan.chromosomes),
        first_position=int(position.min()) if len(position) else None,
        last_position=int(position.max()) if len(position) else None,
        sorted=bool((~same | (records.position[1:] >= records.position[:-1])).all())
        if len(records)
        else None,
        phased=calls.phased(subject),
        monomorphic=len(sites.monomorphic_records(subject)),
        duplicate_sites=len(exact) + len(shared),
        call_rate=1 - missing / calls_made if calls_made else None,
        sha256=scan.sha256,
    )
