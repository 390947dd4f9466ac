"""Answers of a described service, taken to pieces by its expressions. Pure; what is odd counts as absent."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.parser import ParsedResult

from app.domain.job import JobFile, JobState, JobStep, MessageKind, StepMessage, StepState
from app.services.contract import RemoteJob
from app.services.described.description import Files, Watched
from app.services.plain_text import plain_name, safe_block, safe_line

_SCALES = {"seconds": 1.0, "milliseconds": 1000.0}
LARGEST_NUMBER = 1e18
"""Of bytes, jobs that wait, or milliseconds: what is more than that is no count, and no store takes it."""
_UNITS = (("TB", 1 << 40), ("GB", 1 << 30), ("MB", 1 << 20), ("KB", 1 << 10))


@lru_cache(maxsize=1024)
def _compiled(expression: str) -> ParsedResult:
    return jmespath.compile(expression)


def pick(data: Any, expression: str | None) -> Any:
    """The value that an expression picks, None where there is none or it does not fit the answer."""
    if expression is None:
        return None
    try:
        return _compiled(expression).search(data)
    except (JMESPathError, TypeError, ValueError, RecursionError):
        return None


def text(data: Any, expression: str | None) -> str:
    """One plain line; numbers and truths as JSON writes them, empty for anything else."""
    value = pick(data, expression)
    if isinstance(value, bool):
        return "true" if value else "false"
    return plain_name(str(value)) if isinstance(value, str | int | float) else ""


def lines_of(data: Any, expression: str) -> str:
    """A text with its lines, or a list of lines; empty for anything else."""
    value = pick(data, expression)
    lines = value if isinstance(value, list) else [value]
    return "\n".join(each for each in lines if isinstance(each, str))


def objects(data: Any, expression: str) -> list[dict[str, Any]] | None:
    """The objects of a list, None when there is no list."""
    value = pick(data, expression)
    if not isinstance(value, list):
        return None
    return [each for each in value if isinstance(each, dict)]


def number(data: Any, expression: str | None) -> float | None:
    """A number that is one."""
    value = _as_number(pick(data, expression))
    return value if value is not None and math.isfinite(value) else None


def _as_number(value: Any) -> float | None:
    """Also of a text that is one, with a sign for percent behind it or without."""
    if isinstance(value, str) and re.fullmatch(r"\s*-?\d{1,18}(\.\d{1,18})?\s*%?\s*", value):
        return float(value.strip().rstrip("%"))
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) <= LARGEST_NUMBER else None


def moment(data: Any, expression: str | None, times: str) -> datetime | None:
    """A time in UTC; 0, negative and impossible ones mean that it is not set."""
    value = pick(data, expression)
    try:
        if times == "iso" and isinstance(value, str):
            found = datetime.fromisoformat(value.strip())
            return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
        since = _as_number(value) if times != "iso" else None
        if since is not None and since > 0:
            return datetime.fromtimestamp(since / _SCALES[times], UTC)
    except (ValueError, OverflowError, OSError):
        pass
    return None


def job_of(d: Watched, data: Any, *, complete: bool) -> RemoteJob | None:
    """A job from its object; None when it has no id."""
    fields = d.job
    remote_id = text(data, fields.id)
    if not remote_id:
        return None
    word = pick(data, fields.state)
    state = d.state(word)
    step = safe_line(text(data, fields.step))
    if state is JobState.UNKNOWN:
        step = f"unknown (“{safe_line(str(word), 60)}”)"
    progress, queue = number(data, fields.progress), number(data, fields.queue)
    return RemoteJob(
        remote_id=remote_id,
        name=text(data, fields.name),
        state=state,
        progress=min(1.0, max(0.0, progress / fields.progress_to)) if progress is not None else None,
        step=step,
        steps=_failure(d, data, state) if complete else (),
        queue_position=int(queue) if queue is not None and queue >= 0 else None,
        submitted=moment(data, fields.submitted, fields.times),
        started=moment(data, fields.started, fields.times),
        ended=moment(data, fields.ended, fields.times),
        expires=moment(data, fields.expires, fields.times),
        complete=complete,
    )


def _failure(d: Watched, data: Any, state: JobState) -> tuple[JobStep, ...]:
    value = pick(data, d.job.error)
    lines = value if isinstance(value, list) else [value]
    said = "\n".join(safe_block(each, 20_000) for each in lines if isinstance(each, str) and each.strip())
    if not said:
        return ()
    failed = state is JobState.FAILED
    message = StepMessage(kind=MessageKind.ERROR if failed else MessageKind.WARNING, text=said)
    return (
        JobStep(
            name="What the service says",
            state=StepState.FAILED if failed else StepState.WARNING,
            messages=(message,),
        ),
    )


def file_of(files: Files, data: dict[str, Any]) -> tuple[JobFile, str] | None:
    """A result file and its address as the service tells it, empty for a call; None without a name."""
    name = text(data, files.name)
    address = text(data, files.url)
    if not name or (files.url is not None and not address):
        return None
    size = number(data, files.size)
    return JobFile(name=name, size_text=_size(size), downloads_left=-1), address


def _size(size: float | None) -> str:
    """Rounded down, as `fetch_file.size_of` reads it: at least so many bytes."""
    if size is None or size < 0:
        return ""
    unit = next(((word, one) for word, one in _UNITS if size >= 100 * one), None)
    return f"{int(size)} bytes" if unit is None else f"{int(size // unit[1])} {unit[0]}"
