"""Processors that this process may use."""

import os

import pytest

from app.domain.processors import usable_processors


def test_a_process_that_is_held_to_some_uses_these(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {2, 5, 7}, raising=False)
    assert usable_processors() == 3


@pytest.mark.parametrize(("told", "expected"), [(4, 4), (None, 1)])
def test_else_it_uses_those_of_the_computer(
    told: int | None, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: told)
    assert usable_processors() == expected
