"""Processors that this process may use."""

import os
from pathlib import Path

import pytest

from app.domain import processors
from app.domain.processors import usable_processors


@pytest.fixture(autouse=True)
def quota(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the time of a container is told; nothing yet."""
    path = tmp_path / "cpu.max"
    monkeypatch.setattr(processors, "_QUOTA", path)
    return path


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("200000 100000\n", 2),
        ("150000 100000\n", 2),
        ("1000 100000\n", 1),
        ("900000 100000\n", 4),
        ("max 100000\n", 4),
        ("100000 0\n", 4),
        ("", 4),
    ],
)
def test_a_container_uses_no_more_than_it_has_the_time_of(
    told: str, expected: int, quota: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 3}, raising=False)
    quota.write_text(told)
    assert usable_processors() == expected


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
