"""Checks of all files together: of each group of people by itself, and how many groups there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from app.domain.finding import Finding
from app.domain.repair import RepairCode
from app.genotypes.checks.finding_of import INFO, SEVERE, WARNING, Subject, some
from app.genotypes.people.groups import PeopleGroup


def groups(found: Sequence[PeopleGroup], for_service: bool) -> Iterable[Finding]:
    """Different people: a job takes one group, so that all in one would be refused."""
    if len(found) < 2:
        return
    yield Finding(
        code="files.groups",
        severity=SEVERE if for_service else INFO,
        title=f"{len(found):,} groups of people",
        detail="The files are of different people. Each group can be sent as a job of its own.",
        where=some([f"{each.name} ({each.people:,})" for each in found]),
        count=len(found),
        what_to_do="A repair makes a dataset of each group; or add each as a dataset of its own.",
    )


def file_names(subjects: Sequence[Subject]) -> Iterable[Finding]:
    """A server keeps uploads by name, so one would overwrite the other."""
    by_name: dict[str, list[str]] = defaultdict(list)
    for subject in subjects:
        by_name[subject.name].append(subject.scan.path)
    for paths in by_name.values():
        if len(paths) > 1:
            yield Finding(
                code="files.same_name",
                severity=SEVERE,
                title=f"{len(paths):,} files have the same name",
                detail="At the server one would take the place of the other.",
                where=some(list(map(_with_folder, paths))),
                count=len(paths),
                what_to_do="Rename one of them, or remove one that was added twice.",
            )


def chromosomes(subjects: Sequence[Subject]) -> Iterable[Finding]:
    """A chromosome in two files of the same people is imputed twice or not at all."""
    files: dict[str, list[Subject]] = defaultdict(list)
    for subject in subjects:
        for chromosome in subject.chromosomes:
            files[chromosome].append(subject)
    for chromosome, among in files.items():
        if len(among) > 1:
            alike = len({each.name for each in among}) < len(among)
            names = [_with_folder(each.scan.path) if alike else each.name for each in among]
            yield Finding(
                code="files.same_chromosome",
                severity=SEVERE,
                title=f"Chromosome {chromosome} is in {len(names)} files",
                where=some(names),
                count=len(names),
                what_to_do="Join them to one file, or leave one out.",
            )


def _with_folder(path: str) -> str:
    """`cohort_a/chr1.vcf.gz`."""
    return "/".join(Path(path).absolute().parts[-2:])


def samples(subjects: Sequence[Subject]) -> Iterable[Finding]:
    """All files must hold the same people in the same order, as far as their headers could be read."""
    told = [each for each in subjects if each.scan.header.samples or each.scan.error is None]
    if not told:
        return
    first = told[0]
    names = first.scan.header.samples
    for other in told[1:]:
        theirs = other.scan.header.samples
        if theirs == names:
            continue
        differing = sorted(set(names) ^ set(theirs))
        same_people = not differing and len(names) == len(theirs)
        yield other.finding(
            "files.sample_order" if same_people else "files.samples_differ",
            WARNING if same_people else SEVERE,
            "The samples stand in another order" if same_people else "The files hold different samples",
            f"Samples: {first.name} has {len(names):,}, {other.name} has {len(theirs):,}.",
            where=some(differing),
            count=max(1, len(differing)),
            what_to_do="Write all files with the same samples in the same order.",
        )


def builds(subjects: Sequence[Subject]) -> Iterable[Finding]:
    """Files with and without “chr” in their chromosome names."""
    with_prefix = [s.name for s in subjects if any(c[:3].lower() == "chr" for c in s.scan.chromosomes)]
    if with_prefix and len(with_prefix) < len([s for s in subjects if s.scan.chromosomes]):
        yield Finding(
            code="files.mixed_prefix",
            severity=SEVERE,
            title="Some files write “chr” before the chromosome, others do not",
            where=some(with_prefix),
            count=len(with_prefix),
            what_to_do="Name the chromosomes alike in all files.",
            fix=RepairCode.RENAME_CHROMOSOMES,
        )
