"""The runner of local jobs whose work stands still where a test wants it, until a file tells it to go on.

The program starts it as `python -m tests.end_to_end.held_runner …` in place of `python -m app …`.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from app.__main__ import main
from app.domain.progress import Progress, Report, silent
from app.operations import local_host, local_runner
from app.operations.local_job import LocalOrder, run_local_job
from app.services.local.layout import OutputFile
from tests.end_to_end import held_runner

HOLD_AFTER, GO = "HAPLODESK_TEST_HOLD_AFTER", "HAPLODESK_TEST_GO"


def hold(monkeypatch: pytest.MonkeyPatch, go: Path, after: str = "") -> None:
    """Let the work of local jobs wait for the file `go`: at its begin, or once it has made a file.

    `after` is that file, relative to the folder of the job.
    """
    monkeypatch.setenv(HOLD_AFTER, after)
    monkeypatch.setenv(GO, str(go))
    monkeypatch.setattr(local_host, "program_command", lambda: [sys.executable, "-m", held_runner.__name__])


def run_held_job(order: LocalOrder, report: Report = silent) -> tuple[OutputFile, ...]:
    """The work of one job; its process stands still, and can be ended as ever."""
    wanted = order.folder / os.environ[HOLD_AFTER]

    def wait() -> None:
        while wanted.exists() and not Path(os.environ[GO]).exists():
            time.sleep(0.02)

    def told(progress: Progress) -> None:
        report(progress)
        wait()

    wait()
    return run_local_job(order, told)


if __name__ == "__main__":
    local_runner.run_local_job = held_runner.run_held_job
    sys.exit(main())
