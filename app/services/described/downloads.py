"""Opening a result file of a described service: streamed, and resumed where the server knows Range."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager

from pydantic import SecretStr

from app.domain.problem import Kind, problem
from app.services.border import border, last_border, unreadable
from app.services.contract import RemoteFile
from app.services.described.problems import problem_of
from app.services.described.wire import Line
from app.transport.address import origin, redirected, refuse_plain_http, refuse_redirect
from app.transport.download import Incoming, incoming
from app.transport.limits import Pace
from app.transport.reply import AnswerError, Reply

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 5


class OpenDownload:
    """The bytes of a result file from `offset` on; `total` is of the whole file, where it is known."""

    def __init__(self, source: Incoming | None, name: str, offset: int, total: int | None) -> None:
        self.offset = offset
        self.total = total
        self.md5: str | None = None
        self._source = source
        self._name = name

    async def chunks(self) -> AsyncIterator[bytes]:
        """The bytes; ProblemError when they break off."""
        if self._source is None:
            return
        with last_border(), border(self._name):
            async with aclosing(self._source.chunks()) as pieces:
                async for piece in pieces:
                    yield piece


Opened = tuple[OpenDownload, SecretStr | None]


@asynccontextmanager
async def open_download(
    line: Line, file: RemoteFile, offset: int, resume: SecretStr | None, pace: Pace
) -> AsyncIterator[Opened]:
    """See `ServiceFamily.download`. A resume has the address of the file and the mark of its version."""
    async with AsyncExitStack() as stack:
        with last_border():
            known = json.loads(resume.get_secret_value()) if resume is not None and offset > 0 else None
            url = known["url"] if known is not None else line.named(file.locator.get_secret_value())
            await pace.before(origin(url))
            headers = _range(offset, known["tag"]) if known is not None else {}
            found = await _walk(line, url, headers, file.file.name, stack)
            opened = await _opened(found, url, file.file.name, offset if known is not None else 0)
        yield opened


def _range(offset: int, tag: str) -> dict[str, str]:
    return {"Range": f"bytes={offset}-", **({"If-Range": tag} if tag else {})}


async def _walk(line: Line, url: str, headers: dict[str, str], name: str, stack: AsyncExitStack) -> Incoming:
    """Follow redirects; the token stays at the origin of the service."""
    for _ in range(_MOST_REDIRECTS + 1):
        refuse_plain_http(url, allowed=line.connection.plain_http_allowed)
        with border(name):
            found = await stack.enter_async_context(incoming(url, {**line.headers_for(url), **headers}))
            location = found.headers.get("location")
            if found.status not in _REDIRECTS or not location:
                return found
            reply = await found.whole()
            await stack.aclose()
            try:
                target = redirected(url, location)
            except ValueError:
                raise AnswerError(reply, "points to something that is no web address") from None
            for before in (line.base, url):
                refuse_redirect(before, target, allowed=line.connection.plain_http_allowed)
            url = target
    raise problem_of(Reply(508, body=b""), name)


async def _opened(found: Incoming, url: str, name: str, offset: int) -> Opened:
    again = _resume_address(found, url)
    if found.status == 416 and _size_of(found.headers.get("content-range", "")) == offset:
        return OpenDownload(None, name, offset, offset), again
    if found.status not in {200, 204, 206}:
        raise problem_of(await found.whole(), name)
    start = _start_of(found.headers.get("content-range", "")) if found.status == 206 else 0
    if start not in {0, offset}:
        raise problem(
            Kind.NOT_FOUND,
            "The download cannot be continued",
            "The server sent another part than was asked for",
            "It has to start anew",
            subject=name,
        )
    page = found.headers.get("content-type", "").startswith("text/html")
    if page and not name.endswith((".html", ".htm", ".txt", ".log")):
        raise unreadable(Reply(found.status, found.headers), name)
    total = None if found.length is None else (start or 0) + found.length
    source = None if found.status == 204 else found
    return OpenDownload(source, name, start or 0, 0 if source is None else total), again


def _resume_address(found: Incoming, url: str) -> SecretStr | None:
    """Only a server that says that it knows Range, or has just shown it, is asked for a rest."""
    knows = found.headers.get("accept-ranges", "").lower() == "bytes" or found.status == 206
    if not knows:
        return None
    tag = found.headers.get("etag", "")
    return SecretStr(json.dumps({"url": url, "tag": tag if tag.startswith('"') else ""}))


def _start_of(content_range: str) -> int | None:
    match = re.match(r"bytes (\d+)-", content_range)
    return int(match[1]) if match else None


def _size_of(content_range: str) -> int | None:
    match = re.match(r"bytes [^/]*/(\d+)", content_range)
    return int(match[1]) if match else None
