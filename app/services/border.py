"""The error border that all families over a network share: whatever a library raises becomes a Problem.

What a server says in words of its own is a matter of its family.
"""

from __future__ import annotations

import functools
import http.client
import socket
import ssl
import traceback
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import httpx

from app.domain.problem import Kind, ProblemError, problem
from app.services.plain_text import safe_line
from app.transport.download import ShortAnswerError
from app.transport.probe import bad_address, reason_of
from app.transport.reply import AnswerError, Reply
from app.transport.wire import StoppedError

P = ParamSpec("P")
T = TypeVar("T")

WAIT = "Jobs and transfers go on by themselves when it is back; try anything else again later"


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
