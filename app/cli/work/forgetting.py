"""`results forget`: what the command does."""

from __future__ import annotations

from app.cli.program import Session
from app.cli.work.desk import with_desk
from app.cli.work.report import result_of
from app.domain.result import Result
from app.operations.desk import Desk
from app.operations.remove_result import remove_result


def forget(session: Session, named: str, *, delete_files: bool) -> None:
    """Take a result off the list and say what became of its files."""

    async def work(desk: Desk) -> Result:
        result = await result_of(desk, named)
        await remove_result(desk, result.id, delete_files=delete_files)
        return result

    result = with_desk(session, work)
    fate = "were deleted" if delete_files else "stay where they are"
    lines = [f"{result.id} is forgotten; its files {fate}: {result.folder}"]
    answer = {"id": result.id, "folder": result.folder, "files_deleted": delete_files}
    session.out.answer({"forgotten": answer}, lines)
