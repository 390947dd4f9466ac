"""A server that does, for each connection, exactly what a test wants; it keeps the heads of all requests."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Call:
    """One connection as the script sees it."""

    sock: socket.socket
    head: bytes = b""
    rest: bytes = b""
    server: Scripted | None = None

    @property
    def target(self) -> str:
        return self.head.split(b" ")[1].decode()

    @property
    def headers(self) -> dict[str, str]:
        lines = self.head.decode("latin-1").split("\r\n")[1:]
        pairs = (line.partition(": ") for line in lines if line)
        return {name.lower(): value for name, _, value in pairs}

    def body(self, most: int | None = None) -> bytes:
        """Read the body, or only so many bytes of it."""
        length = int(self.headers.get("content-length", "0"))
        wanted = length if most is None else min(most, length)
        while len(self.rest) < wanted and (piece := self.sock.recv(65536)):
            self.rest += piece
        return self.rest

    def send(
        self, status: int, body: bytes | str = b"", kind: str = "application/json", **headers: str
    ) -> None:
        """A whole answer."""
        raw = body.encode() if isinstance(body, str) else body
        told = {"Content-Type": kind, "Content-Length": str(len(raw)), "Connection": "close"}
        told |= {name.replace("_", "-"): value for name, value in headers.items()}
        lines = [f"HTTP/1.1 {status} x", *(f"{name}: {value}" for name, value in told.items() if value)]
        self.sock.sendall("\r\n".join([*lines, "", ""]).encode() + raw)

    def json(self, data: Any, status: int = 200) -> None:
        self.send(status, json.dumps(data))

    def until_hung_up(self) -> None:
        """Send nothing more, and wait until the other side closes; what it sends is read."""
        with contextlib.suppress(OSError):
            while self.sock.recv(65536):
                pass

    def reset(self) -> None:
        """Cut the connection hard."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()


Script = Callable[[Call], None]


@dataclass
class Scripted:
    """Listens on loopback; `script` runs in a thread for each connection."""

    script: Script
    calls: list[Call] = field(default_factory=list)
    at: list[float] = field(default_factory=list)
    url: str = ""

    @property
    def targets(self) -> list[str]:
        return [call.target for call in self.calls]


def _serve(server: Scripted, sock: socket.socket, threads: list[threading.Thread]) -> None:
    while True:
        try:
            connection, _ = sock.accept()
        except OSError:
            return
        thread = threading.Thread(target=_handle, args=(server, connection))
        threads.append(thread)
        thread.start()


def _handle(server: Scripted, connection: socket.socket) -> None:
    connection.settimeout(20)
    with connection, contextlib.suppress(OSError):
        data = b""
        while b"\r\n\r\n" not in data:
            piece = connection.recv(65536)
            if not piece:
                return
            data += piece
        head, _, rest = data.partition(b"\r\n\r\n")
        call = Call(connection, head, rest, server)
        server.calls.append(call)
        server.at.append(time.monotonic())
        server.script(call)


@contextlib.contextmanager
def scripted(
    script: Script, wrap: Callable[[socket.socket], socket.socket] | None = None
) -> Iterator[Scripted]:
    """Run a script as a server; `wrap` may put TLS around the listening socket."""
    sock = socket.create_server(("127.0.0.1", 0))
    port = sock.getsockname()[1]
    if wrap is not None:
        sock = wrap(sock)
    scheme = "https" if wrap else "http"
    server = Scripted(script, url=f"{scheme}://127.0.0.1:{port}")
    threads: list[threading.Thread] = []
    acceptor = threading.Thread(target=_serve, args=(server, sock, threads))
    acceptor.start()
    try:
        yield server
    finally:
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)
        sock.close()
        acceptor.join()
        for thread in threads:
            thread.join(20)
