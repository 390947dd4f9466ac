"""The object store beside the stand-in of Terra's service, and what its two servers have in common.

Source: Google Cloud Storage: signed addresses, resumable uploads, Range, ETag, x-goog-hash.
"""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

if TYPE_CHECKING:
    from tests.helpers.teaspoons_server import TeaspoonsServer

STEP = 256 * 1024
"""A session keeps whole pieces of this size; only the last may be shorter."""


@dataclass
class Session:
    """An upload that can go on."""

    path: str
    held: bytearray = field(default_factory=bytearray)
    total: int | None = None
    done: bool = False


@dataclass(frozen=True)
class Seen:
    """A request."""

    server: str
    method: str
    path: str
    query: str
    status: int


class Handler(BaseHTTPRequestHandler):
    """One request."""

    owner: TeaspoonsServer
    server_name = ""
    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is printed."""

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except ConnectionError:
            self.close_connection = True

    def do_GET(self) -> None:
        self._do("GET")

    def do_POST(self) -> None:
        self._do("POST")

    def do_PUT(self) -> None:
        self._do("PUT")

    def _do(self, method: str) -> None:
        self.url = urlsplit(self.path)
        self.close_connection = True
        self.answer(method)

    def answer(self, method: str) -> None:
        """To be given by each server."""
        raise NotImplementedError

    def note(self, status: int) -> None:
        """Write the request down before its answer leaves."""
        with self.owner.lock:
            seen = Seen(self.server_name, self.command, self.url.path, self.url.query, status)
            self.owner.seen.append(seen)

    def reply(self, status: int, body: bytes = b"", headers: list[tuple[str, str]] | None = None) -> None:
        """Send an answer."""
        self.note(status)
        self.send_response(status)
        for name, value in headers or []:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def wrong(self, what: str) -> None:
        """Something that no careful client does: the test fails when the server stops."""
        self.owner.wrongs.append(f"{self.command} {self.url.path}: {what}")


class Store(Handler):
    server_name = "store"

    def answer(self, method: str) -> None:
        if self.headers.get("Authorization"):
            self.wrong("the token was sent to the store")
        if self.owner.faults.store_busy:
            self.owner.faults.store_busy -= 1
            self.reply(503, b"<Error/>")
            return
        if method == "PUT" and self.url.path.startswith("/session/"):
            self._continue()
            return
        mark = parse_qs(self.url.query).get("X-Goog-Signature", [""])[0]
        grant = self.owner.grants.get(mark)
        path = unquote(self.url.path.removeprefix("/bucket/"))
        if grant is None or (grant.method, grant.path) != (method, path):
            self.reply(403, b"<Error><Code>SignatureDoesNotMatch</Code></Error>")
        elif grant.until <= self.owner.now():
            self.reply(400, b"<Error><Code>ExpiredToken</Code></Error>")
        else:
            {"PUT": self._put, "POST": self._begin, "GET": self._get}[method](path)

    def _take(self, length: int) -> bytes:
        """The body; less when the test wants a cut."""
        cuts = self.owner.faults.cut_uploads_at
        cut = cuts.pop(0) if cuts and length else None
        return self.rfile.read(length if cut is None else min(cut, length))

    def _put(self, path: str) -> None:
        if self.headers.get("Content-Type") != "application/octet-stream":
            self.wrong("the type that was signed is another")
        length = int(self.headers["Content-Length"])
        data = self._take(length)
        if len(data) == length:
            with self.owner.lock:
                self.owner.objects[path] = data
            self.reply(200)

    def _begin(self, path: str) -> None:
        signed = (self.headers.get("x-goog-resumable"), self.headers.get("Content-Type"))
        if signed != ("start", "application/octet-stream") or self.headers.get("Content-Length") != "0":
            self.wrong("the headers that were signed are others")
        name = secrets.token_hex(16)
        self.owner.sessions[name] = Session(path)
        self.reply(201, b"", [("Location", f"{self.owner.store_url}/session/{name}")])

    def _continue(self) -> None:
        session = self.owner.sessions.get(self.url.path.removeprefix("/session/"))
        if self.owner.faults.lose_sessions:
            self.owner.faults.lose_sessions -= 1
            session = None
        length = int(self.headers["Content-Length"])
        if session is None:
            self.rfile.read(length)
            self.reply(410)
            return
        asked = re.fullmatch(r"bytes (?:(\d+)-(\d+)|\*)/(\d+)", self.headers.get("Content-Range", ""))
        if asked is None:
            self.wrong("a part without Content-Range")
            self.reply(400)
            return
        session.total = int(asked[3])
        if asked[1] is not None:
            self._part(session, int(asked[1]), int(asked[2]), length)
        else:
            self._state(session)

    def _part(self, session: Session, first: int, last: int, length: int) -> None:
        if first != len(session.held) or last - first + 1 != length:
            self.wrong(f"the part begins at {first}, and {len(session.held)} bytes are there")
        data = self._take(length)
        whole = first + len(data) == session.total
        kept = len(data) if whole else (first + len(data)) // STEP * STEP - first
        session.held += data[: max(0, kept)]
        if whole:
            session.done = True
            with self.owner.lock:
                self.owner.objects[session.path] = bytes(session.held)
        if len(data) == length:
            self._state(session)

    def _state(self, session: Session) -> None:
        if session.done:
            self.reply(200)
            return
        held = [("Range", f"bytes=0-{len(session.held) - 1}")] if session.held else []
        self.reply(308, b"", held)

    def _get(self, path: str) -> None:
        data = self.owner.objects.get(path)
        if data is None:
            self.reply(404, b"<Error><Code>NoSuchKey</Code></Error>")
            return
        digest = hashlib.md5(data, usedforsecurity=False).digest()
        tag = f'"{digest.hex()}"'
        told = bytes(16) if self.owner.faults.wrong_md5 else digest
        headers = [("ETag", tag), ("x-goog-hash", f"md5={base64.b64encode(told).decode()}")]
        headers.append(("x-goog-hash", "crc32c=AAAAAA=="))
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        start, status = 0, 200
        if asked is not None and self.headers.get("If-Range", tag) == tag:
            start, status = int(asked[1]), 206
            if start >= len(data):
                self.reply(416, b"", [("Content-Range", f"bytes */{len(data)}")])
                return
            headers.append(("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}"))
        self._pour(status, data[start:], headers)

    def _pour(self, status: int, data: bytes, headers: list[tuple[str, str]]) -> None:
        cuts = self.owner.faults.cut_downloads_at
        cut = cuts.pop(0) if cuts else len(data)
        self.note(status)
        self.send_response(status)
        for name, value in [*headers, ("Content-Length", str(len(data))), ("Connection", "close")]:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data[:cut])
