"""Which version a database has, and what can be said of a file before anything opens it for writing."""

import sqlite3
from contextlib import closing
from pathlib import Path

from app.domain.problem import Kind, ProblemError, problem
from app.store.problems import store_problem

VERSIONS = ("0001", "0002", "0003")
"""All versions that this program knows, oldest first; a test compares them with the migrations."""

HEAD = VERSIONS[-1]

_MAGIC = b"SQLite format 3\x00"
_TITLE = "The database cannot be opened"


def file_version(path: Path) -> str | None:
    """The version of a database file by plain SQL, None for one that is missing or has no tables yet.

    Never changes the file. Raises ProblemError for a file that is not ours or is damaged.
    """
    if not path.exists() or (path.is_file() and path.stat().st_size == 0):
        return None
    _look_at_header(path)
    try:
        return _asked(path, "mode=ro&immutable=1" if not _in_use(path) else "mode=ro")
    except sqlite3.Error as error:
        raise store_problem(error, path) from error


def _in_use(path: Path) -> bool:
    """Whether there is a log beside the file, which must be read too; without one it is read untouched."""
    return path.with_name(path.name + "-wal").exists()


def _asked(path: Path, how: str) -> str | None:
    with closing(_connected(path, how)) as connection:
        return _version(connection, path)


def read_only(path: Path) -> sqlite3.Connection:
    """A plain connection that cannot change the file, and sees what is in its log."""
    return _connected(path, "mode=ro")


def _connected(path: Path, how: str) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?{how}", uri=True, timeout=5)


def _look_at_header(path: Path) -> None:
    try:
        with path.open("rb") as file:
            magic = file.read(len(_MAGIC))
    except OSError as error:
        raise problem(
            Kind.STORE,
            _TITLE,
            f"The file {path.name} cannot be read.",
            "See whether it is a file and whether you may read it.",
            subject=path.name,
            details=type(error).__name__,
        ) from error
    if magic != _MAGIC:
        raise problem(
            Kind.STORE,
            _TITLE,
            f"The file {path.name} is damaged or is not a database.",
            "It was left as it is. Restore a backup, or move the file away to start with an empty one.",
            subject=path.name,
        )


def _version(connection: sqlite3.Connection, path: Path) -> str | None:
    names = {row[0] for row in connection.execute("select name from sqlite_master where type = 'table'")}
    if not names:
        return None
    row = None
    if "alembic_version" in names:
        row = connection.execute("select version_num from alembic_version").fetchone()
    if row is None:
        raise problem(
            Kind.STORE,
            _TITLE,
            f"The file {path.name} is a database of another program.",
            "It was left as it is. Choose another data folder with --home, or move the file away.",
            subject=path.name,
        )
    return str(row[0])


def refuse_newer(version: str | None, subject: str) -> None:
    """Raise ProblemError for a version that this program does not know."""
    if version is not None and version not in VERSIONS:
        raise newer_problem(version, subject)


def newer_problem(version: str, subject: str) -> ProblemError:
    """What is said of a database that a newer program wrote."""
    return problem(
        Kind.STORE,
        _TITLE,
        f"It was written by a newer version of Haplodesk (database version {version}, known up to {HEAD}).",
        "Install the newest Haplodesk. The database was not changed.",
        subject=subject,
    )
