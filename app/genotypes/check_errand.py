"""The check of a dataset as a process runs it: little is imported here, and NumPy in the process alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.domain.finding import CheckReport
from app.domain.progress import Report


def check_errand(
    paths: tuple[str, ...], options: Mapping[str, Any], folder: Path, report: Report
) -> CheckReport:
    """`check_files` with options by the names of `CheckOptions`."""
    from app.genotypes.check import CheckOptions, check_files

    return check_files(paths, CheckOptions(**options), report, folder)
