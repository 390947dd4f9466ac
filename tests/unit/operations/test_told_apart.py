"""Names of results side by side say of each which it is, and no more than that."""

from __future__ import annotations

import pytest

from app.operations.told_apart import job_words, told_apart
from tests.unit.store.nouns import a_job

A, B = ("North", "1000G"), ("South", "HRC")


@pytest.mark.parametrize(
    ("named", "told"),
    [
        ((("one", *A), ("two", *B)), ("one", "two")),
        ((("same", *A), ("same", *B), ("other", *A)), ("same, North", "same, South", "other")),
        (
            (("same", *A), ("same", "North", "HRC"), ("same", *B)),
            ("same, North, 1000G", "same, North, HRC", "same, South"),
        ),
        ((("same", *A), ("same", *A)), ("same, North, 1000G (1)", "same, North, 1000G (2)")),
    ],
)
def test_names(named: tuple[tuple[str, str, str], ...], told: tuple[str, ...]) -> None:
    assert told_apart(named) == told


@pytest.mark.parametrize(("group", "told"), [(None, "cohort"), ("group-1", "cohort at North")])
def test_a_job_of_a_group_is_called_with_its_service(group: str | None, told: str) -> None:
    assert job_words(a_job(name="cohort", group=group), "North") == told
