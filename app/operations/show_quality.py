"""The figures of a result of this program: measured on demand as a task, read again at once."""

from __future__ import annotations

import asyncio
import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from app.domain.changes import Changes, Noun
from app.domain.problem import Kind, ProblemError, problem
from app.domain.result import Result
from app.operations.desk import Desk
from app.operations.judge_result import figure_paths
from app.operations.measure_result import figures_folder, measure_result
from app.operations.tasks import TaskKind
from app.results.indexing.kinds import FileKind, kind_of
from app.store import results

if TYPE_CHECKING:
    from app.results.figures.measuring import Measured

log = logging.getLogger(__name__)

_PANEL = "panel.json"


async def quality_of(desk: Desk, result_id: str, panel: tuple[Path, ...] = ()) -> Measured | None:
    """What was measured of a result; None when nobody has yet, or its files are not where they were.

    With `panel` the figures that also compare frequencies with those sources; see `measure_quality`. Without
    one those beside the panel that was compared last, where they are still there.
    """
    from app.results.figures.keeping import kept_figures

    result = await _result(desk, result_id)
    sources, keep_in = measured_paths(result), figures_folder(desk.home, result_id)

    def look(beside: tuple[Path, ...]) -> Measured | None:
        try:
            return kept_figures(sources, keep_in, panel=beside) if sources else None
        except (OSError, ProblemError):
            return None

    def read() -> Measured | None:
        last = panel or _last_panel(keep_in)
        return look(last) or (look(()) if last and not panel else None)

    return await asyncio.to_thread(read)


async def measure_quality(desk: Desk, result_id: str, panel: tuple[Path, ...] = ()) -> Changes:
    """Measure the files of a result, as a task that can be stopped; the result is in the changes.

    `panel`: VCFs, BCFs or site tables with the frequencies to compare with, or the folder of one
    site list of this program. ProblemError as of `measure_result`.
    """
    result = await _result(desk, result_id)
    title = f"Measuring {result.name or Path(result.folder).name}"
    await asyncio.to_thread(_must_be_there, result)
    with desk.tasks.running_task(TaskKind.CHECK, title, job_id=result.job_id or None) as task:
        sources = measured_paths(result)
        keep_in = figures_folder(desk.home, result_id)
        await measure_result(sources, keep_in, task.report, panel=panel)
    if panel:
        await asyncio.to_thread(_note_panel, keep_in, panel)
    return desk.announce(Changes.of(Noun.RESULT, result_id))


def _last_panel(folder: Path) -> tuple[Path, ...]:
    """The panel that a result was compared with last; empty when it never was."""
    try:
        return tuple(Path(each) for each in json.loads((folder / _PANEL).read_text("ascii")))
    except (OSError, ValueError, TypeError):
        return ()


def _note_panel(folder: Path, panel: tuple[Path, ...]) -> None:
    from app.results.indexing.on_disk import write_whole

    try:
        write_whole(folder / _PANEL, json.dumps([str(each) for each in panel]).encode("ascii"))
    except OSError as error:
        log.warning("The panel of a result could not be noted: %s", error.strerror)


def measured_paths(result: Result) -> tuple[Path, ...]:
    """The files that figures are made of: doses, infos and left-out doses."""
    folder = Path(result.folder)
    left_out = tuple(
        folder / f.path for f in result.files if (f.kind or kind_of(f.path)) == FileKind.EMPIRICAL
    )
    return (*figure_paths(folder, result.files), *left_out)


def _must_be_there(result: Result) -> None:
    gone = [path.name for path in measured_paths(result) if not path.is_file()]
    if gone:
        raise problem(
            Kind.NOT_FOUND,
            "Files of the result are not where they were",
            f"{gone[0]} is not in {result.folder}."
            if len(gone) == 1
            else f"{len(gone)} files are not there.",
            "Put them back, or fetch or take in the result again.",
            subject=result.folder,
        )


async def _result(desk: Desk, result_id: str) -> Result:
    found = await desk.store.read(lambda c: results.result(c, result_id))
    if found is None:
        raise problem(Kind.NOT_FOUND, "No such result", f"There is no result '{result_id}'.")
    return found
