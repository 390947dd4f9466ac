"""Which files are of the same people: each group of people is imputed as a job of its own."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app.domain.finding import Finding

_SHARED = 0.5  # of the smaller file's people; a few in both are controls that several cohorts have


@dataclass(frozen=True)
class PeopleGroup:
    """Files, by their numbers, that have their people in common; `name` is their folder where it tells."""

    name: str
    files: tuple[int, ...]
    people: int

    def naming(self, finding: Finding) -> Finding:
        """A finding about files of this group, which says so."""
        return finding.model_copy(update={"title": f"{finding.title} ({self.name})"})


def people_groups(paths: Sequence[str], samples: Sequence[Sequence[str]]) -> list[PeopleGroup]:
    """Groups in the order of their first files. A file without samples belongs to the first.

    Files belong together when they share at least half of the people of the smaller one: a file that lacks
    some people is a fault of its group, and no group of its own.
    """
    found: dict[int, list[int]] = defaultdict(list)
    for number, group in enumerate(_numbers(samples)):
        found[group].append(number)
    members = list(found.values())
    names = _names([[paths[number] for number in each] for each in members])
    people = [_people([samples[number] for number in each]) for each in members]
    return [PeopleGroup(n, tuple(m), p) for n, m, p in zip(names, members, people, strict=True)]


def _people(samples: Sequence[Sequence[str]]) -> int:
    """How many different people; names that stand twice in a file are two."""
    everybody = {name for each in {tuple(each) for each in samples} for name in each}
    return max(len(everybody), *map(len, samples))


def _numbers(samples: Sequence[Sequence[str]]) -> list[int]:
    """The number of the group of each file: that of a set of people which it shares."""
    sets = list(dict.fromkeys(frozenset(each) for each in samples if each))
    owners: dict[str, list[int]] = defaultdict(list)
    joined = list(range(len(sets)))
    for number, names in enumerate(sets):
        shared = Counter(other for name in names for other in owners[name])
        for other, people in shared.items():
            if people >= _SHARED * min(len(names), len(sets[other])):
                old, new = sorted((joined[other], joined[number]), reverse=True)
                joined = [new if each == old else each for each in joined]
        for name in names:
            owners[name].append(number)
    places = {names: joined[number] for number, names in enumerate(sets)}
    return [places[frozenset(each)] if each else 0 for each in samples]


def _names(groups: Sequence[Sequence[str]]) -> list[str]:
    """Folders, where each group has one of its own; else the first file of each."""
    folders = [os.path.abspath(_common([os.path.dirname(path) for path in each])) for each in groups]
    if len(set(folders)) == len(groups):
        above = _common(folders)
        names = [_below(each, above) for each in folders]
        if len(set(names)) == len(groups):
            return names
    return [Path(each[0]).name + (f" and {len(each) - 1:,} more" if len(each) > 1 else "") for each in groups]


def _below(folder: str, above: str) -> str:
    """The path from the folder above all; of that one itself its name."""
    if folder == above or not above:
        return os.path.basename(folder)
    return os.path.relpath(folder, above).replace(os.sep, "/")


def _common(paths: Sequence[str]) -> str:
    """The folder above all; empty when they lie on different drives."""
    try:
        return os.path.commonpath([os.path.abspath(each) for each in paths])
    except ValueError:
        return ""
