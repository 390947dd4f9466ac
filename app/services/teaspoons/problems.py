"""What Teaspoons answers when something is wrong, as Problems. Source: services.md 2.3; its public API text.

Errors are objects with message, statusCode and causes. Bad requests carry no code of their own, so that some
are told apart by their words.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from app.domain.problem import Kind, Problem, ProblemError, problem
from app.services.border import WAIT, unreadable
from app.services.plain_text import safe_line
from app.services.teaspoons.reading import text
from app.transport.limits import retry_after_s
from app.transport.reply import Reply

SIGN_IN_AGAIN = "Sign in again on the page of the service in this program"
_ASK = "See what it said; write to its support if that does not help"

_BY_STATUS: dict[int, tuple[Kind, str, str]] = {
    401: (Kind.SIGN_IN, "You are not signed in any more", SIGN_IN_AGAIN),
    403: (
        Kind.REFUSED,
        "The service does not allow you this",
        "Look whether you signed in with the right account",
    ),
    404: (
        Kind.NOT_FOUND,
        "The service does not have this",
        "It may have been deleted, or belong to another account",
    ),
    408: (Kind.BUSY, "The service does not answer in time", WAIT),
    429: (Kind.BUSY, "The service asks for a pause", WAIT),
    500: (Kind.BUSY, "The service has an error of its own", WAIT),
    502: (Kind.BUSY, "The service does not answer", WAIT),
    503: (Kind.BUSY, "The service is not available", WAIT),
    504: (Kind.BUSY, "The service does not answer in time", WAIT),
}
_BY_TEXT: tuple[tuple[re.Pattern[str], Kind, str, str], ...] = (
    (
        re.compile(r"user not found", re.IGNORECASE),
        Kind.SIGN_IN,
        "Your account is not registered with the service",
        "Register on the web site of the service, accept its terms there, and sign in again",
    ),
    (
        re.compile(r"insufficient quota", re.IGNORECASE),
        Kind.REFUSED,
        "Your quota is used up",
        "Ask the service for a higher quota",
    ),
    (
        re.compile(r"agree to the terms", re.IGNORECASE),
        Kind.INPUT,
        "The terms are not accepted",
        "Read the terms and tick the box",
    ),
    (
        re.compile(r"is not a valid pipelinename|pipeline .*not found", re.IGNORECASE),
        Kind.NOT_FOUND,
        "The service does not have this pipeline",
        "Read the panels of the service again and choose anew",
    ),
    (
        re.compile(r"outputs? .*expired|expired", re.IGNORECASE),
        Kind.NOT_FOUND,
        "The service has deleted the result",
        "Send the job again",
    ),
)


def message_of(reply: Reply) -> str:
    """What an answer says, in one plain line without secrets, with its causes."""
    told = reply.json
    if not isinstance(told, dict):
        return safe_line(reply.text())
    return said(told)


def said(report: dict[str, Any]) -> str:
    """The message of an error report with its causes, each told once."""
    causes = report.get("causes")
    parts = [text(report, "message")]
    parts += [each for each in causes if isinstance(each, str)] if isinstance(causes, list) else []
    seen = list(dict.fromkeys(part.strip() for part in parts if part.strip()))
    return safe_line(" ".join(seen))


def problem_of(reply: Reply, subject: str | None = None) -> ProblemError:
    """The problem that an answer means."""
    message = message_of(reply)
    what = f"The service said: {message}" if message else f"It answered with status {reply.status}"
    details = f"status {reply.status}"
    if 400 <= reply.status < 500:
        for pattern, kind, title, remedy in _BY_TEXT:
            if pattern.search(message):
                return problem(kind, title, what, remedy, subject=subject, details=details)
    kind, title, remedy = _BY_STATUS.get(reply.status, _other(reply.status))
    wait = retry_after_s(reply.headers, datetime.now(UTC)) if reply.status in {429, 503} else None
    return problem(kind, title, what, remedy, subject=subject, details=details, retry_after_s=wait)


def _other(status: int) -> tuple[Kind, str, str]:
    if status >= 500:
        return Kind.BUSY, "The service does not answer", WAIT
    if status >= 400:
        return Kind.REFUSED, "The service refused this", _ASK
    return Kind.BUSY, "The answer of the service makes no sense", WAIT


def object_of(reply: Reply, subject: str | None = None) -> dict[str, Any]:
    """The object of an answer; raises for a refusal and for anything else."""
    if not reply.ok:
        raise problem_of(reply, subject)
    if not isinstance(reply.json, dict):
        raise unreadable(reply, subject)
    return reply.json


def store_problem(reply: Reply, name: str, doing: str) -> ProblemError:
    """What the file store refuses has nothing to do with the sign-in of the service."""
    passes = reply.status >= 500 or reply.status in {408, 429}
    return problem(
        Kind.BUSY if passes else Kind.REFUSED,
        f"The file store of the service does not {doing} the file",
        f"It answered with status {reply.status}",
        WAIT if passes else _ASK,
        subject=name,
        details=f"status {reply.status}",
    )


def cannot(title: str, why: str) -> ProblemError:
    """Something that this family cannot do."""
    return ProblemError(Problem(kind=Kind.REFUSED, title=title, what_happened=why))
