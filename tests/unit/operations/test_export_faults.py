"""Exports that are killed, cancelled, out of room or in the way of other files leave all as it was."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from app.domain.export import ExportFormat, ExportOutcome, ExportRequest, PresetName
from app.domain.problem import ProblemError
from app.domain.progress import Progress, Report
from app.operations import export_result
from app.operations.export_result import export_files
from app.results.export import bgen_file
from app.results.export.conversion import export
from tests.helpers.direct_work import work_directly
from tests.helpers.dose_rows import haplotypes, write_result

SETS = {
    ExportFormat.VCF: (".vcf.gz", ".vcf.gz.tbi"),
    ExportFormat.BCF: (".bcf", ".bcf.csi"),
    ExportFormat.BGEN: (".bgen", ".bgen.bgi", ".sample"),
    ExportFormat.PGEN: (".pgen", ".pvar", ".psam"),
    ExportFormat.BED: (".bed", ".bim", ".fam"),
    ExportFormat.TABLE: (".dosage.tsv.gz",),
}
STOPS = {PresetName.SAIGE: "finish", PresetName.BOLT: "read_back"}


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("result")
    write_result(folder / "chr20.dose.vcf.gz", haplotypes(400, 40))
    return folder


def wanted(source: Path, out: Path, form: ExportFormat = ExportFormat.BGEN, **more: Any) -> ExportRequest:
    return ExportRequest(source=str(source), out=str(out), format=form, **more)


def killed_at_read_back(request: ExportRequest, folder: str, report: Report) -> ExportOutcome:
    """In the process: it is ended from outside when all is written and nothing is proved."""

    def end(_: object) -> None:
        assert sorted(each.suffix for each in Path(folder).iterdir()) == [".bgen", ".bgi", ".sample"]
        os.kill(os.getpid(), signal.SIGKILL if sys.platform != "win32" else signal.SIGTERM)

    bgen_file.BgenWriter.read_back = end  # type: ignore[method-assign,assignment]
    return export(request, Path(folder), report)


def test_killed_while_it_reads_back(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_result, "write_export", killed_at_read_back)
    with pytest.raises(ProblemError, match="fault of the program"):
        asyncio.run(export_files(wanted(source, tmp_path / "out")))
    assert not (tmp_path / "out").exists()
    assert [each.name for each in tmp_path.iterdir()] == []


def stops_at(request: ExportRequest, folder: str, report: Report) -> ExportOutcome:
    """In the process: it says where it is and goes no further; the preset tells the place."""
    assert request.preset is not None
    place = STOPS[request.preset]

    def stay(*_: object) -> None:
        while True:
            report(Progress(done=1, total=2, step=place))
            time.sleep(0.02)

    setattr(bgen_file.BgenWriter, place, stay)
    return export(request, Path(folder), report)


@pytest.mark.parametrize("preset", [PresetName.SAIGE, PresetName.BOLT], ids=["finish", "read back"])
def test_cancelled_at_each_stage(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, preset: PresetName
) -> None:
    monkeypatch.setattr(export_result, "write_export", stops_at)

    async def work() -> None:
        there = asyncio.Event()
        request = wanted(source, tmp_path / "out", preset=preset)
        task = asyncio.ensure_future(
            export_files(request, lambda told: there.set() if told.step in STOPS.values() else None)
        )
        await asyncio.wait_for(there.wait(), 100)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(work())
    assert [each.name for each in tmp_path.iterdir()] == []


@pytest.mark.parametrize(("form", "ending"), [(form, each) for form, some in SETS.items() for each in some])
def test_a_file_that_is_there_stays(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: ExportFormat, ending: str
) -> None:
    work_directly(monkeypatch)
    mine = tmp_path / f"chr20{ending}"
    mine.write_bytes(b"mine")
    with pytest.raises(ProblemError, match="there already"):
        asyncio.run(export_files(wanted(source, tmp_path, form)))
    assert [each.name for each in tmp_path.iterdir()] == [mine.name]
    assert mine.read_bytes() == b"mine"


@contextlib.contextmanager
def small_files(most: int) -> Iterator[None]:
    """No file of this process may grow beyond so many bytes: a disk that is full."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no such limit")
@pytest.mark.parametrize("form", ExportFormat)
def test_a_full_disk_loses_nothing(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: ExportFormat
) -> None:
    work_directly(monkeypatch)
    before = {each.name: each.read_bytes() for each in source.iterdir()}
    with small_files(1500), pytest.raises(ProblemError) as told:
        asyncio.run(export_files(wanted(source, tmp_path / "out", form)))
    assert told.value.problem.kind == "disk"
    assert [each.name for each in tmp_path.iterdir()] == []
    assert {each.name: each.read_bytes() for each in source.iterdir()} == before


@pytest.mark.parametrize("failing", [1, 2, 3])
def test_a_set_is_named_whole_or_not_at_all(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: int
) -> None:
    """The renaming of one file of the set fails."""
    work_directly(monkeypatch)
    replace, calls = os.replace, []

    def fails(old: str, new: str) -> None:
        calls.append(new)
        if len(calls) == failing:
            raise OSError(5, "Input/output error")
        replace(old, new)

    monkeypatch.setattr("app.results.export.part_files.os.replace", fails)
    with pytest.raises(ProblemError, match="cannot be written"):
        asyncio.run(export_files(wanted(source, tmp_path / "out", ExportFormat.PGEN)))
    assert [each.name for each in tmp_path.iterdir()] == []
