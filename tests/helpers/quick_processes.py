"""Processes for the work of tests that start in a moment: forked from one that has imported the program.

The program spawns its processes, so that each imports all that it needs: half a second to a second of
computing, some hundred times in a run of all tests. Here a server process imports once, and then forks; a
child is as fresh as a spawned one as far as the program's own state goes. `spawned` in tests/conftest.py
gives a test the real way.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import sys
import tempfile
from multiprocessing import forkserver
from multiprocessing.context import BaseContext, ForkServerContext, ForkServerProcess
from typing import Any

_SPAWNING = multiprocessing.get_context
# What the work of processes imports; none of it starts a thread or loads Qt.
_IMPORTED = (
    "app.genotypes.worker_child",
    "app.genotypes.check",
    "app.genotypes.repair.errand",
    "app.imputation.part_run",
    "app.practice.pipeline",
    "app.operations.check_dataset",
    "app.operations.import_result",
    "app.operations.judge_result",
    "app.operations.local_job",
    "app.operations.masked_benchmark",
    "app.operations.repair_dataset",
    "app.operations.report_result",
    "app.operations.result_ledger",
    "app.operations.score_result",
    "app.operations.unpack",
)


class _QuickProcess(ForkServerProcess):
    """Takes over what a spawned process inherits, and the server could not know when it was started."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._environment: dict[str, str] = {}
        self._largest_file: tuple[int, int] | None = None

    def start(self) -> None:
        """Start it with the environment of now."""
        self._environment = dict(os.environ)
        with contextlib.suppress(ImportError):
            import resource

            self._largest_file = resource.getrlimit(resource.RLIMIT_FSIZE)
        super().start()

    def run(self) -> None:
        """In the child."""
        os.environ.clear()
        os.environ.update(self._environment)
        tempfile.tempdir = None
        if self._largest_file is not None:
            import resource

            resource.setrlimit(resource.RLIMIT_FSIZE, self._largest_file)
        super().run()


class _QuickContext(ForkServerContext):
    Process = _QuickProcess  # type: ignore[assignment]


_QUICK = _QuickContext()


def _context(method: str | None = None) -> BaseContext:
    return _QUICK if method == "spawn" else _SPAWNING(method)


def start_processes_quickly() -> None:
    """From now on the program's processes are forked from a server that is started with the first of them."""
    if sys.platform.startswith("linux"):
        _QUICK.set_forkserver_preload(list(_IMPORTED))
        multiprocessing.get_context = _context  # type: ignore[assignment]


def start_processes_as_ever() -> None:
    """Let the program spawn its processes, as it does where nobody tests it."""
    multiprocessing.get_context = _SPAWNING


def server_pid() -> int | None:
    """The process that forks the others; None before the first."""
    found: int | None = getattr(forkserver._forkserver, "_forkserver_pid", None)
    return found
