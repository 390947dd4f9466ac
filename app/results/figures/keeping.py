"""Figures of a result on disk, so that each is measured once.

A result has two files in the folder that the caller gives (in the data folder, beside the result, not in
it): `quality-<key>.json` and `quality-<key>.npz`. The key is made of the names, sizes and times of the files
that were measured and of what was asked, so a changed result is measured again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path

from app.domain.progress import Report, silent
from app.domain.quality import QualityFigures
from app.genotypes.panels.store import open_panel
from app.results.figures.frequencies import Tables, panel_tables
from app.results.figures.measuring import Measured, measure
from app.results.figures.result_files import ResultFiles, result_files
from app.results.figures.site_sums import CHUNK_BASES
from app.results.figures.tables import QualityTables

_VERSION = 1
_MOST_KEPT = 8  # measurements in a folder, such as beside several populations


def measured(
    source: Path | Iterable[Path],
    keep_in: Path,
    report: Report = silent,
    *,
    panel: Iterable[Path] = (),
    population: str = "",
    chunk_bases: int = CHUNK_BASES,
) -> Measured:
    """The figures of a result, from `keep_in` when they are there, else measured and kept.

    `panel`: VCFs, BCFs or site tables whose ALT frequencies are compared, `population` one of theirs; or the
    folder of one site list that was built before.
    Figures that cannot be kept (a full disk) are given all the same. ProblemError as of `measure`.
    """
    files = result_files(source)
    sources = tuple(panel)
    stem = _stem(keep_in, files, (*map(_state, sources), population, chunk_bases))
    if (held := _load(stem)) is not None:
        return held
    with contextlib.ExitStack() as stack:
        tables: Tables | None = None
        if len(sources) == 1 and sources[0].is_dir():
            tables = open_panel(sources[0]).table
        elif sources:
            tables = stack.enter_context(panel_tables(sources, population))
        made = measure(files, report, frequencies=tables, chunk_bases=chunk_bases)
    with contextlib.suppress(OSError):
        _save(stem, made)
    return made


def kept_figures(
    source: Path | Iterable[Path],
    keep_in: Path,
    *,
    panel: Iterable[Path] = (),
    population: str = "",
    chunk_bases: int = CHUNK_BASES,
) -> Measured | None:
    """The same without measuring: None when the result was not measured or has changed since."""
    about = (*map(_state, panel), population, chunk_bases)
    return _load(_stem(keep_in, result_files(source), about))


def _stem(folder: Path, files: ResultFiles, about: tuple[object, ...]) -> Path:
    """The path of both files without their ends."""
    told = [_VERSION, [_state(path) for path in files.every()], about]
    return folder / f"quality-{hashlib.sha256(json.dumps(told).encode()).hexdigest()[:20]}"


def _state(path: Path) -> tuple[str, int, int]:
    found = os.stat(path)
    return str(path), found.st_size, found.st_mtime_ns


def _load(stem: Path) -> Measured | None:
    try:
        figures = QualityFigures.model_validate_json(stem.with_suffix(".json").read_bytes())
        return Measured(figures, QualityTables.load(stem.with_suffix(".npz")))
    except (OSError, ValueError, KeyError, EOFError):
        return None


def _save(stem: Path, made: Measured) -> None:
    """Both files, whole or not at all; the JSON last, because it is looked for first."""
    stem.parent.mkdir(parents=True, exist_ok=True)
    parts = {end: stem.with_name(f"{stem.name}{end}.part") for end in (".npz", ".json")}
    try:
        made.tables.save(parts[".npz"])
        parts[".json"].write_text(made.figures.model_dump_json(), encoding="utf-8")
        for end, part in parts.items():
            os.replace(part, stem.with_suffix(end))
    except BaseException:
        for part in parts.values():
            part.unlink(missing_ok=True)
        raise
    _forget_old(stem.parent)


def _forget_old(folder: Path) -> None:
    """Leave the newest figures only: those of files that changed are never asked for again."""
    held = sorted(folder.glob("quality-*.*"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    for path in held[2 * _MOST_KEPT :]:
        path.unlink(missing_ok=True)
