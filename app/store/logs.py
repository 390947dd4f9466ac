"""The log: JSON lines in rotating files, with the job they belong to and without secrets."""

import json
import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from types import TracebackType
from typing import TextIO

from app.domain.redaction import redact

FILE_BYTES = 1_000_000
FILES = 5
_job: ContextVar[str | None] = ContextVar("job", default=None)
_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {
    "message",
    "asctime",
    "taskName",
    "job",
    "extras",
}


@contextmanager
def job_context(job_id: str) -> Iterator[None]:
    """Everything logged inside, also in tasks started inside, carries the id of the job."""
    token = _job.set(job_id)
    try:
        yield
    finally:
        _job.reset(token)


def current_job() -> str | None:
    """The id of the job that this code works for, if any."""
    return _job.get()


class RedactionFilter(logging.Filter):
    """Rewrites a record so that no later step can see a secret: text, arguments, exception and extras."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always lets the record through, rewritten."""
        record.msg = redact(_message(record))
        record.args = None
        record.exc_text = redact(record.exc_text or _exception(record)) or None
        record.exc_info = None
        record.stack_info = redact(record.stack_info) if record.stack_info else None
        if not hasattr(record, "job"):
            record.job = _job.get()
        self._extras(record)
        return True

    @staticmethod
    def _extras(record: logging.LogRecord) -> None:
        for name in record.__dict__.keys() - _STANDARD:
            value = record.__dict__[name]
            if not isinstance(value, bool | int | float | None):
                record.__dict__[name] = redact(_text(value))


class JsonLines(logging.Formatter):
    """One JSON object a line: at, level, logger, job, text, and exception where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "job": getattr(record, "job", None),
            "text": record.getMessage(),
        }
        line.update((name, value) for name, value in record.__dict__.items() if name not in _STANDARD)
        for name in ("exc_text", "stack_info"):
            if text := getattr(record, name):
                line["exception" if name == "exc_text" else "stack"] = text
        return json.dumps(line, ensure_ascii=False, default=_text)


class _LogFile(RotatingFileHandler):
    """A log that cannot be written (full disk) must not disturb the work that is logged."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802
        """Drop the record."""

    def close(self) -> None:
        """Close the file, also when its last lines find no place."""
        with suppress(OSError):
            super().close()


class Logging:
    """The handlers that `start_logging` put in place; `close` takes them away again."""

    def __init__(self, path: Path, handlers: tuple[logging.Handler, ...], level_before: int) -> None:
        self.path = path
        self._handlers = handlers
        self._level_before = level_before

    def close(self) -> None:
        """Take the handlers off and close the files."""
        root = logging.getLogger()
        root.setLevel(self._level_before)
        for handler in self._handlers:
            root.removeHandler(handler)
            handler.close()

    def __enter__(self) -> "Logging":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def start_logging(
    folder: Path, *, level: int = logging.INFO, console: TextIO | None = None, name: str = "haplodesk"
) -> Logging:
    """Log into `folder`/`name`.log (five files of 1 MB), and to `console` as short text where given.

    Programs that run side by side take different names. Handlers that others put on the root logger
    before get the redaction filter too; those put on later go through `guard`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.log"
    file = _LogFile(
        path,
        maxBytes=FILE_BYTES,
        backupCount=FILES - 1,
        encoding="utf-8",
        errors="backslashreplace",
        delay=True,
    )
    file.setFormatter(JsonLines())
    handlers: list[logging.Handler] = [file]
    if console is not None:
        stream = logging.StreamHandler(console)
        stream.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))
        handlers.append(stream)
    return _install(path, tuple(handlers), level)


def _install(path: Path, handlers: tuple[logging.Handler, ...], level: int) -> Logging:
    root = logging.getLogger()
    before = root.level
    root.setLevel(level)
    for handler in (*handlers, *root.handlers):
        guard(handler)
    for handler in handlers:
        root.addHandler(handler)
    return Logging(path, handlers, before)


def guard(handler: logging.Handler) -> None:
    """Put the redaction filter on a handler, once."""
    if not any(isinstance(each, RedactionFilter) for each in handler.filters):
        handler.addFilter(RedactionFilter())


def _message(record: logging.LogRecord) -> str:
    with suppress(Exception):
        return record.getMessage()
    return f"{_text(record.msg)} {_text(record.args)}"


def _exception(record: logging.LogRecord) -> str:
    if not record.exc_info:
        return ""
    with suppress(Exception):
        return "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
    return "an exception that cannot be shown"


def _text(value: object) -> str:
    with suppress(Exception):
        return str(value)
    return f"<{type(value).__name__}>"
