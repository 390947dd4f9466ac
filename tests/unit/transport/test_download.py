"""Downloads against servers that end as they should, or not."""

import asyncio
import http.client
import threading
import time

import pytest

from app.transport.download import ShortAnswerError, incoming
from tests.unit.transport.scripted import Call, Script, scripted

MB = 1024 * 1024
DATA = bytes(range(256)) * 4096 * 3


async def fetch(url: str, **headers: str) -> bytes:
    async with incoming(url, headers) as found:
        return b"".join([piece async for piece in found.chunks()])


def fetched(script: Script) -> bytes:
    with scripted(script) as server:
        return asyncio.run(fetch(server.url + "/f"))


def head(*lines: str) -> bytes:
    return "\r\n".join(["HTTP/1.1 200 OK", *lines, "Connection: close", "", ""]).encode()


def chunked(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def test_with_length() -> None:
    def script(call: Call) -> None:
        assert call.headers["accept-encoding"] == "identity"
        call.sock.sendall(head(f"Content-Length: {len(DATA)}") + DATA)

    assert fetched(script) == DATA


def test_chunked_without_length() -> None:
    def script(call: Call) -> None:
        call.sock.sendall(head("Transfer-Encoding: chunked"))
        for at in range(0, len(DATA), 100_000):
            call.sock.sendall(chunked(DATA[at : at + 100_000]))
        call.sock.sendall(b"0\r\n\r\n")

    assert fetched(script) == DATA


def test_until_the_connection_ends() -> None:
    assert fetched(lambda call: call.sock.sendall(head() + DATA)) == DATA


@pytest.mark.parametrize("cut", [1, 1000, MB + 1, len(DATA) - 1])
def test_cut_with_length(cut: int) -> None:
    def script(call: Call) -> None:
        call.sock.sendall(head(f"Content-Length: {len(DATA)}") + DATA[:cut])

    with pytest.raises(ShortAnswerError):
        fetched(script)


@pytest.mark.parametrize("end", [b"", b"ff\r\nxx", b"zz\r\n"])
def test_cut_when_chunked(end: bytes) -> None:
    def script(call: Call) -> None:
        call.sock.sendall(head("Transfer-Encoding: chunked") + chunked(DATA) + end)

    with pytest.raises(http.client.HTTPException):
        fetched(script)


def test_reset() -> None:
    def script(call: Call) -> None:
        call.sock.sendall(head(f"Content-Length: {len(DATA)}") + DATA[:1000])
        time.sleep(0.1)
        call.reset()

    with pytest.raises(ConnectionError):
        fetched(script)


def test_a_server_that_goes_silent() -> None:
    def script(call: Call) -> None:
        call.sock.sendall(head(f"Content-Length: {len(DATA)}") + DATA[:1000])
        call.until_hung_up()

    async def main(url: str) -> None:
        async with incoming(url, {}, stall_s=0.3) as found:
            async for _ in found.chunks():
                pass

    with scripted(script) as server, pytest.raises(TimeoutError):
        asyncio.run(main(server.url))


def test_no_faster_than_it_is_used() -> None:
    """A slow reader is not given gigabytes to keep."""
    sent = [0]

    def script(call: Call) -> None:
        call.sock.sendall(head(f"Content-Length: {400 * MB}"))
        piece = bytes(MB)
        for _ in range(400):
            call.sock.sendall(piece)
            sent[0] += 1

    async def main(url: str) -> None:
        async with incoming(url, {}) as found:
            async for _ in found.chunks():
                await asyncio.sleep(0.5)
                return

    with scripted(script) as server:
        asyncio.run(main(server.url))
    assert sent[0] < 60


def test_cancelling_does_not_wait_for_the_server() -> None:
    begun, closed = threading.Event(), threading.Event()

    def script(call: Call) -> None:
        call.sock.settimeout(None)  # it would never send more by itself
        call.sock.sendall(head(f"Content-Length: {len(DATA)}") + DATA[:1000])
        begun.set()
        call.until_hung_up()
        closed.set()

    async def main(url: str) -> None:
        task = asyncio.create_task(fetch(url))
        assert await asyncio.to_thread(begun.wait, 60)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with scripted(script) as server:
        asyncio.run(main(server.url))
        assert closed.wait(60)


def test_headers_with_line_breaks_are_refused() -> None:
    with scripted(lambda call: None) as server, pytest.raises(ValueError, match="line break"):
        asyncio.run(fetch(server.url, Range="bytes=1-\r\nX-Evil: 1"))
