"""Checks files as a service would, before anything is sent: the entrance to `genotypes`.

`check_files` is synchronous and pure; run it with `worker.run_in_process`.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path

import numpy as np

from app.domain.finding import BuildGuess, CheckReport, FileFacts, Finding, Severity
from app.domain.path_text import shown
from app.domain.progress import Progress, Report, silent
from app.genotypes.builds import BuildEvidence, naturally
from app.genotypes.checks import ACROSS_CHECKS, COHORT_CHECKS, FILE_CHECKS, across, calls, container, sites
from app.genotypes.checks.batch_effects import batch_effects
from app.genotypes.checks.cohort_subject import CohortSubject
from app.genotypes.checks.finding_of import CheckOptions, Subject
from app.genotypes.checks.group_builds import different_builds, group_facts, settle_builds
from app.genotypes.checks.joined_groups import joined_figures, joined_summary
from app.genotypes.checks.site_lists import fill_site_lists
from app.genotypes.cohort import Cohort
from app.genotypes.figures import FILE as FIGURES_FILE
from app.genotypes.figures import save_figures
from app.genotypes.full_disk import told_when_full
from app.genotypes.people.groups import PeopleGroup, people_groups
from app.genotypes.readers.contract import FormatError
from app.genotypes.reading import Read, Source, forget, read_source, sources_of
from app.genotypes.room import prove_room
from app.genotypes.scan import Scan, quick_scan
from app.genotypes.site_table import SiteTable
from app.genotypes.sniff import look
from app.genotypes.split_scan import PARTS_PREFIX

__all__ = ["CheckOptions", "check_files", "evidence_of", "with_findings"]

FIRST_LOOK_FROM = 20_000_000
"""Bytes from which the beginning of a file is judged before the rest is read."""

_MOST_GROUPS = 20
"""Groups of people, the largest, whose people are looked at: files of one person each may be hundreds."""

_NO_OPTIONS = CheckOptions()
_ORDER = {Severity.SEVERE: 0, Severity.WARNING: 1, Severity.INFO: 2}
_STAGES = ("index", "validate", "qc")
_INDEX_CODES = ("container.", "content.", "order.")
_VALIDATE_CODES = ("content.no_variants",)
_QC_CODES = ("genotype.", "line.columns", "line.second_header")
_ONLY_WHOLE = frozenset(
    {"container.truncated", "container.no_eof_marker", "index.stale", "content.no_variants"}
)
_PARTIAL = ("content.no_variants", "sample.call_rate")  # mean nothing for a file read in part


def check_files(
    paths: Sequence[str | os.PathLike[str]],
    options: CheckOptions = _NO_OPTIONS,
    report: Report = silent,
    folder: Path | None = None,
) -> CheckReport:
    """Read every file once and say what is in it and what is wrong.

    `folder` is where packed genotypes and figures are kept for later checks and repairs; without one they are
    written to a temporary place. Never raises for what a file holds or for one that cannot be read: those
    become findings; ProblemError when the disk is full. `report` gets bytes read of all files, with live
    counts of variants and samples, and first findings as soon as the beginning of the files was read.
    """
    if not paths:
        return _answer([], [_nothing_chosen()])
    with contextlib.ExitStack() as stack:
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="haplodesk-")))
        return _Check(options, report, folder).run([Path(each) for each in paths])


class _Check:
    """One check: its readings and what was found."""

    def __init__(self, options: CheckOptions, report: Report, folder: Path) -> None:
        self._options = options
        self._report = report
        self._folder = folder
        self._bad: list[Finding] = []
        self._reads: list[Read] = []
        self._unread: list[Source] = []

    def run(self, paths: Sequence[Path]) -> CheckReport:
        """Read, judge, and look at the people."""
        _forget_earlier(self._folder)
        sources = self._sources(paths)
        prove_room(self._folder, sources, self._first_look(sources))
        total = sum(each.size for each in sources)
        done = 0
        for number, source in enumerate(sources):
            self._read(source, self._folder / str(number), partial(_report_part, self._report, done, total))
            done += source.size
        subjects = [
            Subject(each.scan, self._options, evidence=evidence_of(each.scan)) for each in self._reads
        ]
        answer = _answer(subjects, self._bad)
        answer = answer.model_copy(update={"files": (*answer.files, *map(_unread, self._unread))})
        return self._with_people(answer, subjects)

    def _sources(self, paths: Sequence[Path]) -> list[Source]:
        there: list[Path] = []
        for path in paths:
            try:
                look(path)
                there.append(path)
            except OSError as error:
                self._bad.append(container.unreadable(str(path), error))
        return sources_of(there)

    def _first_look(self, sources: Sequence[Source]) -> Scan | None:
        """What the beginning of the first file says, within a second of any size; None of a small one."""
        source = next((each for each in sources if each.content.vcf), None)
        if source is None or source.size < FIRST_LOOK_FROM:
            return None
        with contextlib.suppress(OSError):
            scan = quick_scan(source.main)
            subject = Subject(scan, self._options, evidence=evidence_of(scan))
            early = _answer([subject], [])
            kept = tuple(each for each in early.findings if each.code not in _ONLY_WHOLE)
            first = early.model_copy(update={"findings": kept, "accepted": False, "error": None})
            self._report(Progress(total=source.size, step="Reading genotypes", first_look=first))
            return scan
        return None

    def _read(self, source: Source, folder: Path, report: Report) -> None:
        path = str(source.main)
        if not source.content.vcf and not source.content.readable:
            self._bad.append(container.content(path, source.content))
            self._unread.append(source)
            return
        try:
            self._reads.append(read_source(source, folder, report, digest=self._options.digest))
        except OSError as error:
            self._bad.append(container.unreadable(path, error))
        except FormatError as error:
            self._bad.append(container.format_fault(error))
            self._unread.append(source)

    def _with_people(self, answer: CheckReport, subjects: Sequence[Subject]) -> CheckReport:
        """What the people of each group look like."""
        groups = _groups_of(subjects)
        looked_at = sorted(groups, key=lambda each: -each.people)[:_MOST_GROUPS]
        parts = [each for each in (self._group(g, subjects) for g in looked_at) if each]
        if not parts:
            return answer
        counts = {"variants": answer.snps, "samples": answer.samples}
        findings: list[Finding] = []
        for group, subject in parts:
            self._report(Progress(step="Looking at the people", unit="", counts=counts))
            found = [finding for check in COHORT_CHECKS for finding in check(subject)]
            fill_site_lists(subject)
            findings += found if len(groups) == 1 else map(group.naming, found)
        findings += batch_effects(parts)
        with told_when_full():
            save_figures(self._folder, joined_figures([each.figures for _, each in parts]))
        summary = joined_summary(
            [each.summary for _, each in parts], [len(each.samples) for _, each in parts]
        )
        if len(looked_at) < len(groups):
            why = f"Only the people of the {len(looked_at)} largest of {len(groups):,} groups were looked at."
            summary = summary.model_copy(update={"why": summary.why | {"groups": why}})
        known = {"cohort": summary, "figures": FIGURES_FILE}
        return with_findings(answer.model_copy(update=known), findings)

    def _group(
        self, group: PeopleGroup, subjects: Sequence[Subject]
    ) -> tuple[PeopleGroup, CohortSubject] | None:
        """The packed files of a group; None where none was packed or nobody wants to know."""
        cohorts = _alike([c for n in group.files if (c := self._reads[n].cohort) is not None])
        if not cohorts or not self._options.people:
            return None
        return group, CohortSubject(cohorts, self._options, subjects[group.files[0]].build, self._panel)

    @cached_property
    def _panel(self) -> Mapping[str, SiteTable]:
        return _panel(self._options)


def _forget_earlier(folder: Path) -> None:
    """Remove what an earlier check left: none of it may stand for files that have changed since."""
    (folder / FIGURES_FILE).unlink(missing_ok=True)
    for each in [*folder.iterdir()] if folder.is_dir() else []:
        if each.name.isdecimal() or each.name.startswith(PARTS_PREFIX):
            forget(each)


def _alike(cohorts: Sequence[Cohort]) -> list[Cohort]:
    """The cohorts with the people of the first in their order; the others were found by the checks across."""
    return [each for each in cohorts if each.samples == cohorts[0].samples]


def _panel(options: CheckOptions) -> Mapping[str, SiteTable]:
    if options.panel_sites is None:
        return {}
    from app.genotypes.panels.store import open_panel

    panel = open_panel(Path(options.panel_sites))
    tables = {name: panel.table(name) for name in panel.about.chromosomes}
    return {name: table for name, table in tables.items() if table is not None}


def _size(path: str | os.PathLike[str]) -> int:
    try:
        return os.path.getsize(path)
    except OSError:
        return 0


def _report_part(report: Report, before: int, total: int, progress: Progress) -> None:
    report(replace(progress, done=before + progress.done, total=total))


def _nothing_chosen() -> Finding:
    return Finding(
        code="files.none",
        severity=Severity.SEVERE,
        title="No files were chosen",
        what_to_do="Add VCF files, one a chromosome.",
    )


def evidence_of(scan: Scan) -> BuildEvidence:
    """What the header and the sites of a file say of its build."""
    evidence = BuildEvidence()
    evidence.add_contigs(scan.header.contigs)
    order = np.argsort(scan.sites.chromosome, kind="stable")
    bounds = np.searchsorted(scan.sites.chromosome[order], np.arange(len(scan.chromosomes) + 1))
    for number, raw in enumerate(scan.chromosomes):
        mine = order[bounds[number] : bounds[number + 1]]
        evidence.add_chromosome(raw, scan.sites.position[mine], scan.sites.alleles[mine])
    return evidence


def _answer(subjects: Sequence[Subject], findings: list[Finding]) -> CheckReport:
    stated = next((each.options.build for each in subjects), None)
    groups = _groups_of(subjects)
    build, builds = settle_builds(subjects, groups, stated)
    found = list(findings)
    for subject in subjects:
        found.extend(_of_file(subject))
    found += different_builds(groups, builds)
    found += across.groups(groups, any(each.options.for_service for each in subjects))
    for group in groups:
        together = [subjects[number] for number in group.files]
        for check in ACROSS_CHECKS:
            found += check(together) if len(groups) == 1 else map(group.naming, check(together))
    report = _summary(subjects, build)
    known = {"samples": sum(each.people for each in groups), "groups": group_facts(subjects, groups, builds)}
    return with_findings(report.model_copy(update=known), found)


def _groups_of(subjects: Sequence[Subject]) -> list[PeopleGroup]:
    return people_groups([s.scan.path for s in subjects], [s.scan.header.samples for s in subjects])


def with_findings(report: CheckReport, more: Iterable[Finding]) -> CheckReport:
    """The report with these findings beside its own, and the verdict that follows from all of them."""
    findings = sorted((*report.findings, *more), key=lambda each: _ORDER[each.severity])
    severe = [each for each in findings if each.severity is Severity.SEVERE]
    stage = min((_stage(each) for each in severe), key=_STAGES.index, default="ok")
    first = next((each for each in severe if _stage(each) == stage), None)
    return report.model_copy(
        update={
            "accepted": first is None,
            "stage": stage,
            "error": None if first is None else _sentence(first),
            "findings": tuple(findings),
        }
    )


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
    return shown(f"{name}{finding.title}{place}.")


def _summary(subjects: Sequence[Subject], build: BuildGuess) -> CheckReport:
    phased = [each for each in map(calls.phased, subjects) if each is not None]
    chromosomes = dict.fromkeys(name for subject in subjects for name in subject.chromosomes)
    return CheckReport(
        accepted=True,
        stage="ok",
        build=build,
        snps=sum(len(each.scan.sites) for each in subjects),
        chromosomes=tuple(naturally(chromosomes)),
        phased=all(phased) if phased else None,
        files=tuple(_facts(each) for each in subjects),
    )


def _unread(source: Source) -> FileFacts:
    """A file that is no genotype file or breaks the rules of its format: name and size, and what it is."""
    path, name = source.main, source.content.name
    return FileFacts(path=str(path), name=path.name, size=_size(path), format=name)


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
        format=scan.format,
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
