"""Fetching a public file: no token, a limit of size, to `.part` first; every error is a Problem."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from app.domain.problem import Kind, ProblemError, problem
from app.domain.progress import Progress, Report, silent
from app.transport.address import redirected, refuse_plain_http, refuse_redirect
from app.transport.download import Incoming, ShortAnswerError, incoming
from app.transport.probe import reason_of
from app.transport.wire import StoppedError

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 3
_AGAIN = "Try again later, or get the file with a browser and choose it here."


async def fetch_file(url: str, part: Path, most: int, report: Report = silent) -> int:
    """Write a file of at most `most` bytes to `part`; gives its size.

    What was written stays there when this raises: the caller removes it. Raises ProblemError only.
    """
    name = urlsplit(url).path.rpartition("/")[2]
    refuse_plain_http(url, allowed=False)
    with _told(name):
        async with _followed(url) as source:
            if source.status != 200:
                raise _refused(source.status, name)
            if source.length is not None and source.length > most:
                raise _too_large(name, most)
            return await _receive(source, name, part, most, report)


@asynccontextmanager
async def _followed(url: str) -> AsyncIterator[Incoming]:
    """The answer at the end of some redirects, which may not give up the encryption."""
    for _ in range(_MOST_REDIRECTS + 1):
        async with incoming(url, {}) as source:
            location = source.headers.get("location", "")
            if source.status not in _REDIRECTS or not location:
                yield source
                return
            target = redirected(url, location)
        refuse_redirect(url, target, allowed=False)
        url = target
    raise ValueError("points to itself in a circle")


async def _receive(source: Incoming, name: str, part: Path, most: int, report: Report) -> int:
    done = 0
    with _opened(part) as file:
        async with aclosing(source.chunks()) as pieces:
            async for piece in pieces:
                done += len(piece)
                if done > most:
                    raise _too_large(name, most)
                await asyncio.to_thread(_write, file, piece, part)
                report(Progress(done=done, total=source.length, step="Downloading"))
    return done


@contextlib.contextmanager
def _opened(part: Path) -> Iterator[IO[bytes]]:
    try:
        file = part.open("wb")
    except OSError as error:
        raise _disk(part, error) from error
    with file:
        yield file


def _write(file: IO[bytes], piece: bytes, part: Path) -> None:
    try:
        file.write(piece)
        file.flush()
        os.fsync(file.fileno())
    except OSError as error:
        raise _disk(part, error) from error


def _disk(part: Path, error: OSError) -> ProblemError:
    return problem(
        Kind.DISK,
        "The file cannot be written",
        f"{part.parent}: {error.strerror or error}.",
        "Look whether the disk is there and has room.",
        subject=str(part.parent),
    )


@contextlib.contextmanager
def _told(name: str) -> Iterator[None]:
    try:
        yield
    except StoppedError:
        raise problem(Kind.CANCELLED, "Stopped", "The download was stopped.", subject=name) from None
    except (OSError, http.client.HTTPException, ShortAnswerError) as error:
        why = f"When {name} was fetched, {reason_of(error)}."
        raise problem(
            Kind.NO_NETWORK, "The download failed", why, _AGAIN, subject=name, details=type(error).__name__
        ) from error
    except ValueError as error:
        raise problem(
            Kind.REFUSED, "The download failed", "The server sends us in a circle or nowhere.", _AGAIN
        ) from error


def _refused(status: int, name: str) -> ProblemError:
    kind = Kind.NOT_FOUND if status in (404, 410) else Kind.BUSY if status >= 500 else Kind.REFUSED
    said = f"The server answered with status {status} when {name} was asked for."
    return problem(kind, "The file is not given", said, _AGAIN, subject=name)


def _too_large(name: str, most: int) -> ProblemError:
    return problem(
        Kind.REFUSED,
        "The file is larger than it should be",
        f"{name} has more than {most:,} bytes; it was not kept.",
        "Look at the file with a browser before you use it.",
        subject=name,
    )
