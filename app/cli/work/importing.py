"""`results import`: what the command does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import typer
from pydantic import SecretStr

from app.cli.output import pairs, table
from app.cli.program import Session
from app.cli.work.books import ledger_lines, ledger_row
from app.cli.work.desk import with_desk
from app.cli.work.find import find_job
from app.cli.work.shapes import result_row
from app.cli.work.stdin import optional_secret
from app.domain.changes import Changes, Noun
from app.domain.ledger import ResultLedger
from app.domain.result import Result, ResultState
from app.operations.desk import Desk
from app.operations.import_result import import_result
from app.operations.result_ledger import ledger_of
from app.operations.tell_job import bring_result
from app.store import results


@dataclass(frozen=True)
class Order:
    """What is to be taken in, and how."""

    paths: tuple[Path, ...]
    name: str = ""
    dataset: str = ""
    copy: bool = False
    to: Path | None = None
    job: str = ""


def bring(session: Session, order: Order, *, password_stdin: bool) -> None:
    """Take a result in and show what it is; ends with 1 where a file is damaged or cut."""
    password = optional_secret(password_stdin, "password")

    async def work(desk: Desk) -> tuple[Result, ResultLedger | None]:
        changes = await _brought(desk, order, password)
        (result_id,) = changes.ids(Noun.RESULT)
        result = await desk.store.read(lambda c: results.result(c, result_id))
        assert result is not None
        return result, await ledger_of(desk, result_id)

    _answer(session, *with_desk(session, work))


async def _brought(desk: Desk, order: Order, password: SecretStr | None) -> Changes:
    if order.job:
        job = await find_job(desk, order.job)
        return await bring_result(desk, job.id, order.paths, password, order.to)
    return await import_result(
        desk, order.paths, order.name, password, order.dataset or None, copy=order.copy, to=order.to
    )


def _answer(session: Session, result: Result, ledger: ResultLedger | None) -> None:
    facts = pairs(
        [
            ("result", result.id),
            ("name", result.name),
            ("made by", result.origin),
            ("folder", result.folder),
            ("verdict", result.verdict),
        ]
    )
    files = table(("file", "bytes", "verified by"), [(f.path, f.size, f.verified_by) for f in result.files])
    books = ledger_lines(ledger) if ledger is not None else []
    answer = {**result_row(result), "ledger": ledger_row(ledger) if ledger is not None else None}
    session.out.answer({"result": answer}, [*facts, "", *files, *books])
    if result.state is ResultState.INCOMPLETE:
        raise typer.Exit(1)
