"""A full disk is told as such by checks and repairs, and leaves nothing behind."""

import errno
import multiprocessing
from pathlib import Path
from typing import Any

import pytest

from app.domain.problem import Kind, ProblemError
from app.genotypes import split_scan
from app.genotypes.check import check_files
from app.genotypes.cohort import CohortWriter
from app.genotypes.repair.errand import RepairErrand, plan_errand
from tests.unit.genotypes.vcf_text import good


class FullFile:
    """A file on a full disk, which says so when what is left is written."""

    def __init__(self, file: Any) -> None:
        self._file = file

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def close(self) -> None:
        self._file.close()
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.fixture(params=["while writing", "at the end"])
def _full(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    opened = CohortWriter._file

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    def file(self: CohortWriter, name: str) -> Any:
        found = opened(self, name)
        if not isinstance(found, FullFile):
            self._open[name] = FullFile(found)  # type: ignore[assignment]
        return self._open[name]

    if request.param == "at the end":
        monkeypatch.setattr(CohortWriter, "_file", file)
    else:
        monkeypatch.setattr(CohortWriter, "append", refuse)


@pytest.mark.usefixtures("_full")
def test_a_check_tells_that_the_disk_is_full(tmp_path: Path) -> None:
    path = tmp_path / "a.vcf"
    path.write_bytes(good())
    with pytest.raises(ProblemError) as caught:
        check_files([path], folder=tmp_path / "kept")
    assert caught.value.problem.kind is Kind.DISK
    assert not (tmp_path / "kept" / "0").exists()


@pytest.mark.usefixtures("_full")
def test_a_repair_tells_that_the_disk_is_full(tmp_path: Path) -> None:
    path = tmp_path / "a.vcf"
    path.write_bytes(good())
    with pytest.raises(ProblemError) as caught:
        plan_errand(RepairErrand(paths=(str(path),), work=str(tmp_path)))
    assert caught.value.problem.kind is Kind.DISK
    assert list(tmp_path.iterdir()) == [path]


def test_what_the_system_says_to_a_process_comes_through() -> None:
    receiver, sender = multiprocessing.Pipe(duplex=False)
    sender.send(OSError(errno.ENOSPC, "No space left on device"))
    process: Any = None
    readers = split_scan.PartReaders([], [split_scan._Running(process, receiver)])
    with pytest.raises(OSError, match="No space") as caught:
        readers.results(lambda _done, _variants: None)
    assert caught.value.errno == errno.ENOSPC
    receiver.close()
    sender.close()
