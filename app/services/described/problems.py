"""What an answer of a described service means when it is no success, in plain words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from app.domain.problem import Kind, ProblemError, problem
from app.services.border import WAIT, unreadable
from app.services.plain_text import safe_line
from app.transport.limits import retry_after_s
from app.transport.reply import Reply

_NEW_TOKEN = "Make a new token at the service and set it in Services"
_BY_STATUS: dict[int, tuple[Kind, str, str]] = {
    401: (Kind.SIGN_IN, "The token is not accepted", _NEW_TOKEN),
    403: (Kind.SIGN_IN, "The service does not let you do this", _NEW_TOKEN + ", or ask the operator"),
    404: (Kind.NOT_FOUND, "The service does not have this", "It may have been deleted"),
    405: (Kind.REFUSED, "The service cannot do this", "See whether the description fits the service"),
    408: (Kind.BUSY, "The service does not answer in time", WAIT),
    409: (Kind.REFUSED, "The service refuses this now", "Look at the job again"),
    410: (Kind.NOT_FOUND, "The service does not have this any more", "It was deleted"),
    413: (Kind.REFUSED, "The upload is too large for this service", "Send fewer chromosomes or samples"),
    429: (Kind.BUSY, "The service asks for a pause", WAIT),
}
_MESSAGES = ("message", "msg", "detail", "error", "error_description", "title")


def message_of(reply: Reply) -> str:
    """What an answer says, in one plain line without secrets."""
    data = reply.json
    if isinstance(data, dict | list):
        return safe_line(_said(data))
    return safe_line(reply.text()) if reply.content_type.startswith("text/plain") else ""


def _said(data: object, depth: int = 0) -> str:
    """The first text in a field that tells an error, also one or two objects or lists further in."""
    if isinstance(data, str):
        return data
    if isinstance(data, list):
        return next((said for said in (_said(each, depth + 1) for each in data[:3]) if said), "")
    if not isinstance(data, dict) or depth > 2:
        return ""
    told = (_said(data[name], depth + 1) for name in (*_MESSAGES, "errors") if data.get(name))
    return next((said for said in told if said), "")


def problem_of(reply: Reply, subject: str | None = None, said: str = "") -> ProblemError:
    """The problem that an answer means; `said` is what the service says, where the description picks it."""
    usual = (Kind.BUSY, "The service has an error of its own", WAIT)
    refused = (
        Kind.REFUSED,
        "The service refuses this",
        "See what it said; ask its support if that does not help",
    )
    kind, title, remedy = _BY_STATUS.get(reply.status, usual if reply.status >= 500 else refused)
    said = safe_line(said) if said else message_of(reply)
    wait = retry_after_s(reply.headers, datetime.now(UTC)) if reply.status in {429, 503} else None
    return problem(
        kind,
        title,
        f"The service said: {said}" if said else f"It answered with status {reply.status}",
        remedy,
        subject=subject,
        details=f"status {reply.status}",
        retry_after_s=wait,
    )


def data_of(reply: Reply, subject: str | None = None) -> Any:
    """The JSON of an answer that is a success; ProblemError for a refusal and for anything else."""
    if not reply.ok:
        raise problem_of(reply, subject)
    if reply.cut or reply.json is None:
        raise unreadable(reply, subject)
    return reply.json


def does_not_fit(what: str, subject: str | None = None) -> ProblemError:
    """An answer that the description does not fit."""
    return problem(
        Kind.BUSY,
        "The answer is not as the description says",
        what,
        "Tell who wrote the description of the service. " + WAIT,
        subject=subject,
    )
