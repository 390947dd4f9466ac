"""`results verify`: whether a result is still as it was."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path

import typer

from app.cli.output import table
from app.cli.program import Session
from app.cli.work.desk import with_desk
from app.cli.work.report import result_of
from app.domain.crate import CrateProof
from app.operations.crate_result import verify_folder, verify_result
from app.operations.desk import Desk


def verify(session: Session, source: str, result: Path | None = None) -> None:
    """Prove a folder by its crate, or a result of the program by its crate and by the records."""
    show = partial(session.out.bar.show, "Reading the files")
    if Path(source).is_dir():
        proof = asyncio.run(verify_folder(Path(source), result, show))
    else:

        async def work(desk: Desk) -> CrateProof:
            return await verify_result(desk, (await result_of(desk, source)).id)

        proof = with_desk(session, work)
    session.out.answer({**proof.model_dump(mode="json"), "whole": proof.whole}, _lines(proof))
    if not proof.whole:
        raise typer.Exit(1)


def _lines(proof: CrateProof) -> list[str]:
    read = f"{proof.files:,} files with {proof.bytes:,} bytes were read."
    lines = [read, *(f"Without a hash: {each}" for each in proof.unproved)]
    if proof.whole:
        return [*lines, "Nothing is changed, missing or added."]
    rows = [(each.kind, each.path, each.words) for each in proof.faults]
    return [*lines, "", *table(("what", "file", "why"), rows)]
