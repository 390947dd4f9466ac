"""The genome build that a person states where the files themselves do not tell it for certain."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import add
from pathlib import Path

from app.domain.finding import BuildGuess
from app.domain.problem import Kind, ProblemError, problem
from app.domain.progress import Report, silent
from app.genotypes.builds import SPOKEN, SURE, BuildEvidence, build_name, evidence_of, judge, settled
from app.genotypes.cohort import Cohort, open_cohort


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
    """`settle` by the packed genotypes that a check left; ProblemError also when they cannot be read."""
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
    return settle(reduce(add, map(evidence_of, cohorts), BuildEvidence()), build)
