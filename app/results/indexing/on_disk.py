"""The same look into files that lie on the disk already."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from app.domain.progress import Progress, Report, silent
from app.results.indexing.bcf_look import look_into_bcf
from app.results.indexing.content_fault import ContentFault
from app.results.indexing.figures import FileFigures
from app.results.indexing.file_tap import FileTap
from app.results.indexing.kinds import is_bcf

_PIECE = 1 << 20


def look_into(
    path: Path,
    name: str,
    *,
    index: Path | None = None,
    keep_all: bool = False,
    report: Report = silent,
) -> FileFigures:
    """Read a file once: proved, counted, and indexed as `index` + suffix when that is asked for.

    What is damaged inside is a note of the figures, which then count the records before it. OSError when the
    file cannot be read.
    """
    if is_bcf(name):
        return look_into_bcf(path, name, keep_all=keep_all, report=report)
    tap = FileTap(name, index=index is not None, keep_all=keep_all)
    size, done = path.stat().st_size, 0
    try:
        with path.open("rb") as file:
            while data := file.read(_PIECE):
                tap.feed(data)
                done += len(data)
                report(Progress(done=done, total=size, step=f"Looking into {path.name}"))
        tap.finish()
    except ContentFault as error:
        tap.figures.notes = (*tap.figures.notes, f"{error}.")
        tap.give_up()
        return tap.figures
    if tap.figures.repacked:  # nothing was written, so it lies there as it was
        tap.figures.repacked = False
        tap.figures.notes = (*tap.figures.notes, "it is no BGZF, so it has no index.")
        return tap.figures
    if index is not None and (made := tap.index()) is not None:
        write_whole(index.with_name(index.name + made[0]), made[1])
        tap.figures.index = name + made[0]
    return tap.figures


def rewrite(
    source: Path, target: Path, name: str, own_names: Mapping[str, str] | None = None, report: Report = silent
) -> FileFigures:
    """Copy a file to another place in one pass, with own names and its index; whole or not at all.

    OSError; ContentFault for what is damaged inside.
    """
    if is_bcf(name):
        return _copied_bcf(source, target, name, own_names, report)
    tap = FileTap(name, own_names)
    part = target.with_name(target.name + ".part")
    size, done = source.stat().st_size, 0
    try:
        with source.open("rb") as file, part.open("wb") as out:
            while data := file.read(_PIECE):
                out.write(tap.feed(data))
                done += len(data)
                report(Progress(done=done, total=size, step=f"Copying {source.name}"))
            out.write(tap.finish())
            out.flush()
            os.fsync(out.fileno())
        if (made := tap.index()) is not None:
            write_whole(target.with_name(target.name + made[0]), made[1])
            tap.figures.index = name + made[0]
        os.replace(part, target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    return tap.figures


def _copied_bcf(
    source: Path, target: Path, name: str, own_names: Mapping[str, str] | None, report: Report
) -> FileFigures:
    """A BCF is copied as it is: names in it stay as they were sent."""
    part = target.with_name(target.name + ".part")
    try:
        shutil.copyfile(source, part)
        found = look_into_bcf(part, name, report=report)
        if not found.whole:
            raise ContentFault(f"cannot be read to its end: {found.notes[-1].rstrip('.')}")
        os.replace(part, target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    found.kept_names = sum((own_names or {}).get(each, each) != each for each in found.samples)
    return found


def write_whole(path: Path, data: bytes) -> None:
    """Write a small file whole or not at all. OSError."""
    part = path.with_name(path.name + ".part")
    try:
        part.write_bytes(data)
        os.replace(part, path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
