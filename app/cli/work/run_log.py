"""`jobs log`: what it does."""

from __future__ import annotations

from app.cli.program import Session
from app.cli.work.desk import give_secret, with_desk
from app.cli.work.find import find_job
from app.cli.work.stdin import optional_secret
from app.operations.desk import Desk
from app.operations.run_logs import run_logs
from app.services.abilities import RunLog
from app.store.secrets import token_name


def show_log(session: Session, named: str, token_stdin: bool) -> None:
    """The texts of a run, one under the other; they are asked for now and not kept."""
    token = optional_secret(token_stdin, "token")

    async def work(desk: Desk) -> tuple[str, tuple[RunLog, ...]]:
        job = await find_job(desk, named)
        give_secret(desk, token_name(job.service_id), token)
        return job.id, await run_logs(desk, job.id)

    job_id, found = with_desk(session, work)
    rows = [{"name": each.name, "text": each.text, "cut": each.cut} for each in found]
    session.out.answer({"job": job_id, "logs": rows}, _lines(found))


def _lines(found: tuple[RunLog, ...]) -> list[str]:
    if not found:
        return ["The run has written nothing yet."]
    lines: list[str] = []
    for each in found:
        cut = " (only its end)" if each.cut else ""
        lines += ["", f"{each.name}{cut}:", *each.text.splitlines()]
    return lines[1:]
