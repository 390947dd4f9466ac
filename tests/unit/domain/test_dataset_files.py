"""Whether a dataset has files of the program's own."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from app.domain.dataset import DataFile, Dataset


@pytest.mark.parametrize(
    ("path", "own"),
    [
        ("/home/x/Haplodesk/prepared/data-abc/chr1.vcf.gz", True),
        ("/home/x/Haplodesk/prepared/data-abc/batch1/chr1.vcf.gz", True),
        ("/home/x/prepared/chr1.vcf.gz", False),
        ("/home/x/data-abc/chr1.vcf.gz", False),
    ],
)
def test_files_of_the_program(path: str, own: bool) -> None:
    file = DataFile(path=path, name="chr1.vcf.gz", size=1, modified=1)
    made = Dataset(id="data-new", name="x", files=(file,), added=datetime(2026, 1, 1, tzinfo=UTC))
    assert made.prepared_here is own
