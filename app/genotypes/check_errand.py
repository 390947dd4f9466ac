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


def warm() -> None:
    """Import what a check needs and load the tables of known positions, while nobody waits."""
    import numpy as np
    import numpy.ma  # noqa: F401 - np.unique loads it when it is first called

    from app.genotypes.builds import BuildEvidence, judge
    from app.genotypes.check import check_files  # noqa: F401 - for the errand that follows

    evidence = BuildEvidence()
    evidence.add_chromosome("1", np.array([1], np.int64), np.array([ord("A") << 8 | ord("G")], np.uint32))
    judge(evidence)
