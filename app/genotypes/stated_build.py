"""The genome build that a person states where the files themselves do not tell it for certain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import add
from pathlib import Path

from app.domain.finding import BuildGuess
from app.domain.problem import Kind, ProblemError, problem
from app.domain.progress import Report, silent
from app.genotypes.builds import SPOKEN, SURE, BuildEvidence, build_name, evidence_of, judge, settled
from app.genotypes.cohort import Cohort, open_cohort
from app.genotypes.repair.groups import StudyGroup, study_groups


def stated_words(build: str) -> str:
    """What settles the build, as the first sentence of its evidence."""
    return f"{SPOKEN[build]} is stated by you, and nothing contradicts it."


def judged(evidence: BuildEvidence, stated: str | None) -> BuildGuess:
    """The build by the files; by what is stated where they leave it open and do not contradict it."""
    found, name = judge(evidence), build_name(stated)
    if name is None or (found.value is not None and found.confidence >= SURE):
        return found
    return settled(evidence, name, stated_words(name)) or found


def settle(evidence: BuildEvidence, build: str) -> BuildGuess:
    """The stated build (a name of `BUILDS`); ProblemError that says what contradicts it."""
    found = settled(evidence, build, stated_words(build))
    if found is None:
        raise _contradicted(judge(evidence), build)
    return found


def _contradicted(found: BuildGuess, build: str) -> ProblemError:
    sure = found.value is not None and found.confidence >= SURE and found.value != build
    title = f"The files are not {SPOKEN[build]}"
    if sure:
        title = f"The positions are {SPOKEN[found.value or '']}, not {SPOKEN[build]}"
    return problem(
        Kind.INPUT,
        title,
        " ".join(found.evidence),
        "State another build, or leave it as it was found.",
        subject=build,
    )


def settle_errand(folders: Sequence[str], build: str, report: Report = silent) -> BuildGuess:
    """`settle` by the packed genotypes that a check left, for each group of people that leaves it open.

    The build of all, which is unknown where groups are surely of others. ProblemError also when no group
    leaves it open while they differ, and when the genotypes cannot be read.
    """
    try:
        cohorts: list[Cohort] = [open_cohort(Path(each)) for each in folders]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise problem(
            Kind.INPUT,
            "The build cannot be compared with the files",
            "What the last check read of them is not there any more.",
            "Check the files again, then state the build.",
            subject=build,
        ) from error
    groups = study_groups(cohorts)
    evidence = [reduce(add, map(evidence_of, each.cohorts)) for each in groups]
    sure = {group.name: value for group, each in zip(groups, evidence, strict=True) if (value := _sure(each))}
    if set(sure.values()) <= {build}:
        return settle(reduce(add, evidence, BuildEvidence()), build)
    return _settle_open(groups, evidence, sure, build)


def _sure(evidence: BuildEvidence) -> str | None:
    found = judge(evidence)
    return found.value if found.confidence >= SURE else None


def _settle_open(
    groups: Sequence[StudyGroup], evidence: Sequence[BuildEvidence], sure: Mapping[str, str], build: str
) -> BuildGuess:
    """Where groups are surely of another build it is stated for those alone that leave it open."""
    open_ones = [each for group, each in zip(groups, evidence, strict=True) if group.name not in sure]
    told = "; ".join(f"{name} is {SPOKEN[value]}" for name, value in sure.items() if name)
    if not open_ones and len(set(sure.values())) > 1:
        raise problem(
            Kind.INPUT,
            "No build can be stated for all of these files",
            f"The groups of people have different builds, and the files tell each for certain: {told}.",
            "Repair them for a panel: each group is lifted from its own build.",
            subject=build,
        )
    if not open_ones:
        raise _contradicted(judge(reduce(add, evidence)), build)
    for each in open_ones:
        settle(each, build)
    return BuildGuess(evidence=(f"The groups of people have different builds: {told}.", stated_words(build)))
