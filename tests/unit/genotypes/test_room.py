"""What certainly does not fit is told before it is read; what may fit is read."""

import shutil
from collections import namedtuple
from pathlib import Path

import numpy as np
import pytest

from app.domain.problem import Kind, ProblemError
from app.domain.progress import Progress
from app.genotypes import check, room
from app.genotypes.bgzf import BgzfWriter
from app.genotypes.check import check_files
from app.genotypes.reading import sources_of
from app.genotypes.room import least_bytes
from app.genotypes.scan import quick_scan, scan_file
from tests.unit.genotypes.vcf_text import record, vcf

Usage = namedtuple("Usage", ["total", "used", "free"])


@pytest.fixture
def large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of which no more than the beginning is looked at first."""
    rng = np.random.default_rng(3)
    rows = [record(1000 + n, [("0/0", "0/1", "1/1")[k] for k in rng.integers(0, 3, 400)]) for n in range(900)]
    path = tmp_path / "a.vcf.gz"
    with BgzfWriter(path) as out:
        out.write(vcf(rows, [f"S{n}" for n in range(400)]))
    monkeypatch.setattr(check, "FIRST_LOOK_FROM", 0)
    return path


def test_too_little_room_is_told_with_figures_before_the_file_is_read(
    large: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(9, 9, 1000))
    told: list[Progress] = []
    with pytest.raises(ProblemError) as caught:
        check_files([large], report=told.append, folder=tmp_path / "kept" / "dataset")
    assert caught.value.problem.kind is Kind.DISK
    assert "0.0 MB are free" in caught.value.problem.what_happened
    assert [each.first_look is not None for each in told] == [True], "what was seen is told, nothing more"
    assert not (tmp_path / "kept").exists()


def test_what_may_fit_is_read(large: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    least = int(least_bytes(sources_of([large]), quick_scan(large)))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(9, 9, least))
    assert check_files([large], folder=tmp_path / "kept").samples == 400


def test_never_more_is_asked_for_than_is_written(
    large: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = large.stat().st_size // 5
    monkeypatch.setattr(room, "QUICK_BYTES", limit - (1 << 20))
    first = quick_scan(large, limit)
    least = least_bytes(sources_of([large]), first)
    scan_file(large, cohort=tmp_path / "cohort")
    written = sum(each.stat().st_size for each in (tmp_path / "cohort").iterdir())
    assert written * 0.1 < least <= written


def test_a_bed_needs_its_own_size(tmp_path: Path) -> None:
    path = tmp_path / "a.bed"
    path.write_bytes(bytes([0x6C, 0x1B, 1]) + bytes(5000))
    assert least_bytes(sources_of([path]), None) == 5003
