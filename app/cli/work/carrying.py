"""The rule on where data may go, carried over to what a command makes of their files.

Commands for files need no data folder. Where there is one, it knows rules that were stated of files; a file
in the folders above the data says more. What is made is remembered there too, and gets a file of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from app.cli.program import Session
from app.domain.residency import Residency, combined
from app.operations.rule_files import needed_text, rule_first, rules_of_folders
from app.operations.rule_files import write_rule as write_rule_file

T = TypeVar("T")


def rule_of(session: Session, paths: Sequence[Path]) -> Residency | None:
    """What holds for files, by the folders above them and by what the data folder knows; None for no rule."""
    if not session.program.database(session.home).exists():
        return combined(rules_of_folders([str(each.absolute()) for each in paths]))
    from app.cli.work.desk import with_desk
    from app.operations.add_dataset import data_files
    from app.operations.desk import Desk
    from app.operations.earlier_results import remember_results
    from app.operations.residency import rule_for

    async def read(desk: Desk) -> Residency | None:
        await remember_results(desk)
        return await rule_for(desk, None, data_files(tuple(paths)))

    return with_desk(session, read)


def write_rule(rule: Residency | None, out: Path, stage: Path) -> None:
    """Put the file with a rule into a folder, where that is not under it, before anything else is written."""
    if needed_text(rule, out):
        write_rule_file(rule, stage)


def remember(session: Session, rule: Residency | None, made: Sequence[Path], of: Sequence[Path]) -> None:
    """Let the data folder, where there is one, know of what files were made, and their rule."""
    if not made or not session.program.database(session.home).exists():
        return
    from app.cli.work.desk import with_desk
    from app.operations.add_dataset import data_files
    from app.operations.desk import Desk
    from app.operations.residency import keep_rule

    async def keep(desk: Desk) -> None:
        await keep_rule(desk, rule, data_files(tuple(made)), data_files(tuple(of)))

    with_desk(session, keep)


def under_rule(
    session: Session,
    sources: Sequence[Path],
    out: Path,
    work: Callable[[], T],
    files: Callable[[T], Sequence[Path]],
) -> T:
    """Do the work that makes files in a folder, under the rule of their sources, which stands there first.

    ProblemError, before it begins, where the file of that folder allows more.
    """
    rule = rule_of(session, sources)
    with rule_first(rule, out):
        made = work()
    remember(session, rule, files(made), sources)
    return made
