"""What a probe tells apart."""

import asyncio
import socket
import ssl
import threading
import time
from pathlib import Path

import pytest

from app.domain.problem import Kind, ProblemError
from app.transport import tls, wire
from app.transport.probe import Look, NetworkSense, has_route, probe, reason_of
from tests.unit.transport.conftest import tls_server
from tests.unit.transport.scripted import Call, Script, scripted


def ok(call: Call) -> None:
    call.json({})


def look(url: str, route: bool = True, **limits: float) -> Look:
    return asyncio.run(probe(url, NetworkSense(route=lambda: route), **limits))


def looked(script: Script, **limits: float) -> Look:
    with scripted(script) as server:
        return look(server.url + "/api", **limits)


def test_plain() -> None:
    found = looked(ok)
    assert found.reply is not None
    assert found.reply.status == 200
    assert found.phases.tls is None
    for phase in (found.phases.dns, found.phases.tcp, found.phases.first_byte):
        assert phase is not None
        assert 0 <= phase < 5000


def test_first_byte_is_measured_apart() -> None:
    def script(call: Call) -> None:
        time.sleep(0.3)
        call.json({})

    apart = []
    for _ in range(10):  # a busy machine may make any phase long
        found = looked(script)
        assert found.phases.first_byte is not None
        assert found.phases.first_byte >= 290
        apart.append((found.phases.tcp or 0) < 250)
        if apart[-1]:
            break
    assert any(apart)


def test_tls(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trusting = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr(wire, "tls_context", lambda: trusting)
    with scripted(ok, lambda listener: tls_server(certificate, listener)) as server:
        found = look(server.url)
    assert found.reply is not None
    assert (found.phases.tls or 0) > 0


def test_a_certificate_nobody_knows(certificate: Path) -> None:
    tls.tls_context.cache_clear()
    with scripted(ok, lambda listener: tls_server(certificate, listener)) as server:
        found = look(server.url)
    assert (found.reply, found.failed_phase) == (None, "tls")
    assert "certificate" in found.reason


def test_tls_with_a_server_that_speaks_none() -> None:
    with scripted(ok) as server:
        found = look(server.url.replace("http:", "https:"), connect_s=30)
    assert (found.reply, found.failed_phase) == (None, "tls")


def test_nothing_listens() -> None:
    with scripted(ok) as server:
        pass
    found = look(server.url)
    assert (found.reply, found.failed_phase, found.reason) == (None, "tcp", "nothing listens at that address")
    assert not found.offline


def test_no_answer_in_time() -> None:
    found = looked(Call.until_hung_up, read_s=0.3)
    assert (found.reply, found.failed_phase) == (None, "timeout")
    assert "did not answer in time" in found.reason


def test_cut_before_the_answer() -> None:
    found = looked(Call.reset)
    assert (found.reply, found.failed_phase) == (None, "first_byte")


@pytest.mark.parametrize(
    "url", ["https://" + "a" * 70 + ".org", "http://127.0.0.1:9/日本", "https://host:99999", "http://[bad"]
)
def test_an_address_that_cannot_be_asked(url: str) -> None:
    with scripted(ok) as server, pytest.raises(ProblemError) as caught:
        look(url.replace("http://127.0.0.1:9", server.url))
    assert caught.value.problem.kind is Kind.NO_NETWORK


def test_a_name_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    found = look("https://no.example")
    assert (found.failed_phase, found.offline) == ("dns", False)
    assert look("https://no.example", route=False).offline
    assert not look("http://localhost:1", route=False).offline


def test_a_name_server_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    told = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: told.wait(60))
    found = look("https://slow.example", connect_s=0.2)
    told.set()
    assert (found.failed_phase, found.reason) == ("timeout", "the name server did not answer in time")


def gai(code: int) -> socket.gaierror:
    return socket.gaierror(code, "no")


def blames_us(sense: NetworkSense, host: str, error: BaseException) -> bool:
    return asyncio.run(sense.offline(host, error))


def test_sense_of_the_network() -> None:
    now = [0.0]
    sense = NetworkSense(route=lambda: True, monotonic=lambda: now[0])
    assert blames_us(sense, "a", gai(socket.EAI_AGAIN))
    assert blames_us(sense, "b", gai(socket.EAI_NONAME))
    sense.found("c")
    assert not blames_us(sense, "a", gai(socket.EAI_AGAIN))
    assert not blames_us(sense, "a", ConnectionRefusedError())
    now[0] = 3600
    assert not blames_us(sense, "b", gai(socket.EAI_NONAME))
    assert blames_us(sense, "a", gai(socket.EAI_NONAME))


@pytest.mark.parametrize("there", [True, False])
def test_names_that_surely_exist_are_looked_up(monkeypatch: pytest.MonkeyPatch, there: bool) -> None:
    asked: list[str] = []

    def look_up(name: str, *_: object) -> list[str]:
        asked.append(name)
        if name == "b" and there:
            return ["address"]
        raise gai(socket.EAI_NONAME)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    sense = NetworkSense(("a", "b", "c"), route=lambda: True)
    assert blames_us(sense, "x", gai(socket.EAI_NONAME)) is not there
    assert asked == (["a", "b"] if there else ["a", "b", "c"])
    assert not blames_us(sense, "x", ConnectionRefusedError())


def test_no_route_means_offline() -> None:
    sense = NetworkSense(route=lambda: False)
    sense.found("c")
    assert blames_us(sense, "a", TimeoutError())
    assert isinstance(has_route(), bool)


def test_reasons_hold_no_address() -> None:
    errors = [
        OSError(113, "No route to host"),
        OSError("x"),
        ssl.SSLError(1, "bad"),
        ConnectionResetError(104, "r"),
    ]
    assert [reason_of(error) for error in errors] == [
        "no route to host",
        "the connection was cut",
        "the encryption could not be agreed upon",
        "the connection was cut",
    ]
