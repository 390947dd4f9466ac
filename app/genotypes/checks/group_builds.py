"""The build of each group of people, judged by its own files: cohorts of several builds come together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from app.domain.finding import BuildGuess, Finding, GroupFacts
from app.genotypes.builds import SPOKEN, SURE, BuildEvidence
from app.genotypes.checks.finding_of import WARNING, Subject, some
from app.genotypes.people.groups import PeopleGroup
from app.genotypes.stated_build import judged


def settle_builds(
    subjects: Sequence[Subject], groups: Sequence[PeopleGroup], stated: str | None
) -> tuple[BuildGuess, tuple[BuildGuess, ...]]:
    """The build of all files and of each group; every subject gets that of its group.

    That of all files is unknown where groups are surely of different ones.
    """
    builds = []
    for group in groups:
        mine = [subjects[number] for number in group.files]
        builds.append(judged(_evidence(mine), stated))
        for subject in mine:
            subject.build = builds[-1]
    if len(_sure(builds)) > 1:
        told = "; ".join(_named(groups, builds))
        why = f"The groups of people have different builds: {told}."
        return BuildGuess(evidence=(why,)), tuple(builds)
    return judged(_evidence(subjects), stated), tuple(builds)


def _evidence(subjects: Sequence[Subject]) -> BuildEvidence:
    return sum((each.evidence for each in subjects), BuildEvidence())


def _sure(builds: Iterable[BuildGuess]) -> set[str]:
    return {each.value for each in builds if each.value and each.confidence >= SURE}


def _named(groups: Sequence[PeopleGroup], builds: Sequence[BuildGuess]) -> list[str]:
    """`cohort_a GRCh37 (hg19)`; of a group that is not sure that it is unknown."""
    return [
        f"{group.name} {SPOKEN.get(build.value or '', 'unknown') if _sure([build]) else 'unknown'}"
        for group, build in zip(groups, builds, strict=True)
    ]


def different_builds(groups: Sequence[PeopleGroup], builds: Sequence[BuildGuess]) -> Iterable[Finding]:
    """Groups of surely different builds: each has to be lifted from its own."""
    if len(_sure(builds)) < 2:
        return
    yield Finding(
        code="files.builds_differ",
        severity=WARNING,
        title="The groups of people have different builds",
        detail="Positions of one build mean other places in another.",
        where=some(_named(groups, builds)),
        count=len(_sure(builds)),
        what_to_do="Repair them for one panel: each group is lifted from its own build.",
        fix="liftover",
    )


def group_facts(
    subjects: Sequence[Subject], groups: Sequence[PeopleGroup], builds: Sequence[BuildGuess]
) -> tuple[GroupFacts, ...]:
    """What is known of the groups; nothing where there is one."""
    if len(groups) < 2:
        return ()
    return tuple(
        GroupFacts(
            name=group.name,
            files=group.files,
            people=group.people,
            snps=sum(len(subjects[number].scan.sites) for number in group.files),
            build=build,
        )
        for group, build in zip(groups, builds, strict=True)
    )
