"""Bodies of files: as a stream without length, or with length, Range and ETag."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import AsyncIterator, Iterator
from functools import lru_cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from app.practice.context import Context
from app.practice.gate import cut_connection
from app.practice.submission import pace

_CHUNK = 1 << 20
_RANGE = re.compile(r"bytes=(\d*)-(\d*)$")
_KIND = "application/octet-stream"


def stream_without_length(context: Context, request: Request, path: Path) -> Response:
    """What a server with a local workspace sends: chunked, Range ignored."""
    if request.method == "HEAD":
        return Response(media_type=_KIND)
    return StreamingResponse(_send(context, request, path, 0, path.stat().st_size), media_type=_KIND)


def file_with_ranges(context: Context, request: Request, path: Path, etag: str | None) -> Response:
    """A file with Content-Length; one byte range is honoured, several are not."""
    size = path.stat().st_size
    headers = {"accept-ranges": "bytes"} | ({"etag": etag} if etag else {})
    wanted = _wanted(request, size, etag)
    if wanted is None:
        start, end, status = 0, size, 200
    elif wanted[0] >= wanted[1]:
        return Response(status_code=416, headers={**headers, "content-range": f"bytes */{size}"})
    else:
        start, end = wanted
        status = 206
        headers["content-range"] = f"bytes {start}-{end - 1}/{size}"
    headers["content-length"] = str(end - start)
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers, media_type=_KIND)
    body = _send(context, request, path, start, end)
    return StreamingResponse(body, status_code=status, headers=headers, media_type=_KIND)


def entity_tag(path: Path) -> str:
    """The MD5 of a file in quotes, as an object store gives it; kept as long as the file is the same."""
    facts = path.stat()
    return _entity_tag(path, facts.st_size, facts.st_mtime_ns)


@lru_cache(maxsize=256)
def _entity_tag(path: Path, size: int, _modified: int) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    for chunk in _chunks(path, 0, size):
        digest.update(chunk)
    return f'"{digest.hexdigest()}"'


def _wanted(request: Request, size: int, etag: str | None) -> tuple[int, int] | None:
    """The half-open range asked for; None for the whole file; an empty one cannot be satisfied."""
    found = _RANGE.match(request.headers.get("range", ""))
    condition = request.headers.get("if-range")
    if found is None or found.groups() == ("", "") or (condition is not None and condition != etag):
        return None
    first, last = found.groups()
    if not first:
        return max(0, size - int(last)), size
    return int(first), min(size, int(last) + 1) if last else size


async def _send(context: Context, request: Request, path: Path, start: int, end: int) -> AsyncIterator[bytes]:
    """The bytes from `start` to `end`, slowed down or cut off where a fault says so."""
    faults = context.faults
    sent, began = 0, time.monotonic()
    cut_at = faults.drop_download_at
    cutting = cut_at is not None and end - start > cut_at and faults.take("drop_downloads")
    stop = start + cut_at if cutting and cut_at is not None else end
    for chunk in _chunks(path, start, stop, _CHUNK if not faults.download_rate else 1 << 14):
        yield chunk
        sent += len(chunk)
        await pace(began, sent, faults.download_rate)
    if cutting:
        await cut_connection(request.scope, after_sending=True)


def _chunks(path: Path, start: int, end: int, size: int = _CHUNK) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(start)
        left = end - start
        while left > 0 and (chunk := file.read(min(size, left))):
            left -= len(chunk)
            yield chunk
