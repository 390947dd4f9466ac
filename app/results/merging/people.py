"""The people of several results: who is in all of them, and in which column."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from app.domain.problem import Kind, problem

Columns = NDArray[np.intp]
_SHOWN = 3


def columns_of_same(samples: Sequence[Sequence[str]], names: Sequence[str]) -> list[Columns]:
    """For each result the columns that put its people in the order of the first result.

    Results must be of the same people; only their order may differ. ProblemError names those who are missing.
    """
    first = set(samples[0])
    for theirs, name in zip(samples[1:], names[1:], strict=True):
        known = set(theirs)
        missing = [each for each in samples[0] if each not in known]
        more = [each for each in theirs if each not in first]
        if missing or more or len(theirs) != len(samples[0]):
            raise _others(names[0], name, missing, more)
    return [_columns(theirs, samples[0]) for theirs in samples]


def columns_of_common(samples: Sequence[Sequence[str]]) -> list[Columns]:
    """For each result the columns of those who are in all of them, in the order of the first result."""
    everywhere = set(samples[0]).intersection(*samples[1:])
    common = [each for each in samples[0] if each in everywhere]
    if not common:
        raise problem(
            Kind.INPUT,
            "The results have nobody in common",
            "No sample name is in all of them.",
            "Compare results of the same cohort.",
        )
    return [_columns(theirs, common) for theirs in samples]


def is_in_order(columns: Columns, people: int) -> bool:
    """Whether columns are all of a result's people as they stand."""
    return len(columns) == people and bool((columns == np.arange(people)).all())


def _columns(theirs: Sequence[str], wanted: Sequence[str]) -> Columns:
    places = {name: number for number, name in enumerate(theirs)}
    return np.array([places[name] for name in wanted], dtype=np.intp)


def _others(first: str, second: str, missing: list[str], more: list[str]) -> Exception:
    told = []
    if missing:
        told.append(f"{len(missing):,} of {first} are not in {second} ({_some(missing)})")
    if more:
        told.append(f"{len(more):,} of {second} are not in {first} ({_some(more)})")
    return problem(
        Kind.INPUT,
        "The results are not of the same people",
        "; ".join(told) + "." if told else f"A sample name stands twice in {first} or {second}.",
        "Combine results of the same cohort. To join batches of different people, merge them instead.",
        subject=second,
    )


def _some(names: list[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (", …" if len(names) > _SHOWN else "")
