"""Result files behind signed addresses that live for an hour: asked anew when they have lapsed.

The rest of a cut file is asked for by Range. Source: services.md 2.3; Google Cloud Storage for Range, ETag,
x-goog-hash.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from datetime import datetime, timedelta
from hashlib import sha256

from pydantic import SecretStr

from app.domain.problem import Kind, ProblemError, problem
from app.services.border import border, last_border
from app.services.contract import Connection, RemoteFile
from app.services.teaspoons.asking import Api
from app.services.teaspoons.problems import store_problem
from app.services.teaspoons.reading import inner, raw_text
from app.transport.address import refuse_redirect
from app.transport.download import Incoming, incoming

GOOD_FOR = timedelta(minutes=50)
_LAPSED = frozenset({400, 401, 403})
_MD5 = re.compile(r"(?:^|[,\s])md5=([A-Za-z0-9+/]{22}==)")


class OpenDownload:
    """The bytes of a result file from `offset` on; `total` is of the whole file, where it is known."""

    def __init__(self, source: Incoming | None, name: str, offset: int, total: int | None) -> None:
        self.offset = offset
        self.total = total
        self.md5 = md5_of(source.headers) if source is not None else None
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


class Downloads:
    """The part of the family that fetches; remembers signed addresses as long as they are good."""

    def __init__(self, api: Api, now: Callable[[], datetime]) -> None:
        self._api = api
        self._now = now
        self._urls: dict[tuple[str, str, str], tuple[datetime, dict[str, str]]] = {}

    @asynccontextmanager
    async def open(
        self, connection: Connection, file: RemoteFile, offset: int, resume: SecretStr | None
    ) -> AsyncIterator[Opened]:
        """See `ServiceFamily.download`. The resume address holds the version of the file."""
        wanted = _Wanted(file, offset if resume is not None else 0, resume)
        async with AsyncExitStack() as stack:
            with last_border():
                opened = await self._open(connection, wanted, stack)
            yield opened

    async def _open(self, connection: Connection, wanted: _Wanted, stack: AsyncExitStack) -> Opened:
        for fresh in (False, True):
            url = await self._url(connection, wanted, fresh=fresh)
            refuse_redirect(connection.base_url, url, allowed=connection.plain_http_allowed)
            with border(wanted.name):
                found = await stack.enter_async_context(incoming(url, wanted.headers))
            if found.status in _LAPSED and not fresh:
                await stack.aclose()
                continue
            return await wanted.opened(found)
        raise AssertionError("the second address is taken or refused")

    async def _url(self, connection: Connection, wanted: _Wanted, *, fresh: bool) -> str:
        token = connection.token.get_secret_value() if connection.token is not None else ""
        key = (connection.base_url, wanted.run, sha256(token.encode()).hexdigest())
        at, urls = self._urls.get(key, (None, {}))
        if fresh or at is None or self._now() - at >= GOOD_FOR:
            asked_at = self._now()
            told = inner(await self._api.signed_urls(connection, wanted.run), "outputSignedUrls")
            urls = {name: raw_text(told, name) for name in told}
            self._urls[key] = (asked_at, urls)
        url = urls.get(wanted.output, "")
        if not url:
            raise problem(
                Kind.NOT_FOUND,
                "The service gives no address for a result file",
                f"It lists {wanted.name}, but does not say where it is",
                "Read the job again; if its results were deleted, it has to be run again",
                subject=wanted.name,
            )
        return url


class _Wanted:
    """A file, from where on, and of which version."""

    def __init__(self, file: RemoteFile, offset: int, resume: SecretStr | None) -> None:
        known = json.loads(file.locator.get_secret_value())
        self.name = file.file.name
        self.run, self.output, self._size = str(known["run"]), str(known["output"]), known.get("size")
        self._offset = offset
        tag = str(json.loads(resume.get_secret_value())["tag"]) if resume is not None else ""
        self.headers = {"Range": f"bytes={offset}-"} if offset else {}
        if offset and tag:
            self.headers["If-Range"] = tag

    async def opened(self, found: Incoming) -> Opened:
        """The open download; ProblemError for an answer without the file, or with another part of it."""
        if found.status == 416 and self._offset and _size_of(found) == self._offset:
            return OpenDownload(None, self.name, self._offset, self._offset), self._resume(found)
        if found.status not in {200, 204, 206}:
            with border(self.name):
                reply = await found.whole()
            raise _gone(self.name) if reply.status == 404 else store_problem(reply, self.name, "give")
        start = self._offset if found.status == 206 else 0
        if found.status == 206 and _start_of(found) != self._offset:
            raise problem(Kind.NOT_FOUND, "The download cannot be continued", "The store sent another part")
        total = None if found.length is None else start + found.length
        if self._size is not None and total is not None and total != self._size:
            raise _other_size(self.name, self._size, total)
        source = None if found.status == 204 else found
        return OpenDownload(source, self.name, start, total), self._resume(found)

    def _resume(self, found: Incoming) -> SecretStr | None:
        """A part may only be joined with the rest of the very same version of a file."""
        tag = found.headers.get("etag", "")
        return SecretStr(json.dumps({"tag": tag})) if tag.startswith('"') else None


def md5_of(headers: dict[str, str]) -> str | None:
    """The hexadecimal MD5 of the whole file, where the store tells it."""
    found = _MD5.search(headers.get("x-goog-hash", ""))
    try:
        return base64.b64decode(found[1], validate=True).hex() if found else None
    except (binascii.Error, ValueError):
        return None


def _start_of(found: Incoming) -> int | None:
    match = re.match(r"bytes (\d+)-", found.headers.get("content-range", ""))
    return int(match[1]) if match else None


def _size_of(found: Incoming) -> int | None:
    match = re.match(r"bytes [^/]*/(\d+)", found.headers.get("content-range", ""))
    return int(match[1]) if match else None


def _gone(name: str) -> ProblemError:
    return problem(
        Kind.NOT_FOUND,
        "The result file is not there any more",
        f"The store of the service does not have {name}",
        "The service keeps results for a limited time; send the job again",
        subject=name,
    )


def _other_size(name: str, told: int, found: int) -> ProblemError:
    return problem(
        Kind.REFUSED,
        "The file is not the one that the service told of",
        f"{name} should have {told:,} bytes, and the store has {found:,}",
        "Read the job again and fetch its result then",
        subject=name,
    )
