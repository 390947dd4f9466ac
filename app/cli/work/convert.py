"""`convert`: one file in another format. Imports no Qt, no network and no store."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from app.cli.program import Session
from app.cli.work.check import readable
from app.genotypes import convert as converting
from app.genotypes.worker import Throttle


def convert(session: Session, source: Path, target: Path) -> None:
    """Convert a file and say what was written."""
    converting.ending_of(target)
    report = Throttle(partial(session.out.bar.show, "Converting"))
    path = source if source.is_dir() else readable([source])[0]
    made = converting.convert(path, target, report)
    row = {"files": [str(each) for each in made.files], "sites": made.sites, "samples": made.samples}
    session.out.answer(row, [f"{made.sites:,} sites, {made.samples:,} samples", *map(str, made.files)])
