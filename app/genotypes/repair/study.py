"""All packed files of a dataset as one study: the same people in one order, and a row for every site."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath

import numpy as np
from numpy.typing import NDArray

from app.domain.problem import Kind, problem
from app.genotypes.builds import plain_chromosome
from app.genotypes.cohort import UNKNOWN, Cohort, Reference
from app.genotypes.people.groups import PeopleGroup, people_groups

CHROMOSOMES = ("", *map(str, range(1, 23)), "X", "Y", "XY", "MT")
"""Plain names by number, in the order in which they are written; 0 is no human chromosome."""
X, Y, XY, MT = (CHROMOSOMES.index(name) for name in ("X", "Y", "XY", "MT"))

_NAMED = 5

Columns = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Study:
    """`columns[c]` are the columns of cohort `c` in the order of `samples`, None when they are as they stand.

    `cohort` and `row` say where each row is; `left_out` are samples that only some of the files have.
    """

    cohorts: tuple[Cohort, ...]
    samples: tuple[str, ...]
    columns: tuple[Columns | None, ...]
    sex: NDArray[np.uint8]
    cohort: NDArray[np.uint16]
    row: NDArray[np.int64]
    left_out: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.row)

    @property
    def records(self) -> int:
        """Records of all files, also such as could not be kept."""
        return sum(each.records for each in self.cohorts)

    @property
    def guesses_by_frequency(self) -> bool:
        """Whether the formats write the commoner allele as the reference, rather than any of the two."""
        return all(each.origin.reference is not Reference.UNKNOWN for each in self.cohorts)

    def column(self, name: str) -> NDArray[np.generic]:
        """An array of all cohorts (`position`, `flags`, `record`, `counts`) by row."""
        return np.concatenate([np.asarray(getattr(each, name)) for each in self.cohorts])


def unite(cohorts: Sequence[Cohort], sex: Mapping[str, int] | None = None) -> Study:
    """Put files together. ProblemError when they are of different people, or nothing is in them.

    Files with the same people in another order are put in the order of the first; people whom only some of
    the files have are left out. Cohorts of different people are not joined: their sites differ, and so do
    their missing calls.
    """
    if not cohorts:
        raise problem(
            Kind.INPUT,
            "Nothing to repair",
            "None of the files could be read as genotypes.",
            "Check the files first; the findings say what is wrong with them.",
        )
    samples, columns, left_out = _common_samples(cohorts)
    lengths = [len(each) for each in cohorts]
    return Study(
        cohorts=tuple(cohorts),
        samples=samples,
        columns=columns,
        sex=_sexes(cohorts, samples, columns, sex or {}),
        cohort=np.repeat(np.arange(len(cohorts), dtype=np.uint16), lengths),
        row=np.concatenate([np.arange(each, dtype=np.int64) for each in lengths]),
        left_out=left_out,
    )


def _common_samples(
    cohorts: Sequence[Cohort],
) -> tuple[tuple[str, ...], tuple[Columns | None, ...], tuple[str, ...]]:
    first = cohorts[0].samples
    if all(each.samples == first for each in cohorts):
        return first, (None,) * len(cohorts), ()
    sets = [set(each.samples) for each in cohorts]
    if nobody := [PurePath(_file(each)).name for each in cohorts if not each.samples]:
        raise _holds_nobody(nobody[0])
    if any(len(names) < len(each.samples) for names, each in zip(sets, cohorts, strict=True)):
        raise _refused("Sample names are not unique, and the files have different samples.")
    groups = people_groups([_file(each) for each in cohorts], [each.samples for each in cohorts])
    if len(groups) > 1:
        raise _refused(_groups_in_words(groups))
    common = set.intersection(*sets)
    if not common:
        raise _refused("The files have no sample in common.")
    samples = tuple(name for name in first if name in common)
    places = [{name: at for at, name in enumerate(each.samples)} for each in cohorts]
    columns = tuple(np.array([place[name] for name in samples], np.intp) for place in places)
    everybody = dict.fromkeys(name for each in cohorts for name in each.samples)
    return samples, columns, tuple(name for name in everybody if name not in common)


def _file(cohort: Cohort) -> str:
    return cohort.origin.files[0] if cohort.origin.files else str(cohort.folder)


def _groups_in_words(groups: Sequence[PeopleGroup]) -> str:
    named = [f"{each.name} ({each.people:,})" for each in groups]
    rest = f" and {len(named) - _NAMED:,} more" if len(named) > _NAMED else ""
    return f"There are {len(groups):,} groups of people: {', '.join(named[:_NAMED])}{rest}."


def _holds_nobody(name: str) -> Exception:
    return problem(
        Kind.INPUT,
        "A file holds no people",
        f"{name} has no genotypes, and the other files have.",
        "Leave it out, or add a whole copy of it.",
        subject=name,
    )


def _refused(why: str) -> Exception:
    return problem(
        Kind.INPUT,
        "The files are of different people",
        why,
        "Add the files of each group as a dataset of its own, and repair each by itself.",
    )


def _sexes(
    cohorts: Sequence[Cohort],
    samples: tuple[str, ...],
    columns: tuple[Columns | None, ...],
    given: Mapping[str, int],
) -> NDArray[np.uint8]:
    sex = np.full(len(samples), UNKNOWN, np.uint8)
    for cohort, places in zip(cohorts, columns, strict=True):
        if cohort.sex:
            stated = np.array(cohort.sex, np.uint8)
            sex = np.where(sex == UNKNOWN, stated if places is None else stated[places], sex)
    for at, name in enumerate(samples):
        sex[at] = given.get(name, sex[at])
    return sex


def chromosomes_of(study: Study) -> NDArray[np.uint8]:
    """The number in CHROMOSOMES of each row."""
    pieces = []
    for cohort in study.cohorts:
        numbers = [CHROMOSOMES.index(plain_chromosome(name) or "") for name in cohort.names]
        pieces.append(np.array(numbers or [0], np.uint8)[np.asarray(cohort.chromosome)])
    return np.concatenate(pieces)
