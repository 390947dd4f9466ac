"""Whether files can be under a rule at all, told without what is slow to import.

Where they can be, `carrying` finds the rule and carries it over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from app.operations.rule_names import rule_paths

if TYPE_CHECKING:
    from app.cli.program import Session

T = TypeVar("T")


def under_any_rule(
    session: Session,
    sources: Sequence[Path],
    out: Path,
    work: Callable[[], T],
    files: Callable[[T], Sequence[Path]],
) -> T:
    """As `under_rule`; where there can be no rule, nothing is loaded for it."""
    if not may_be_ruled(session, sources):
        made = work()
        remember_at_once(session, files(made), sources)
        return made
    from app.cli.work.carrying import under_rule

    return under_rule(session, sources, out, work, files)


def may_be_ruled(session: Session, paths: Sequence[Path]) -> bool:
    """False only where no folder above has a rule and the data folder, if there is one, knows of none."""
    inside = (each / "file" if each.is_dir() else each for each in paths)
    if folder_rules([str(each.absolute()) for each in inside]):
        return True
    database = session.program.database(session.home)
    if not database.exists():
        return False
    from app.cli.work.glanced_rule import may_be_remembered

    return may_be_remembered(database, paths)


def folder_rules(paths: Iterable[str]) -> bool:
    """Whether a folder above a file has a rule."""
    return any(rule_paths(folder) for folder in folders_above(paths))


def folders_above(paths: Iterable[str]) -> set[Path]:
    """All folders above files, as they were named and as links lead."""
    return {folder for path in paths for one in (Path(path), Path(path).resolve()) for folder in one.parents}


def remember_at_once(session: Session, made: Sequence[Path], of: Sequence[Path]) -> None:
    """Let the data folder, where there is one, know of what files were made: a rule may be stated later."""
    database = session.program.database(session.home)
    if not made or not database.exists():
        return
    from app.cli.work.glanced_rule import note_made

    if not note_made(database, made, of):
        from app.cli.work.carrying import remember

        remember(session, None, made, of)
