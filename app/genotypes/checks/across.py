"""Checks of all files together."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from app.domain.finding import Finding
from app.domain.repair import RepairCode
from app.genotypes.checks.finding_of import SEVERE, WARNING, Subject, some


def file_names(subjects: Sequence[Subject]) -> Iterable[Finding]:
    """A server keeps uploads by name, so one would overwrite the other."""
    by_name: dict[str, list[str]] = defaultdict(list)
    for subject in subjects:
        by_name[subject.name].append(subject.scan.path)
    for name, paths in by_name.items():
        if len(paths) > 1:
            yield Finding(
                code="files.same_name",
                severity=SEVERE,
                title="Two files have the same name",
                detail="At the server one would take the place of the other.",
                where=name,
                count=len(paths),
                what_to_do="Rename one of them, or remove one that was added twice.",
            )


def chromosomes(subjects: Sequence[Subject]) -> Iterable[Finding]:
    """A chromosome in two files is imputed twice or not at all."""
    files: dict[str, list[str]] = defaultdict(list)
    for subject in subjects:
        for chromosome in subject.chromosomes:
            files[chromosome].append(subject.name)
    for chromosome, names in files.items():
        if len(names) > 1:
            yield Finding(
                code="files.same_chromosome",
                severity=SEVERE,
                title=f"Chromosome {chromosome} is in {len(names)} files",
                where=some(names),
                count=len(names),
                what_to_do="Join them to one file, or leave one out.",
            )


def samples(subjects: Sequence[Subject]) -> Iterable[Finding]:
    """All files must hold the same people in the same order."""
    if not subjects:
        return
    first = subjects[0]
    names = first.scan.header.samples
    for other in subjects[1:]:
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
