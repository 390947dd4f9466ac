"""From a path or an address to the two engines of a store, at the version of this program."""

import os
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import NullPool

from app.domain.problem import Kind, problem
from app.domain.redaction import redact
from app.store import backup
from app.store.migrate import stored_version, upgrade
from app.store.problems import store_problem
from app.store.versions import HEAD, file_version, refuse_newer

BUSY_MS = 5000


@dataclass(frozen=True)
class Engines:
    """The engine that writes (one connection) and the one that reads (and cannot write)."""

    writing: Engine
    reading: Engine
    subject: str

    def dispose(self) -> None:
        """Close all connections; the last one of a SQLite file folds the log into it."""
        self.reading.dispose()
        self.writing.dispose()


def open_engines(url_or_path: str | Path, backups: Path | None) -> Engines:
    """Open and migrate; raises ProblemError and leaves the database as it was."""
    if isinstance(url_or_path, str) and "://" in url_or_path:
        url = _url(url_or_path)
        if url.get_backend_name() == "postgresql":
            return _open_server(url)
        return _open_file(Path(url.database or ""), backups)
    return _open_file(Path(url_or_path), backups)


def _url(text: str) -> URL:
    try:
        url = make_url(text)
        backend = url.get_backend_name()
    except (ArgumentError, NoSuchModuleError) as error:
        raise _wrong_address() from error
    if backend not in ("sqlite", "postgresql") or (backend == "sqlite" and not url.database):
        raise _wrong_address()
    return url.set(drivername="postgresql+psycopg") if backend == "postgresql" else url


def _wrong_address() -> Exception:
    return problem(
        Kind.INPUT,
        "The address of the database is not understood",
        "It must be a path of a file, or begin with sqlite:/// or postgresql://.",
        "Correct the address.",
    )


def _open_file(path: Path, backups: Path | None) -> Engines:
    version = file_version(path)
    refuse_newer(version, path.name)
    if version is None:
        _make_private(path)
    elif version != HEAD:
        _backup_before(path, version, backups)
    try:
        if version != HEAD:
            _migrate(create_engine(_file_url(path), poolclass=NullPool), foreign_keys=False)
        return _file_engines(path)
    except SQLAlchemyError as error:
        raise store_problem(error, path.name) from error


def _make_private(path: Path) -> None:
    """An empty file that only its owner may read; SQLite gives its log the same rights."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise problem(
            Kind.DISK,
            "The database cannot be made",
            f"The file {path.name} cannot be written: {error.strerror or type(error).__name__}.",
            "Make the data folder writable for you, free some space, or choose another folder with --home.",
            subject=path.name,
        ) from error


def _backup_before(path: Path, version: str, backups: Path | None) -> None:
    folder = backups or path.parent / "backups"
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
    backup.make(path, folder / f"{path.stem}-{version}-{now}.db")


def _migrate(engine: Engine, *, foreign_keys: bool) -> None:
    if engine.dialect.name == "sqlite":
        _prepare_sqlite(engine, begin="BEGIN IMMEDIATE", foreign_keys=foreign_keys, query_only=False)
    try:
        with engine.begin() as connection:
            upgrade(connection, HEAD)
    except SQLAlchemyError:
        raise
    except Exception as error:
        raise problem(
            Kind.BUG,
            "The database cannot be brought to this version",
            f"A step of the conversion failed ({type(error).__name__}). The database was left as it was.",
            "Please report it, and go on with the version of Haplodesk that you had.",
            details=redact(str(error)),
        ) from error
    finally:
        engine.dispose()


def _file_engines(path: Path) -> Engines:
    writing = create_engine(_file_url(path), pool_size=1, max_overflow=0)
    reading = create_engine(_file_url(path), pool_size=4, max_overflow=12)
    _prepare_sqlite(writing, begin="BEGIN IMMEDIATE", foreign_keys=True, query_only=False)
    _prepare_sqlite(reading, begin="BEGIN", foreign_keys=True, query_only=True)
    return Engines(writing, reading, path.name)


def _file_url(path: Path) -> URL:
    return URL.create("sqlite+pysqlite", database=str(path.absolute()))


def _prepare_sqlite(engine: Engine, *, begin: str, foreign_keys: bool, query_only: bool) -> None:
    """Pragmas for each connection, and real transactions: the driver itself begins too late for reads."""

    def connected(connection: sqlite3.Connection, _record: Any) -> None:
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout = {BUSY_MS}")
        if not query_only:
            connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA foreign_keys = {'ON' if foreign_keys else 'OFF'}")
        connection.execute("PRAGMA cache_size = -16000")
        connection.execute(f"PRAGMA query_only = {'ON' if query_only else 'OFF'}")

    def begun(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", begun)


def _open_server(url: URL) -> Engines:
    subject = url.host or "postgresql"
    try:
        writing = create_engine(url, pool_size=1, max_overflow=0, pool_pre_ping=True)
    except ImportError as error:
        raise problem(
            Kind.STORE,
            "PostgreSQL cannot be used",
            "This program was built without the driver for PostgreSQL.",
            "Install the Python package psycopg, or use a database file.",
        ) from error
    reading = create_engine(url, pool_pre_ping=True, execution_options={"postgresql_readonly": True})
    try:
        with writing.connect() as connection:
            version = stored_version(connection)
        refuse_newer(version, subject)
        if version != HEAD:
            _migrate(create_engine(url, poolclass=NullPool), foreign_keys=True)
    except SQLAlchemyError as error:
        raise store_problem(error, subject) from error
    return Engines(writing, reading, subject)
