"""What other programs of this computer, or web pages, may send to the port that waits for a code."""

from __future__ import annotations

import asyncio

import pytest

from app.transport.code_listener import free_port, listening


@pytest.mark.parametrize(
    "head",
    [
        b"GET //[ HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /?state=right&code=x HTTP/1.1\r\nHost: [bad\r\n\r\n",
        b"GET /?state=right&code=x HTTP/1.1\r\nHost: evil.example.org\r\n\r\n",
        b"GET /?state=right&code=x HTTP/1.1\r\nHost: localhost\r\nHost: evil.example.org\r\n\r\n",
        b"POST /?state=right&code=x HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /?state=wrong&code=x HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /?state=wrong&error=access_denied HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"GET /?code=x HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\x16\x03\x01\r\n\r\n",
        b"\r\n\r\n",
        b"x" * 40_000,
    ],
    ids=range(11),
)
def test_strangers_get_nowhere_and_the_right_visit_still_counts(head: bytes) -> None:
    async def whole() -> str:
        port = free_port()
        async with listening(f"http://localhost:{port}", "right") as listener:
            assert b"200 OK" not in await _say(port, head)
            right = b"GET /?state=right&code=mine HTTP/1.1\r\nHost: localhost\r\n\r\n"
            assert b"200 OK" in await _say(port, right)
            return (await listener.code()).get_secret_value()

    assert asyncio.run(whole()) == "mine"


async def _say(port: int, head: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(head)
        return await reader.read()
    except ConnectionError:  # it hung up while more came
        return b""
    finally:
        writer.close()
