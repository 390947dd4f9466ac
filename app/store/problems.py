"""The border: what a database says, as the user is told it."""

import sqlite3
from pathlib import Path

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from app.domain.problem import Kind, ProblemError, problem
from app.domain.redaction import redact

_TITLE = "The database cannot be used"

# Words of SQLite or PostgreSQL -> kind, what happened, what to do.
_TABLE: tuple[tuple[tuple[str, ...], Kind, str, str], ...] = (
    (
        ("database or disk is full", "no space left", "could not extend file"),
        Kind.DISK,
        "There is no space left where the database is.",
        "Free some space and try again. Nothing was changed.",
    ),
    (
        ("locked", "busy"),
        Kind.STORE,
        "Another program holds the database.",
        "Close other programs that use the same data folder and try again.",
    ),
    (
        ("malformed", "not a database", "corrupt"),
        Kind.STORE,
        "The database file is damaged.",
        "Restore a backup (command: haplodesk backup restore FILE). The damaged file is kept.",
    ),
    (
        ("readonly", "read-only", "permission denied"),
        Kind.STORE,
        "The database may not be written.",
        "Make the data folder writable for you, or choose another one with --home.",
    ),
    (
        ("unable to open",),
        Kind.STORE,
        "The database file cannot be opened.",
        "See whether the data folder exists and is writable, or choose another one with --home.",
    ),
    (
        ("disk i/o error",),
        Kind.DISK,
        "The disk with the database answers with errors.",
        "See whether the disk is still connected and healthy.",
    ),
    (
        ("connection", "could not translate host", "password authentication"),
        Kind.STORE,
        "The database server cannot be reached.",
        "Look at the address and the account of the database and whether its server runs.",
    ),
)


def store_problem(error: SQLAlchemyError | sqlite3.Error, subject: str | Path | None = None) -> ProblemError:
    """Turn an error of the database into what the user is told; what is not known is a bug."""
    text = str(error.orig) if isinstance(error, DBAPIError) else str(error)
    named = None if subject is None else redact(str(subject))
    for words, kind, happened, what_to_do in _TABLE:
        if any(word in text.lower() for word in words):
            return problem(kind, _TITLE, happened, what_to_do, subject=named, details=redact(text))
    return problem(
        Kind.BUG,
        "The program made a mistake with its database",
        "A question to the database failed.",
        "Please report it. Nothing was changed.",
        subject=named,
        details=redact(text),
    )
