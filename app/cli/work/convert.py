"""`convert`: one file in another format. Imports no Qt and no network; a store only for the rule on data."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from app.cli.program import Session
from app.cli.work.carrying import under_rule
from app.cli.work.check import readable
from app.domain.export import PresetName
from app.domain.problem import Kind, ProblemError, problem
from app.domain.progress import Report
from app.genotypes import convert as converting
from app.genotypes.readers.contract import FormatError
from app.genotypes.worker import Throttle
from app.results.export import converting as dosages


def convert(session: Session, source: Path, target: Path, named: str = "") -> None:
    """Convert a file and say what was written; with its dosages where both formats have them."""
    preset = PresetName(named) if named else None
    if not dosages.ending_of(target):
        _refuse_preset(target, preset)
        converting.ending_of(target)
    report = Throttle(partial(session.out.bar.show, "Converting"))
    path = source if source.is_dir() else readable([source])[0]
    work = partial(_written, session, path, target, preset, report)
    under_rule(session, [path], target.parent, work, lambda made: made)


def _written(
    session: Session, path: Path, target: Path, preset: PresetName | None, report: Report
) -> list[Path]:
    """Convert, say what was written, and give the files."""
    if preset is not None or _carries_dosages(path, target):
        return _with_dosages(session, path, target, preset, report)
    made = converting.convert(path, target, report)
    row = {"files": [str(each) for each in made.files], "sites": made.sites, "samples": made.samples}
    session.out.answer(row, [f"{made.sites:,} sites, {made.samples:,} samples", *map(str, made.files)])
    return [Path(each) for each in made.files]


def _carries_dosages(path: Path, target: Path) -> bool:
    """What cannot be looked at is told by the conversion itself."""
    try:
        return dosages.carries_dosages(path, target)
    except (OSError, FormatError, ProblemError):
        return False


def _refuse_preset(target: Path, preset: PresetName | None) -> None:
    if preset is None:
        return
    raise problem(
        Kind.INPUT,
        "The name does not fit the program",
        f"{target.name} ends in none of {', '.join(dosages.ENDINGS)}.",
        "Choose a name with the ending that the program wants.",
        subject=str(target),
    )


def _with_dosages(
    session: Session, source: Path, target: Path, preset: PresetName | None, report: Report
) -> list[Path]:
    made = dosages.convert_with_dosages(source, target, preset, report)
    row = {
        "files": list(made.files),
        "sites": made.kept,
        "samples": made.samples,
        "verified": made.verified,
        "lost_calls": made.lost_calls,
        "command": made.command,
    }
    lines = [f"{made.kept:,} sites, {made.samples:,} samples, read back and equal", *made.files]
    session.out.answer(row, [*lines, *(["", "Use it with:", made.command] if made.command else [])])
    return [Path(each) for each in made.files]
