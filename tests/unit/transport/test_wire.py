"""Connections through the proxy of an institution."""

import asyncio
from collections.abc import Iterator

import pytest

from app.transport import wire
from app.transport.download import incoming
from app.transport.probe import reason_of
from app.transport.wire import ProxyError, Wire
from tests.unit.transport.scripted import Call, Script, Scripted, scripted


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Scripted]:
    """The script of the test as a proxy that the system names, with a user and a password."""
    script: Script = request.param
    with scripted(script) as server:
        address = server.url.replace("http://", "http://us%20er:pa%3Ass@")
        monkeypatch.setattr(wire, "proxy_for", lambda url: address)
        yield server


async def get(url: str) -> bytes:
    async with incoming(url, {}) as found:
        return b"".join([piece async for piece in found.chunks()])


def through(call: Call) -> None:
    call.send(200, b"file", "x/y")


@pytest.mark.parametrize("proxy", [through], indirect=True)
def test_plain_http_names_the_whole_address(proxy: Scripted) -> None:
    assert asyncio.run(get("http://far.example:8082/x?y=1")) == b"file"
    (call,) = proxy.calls
    assert call.target == "http://far.example:8082/x?y=1"
    assert call.headers["host"] == "far.example:8082"
    assert call.headers["proxy-authorization"] == "Basic dXMgZXI6cGE6c3M="


def refuse(call: Call) -> None:
    call.send(407, b"", "text/html")


@pytest.mark.parametrize("proxy", [refuse], indirect=True)
def test_https_asks_for_a_tunnel_and_hears_a_refusal(proxy: Scripted) -> None:
    with pytest.raises(ProxyError) as caught:
        asyncio.run(get("https://far.example/x"))
    assert reason_of(caught.value) == "the proxy of this network refused the connection (status 407)"
    assert proxy.calls[0].head.startswith(b"CONNECT far.example:443 HTTP/1.1")


@pytest.mark.parametrize("proxy", [Call.reset], indirect=True)
def test_a_proxy_that_hangs_up(proxy: Scripted) -> None:
    with pytest.raises(OSError, match=r"hung up|reset"):
        asyncio.run(get("https://far.example/x"))


def test_a_connection_that_is_not_open_and_one_that_is_stopped() -> None:
    with scripted(through) as server:
        line = Wire(server.url)
        with pytest.raises(OSError, match="not open"):
            line.send(b"x")
        line.stop()
        with pytest.raises(wire.StoppedError):
            line.open()
        line.close()
