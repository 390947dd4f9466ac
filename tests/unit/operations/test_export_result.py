"""Exporting as an operation: in a process, all files or none, by name where they are now."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from app.domain.export import Cutoffs, ExportFormat, ExportRequest, PresetName
from app.domain.problem import ProblemError
from app.domain.progress import Progress
from app.operations.desk import Desk
from app.operations.export_result import export_files, export_result
from app.operations.tasks import TaskKind, TaskState
from tests.helpers.direct_work import work_directly
from tests.helpers.dose_rows import haplotypes, write_result


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "result"
    folder.mkdir()
    write_result(folder / "chr20.dose.vcf.gz", haplotypes(30, 6))
    return folder


def request(source: Path, out: Path, **more: object) -> ExportRequest:
    return ExportRequest(source=str(source), out=str(out), **more)  # type: ignore[arg-type]


def test_files_lie_where_the_outcome_says(source: Path, tmp_path: Path) -> None:
    told: list[Progress] = []
    out = tmp_path / "new" / "out"
    made = asyncio.run(export_files(request(source, out, preset=PresetName.REGENIE), told.append))
    files = [Path(each) for each in made.sets[0].files]
    assert all(each.is_file() for each in files)
    assert sorted(files) == sorted(out.iterdir())
    assert told


def test_nothing_is_overwritten_and_nothing_half_written_stays(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work_directly(monkeypatch)
    out = tmp_path / "out"
    out.mkdir()
    (out / "chr20.bim").write_text("mine")
    with pytest.raises(ProblemError, match="there already"):
        asyncio.run(export_files(request(source, out, format=ExportFormat.BED)))
    assert [each.name for each in out.iterdir()] == ["chr20.bim"]
    assert (out / "chr20.bim").read_text() == "mine"


def test_a_problem_leaves_no_folder(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    work_directly(monkeypatch)
    out = tmp_path / "out"
    with pytest.raises(ProblemError, match="No variant is left"):
        asyncio.run(export_files(request(source, out, cutoffs=Cutoffs(min_r2=1))))
    assert not out.exists()


def test_cancelled_it_leaves_nothing(tmp_path: Path) -> None:
    source = write_result(tmp_path / "x.dose.vcf.gz", haplotypes(4000, 60))
    out = tmp_path / "out"
    with pytest.raises(asyncio.CancelledError):
        asyncio.run(_cancelled_when_begun(request(source, out, format=ExportFormat.TABLE)))
    assert not out.exists()


async def _cancelled_when_begun(wanted: ExportRequest) -> None:
    begun = asyncio.Event()
    work = asyncio.ensure_future(export_files(wanted, lambda _: begun.set()))
    await asyncio.wait_for(begun.wait(), 60)
    work.cancel()
    await work


def test_the_window_sees_a_task(
    desk: Desk, source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work_directly(monkeypatch)
    asyncio.run(export_result(desk, request(source, tmp_path / "out", format=ExportFormat.BED)))
    (task,) = [each for each in desk.tasks.all() if each.kind is TaskKind.EXPORT]
    assert task.state is TaskState.DONE
    assert task.title == "Writing result as BED"
