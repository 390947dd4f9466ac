"""The one error border of the family: whatever goes wrong at a Cloudgene server becomes a Problem here."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from app.domain.problem import Kind, Problem, ProblemError, problem
from app.services.border import WAIT, border, guarded, last_border, unreadable
from app.services.plain_text import safe_line
from app.transport.limits import retry_after_s
from app.transport.reply import Reply

__all__ = [
    "border",
    "guarded",
    "incomplete_list",
    "json_of",
    "last_border",
    "message_of",
    "problem_of",
    "refuse_failure",
    "unreadable",
]

_ASK = "See what it said; ask its support if that does not help"
NEW_TOKEN = "Make a new token on the profile page of the service and paste it in the settings of the service"

_BY_STATUS: dict[int, tuple[Kind, str, str]] = {
    401: (Kind.SIGN_IN, "The token is not accepted", NEW_TOKEN),
    403: (
        Kind.SIGN_IN,
        "The token is no longer good",
        "It was revoked or replaced by a newer one. " + NEW_TOKEN,
    ),
    404: (
        Kind.NOT_FOUND,
        "The service does not have this",
        "It may have been deleted, or the address is wrong",
    ),
    405: (Kind.REFUSED, "The service cannot do this", "See whether the address of the service is right"),
    408: (Kind.BUSY, "The service does not answer in time", WAIT),
    413: (
        Kind.REFUSED,
        "The upload is too large for this service",
        "Send fewer chromosomes or samples in one job, or ask the service for a higher limit",
    ),
    429: (Kind.BUSY, "The service asks for a pause", WAIT),
    500: (Kind.BUSY, "The service has an error of its own", WAIT),
    502: (Kind.BUSY, "The service does not answer", WAIT),
    503: (Kind.BUSY, "The service is not available", WAIT),
    504: (Kind.BUSY, "The service does not answer in time", WAIT),
}

_BY_TEXT: tuple[tuple[re.Pattern[str], Kind, str, str, bool], ...] = (
    (
        re.compile(r"only \d+ jobs? per user", re.IGNORECASE),
        Kind.REFUSED,
        "You have as many running jobs as this service allows",
        "The job can be sent as soon as one of them has ended",
        True,
    ),
    (
        re.compile(r"max(imum)? (number of )?(max )?downloads|max downloads", re.IGNORECASE),
        Kind.REFUSED,
        "This file was downloaded as often as the service allows",
        "Ask the service to reset its counter, or run the job again",
        False,
    ),
    (
        re.compile(r"under maintenance", re.IGNORECASE),
        Kind.BUSY,
        "The service is under maintenance",
        WAIT,
        True,
    ),
    (
        re.compile(r"upload limit reached|exceeds the maximum allowed", re.IGNORECASE),
        Kind.REFUSED,
        "The upload is too large for this service",
        "Send fewer chromosomes or samples in one job, or ask the service for a higher limit",
        False,
    ),
    (
        re.compile(r"access denied", re.IGNORECASE),
        Kind.REFUSED,
        "The service does not show you this",
        "It belongs to another user. Look whether the token is of the right account",
        False,
    ),
    (
        re.compile(r"is not pending", re.IGNORECASE),
        Kind.REFUSED,
        "This job cannot be started again",
        "Only a job that the service lost in a restart of its own can be started again",
        False,
    ),
    (
        re.compile(r"parameter '.*' not found", re.IGNORECASE),
        Kind.REFUSED,
        "The service does not know a field that was sent",
        "Read the form of the service again: it has changed",
        False,
    ),
)


def message_of(reply: Reply) -> str:
    """What an answer says, in one plain line of at most 300 characters, without secrets."""
    found = json_of(reply)
    if isinstance(found, dict):
        inner = found.get("_embedded")
        errors = inner.get("errors") if isinstance(inner, dict) else None
        first = errors[0] if isinstance(errors, list) and errors else None
        candidates = [found.get("message"), found.get("error")]
        candidates += [first.get("message")] if isinstance(first, dict) else []
        text = next((each for each in candidates if isinstance(each, str) and each.strip()), "")
        return safe_line(text)
    return safe_line(reply.text())


def json_of(reply: Reply) -> Any:
    """The JSON of an answer whatever its declared type, or None."""
    return reply.json


def problem_of(reply: Reply, subject: str | None = None) -> ProblemError:
    """The problem that an answer means."""
    message = message_of(reply)
    wait = retry_after_s(reply.headers, datetime.now(UTC)) if reply.status in {429, 503} else None
    said = f"The service said: {message}" if message else f"It answered with status {reply.status}"
    details = f"status {reply.status}"
    for pattern, kind, title, remedy, retry in _BY_TEXT:
        if _is_own_word(reply, kind) and pattern.search(message):
            found = Problem(
                kind=kind,
                title=title,
                what_happened=said,
                what_you_can_do=remedy,
                retry=retry,
                retry_after_s=wait,
                subject=subject,
                details=details,
            )
            return ProblemError(found)
    kind, title, remedy = _BY_STATUS.get(reply.status, _other(reply.status))
    return problem(kind, title, said, remedy, subject=subject, details=details, retry_after_s=wait)


def _is_own_word(reply: Reply, kind: Kind) -> bool:
    """Whether a sentence may decide: a refusal means that no job was made, so it needs a status that says so.

    A page of a proxy with a status of 500 and above proves nothing, whatever it says.
    """
    return reply.ok or 400 <= reply.status < (500 if kind is Kind.REFUSED else 600)


def _other(status: int) -> tuple[Kind, str, str]:
    if status >= 500:
        return Kind.BUSY, "The service does not answer", WAIT
    if status >= 400:
        return (
            Kind.REFUSED,
            "The service refused this",
            _ASK,
        )
    return Kind.BUSY, "The answer of the service makes no sense", WAIT


def refuse_failure(reply: Reply, subject: str | None = None) -> None:
    """Raise for an answer without success, in its status or in its own words."""
    if not reply.ok:
        raise problem_of(reply, subject)
    found = json_of(reply)
    if isinstance(found, dict) and found.get("success") is False:
        raise problem(
            *_refusal(reply),
            subject=subject,
            details=f"status {reply.status}, success false",
        )


def _refusal(reply: Reply) -> tuple[Kind, str, str, str]:
    found = problem_of(reply).problem
    known = found.title != _other(reply.status)[1]
    return (
        found.kind if known else Kind.REFUSED,
        found.title if known else "The service refused this",
        found.what_happened,
        found.what_you_can_do if known else _ASK,
    )


def incomplete_list(found: int, count: int, subject: str) -> ProblemError:
    """A list without some of the jobs says nothing of a job that is not in it."""
    return problem(
        Kind.BUSY,
        "The list of jobs is not complete",
        f"The service counts {count:,} jobs and gave {found:,} of them",
        WAIT,
        subject=subject,
    )
