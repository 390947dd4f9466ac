"""Opening a result file. Each GET of a link uses up one allowed download. Source: cloudgene.md 5.2."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager

from pydantic import SecretStr

from app.domain.problem import Kind, ProblemError, problem
from app.services.cloudgene.problems import (
    border,
    json_of,
    last_border,
    problem_of,
    refuse_failure,
    unreadable,
)
from app.services.cloudgene.token import token_headers
from app.services.contract import Connection, RemoteFile
from app.transport.address import origin, redirected, refuse_plain_http, refuse_redirect
from app.transport.download import Incoming, incoming
from app.transport.limits import Pace
from app.transport.reply import SMALL_BODY, AnswerError, Reply

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_WRONG_WAY = frozenset({401, 403, 404, 405})
_MOST_REDIRECTS = 5


class OpenDownload:
    """The bytes of a result file from `offset` on; `total` is of the whole file, where it is known."""

    def __init__(self, source: Incoming | None, name: str, offset: int, total: int | None) -> None:
        self.offset = offset
        self.total = total
        self.md5 = _md5(source.headers.get("content-md5", "")) if source else None
        self._source = source
        self._name = name

    async def chunks(self) -> AsyncIterator[bytes]:
        """The bytes; ProblemError when they break off, or when they are a message in place of the file."""
        if self._source is None:
            return
        first = True
        with last_border(), border(self._name):
            async with aclosing(self._source.chunks()) as pieces:
                async for piece in pieces:
                    if first and self.offset == 0:
                        _refuse_message(self._source, piece, self._name)
                    first = False
                    yield piece


Opened = tuple[OpenDownload, SecretStr | None]


@asynccontextmanager
async def open_download(
    connection: Connection, file: RemoteFile, offset: int, resume: SecretStr | None, pace: Pace
) -> AsyncIterator[Opened]:
    """See `ServiceFamily.download`. A resume address that is no longer good: ProblemError (not found)."""
    async with AsyncExitStack() as stack:
        opening = _Opening(connection, file, pace, stack)
        with last_border():
            resumed = offset > 0 and resume is not None
            opened = await (opening.resumed(offset, resume) if resumed and resume else opening.fresh())
        yield opened


class _Opening:
    """The way from a link to an open answer. `stack` closes what was opened."""

    def __init__(self, connection: Connection, file: RemoteFile, pace: Pace, stack: AsyncExitStack) -> None:
        self._connection = connection
        self._locator = file.locator
        self._name = file.file.name
        self._pace = pace
        self._stack = stack

    async def fresh(self) -> Opened:
        """One GET of the link. Of generation 2 the next way is tried only where the last one was not
        found, which costs nothing.
        """
        missing = Reply(404, body=b"no link")
        for path, signed in json.loads(self._locator.get_secret_value()):
            headers = token_headers(self._connection.token) if signed else {}
            found = await self._walk(self._connection.base_url + path, headers)
            if isinstance(found, Incoming):
                return self._opened(found, 0)
            missing = found
            if missing.status not in _WRONG_WAY or b"workspace" in missing.body:
                break
        raise problem_of(missing, self._name)

    async def resumed(self, offset: int, resume: SecretStr) -> Opened:
        """The rest of a file from the short-lived address; costs no download."""
        known = json.loads(resume.get_secret_value())
        allowed = self._connection.plain_http_allowed
        refuse_redirect(self._connection.base_url, known["url"], allowed=allowed)
        headers = {"Range": f"bytes={offset}-"}
        if known["tag"]:
            headers["If-Range"] = known["tag"]
        found = await self._get(known["url"], headers)
        if found.status in {200, 206}:
            start = _start_of(found.headers.get("content-range", ""))
            if found.status == 206 and start != offset:
                raise _lapsed(self._name, "the server sent another part")
            return self._opened(found, offset if found.status == 206 else 0)
        if found.status == 416 and _size_of(found.headers.get("content-range", "")) == offset:
            return OpenDownload(None, self._name, offset, offset), resume
        reply = await found.whole()
        if reply.status >= 500:
            raise problem_of(reply, self._name)
        raise _lapsed(self._name, f"status {reply.status}")

    async def _walk(self, url: str, headers: dict[str, str]) -> Incoming | Reply:
        """Follow the redirects of a link: an open answer with the file, or a small one without it."""
        home = origin(url)
        await self._pace.before(home)
        refuse_plain_http(url, allowed=self._connection.plain_http_allowed)
        for _ in range(_MOST_REDIRECTS + 1):
            found = await self._get(url, headers if origin(url) == home else {})
            if found.status in {200, 204, 206}:
                return found
            with border(self._name):
                reply = await found.whole()
            self._pace.note(origin(url), reply.status, reply.headers)
            location = reply.headers.get("location")
            await self._stack.aclose()
            if reply.status not in _REDIRECTS or not location:
                if origin(url) != home:
                    raise _store_problem(reply, self._name)
                return reply
            url = self._next(url, reply, location)
        return Reply(508, body=b"The link leads in a circle")

    def _next(self, url: str, reply: Reply, location: str) -> str:
        with border(self._name):
            try:
                target = redirected(url, location)
            except ValueError:
                raise AnswerError(reply, "points to something that is no web address") from None
        for before in (self._connection.base_url, url):
            refuse_redirect(before, target, allowed=self._connection.plain_http_allowed)
        return target

    async def _get(self, url: str, headers: dict[str, str]) -> Incoming:
        with border(self._name):
            return await self._stack.enter_async_context(incoming(url, headers))

    def _opened(self, found: Incoming, offset: int) -> Opened:
        total = None if found.length is None else offset + found.length
        _refuse_page(found, self._name)
        source = None if found.status == 204 else found
        return OpenDownload(source, self._name, offset, total), self._resume_address(found)

    def _resume_address(self, found: Incoming) -> SecretStr | None:
        """Only an address off the service itself (an object store) can be asked again at no cost."""
        if origin(found.url) == origin(self._connection.base_url):
            return None
        tag = found.headers.get("etag", "")
        strong = tag if tag.startswith('"') else ""
        return SecretStr(json.dumps({"url": found.url, "tag": strong}))


def _store_problem(reply: Reply, name: str) -> ProblemError:
    """What an object store refuses has nothing to do with the token of the service."""
    if reply.status >= 500 or reply.status == 429:
        return problem_of(reply, name)
    return problem(
        Kind.NOT_FOUND,
        "The file store of the service does not give the file",
        f"It answered with status {reply.status}",
        "Read the job again; if its results were deleted, it has to be run again",
        subject=name,
        details=f"status {reply.status}",
    )


def _start_of(content_range: str) -> int | None:
    match = re.match(r"bytes (\d+)-", content_range)
    return int(match[1]) if match else None


def _size_of(content_range: str) -> int | None:
    match = re.match(r"bytes [^/]*/(\d+)", content_range)
    return int(match[1]) if match else None


def _lapsed(name: str, details: str) -> ProblemError:
    return problem(
        Kind.NOT_FOUND,
        "The download cannot be continued",
        "Its short-lived address is no longer good",
        "It has to start anew, which uses up one more of the allowed downloads",
        subject=name,
        details=details,
    )


def _refuse_page(found: Incoming, name: str) -> None:
    """A page where an archive should be comes from a proxy or a sign-in of a guest network."""
    page = found.headers.get("content-type", "").startswith("text/html")
    if page and not name.endswith((".html", ".htm", ".txt", ".log")):
        raise unreadable(Reply(found.status, found.headers), name)


def _refuse_message(found: Incoming, first: bytes, name: str) -> None:
    """A limit may come as a message with a status of success."""
    if found.headers.get("content-type", "").startswith("application/json") or first[:1] == b"{":
        reply = Reply(found.status, found.headers, first[:SMALL_BODY])
        said = json_of(reply)
        if isinstance(said, dict) and said.get("success") is False:
            refuse_failure(reply, name)


def _md5(header: str) -> str | None:
    """The hexadecimal form of a Content-MD5 header."""
    try:
        raw = base64.b64decode(header, validate=True)
    except (binascii.Error, ValueError):
        return None
    return raw.hex() if len(raw) == 16 else None
