"""A plain HTTP/1.1 connection for one request, used from one thread, for what moves many bytes.

httpx reads and writes through several layers and cannot hear a server that answers before the body is
complete. Here the socket never blocks: every wait ends at once when the transfer is cancelled, when the
server answers early, or when nothing has moved for too long.
"""

from __future__ import annotations

import base64
import http.client
import io
import selectors
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, cast
from urllib.parse import unquote, urlsplit

from app.domain.service import Phases
from app.transport.address import authority, port_of, proxy_for
from app.transport.client import CONNECT_S, user_agent
from app.transport.reply import SMALL_BODY, Reply
from app.transport.tls import tls_context

PIECE = 1024 * 1024
_TICK_S = 0.2
_WOULD_BLOCK = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class StoppedError(Exception):
    """The transfer was cancelled from another thread."""


class EarlyAnswerError(Exception):
    """The server answered, or hung up, before it had the whole body."""


class ProxyError(OSError):
    """The proxy of the system does not let the connection through; the text says why."""


class Wire:
    """One connection: `open`, `send_head`, `send`, `answer`, `close`, all from the same thread.

    `stop` may be called from any thread. `stall_s` is how long nothing may move in either direction.
    `phase` is the step being worked on (dns, tcp, tls, first_byte), `phases` their milliseconds.
    """

    def __init__(self, url: str, *, connect_s: float = CONNECT_S, stall_s: float = 120.0) -> None:
        self.url = url
        self.phase = "dns"
        self.phases = Phases()
        self._parts = urlsplit(url)
        self._proxy = proxy_for(url)
        self._connect_s = connect_s
        self._stall_s = stall_s
        self._stopped = threading.Event()
        self._selector: selectors.BaseSelector | None = None
        self._socket: socket.socket | None = None
        self._early = bytearray()
        self._hung_up = False
        self._method = "GET"

    def stop(self) -> None:
        """Make every wait of the thread that uses this connection end with StoppedError."""
        self._stopped.set()

    def open(self) -> None:
        """Connect; raises OSError (gaierror, TimeoutError, SSLError …) with `phase` telling the step."""
        peer = urlsplit(self._proxy) if self._proxy else self._parts
        addresses = self._timed(
            "dns", socket.getaddrinfo, peer.hostname, port_of(peer), 0, socket.SOCK_STREAM
        )
        raw = self._timed("tcp", self._connect, addresses)
        try:
            raw.settimeout(self._connect_s)
            if self._parts.scheme == "https":
                if self._proxy:
                    self._tunnel(raw)
                raw = self._timed("tls", self._encrypt, raw)
            raw.setblocking(False)
        except BaseException:
            raw.close()
            raise
        self._socket = raw
        self._selector = selectors.DefaultSelector()
        self._selector.register(raw, selectors.EVENT_READ)
        self.phase = "first_byte"

    def _timed(self, phase: str, function: Any, *arguments: Any) -> Any:
        self.phase = phase
        started = time.perf_counter()
        result = function(*arguments)
        spent = round((time.perf_counter() - started) * 1000, 3)
        self.phases = self.phases.model_copy(update={phase: spent})
        return result

    def _connect(self, addresses: Iterable[tuple[Any, ...]]) -> socket.socket:
        """The first address that answers; the time limit is shared by all of them."""
        deadline = time.monotonic() + self._connect_s
        failure: OSError = OSError("the name has no address")
        for family, kind, protocol, _, address in addresses:
            if self._stopped.is_set():
                raise StoppedError
            sock = socket.socket(family, kind, protocol)
            try:
                sock.settimeout(max(0.1, deadline - time.monotonic()))
                sock.connect(address)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except OSError as error:
                sock.close()
                failure = error
            else:
                return sock
        raise failure

    def _encrypt(self, raw: socket.socket) -> socket.socket:
        return tls_context().wrap_socket(raw, server_hostname=self._parts.hostname)

    def _tunnel(self, raw: socket.socket) -> None:
        target = f"{self._parts.hostname}:{port_of(self._parts)}"
        lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}", *self._proxy_lines()]
        raw.sendall("\r\n".join([*lines, "", ""]).encode("latin-1"))
        head = bytearray()
        while not head.endswith(b"\r\n\r\n"):
            byte = raw.recv(1)
            if not byte or len(head) > 65536:
                raise ProxyError("the proxy of this network hung up")
            head += byte
        status = head.split(b" ", 2)[1:2]
        if status != [b"200"]:
            code = b"".join(status).decode("latin-1")
            raise ProxyError(f"the proxy of this network refused the connection (status {code})")

    def _proxy_lines(self) -> list[str]:
        proxy = urlsplit(self._proxy or "")
        if not proxy.username:
            return []
        pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
        return ["Proxy-Authorization: Basic " + base64.b64encode(pair.encode()).decode()]

    def send_head(self, method: str, headers: Mapping[str, str]) -> None:
        """Send the request line and the headers; Host, User-Agent and Connection are added."""
        self._method = method
        target = (self._parts.path or "/") + (f"?{self._parts.query}" if self._parts.query else "")
        plain_proxy = self._proxy and self._parts.scheme == "http"
        if plain_proxy:
            target = f"http://{authority(self._parts)}{target}"
        lines = [f"{method} {target} HTTP/1.1", f"Host: {authority(self._parts)}"]
        lines += [f"User-Agent: {user_agent()}", "Connection: close"]
        lines += self._proxy_lines() if plain_proxy else []
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if any("\r" in line or "\n" in line for line in lines):
            raise ValueError("a header holds a line break")
        self.send("\r\n".join([*lines, "", ""]).encode("latin-1"))

    def send(self, data: bytes | memoryview) -> None:
        """Hand all bytes to the socket. Raises EarlyAnswerError when the server has answered already."""
        view = memoryview(data)
        self._listen()
        while view:
            try:
                view = view[self._sock.send(view) :]
            except _WOULD_BLOCK:
                if self._wait(selectors.EVENT_READ | selectors.EVENT_WRITE) & selectors.EVENT_READ:
                    self._listen()
            except OSError:
                self._hung_up = True
                with suppress(OSError):
                    self._listen()
                if self._early:
                    raise EarlyAnswerError from None
                raise

    def _listen(self) -> None:
        """Look, without waiting, whether the server speaks; TLS tickets are swallowed by the library."""
        try:
            received = self._sock.recv(65536)
        except _WOULD_BLOCK:
            return
        self._early += received
        self._hung_up = not received
        if self._early:
            raise EarlyAnswerError
        raise ConnectionResetError("the server hung up")

    def answer(self, stall_s: float | None = None) -> http.client.HTTPResponse:
        """Status and headers of the answer; the body is read from it. Raises OSError, HTTPException."""
        if stall_s is not None:
            self._stall_s = stall_s
        started = time.perf_counter()
        response = http.client.HTTPResponse(cast(socket.socket, _Readable(self)), method=self._method)
        try:
            response.begin()
        except BaseException:
            response.close()
            raise
        spent = round((time.perf_counter() - started) * 1000, 3)
        self.phases = self.phases.model_copy(update={"first_byte": spent})
        return response

    def receive_into(self, buffer: memoryview) -> int:
        """Bytes from the server, 0 at the end."""
        if self._early:
            count = min(len(buffer), len(self._early))
            buffer[:count] = self._early[:count]
            del self._early[:count]
            return count
        if self._hung_up:
            return 0
        while True:
            try:
                return self._sock.recv_into(buffer)
            except (BlockingIOError, ssl.SSLWantReadError):
                self._wait(selectors.EVENT_READ)
            except ssl.SSLWantWriteError:
                self._wait(selectors.EVENT_WRITE)

    def _wait(self, events: int) -> int:
        """Wait until the socket is ready for one of the events."""
        assert self._selector is not None
        self._selector.modify(self._sock, events)
        deadline = time.monotonic() + self._stall_s
        while not self._stopped.is_set():
            for _, ready in self._selector.select(_TICK_S):
                return ready
            if time.monotonic() > deadline:
                raise TimeoutError(f"nothing moved for {round(self._stall_s)} s")
        raise StoppedError

    @property
    def _sock(self) -> socket.socket:
        if self._socket is None:
            raise OSError("the connection is not open")
        return self._socket

    def close(self) -> None:
        """Let go of the socket; harmless when it was never opened."""
        if self._selector is not None:
            self._selector.close()
        if self._socket is not None:
            self._socket.close()
        self._socket = self._selector = None


class _Bytes(io.RawIOBase):
    """What http.client reads an answer from."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._wire.receive_into(memoryview(buffer))


class _Readable:
    """The one method of a socket that http.client's answer needs."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Bytes(self._wire), 65536)


def reply_of(response: http.client.HTTPResponse, most: int = SMALL_BODY) -> Reply:
    """Read a small answer whole; a body that breaks off is taken as far as it came."""
    headers = {name.lower(): value for name, value in response.getheaders()}
    body = bytearray()
    try:
        while len(body) <= most and (piece := response.read(65536)):
            body += piece
    except http.client.IncompleteRead as error:
        body += error.partial
    except OSError:
        if not body and not headers:
            raise
    finally:
        response.close()
    return Reply(response.status, headers, bytes(body[:most]), cut=len(body) > most)
