"""Who is who in result and truth, and who belongs to which group of people."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from app.domain.accuracy import AncestrySource
from app.domain.problem import Kind, problem
from app.genotypes.builds import SURE, evidence_of, judge
from app.genotypes.cohort import Cohort
from app.results.truth.reading import Rows, Truth

_GROUP_HEADS = ("superpopulation", "super_pop", "ancestry", "group", "population", "pop")
_SAMPLE_HEADS = ("sample", "#iid", "iid", "id", "name", "individual", "person")


@dataclass(frozen=True, eq=False)
class Pairs:
    """People of both: their columns in result and truth, and the places of each group among them."""

    names: tuple[str, ...]
    result: Rows
    truth: Rows
    groups: dict[str, Rows] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.names)


def pairs_of(
    result: Sequence[str], truth: Sequence[str], names: Mapping[str, str], ancestry: Mapping[str, str]
) -> Pairs:
    """Match people by name, or by what `names` says that somebody of the result is called in the truth."""
    known = {name: number for number, name in enumerate(truth)}
    found = [(at, names.get(name, name)) for at, name in enumerate(result)]
    both = [(at, known[name], name, result[at]) for at, name in found if name in known]
    groups: dict[str, list[int]] = {}
    for place, (_, _, name, own) in enumerate(both):
        label = ancestry.get(name) or ancestry.get(own)
        if label:
            groups.setdefault(label, []).append(place)
    return Pairs(
        names=tuple(each[2] for each in both),
        result=np.array([each[0] for each in both], np.intp),
        truth=np.array([each[1] for each in both], np.intp),
        groups={label: np.array(places, np.intp) for label, places in groups.items()},
    )


def ancestry_of(
    truth: Truth, told: Mapping[str, str] | None, *, project: bool
) -> tuple[Mapping[str, str], AncestrySource]:
    """The group of each person of the truth: as told, or by projection where enough known sites are there."""
    if told is not None:
        return told, AncestrySource.TABLE
    if not project:
        return {}, AncestrySource.NONE
    found = _projected(truth.cohorts)
    return found, AncestrySource.PROJECTION if found else AncestrySource.NONE


def _projected(cohorts: Sequence[Cohort]) -> dict[str, str]:
    from app.genotypes.people.ancestry import project

    same = [each for each in cohorts if each.samples == cohorts[0].samples and len(each)]
    builds = {guess.value for each in same if (guess := judge(evidence_of(each))).confidence >= SURE}
    if len(builds) != 1 or None in builds:
        return {}
    projection = project(same, str(builds.pop()))
    if projection is None:
        return {}
    return dict(zip(same[0].samples, projection.label, strict=True))


def read_groups(path: Path) -> dict[str, str]:
    """Sample → group of a table with a head: columns such as `sample` and `superpopulation` or `population`.

    Columns stand apart by tabs, commas or blanks. ProblemError when there are no such columns.
    """
    head, rows = _table(path)
    sample = next((at for at, name in enumerate(head) if name in _SAMPLE_HEADS), None)
    group = next((head.index(name) for name in _GROUP_HEADS if name in head), None)
    if sample is None or group is None:
        raise _no_table(path, "a head with a column “sample” and one “superpopulation” or “population”")
    return {row[sample]: row[group] for row in rows if len(row) > max(sample, group) and row[group]}


def read_names(path: Path) -> dict[str, str]:
    """Name in the result → name in the truth: the first two columns of a table with a head."""
    head, rows = _table(path)
    if len(head) < 2:
        raise _no_table(path, "two columns, the name in the result and the name in the truth")
    return {row[0]: row[1] for row in rows if len(row) > 1}


def _table(path: Path) -> tuple[list[str], list[list[str]]]:
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise _no_table(path, "text that can be read") from error
    lines = [line for line in text.splitlines() if line.strip()]
    first = lines[0] if lines else ""
    mark = next((each for each in "\t," if each in first), None)
    cells = [line.split() for line in lines] if mark is None else list(csv.reader(lines, delimiter=mark))
    return [cell.strip().lower() for cell in cells[0]] if cells else [], cells[1:]


def _no_table(path: Path, wanted: str) -> Exception:
    return problem(
        Kind.INPUT,
        "The table of people cannot be used",
        f"{path.name} has not {wanted}.",
        "Give a text table with a head.",
        subject=path.name,
    )
