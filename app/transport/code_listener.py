"""Waits for the one visit of the browser that brings the code of a sign-in. Source: RFC 8252.

It listens on loopback only, answers nothing but the expected page, and takes no code of another sign-in.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import html
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit

from pydantic import SecretStr

from app.domain.problem import Kind, ProblemError, problem
from app.transport.address import is_loopback_host
from app.transport.oidc import one_line, same

_LONGEST_HEAD = 32_768
_PATIENCE_S = 15.0
_HEADERS = (
    "Content-Type: text/html; charset=utf-8\r\nCache-Control: no-store\r\nReferrer-Policy: no-referrer\r\n"
    "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'\r\nConnection: close\r\n"
)
_PAGE = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
    '<body style="font-family:sans-serif;margin:4em auto;max-width:36em"><h1>{title}</h1><p>{words}</p>'
)


class CodeListener:
    """A port of this computer that waits for a code; made by `listening`."""

    def __init__(self, redirect: str, state: str) -> None:
        self._redirect = urlsplit(redirect)
        self._state = state
        self._code: asyncio.Future[SecretStr] = asyncio.get_running_loop().create_future()

    async def code(self) -> SecretStr:
        """The code, once the browser brings it; ProblemError (sign-in) when the page refused."""
        return await asyncio.shield(self._code)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of a browser."""
        try:
            async with asyncio.timeout(_PATIENCE_S):
                head = await reader.readuntil(b"\r\n\r\n")
                status, title, words = self._judge(head.decode("latin-1"))
                page = _PAGE.format(title=html.escape(title), words=html.escape(words)).encode()
                told = f"HTTP/1.1 {status}\r\n{_HEADERS}Content-Length: {len(page)}\r\n\r\n"
                writer.write(told.encode() + page)
                await writer.drain()
        except (OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError):
            pass  # no browser, or one that hung up; the next connection may be the right one
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    def _judge(self, head: str) -> tuple[str, str, str]:
        lines = head.split("\r\n")
        method, _, rest = lines[0].partition(" ")
        target = urlsplit(rest.rpartition(" ")[0])
        hosts = [line.partition(":")[2].strip() for line in lines[1:] if line.lower().startswith("host:")]
        here = len(hosts) == 1 and is_loopback_host(urlsplit("//" + hosts[0]).hostname or "")
        if method != "GET" or not here or (target.path or "/") != (self._redirect.path or "/"):
            return "404 Not Found", "Nothing is here", "This page belongs to a sign-in of Haplodesk."
        told = {name: values[0] for name, values in parse_qs(target.query).items()}
        if not same(told.get("state", ""), self._state):
            return "400 Bad Request", "Another sign-in", "This answer belongs to another sign-in."
        return self._take(told)

    def _take(self, told: dict[str, str]) -> tuple[str, str, str]:
        if "code" in told:
            if not self._code.done():
                self._code.set_result(SecretStr(told["code"]))
            return "200 OK", "Signed in", "You can close this page and go back to Haplodesk."
        why = one_line(told.get("error_description") or told.get("error") or "no reason was given")
        if not self._code.done():
            self._code.set_exception(_refused(why))
            self._code.exception()  # looked at: nobody may be waiting any more
        return "200 OK", "Not signed in", f"The page for signing in said: {why}"

    def close(self) -> None:
        """Nobody waits any more."""
        self._code.cancel()


@asynccontextmanager
async def listening(redirect: str, state: str) -> AsyncIterator[CodeListener]:
    """Listen at a loopback address whose port is free; ProblemError (refused) when it is taken."""
    port = urlsplit(redirect).port or 80
    listener = CodeListener(redirect, state)
    servers = [await _server(listener, "127.0.0.1", port)]
    try:
        with contextlib.suppress(ProblemError, OSError):  # a browser may take localhost for ::1
            servers.append(await _server(listener, "::1", port))
        yield listener
    finally:
        for server in servers:
            server.close()
        listener.close()
        for server in servers:
            await server.wait_closed()


async def _server(listener: CodeListener, host: str, port: int) -> asyncio.Server:
    try:
        return await asyncio.start_server(listener.answer, host, port, limit=_LONGEST_HEAD)
    except OSError as error:
        taken = error.errno in {errno.EADDRINUSE, errno.EACCES}
        raise problem(
            Kind.REFUSED,
            "The browser could not come back to the program",
            f"Port {port} of this computer is {'used by another program' if taken else 'not free'}",
            "Close the other program, or sign in by pasting a code",
            subject=str(port),
            details=f"errno {error.errno}",
        ) from None


def free_port() -> int:
    """A port of this computer that nobody uses now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def _refused(why: str) -> ProblemError:
    return problem(
        Kind.SIGN_IN, "You are not signed in", f"The page for signing in said: {why}", "Try to sign in again"
    )
