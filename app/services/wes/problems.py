"""What the servers of WES say when they refuse. Source: ga4gh.md 1.5, 1.6 (a), (b)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from app.domain.problem import Kind, ProblemError, problem
from app.services.border import WAIT
from app.services.plain_text import safe_line
from app.transport.limits import retry_after_s
from app.transport.reply import Reply

_NEW_TOKEN = "Get a new token from the service and paste it in the settings of the service"
_BY_STATUS: dict[int, tuple[Kind, str, str]] = {
    400: (Kind.REFUSED, "The service refused this", "See what it said"),
    401: (Kind.SIGN_IN, "The token is not accepted", _NEW_TOKEN),
    403: (
        Kind.SIGN_IN,
        "The service does not let you do this",
        "Look whether the token is of the right account",
    ),
    404: (
        Kind.NOT_FOUND,
        "The service does not have this",
        "It may have been deleted, or the address is wrong",
    ),
    405: (Kind.REFUSED, "The service cannot do this", "See whether the address of the service is right"),
    408: (Kind.BUSY, "The service does not answer in time", WAIT),
    409: (Kind.REFUSED, "The service refused this", "See what it said"),
    413: (
        Kind.REFUSED,
        "The upload is too large for this service",
        "Send fewer chromosomes or samples in one job",
    ),
    422: (Kind.REFUSED, "The service refused this", "See what it said"),
    429: (Kind.BUSY, "The service asks for a pause", WAIT),
    501: (Kind.REFUSED, "The service cannot do this", "It says that it does not have this function"),
}


def status_of(reply: Reply) -> int:
    """The status that counts: some send 200 with an error in the body."""
    told = reply.json
    inner = told.get("status_code") if isinstance(told, dict) else None
    if type(inner) is int and 400 <= inner < 600 and reply.ok:
        return inner
    return reply.status


def message_of(reply: Reply) -> str:
    """What an answer says, in one plain line: `msg`, `detail` or `message`, or the text of a page."""
    told = reply.json
    if isinstance(told, dict):
        for name in ("msg", "detail", "message", "title", "error"):
            value = told.get(name)
            if isinstance(value, list) and value and isinstance(value[0], dict):
                value = value[0].get("msg")
            if isinstance(value, str) and value.strip():
                return safe_line(value)
        return ""
    return safe_line(reply.text(), 200)


def refuse_failure(reply: Reply, subject: str | None = None) -> None:
    """Raise for an answer without success, in its status or in its own words."""
    if not 200 <= status_of(reply) < 300:
        raise problem_of(reply, subject)


def problem_of(reply: Reply, subject: str | None = None) -> ProblemError:
    """The problem that an answer means."""
    status = status_of(reply)
    kind, title, remedy = _BY_STATUS.get(status, _other(status))
    message = message_of(reply)
    said = f"The service said: {message}" if message else f"It answered with status {status}"
    wait = retry_after_s(reply.headers, datetime.now(UTC)) if status in {429, 503} else None
    return problem(kind, title, said, remedy, subject=subject, details=f"status {status}", retry_after_s=wait)


def _other(status: int) -> tuple[Kind, str, str]:
    if 400 <= status < 500:
        return Kind.REFUSED, "The service refused this", "See what it said; ask its support"
    if status >= 500:
        return Kind.BUSY, "The service has an error of its own", WAIT
    return Kind.BUSY, "The answer of the service makes no sense", WAIT


def no_service(status: int, subject: str) -> ProblemError:
    """Nothing at an address speaks WES."""
    return problem(
        Kind.NOT_FOUND,
        "No imputation service was found at this address",
        f"Something answers there (status {status}), but not as a GA4GH WES server does",
        "Copy the address of the service; it may end with /ga4gh/wes/v1 or /service-info",
        subject=subject,
    )


def no_run(remote_id: str) -> ProblemError:
    """A run that the server does not list."""
    return problem(
        Kind.NOT_FOUND,
        "The service does not have this run",
        "It is not in its list of runs",
        "It may have been deleted there",
        subject=remote_id[:80],
    )


def dictionary(value: Any) -> dict[str, Any]:
    """An object, or an empty one."""
    return value if isinstance(value, dict) else {}
