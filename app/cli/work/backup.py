"""`backup …`: what the commands do."""

from __future__ import annotations

from pathlib import Path

from app.cli.output import pairs
from app.cli.program import Session
from app.store import backup
from app.store.backup import BackupFacts


def make(session: Session, file: Path) -> None:
    """Write a backup of the database."""
    facts = backup.make(session.program.database(session.home), file.absolute())
    _answer(session, file, facts)


def verify(session: Session, file: Path) -> None:
    """Say what a backup holds."""
    _answer(session, file, backup.verify(file.absolute()))


def restore(session: Session, file: Path) -> None:
    """Put a backup in the place of the database."""
    database = session.program.database(session.home)
    kept = backup.restore(file.absolute(), database)
    answer: dict[str, object] = {"restored": str(database), "kept": str(kept) if kept else None}
    session.out.answer(answer, pairs([("restored", database), ("the one before", kept)]))


def _answer(session: Session, file: Path, facts: BackupFacts) -> None:
    data: dict[str, object] = {"file": str(file.absolute()), **facts.model_dump()}
    rows: list[tuple[str, object]] = [("file", file), ("bytes", facts.size), ("version", facts.version)]
    session.out.answer(data, pairs([*rows, *facts.counts.items()]))
