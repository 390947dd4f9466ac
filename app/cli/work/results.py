"""`results …`: what the commands do."""

from __future__ import annotations

from pathlib import Path

from pydantic import SecretStr

from app.cli.output import pairs, table
from app.cli.program import Session
from app.cli.work.books import ledger_lines, ledger_row
from app.cli.work.desk import give_secret, with_desk
from app.cli.work.find import find_job
from app.cli.work.shapes import result_row
from app.cli.work.stdin import optional_secret
from app.domain.job import REMOTE_OPEN_STATES
from app.domain.ledger import ResultLedger
from app.domain.problem import Kind, problem
from app.domain.result import Result
from app.operations.desk import Desk
from app.operations.fetch_results import fetch_results
from app.operations.result_ledger import ledger_of
from app.operations.visit_jobs import visit_job
from app.store import results
from app.store.secrets import token_name


def fetch(session: Session, named: str, to: Path | None, *, token_stdin: bool, password_stdin: bool) -> None:
    """Bring the result of a job to this computer."""
    token = optional_secret(token_stdin, "token")
    password = optional_secret(password_stdin, "password")

    async def work(desk: Desk) -> tuple[Result, ResultLedger | None]:
        found = await _fetch(desk, named, to, token, password)
        return found, await ledger_of(desk, found.id)

    result, ledger = with_desk(session, work)
    rows = [(f.path, f.size, f.verified_by) for f in result.files]
    lines = [
        *pairs([("folder", result.folder), ("state", result.state), ("verdict", result.verdict)]),
        "",
        *table(("file", "bytes", "verified by"), rows),
    ]
    lines += ledger_lines(ledger) if ledger is not None else []
    answer = {**result_row(result), "ledger": ledger_row(ledger) if ledger is not None else None}
    session.out.answer({"result": answer}, lines)


async def _fetch(
    desk: Desk, named: str, to: Path | None, token: SecretStr | None, password: SecretStr | None
) -> Result:
    job = await find_job(desk, named)
    give_secret(desk, token_name(job.service_id), token)
    if job.state in REMOTE_OPEN_STATES:
        await visit_job(desk, job.id)
    changes = await fetch_results(desk, job.id, to, password)
    result = await desk.store.read(lambda c: results.result_of_job(c, job.id))
    if not changes or result is None:
        raise problem(
            Kind.BUSY,
            "The result is being fetched already",
            f"Another window or command fetches {job.name} now.",
            "Wait until it is done.",
            subject=job.name,
        )
    return result
