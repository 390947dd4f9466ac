"""The one error border of the family: whatever goes wrong at a Cloudgene server becomes a Problem here."""

from __future__ import annotations

import functools
import http.client
import re
import socket
import ssl
import traceback
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import httpx

from app.domain.problem import Kind, Problem, ProblemError, problem
from app.services.cloudgene.plain_text import safe_line
from app.transport.download import ShortAnswerError
from app.transport.limits import retry_after_s
from app.transport.probe import bad_address, reason_of
from app.transport.reply import AnswerError, Reply
from app.transport.wire import StoppedError

P = ParamSpec("P")
T = TypeVar("T")

_ASK = "See what it said; ask its support if that does not help"
WAIT = "Jobs and transfers go on by themselves when it is back; try anything else again later"
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


def unreadable(reply: Reply, subject: str | None = None) -> ProblemError:
    """An answer that should be JSON and is not: a broken one, or a page of something in between."""
    if reply.cut:
        return _too_long(reply, subject)
    page = b"<html" in reply.body[:2000].lower() or reply.content_type == "text/html"
    what = "A web page came" if page else "The answer could not be read"
    return problem(
        Kind.BUSY,
        "Something else answered in place of the service" if page else "The answer of the service is broken",
        f"{what} ({safe_line(reply.text(), 120) or 'it was empty'})",
        "If you are in a guest network, sign in there first. " + WAIT if page else WAIT,
        subject=subject,
        details=f"status {reply.status}, type {reply.content_type or 'not told'}",
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


def _too_long(reply: Reply, subject: str | None) -> ProblemError:
    return problem(
        Kind.BUSY,
        "The answer of the service is too long",
        f"Only its first {len(reply.body):,} bytes were read, and nothing was taken from them",
        WAIT,
        subject=subject,
        details=f"status {reply.status}, cut",
    )


@contextmanager
def border(subject: str | None = None) -> Iterator[None]:
    """Turn every error of the libraries into a ProblemError; what is ours passes.

    A ValueError, UnicodeError among them, or ImportError comes from an address or a proxy that the
    libraries cannot make a request of. Only calls of the transport belong in here.
    """
    try:
        yield
    except ProblemError:
        raise
    except (httpx.HTTPError, httpx.InvalidURL, http.client.HTTPException, OSError, ShortAnswerError) as error:
        raise connection_problem(error, subject) from None
    except AnswerError as error:
        raise _moved(error, subject) from None
    except StoppedError:
        raise problem(Kind.CANCELLED, "Stopped", "The transfer was stopped", subject=subject) from None
    except (ValueError, ImportError) as error:  # after OSError: a certificate that is refused is both
        raise bad_address(subject, details=type(error).__name__) from None


@contextmanager
def last_border() -> Iterator[None]:
    """Turn what nobody foresaw into a ProblemError (bug). Its text says where, and nothing of the data."""
    try:
        yield
    except ProblemError:
        raise
    except Exception as error:  # noqa: BLE001 - the contract allows ProblemError only
        raise problem(
            Kind.BUG,
            "The program made a mistake",
            "It could not work with what the service answered",
            "Try again; if it stays, report it to the makers of the program with these details",
            details=f"{type(error).__name__} at {_places(error)}",
        ) from None


def guarded(method: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    """A method that raises ProblemError and nothing else."""

    @functools.wraps(method)
    async def call(*arguments: P.args, **named: P.kwargs) -> T:
        with last_border():
            return await method(*arguments, **named)

    return call


def _places(error: BaseException) -> str:
    frames = traceback.extract_tb(error.__traceback__)[-3:]
    return ", ".join(f"{Path(each.filename).name}:{each.lineno} ({each.name})" for each in reversed(frames))


def connection_problem(error: BaseException, subject: str | None = None) -> ProblemError:
    """The problem of a connection that failed or broke. Holds no address: some are secrets."""
    root = _root(error)
    details = type(error).__name__ if root is error else f"{type(error).__name__} from {type(root).__name__}"
    if isinstance(root, ssl.SSLCertVerificationError):
        return problem(
            Kind.REFUSED,
            "The service could not prove who it is",
            _sentence(reason_of(root)),
            "See that the clock of this computer is right and that the address is; ask your IT department",
            subject=subject,
            details=details,
        )
    if isinstance(error, ShortAnswerError | http.client.IncompleteRead | httpx.RemoteProtocolError):
        title, what = "The connection broke off", "The answer ended before it was complete"
    else:
        title, what = "The service cannot be reached", _sentence(_reason(error, root))
    return problem(Kind.NO_NETWORK, title, what, WAIT, subject=subject, details=details)


def _root(error: BaseException) -> BaseException:
    """The error of the system below those of the libraries."""
    seen: set[int] = set()
    found = error
    below: BaseException | None = error
    while below is not None and id(below) not in seen:
        seen.add(id(below))
        if isinstance(below, OSError):
            found = below
        below = below.__cause__ or below.__context__
    return found


def _reason(error: BaseException, root: BaseException) -> str:
    phases = ((httpx.ConnectTimeout, "tcp"), (httpx.TimeoutException, "first_byte"))
    phase = next((name for kind, name in phases if isinstance(error, kind)), "first_byte")
    if isinstance(error, httpx.TimeoutException):
        return reason_of(TimeoutError(), phase)
    if isinstance(root, TimeoutError | socket.gaierror | OSError):
        return reason_of(root, phase)
    return reason_of(error, phase)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _moved(error: AnswerError, subject: str | None) -> ProblemError:
    return problem(
        Kind.REFUSED,
        "The service sends us to another address",
        f"It {error}. The token was not sent there",
        "If you are in a guest network, sign in there first. If the service has moved, change its address",
        subject=subject,
        details=f"status {error.reply.status}",
    )
