"""Whether `check_files` says of a damaged file what it must say."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from app.domain.finding import CheckReport, Finding
from app.genotypes.check import check_files
from tests.damage.plan import Damaged, Expected
from tests.helpers.small_study import Files


def checked(files: Files, chosen: Sequence[str]) -> CheckReport:
    """The report on files that are written to a folder for it."""
    with tempfile.TemporaryDirectory() as folder:
        for name, data in files.items():
            Path(folder, name).write_bytes(data)
        return check_files([Path(folder, name) for name in chosen])


def missed(case: Damaged, report: CheckReport) -> list[Expected]:
    """What was expected and not said."""
    return [each for each in case.expected if not any(_meets(finding, each) for finding in report.findings)]


def _meets(finding: Finding, expected: Expected) -> bool:
    if finding.code not in expected.codes:
        return False
    if expected.place and expected.place not in finding.where:
        return False
    if expected.place or not expected.file or expected.file == "-":
        return True
    return Path(finding.file or "").name == expected.file
