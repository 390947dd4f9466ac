"""Backups of a database file: made while it is in use, verified, restored.

A plain copy of a file in WAL mode loses the freshest rows; SQLite's own backup does not.
"""

import json
import os
import sqlite3
from contextlib import closing, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from app.domain.model import Model
from app.domain.problem import Kind, ProblemError, problem
from app.domain.residency import HERE_WORDS, combined, residency_of
from app.store.problems import store_problem
from app.store.versions import file_version, read_only, refuse_newer

_COUNTED = ("services", "datasets", "jobs", "results")
_SIDES = ("", "-wal", "-shm")
_RULES, _SETTINGS = ("residency", "residency_made"), "settings"
_DAMAGED = (sqlite3.Error, ValueError, OSError, AttributeError, TypeError)
_PUT = "INSERT INTO state (key, text) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET text = excluded.text"


class BackupFacts(Model):
    """What a verified backup holds; `size` in bytes, `counts` rows of the main tables."""

    version: str
    size: int
    counts: dict[str, int]


def make(source: Path, target: Path) -> BackupFacts:
    """Copy the database file `source` into `target`, also while others write to it, and verify the copy.

    Raises ProblemError and leaves no half-written file; an existing `target` is replaced at the end.
    """
    part = target.with_name(target.name + ".part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        _copy(source, part)
        facts = verify(part)
        _keep(part, target)
    except sqlite3.Error as error:
        raise store_problem(error, source.name) from error
    except OSError as error:
        raise _disk_problem(target, error) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return facts


def verify(file: Path) -> BackupFacts:
    """Read the whole file: every page, row and reference. Raises ProblemError when it is not sound."""
    version = file_version(file)
    if version is None:
        raise _unsound(file, "It is missing or empty.")
    refuse_newer(version, file.name)
    try:
        with closing(read_only(file)) as connection:
            _check(connection, file)
            counts = {name: _count(connection, name) for name in _COUNTED}
    except sqlite3.Error as error:
        raise store_problem(error, file.name) from error
    return BackupFacts(version=version, size=file.stat().st_size, counts=counts)


def restore(file: Path, path: Path) -> Path | None:
    """Put the backup `file` in the place of the database `path`, which no program may have open.

    The database that was there is kept beside it; its new path is returned, None where there was none.
    """
    verify(file)
    part = path.with_name(path.name + ".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _refuse_open(path)
        _copy(file, part)
        _carry_rules(path, part)
        kept = _set_aside(path)
        _keep(part, path)
    except sqlite3.Error as error:
        raise store_problem(error, file.name) from error
    except OSError as error:
        raise _disk_problem(path, error) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return kept


def _copy(source: Path, target: Path) -> None:
    target.unlink(missing_ok=True)
    os.close(os.open(target, os.O_CREAT | os.O_RDWR, 0o600))
    with closing(read_only(source)) as reading, closing(sqlite3.connect(target)) as writing:
        reading.backup(writing)
        writing.execute("PRAGMA journal_mode = DELETE")


def _carry_rules(path: Path, part: Path) -> None:
    """Rules on where data may go that came after the backup was made hold after it is restored as well.

    What was stated since is added, of whatever files; nothing that the backup says is loosened. A database
    that is damaged tells nothing.
    """
    with suppress(*_DAMAGED):
        now, before = _rule_texts(path), _rule_texts(part)
        with closing(sqlite3.connect(part)) as writing:
            for key in (*_RULES, _SETTINGS):
                carry = _carry_settings if key == _SETTINGS else partial(_carry_list, key=key)
                with suppress(*_DAMAGED), writing:  # what is damaged of one keeps the others from nothing
                    carry(writing, before, now)


def _carry_list(writing: sqlite3.Connection, before: dict[str, str], now: dict[str, str], key: str) -> None:
    old, new = (json.loads(each.get(key, "[]")) for each in (before, now))
    merged = [*old, *(each for each in new if each not in old)]
    if merged != old:
        writing.execute(_PUT, (key, json.dumps(merged)))


def _carry_settings(writing: sqlite3.Connection, before: dict[str, str], now: dict[str, str]) -> None:
    settings = json.loads(before.get(_SETTINGS, "{}"))
    wanted = _only_to(json.loads(now.get(_SETTINGS, "{}")))
    if wanted and wanted != _only_to(settings):
        both = residency_both(_only_to(settings), wanted)
        settings["data"] = {**settings.get("data", {}), "only_to": both}
        writing.execute(_PUT, (_SETTINGS, json.dumps(settings)))


def _rule_texts(path: Path) -> dict[str, str]:
    with closing(read_only(path)) as reading:
        keys = (*_RULES, _SETTINGS)
        rows = reading.execute("SELECT key, text FROM state WHERE key IN (?, ?, ?)", keys)
        return {str(key): str(text) for key, text in rows}


def _only_to(settings: dict[str, dict[str, str]]) -> str:
    return str(settings.get("data", {}).get("only_to", "")).strip()


def residency_both(before: str, now: str) -> str:
    """What two rules of the settings allow together; what is not understood allows nothing."""
    if not before:
        return now
    try:
        both = combined((residency_of(before), residency_of(now)))
    except ProblemError:
        return HERE_WORDS
    return both.code() if both is not None else now


def _keep(part: Path, target: Path) -> None:
    with part.open("rb+") as file:
        os.fsync(file.fileno())
    os.replace(part, target)


def _check(connection: sqlite3.Connection, file: Path) -> None:
    answers = [row[0] for row in connection.execute("PRAGMA integrity_check(3)")]
    if answers != ["ok"]:
        raise _unsound(file, "Pages of the file are damaged.", "; ".join(map(str, answers)))
    if connection.execute("PRAGMA foreign_key_check").fetchone() is not None:
        raise _unsound(file, "Rows of the file point to rows that are missing.")


def _count(connection: sqlite3.Connection, table: str) -> int:
    return int(connection.execute(f"select count(*) from {table}").fetchone()[0])


def _refuse_open(path: Path) -> None:
    """Exclusive locking of a database in WAL mode fails while any other connection is open."""
    if not path.exists():
        return
    try:
        with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection:
            connection.execute("PRAGMA locking_mode = EXCLUSIVE")
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise problem(
                Kind.STORE,
                "The backup was not restored",
                "Haplodesk or another program has the database open.",
                "Close it and try again. Nothing was changed.",
                subject=path.name,
            ) from error
    except sqlite3.DatabaseError:
        return  # a damaged file is what one restores for


def _set_aside(path: Path) -> Path | None:
    if not path.exists():
        return None
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    kept = path.with_name(f"{path.stem}-before-restore-{now}{path.suffix}")
    for side in _SIDES:
        old = path.with_name(path.name + side)
        if old.exists():
            os.replace(old, kept.with_name(kept.name + side))
    return kept


def _unsound(file: Path, happened: str, details: str = "") -> ProblemError:
    return problem(
        Kind.STORE,
        "The backup is not sound",
        f"{file.name}: {happened}",
        "Use another backup.",
        subject=file.name,
        details=details,
    )


def _disk_problem(target: Path, error: OSError) -> ProblemError:
    return problem(
        Kind.DISK,
        "The backup could not be written",
        f"{target.name}: {error.strerror or type(error).__name__}.",
        "See whether the folder exists, is writable and has space left. Nothing was changed.",
        subject=target.name,
    )
