"""What the practice server remembers: jobs, the token, counters. One small SQLite file in its home."""

from __future__ import annotations

import contextlib
import errno
import secrets
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

from pydantic import BaseModel

WAITING, RUNNING, EXPORTING, SUCCESS, FAILED, CANCELLED = 1, 2, 3, 4, 5, 6
RETIRED, SUCCESS_REMINDED, FAILED_REMINDED, DELETED, DEAD = 7, 8, 9, 10, -1
ACTIVE = frozenset({WAITING, RUNNING, EXPORTING})


class LogMessage(BaseModel):
    """A message of a step. `type`: 0 ok, 1 error, 2 warning, 3 running; `time` in ms."""

    message: str
    type: int
    time: int


class Step(BaseModel):
    """A step of a job with its messages."""

    name: str
    messages: list[LogMessage] = []


class ResultEntry(BaseModel):
    """A file that may be fetched `count` times more (-1: for ever); `path` is below the job's folder."""

    name: str
    path: str
    hash: str
    count: int
    size: str
    bytes: int


class JobRecord(BaseModel):
    """A job; times in ms since the epoch, 0 or -1 where there is none."""

    id: str
    number: int
    name: str
    username: str
    state: int = WAITING
    submitted_on: int
    start_time: int = 0
    end_time: int = 0
    deleted_on: int = -1
    user_agent: str = ""
    inputs: dict[str, str] = {}
    files: list[str] = []
    steps: list[Step] = []
    results: list[ResultEntry] = []
    param_hash: str = ""
    log: str = ""


class Records:
    """Thread-safe; every change is on disk before the call returns. Hands out copies.

    One server at a time may use the file: raises OSError while another one does.
    """

    def __init__(self, path: Path) -> None:
        self._lock = threading.RLock()
        self._path = path
        self._open_database: sqlite3.Connection | None = None
        rows = self._database.execute("select body from job").fetchall()
        self._jobs = {job.id: job for job in (JobRecord.model_validate_json(body) for (body,) in rows)}

    @property
    def _database(self) -> sqlite3.Connection:
        """The open database; opened again when it was closed."""
        if self._open_database is None:
            self._open_database = _open(self._path)
        return self._open_database

    def close(self) -> None:
        """Let go of the file; it is opened again when something is asked or remembered."""
        with self._lock:
            if self._open_database is not None:
                self._open_database.close()
                self._open_database = None

    def fact(self, name: str, make: Callable[[], str] = str) -> str:
        """A remembered text, made on first use."""
        with self._lock:
            row = self._database.execute("select body from fact where name=?", (name,)).fetchone()
            if row:
                return str(row[0])
            value = make()
            self.set_fact(name, value)
            return value

    def set_fact(self, name: str, body: str) -> None:
        """Remember a text."""
        with self._lock:
            self._database.execute("insert or replace into fact values (?, ?)", (name, body))

    def secret(self) -> bytes:
        """The key that signs tokens and addresses; made once."""
        return bytes.fromhex(self.fact("secret", lambda: secrets.token_hex(32)))

    def add(self, make: Callable[[int], JobRecord]) -> JobRecord:
        """Remember a new job; `make` gets its running number."""
        with self._lock:
            job = make(1 + max((each.number for each in self._jobs.values()), default=0))
            self._save(job)
            return job.model_copy(deep=True)

    def job(self, job_id: str) -> JobRecord | None:
        """A job by its id."""
        with self._lock:
            found = self._jobs.get(job_id)
            return found.model_copy(deep=True) if found else None

    def jobs(self) -> list[JobRecord]:
        """All jobs, newest first."""
        with self._lock:
            ordered = sorted(self._jobs.values(), key=lambda job: -job.number)
            return [job.model_copy(deep=True) for job in ordered]

    def change(self, job_id: str, edit: Callable[[JobRecord], None]) -> JobRecord:
        """Edit a job in one step, so that two threads cannot overwrite each other."""
        with self._lock:
            job = self._jobs[job_id].model_copy(deep=True)
            edit(job)
            self._save(job)
            return job.model_copy(deep=True)

    def exists(self, job_id: str) -> bool:
        """Whether an id is taken."""
        with self._lock:
            return job_id in self._jobs

    def remove(self, job_id: str) -> None:
        """Forget a job."""
        with self._lock, contextlib.suppress(KeyError):
            del self._jobs[job_id]
            self._database.execute("delete from job where id=?", (job_id,))

    def _save(self, job: JobRecord) -> None:
        self._database.execute("insert or replace into job values (?, ?)", (job.id, job.model_dump_json()))
        self._jobs[job.id] = job


def _open(path: Path) -> sqlite3.Connection:
    with contextlib.suppress(OSError):  # SQLite gives its other files the permissions of this one
        path.touch(mode=0o600)
        path.chmod(0o600)
    database = sqlite3.connect(path, timeout=1, check_same_thread=False, isolation_level=None)
    try:
        database.execute("pragma secure_delete=on")
        database.execute("pragma locking_mode=exclusive")
        database.execute("pragma journal_mode=wal")
        database.execute("pragma synchronous=normal")
        database.execute("create table if not exists job (id text primary key, body text not null)")
        database.execute("create table if not exists fact (name text primary key, body text not null)")
    except sqlite3.OperationalError as error:
        database.close()
        if "locked" not in str(error):
            raise
        raise OSError(errno.EBUSY, "Another practice server uses this folder", str(path.parent)) from error
    return database
