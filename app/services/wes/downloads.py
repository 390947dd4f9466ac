"""Opening a result file, by whatever way its address leads. Source: ga4gh.md 5.

Our token goes only to the origin of the service itself: a signed address of an object store must not get it.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import stat
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from pathlib import Path
from typing import IO, Protocol

from pydantic import SecretStr

from app.domain.problem import Kind, ProblemError, problem
from app.services.border import border, last_border, unreadable
from app.services.contract import Connection, RemoteFile
from app.services.wes.checksums import Tally, told_checksum
from app.services.wes.drs import Ask, DrsPlace, resolve
from app.services.wes.problems import problem_of
from app.services.wes.setup import auth_headers, mapped_path, mapped_relative, path_of, refuse_elsewhere
from app.services.wes.signing import bucket_url
from app.transport.address import is_loopback, origin, redirected
from app.transport.download import Incoming, incoming
from app.transport.reply import AnswerError, Reply

PIECE = 1024 * 1024
AGAIN = SecretStr("again")
"""Stands for the address of a resume: it is the file's own."""
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS = 5
_BUCKETS = ("s3://", "gs://", "ftp://", "az://", "abfs://", "gsiftp://")


class WesDownload(Protocol):
    """What is opened here; see `contract.Download` and `contract.KnowsChecksum`."""

    offset: int
    total: int | None
    md5: str | None
    checksum: tuple[str, str] | None

    def chunks(self) -> AsyncIterator[bytes]:
        """The bytes."""
        ...


Opened = tuple[WesDownload, SecretStr | None]


@asynccontextmanager
async def open_download(
    connection: Connection, file: RemoteFile, offset: int, resume: SecretStr | None, ask: Ask
) -> AsyncIterator[Opened]:
    """See `ServiceFamily.download`. The address for a resume is the file's own: that costs nothing."""
    told = json.loads(file.locator.get_secret_value())
    address, name = str(told["address"]), file.file.name
    async with AsyncExitStack() as stack:
        with last_border():
            opening = _Opening(connection, name, _size_of(file), str(told["checksum"]), stack)
            start = offset if resume is not None else 0
            if address.startswith("drs://"):
                opened = await opening.from_drs(await resolve(connection, address, ask, name), start)
            elif address.startswith(("https://", "http://")):
                opened = await opening.from_web(address, start, {})
            elif (signed := bucket_url(connection, address)) is not None:
                opened = await opening.from_web(signed, start, {})
            else:
                opened = await opening.from_disk(address, str(told["run"]), start)
        yield opened


def _size_of(file: RemoteFile) -> int | None:
    number, _, unit = file.file.size_text.partition(" ")
    return int(number) if unit == "bytes" and number.isdigit() else None


class _Opening:
    """The way from an address to open bytes. `stack` closes what was opened."""

    def __init__(
        self, connection: Connection, name: str, size: int | None, checksum: str, stack: AsyncExitStack
    ) -> None:
        self._connection, self._name, self._stack = connection, name, stack
        self._size, self._checksum = size, told_checksum(checksum)

    def _tally(self, offset: int) -> Tally | None:
        """What is compared here; the rest of a file says nothing of the whole, which its caller compares."""
        return Tally(self._size, self._checksum) if offset == 0 else None

    async def from_drs(self, place: DrsPlace, offset: int) -> Opened:
        """By the way that the registry of objects told."""
        self._size = place.size if place.size else self._size
        self._checksum = place.checksum or self._checksum
        if place.url.startswith(("https://", "http://")):
            return await self.from_web(place.url, offset, place.headers)
        return await self.from_disk(place.url, "", offset)

    async def from_web(self, url: str, offset: int, extra: dict[str, str]) -> Opened:
        """By a GET, with our token only at the service itself."""
        home = origin(self._connection.base_url)
        for _ in range(_MOST_REDIRECTS + 1):
            refuse_elsewhere(self._connection, url)
            own = auth_headers(self._connection) if origin(url) == home else {}
            part = {"Range": f"bytes={offset}-"} if offset else {}
            found = await self._get(url, {**extra, **own, **part})
            if found.status in {200, 206}:
                return self._opened(found, offset)
            if found.status == 416 and offset:
                return _Empty(offset, self._checksum), AGAIN
            reply = await self._whole(found)
            location = reply.headers.get("location")
            if reply.status not in _REDIRECTS or not location:
                raise self._refused(reply, own_origin=origin(url) == home)
            url = self._next(url, reply, location)
            extra = {}
        raise problem_of(Reply(508, body=b"The address leads in a circle"), self._name)

    async def _get(self, url: str, headers: dict[str, str]) -> Incoming:
        with border(self._name):
            return await self._stack.enter_async_context(incoming(url, headers))

    async def _whole(self, found: Incoming) -> Reply:
        with border(self._name):
            reply = await found.whole()
        await self._stack.aclose()
        return reply

    def _next(self, url: str, reply: Reply, location: str) -> str:
        with border(self._name):
            try:
                return redirected(url, location)
            except ValueError:
                raise AnswerError(reply, "points to something that is no web address") from None

    def _opened(self, found: Incoming, start: int) -> Opened:
        page = found.headers.get("content-type", "").startswith("text/html")
        if page and not self._name.endswith((".html", ".htm", ".txt", ".log")):
            raise unreadable(Reply(found.status, found.headers), self._name)
        offset = start if found.status == 206 else 0
        told = re.match(r"bytes (\d+)-", found.headers.get("content-range", ""))
        if found.status == 206 and told is not None and int(told[1]) != offset:
            raise _damaged(self._name, "the server sent another part than was asked for")
        total = None if found.length is None else offset + found.length
        if total is None:
            total = self._size
        opened = _FromWeb(found, self._name, offset, total, self._tally(offset))
        opened.checksum = self._checksum
        return opened, AGAIN

    def _refused(self, reply: Reply, *, own_origin: bool) -> ProblemError:
        if own_origin or reply.status >= 500 or reply.status == 429:
            return problem_of(reply, self._name)
        return problem(
            Kind.NOT_FOUND,
            "The file store of the service does not give the file",
            f"It answered with status {reply.status}; its address may have expired",
            "Fetch the result again: then the service is asked for a new address",
            subject=self._name,
            details=f"status {reply.status}",
        )

    async def from_disk(self, address: str, run: str, offset: int) -> Opened:
        """From a disk that the server and this computer share; ProblemError (refused) where there is none."""
        if address.startswith(_BUCKETS):
            raise _bucket(address, self._name)
        path = path_of(address)
        local = (
            mapped_path(self._connection, path) if path else mapped_relative(self._connection, address, run)
        )
        if local is None and path and is_loopback(self._connection.base_url):
            local = path
        if local is None:
            raise _no_way(address, self._name)
        handle, size = await asyncio.to_thread(_open_regular, Path(local), offset, self._name)
        self._stack.callback(handle.close)
        opened = _FromDisk(handle, self._name, offset, size, self._tally(offset))
        opened.checksum = self._checksum
        return opened, AGAIN


def _open_regular(path: Path, offset: int, name: str) -> tuple[IO[bytes], int]:
    try:
        if not path.is_file():  # opening a pipe would wait for ever
            raise OSError(f"it is {'no file' if path.exists() else 'not there'}")
        handle = path.open("rb")
        seen = os.fstat(handle.fileno())
        if not stat.S_ISREG(seen.st_mode):
            handle.close()
            raise OSError("it is no file")
        handle.seek(min(offset, seen.st_size))
    except OSError as error:
        raise problem(
            Kind.NOT_FOUND,
            "The file is not where the service says",
            f"{name}: {error.strerror or error}",
            "Look at the folder that stands for the disk of the server in the settings of the service",
            subject=name,
        ) from error
    return handle, seen.st_size


def _bucket(address: str, name: str) -> ProblemError:
    kind = address.partition("://")[0]
    tool = {"s3": f"aws s3 cp {address} .", "gs": f"gcloud storage cp {address} ."}.get(kind, "")
    return problem(
        Kind.REFUSED,
        "The result lies in a store of its own",
        f"{name} is at {address}, and this program has no key for that store",
        f"Fetch it with your own access{f': {tool}' if tool else ''}, then add it as a result",
        subject=name,
    )


def _no_way(address: str, name: str) -> ProblemError:
    return problem(
        Kind.REFUSED,
        "The service cannot deliver the result",
        f"{name} lies on the disk of the server ({address[:200]}), and no way over the network leads to it",
        "Say in the settings of the service where that folder is seen on this computer, if it is",
        subject=name,
    )


def _damaged(name: str, what: str) -> ProblemError:
    return problem(
        Kind.NO_NETWORK,
        "The file came damaged",
        f"{name}: {what}",
        "It is fetched again by itself; if that does not help, ask the service",
        subject=name,
    )


class _Empty:
    """Nothing is left of a file that is here already."""

    def __init__(self, size: int, checksum: tuple[str, str] | None) -> None:
        self.offset: int = size
        self.total: int | None = size
        self.md5: str | None = None
        self.checksum = checksum

    async def chunks(self) -> AsyncIterator[bytes]:
        """No bytes."""
        return
        yield b""


class _FromWeb:
    """The bytes of an answer; compared at the end with what the service told."""

    def __init__(
        self, source: Incoming, name: str, offset: int, total: int | None, tally: Tally | None
    ) -> None:
        self.offset = offset
        self.total = total
        self.md5: str | None = None
        self.checksum: tuple[str, str] | None = None
        self._source, self._name, self._tally = source, name, tally

    async def chunks(self) -> AsyncIterator[bytes]:
        """The bytes; ProblemError when they break off or are not what was told."""
        with last_border(), border(self._name):
            async with aclosing(self._source.chunks()) as pieces:
                async for piece in pieces:
                    if self._tally is not None:
                        self._tally.add(piece)
                    yield piece
        _refuse_wrong(self._tally, self._name)


class _FromDisk:
    """The bytes of a file that the server left on a disk that is seen here."""

    def __init__(self, handle: IO[bytes], name: str, offset: int, size: int, tally: Tally | None) -> None:
        self.offset = offset
        self.total: int | None = size
        self.md5: str | None = None
        self.checksum: tuple[str, str] | None = None
        self._handle, self._name, self._tally = handle, name, tally

    async def chunks(self) -> AsyncIterator[bytes]:
        """The bytes, read in a thread."""
        while piece := await asyncio.to_thread(self._read):
            if self._tally is not None:
                self._tally.add(piece)
            yield piece
        _refuse_wrong(self._tally, self._name)

    def _read(self) -> bytes:
        try:
            return self._handle.read(PIECE)
        except OSError as error:
            raise _damaged(self._name, error.strerror or "reading failed") from error


def _refuse_wrong(tally: Tally | None, name: str) -> None:
    wrong = tally.wrong() if tally is not None else None
    if wrong is not None:
        raise _damaged(name, wrong)
