"""Work that the program does in a process of its own, done at once: starting one takes a second or more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from app.domain.progress import Report, silent


async def _directly(function: Callable[..., Any], *args: Any, report: Report = silent) -> Any:
    """Like `run_in_process`, in this process."""
    return function(*args, report=report)


def work_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start no process for operations that import `run_in_process` when they need it."""
    monkeypatch.setattr("app.genotypes.worker.run_in_process", _directly)
