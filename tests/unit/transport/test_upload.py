"""Uploads against servers that behave well, badly and rudely."""

import asyncio
import os
import ssl
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from app.domain.problem import ProblemError
from app.domain.progress import Progress, silent
from app.transport import wire
from app.transport.multipart import FilePart, Multipart
from app.transport.reply import Reply
from app.transport.upload import Upload, upload
from tests.unit.transport.conftest import tls_server
from tests.unit.transport.scripted import Call, scripted
from tests.unit.transport.test_multipart import data_file

MB = 1024 * 1024


class Sealing:
    """A seal that remembers."""

    def __init__(self) -> None:
        self.times = 0

    async def __call__(self) -> None:
        self.times += 1


def order(url: str, path: Path, size: int = 20 * MB, **limits: float) -> Upload:
    """A sparse file of a size."""
    file = path / "chr20.vcf.gz"
    with file.open("wb") as out:
        out.truncate(size)
    body = Multipart([("job-name", "x")], [FilePart("files", data_file(file))])
    return Upload(url + "/submit", body, {"X-Auth-Token": "t"}, **limits)


def run(what: Coroutine[Any, Any, Reply]) -> Reply:
    return asyncio.run(what)


def test_the_whole_body_arrives(tmp_path: Path) -> None:
    def script(call: Call) -> None:
        call.json({"got": len(call.body())})

    seal, seen = Sealing(), list[Progress]()
    with scripted(script) as server:
        sent = order(server.url, tmp_path, 3 * MB)
        reply = run(upload(sent, seen.append, seal))
    assert reply.status == 200
    assert reply.body == b'{"got": %d}' % sent.body.content_length
    assert server.calls[0].headers["x-auth-token"] == "t"
    assert server.calls[0].head.startswith(b"POST /submit HTTP/1.1")
    assert seal.times == 1
    assert seen[-1].done == seen[-1].total == sent.body.content_length


def test_the_seal_comes_before_the_last_bytes(tmp_path: Path) -> None:
    """When the seal runs, the server has everything but the closing boundary, and gets no more."""
    seen: list[int] = []

    def script(call: Call) -> None:
        length = int(call.headers["content-length"])
        tail = len(b"--haplodesk---\r\n") + 32 + 1
        call.body(length - tail)
        call.sock.settimeout(0.3)
        try:
            call.rest += call.sock.recv(100)
        except TimeoutError:
            seen.append(length - len(call.rest))
        listened.set()
        call.sock.settimeout(20)
        call.body()
        call.json({})

    async def seal() -> None:
        assert await asyncio.to_thread(listened.wait, 60)

    listened = threading.Event()

    with scripted(script) as server:
        sent = order(server.url, tmp_path, 3 * MB)
        assert run(upload(sent, silent, seal)).status == 200
    assert seen == [len(sent.body.tail)]


@pytest.mark.parametrize("status", [401, 413, 502])
@pytest.mark.parametrize("rude", [False, True])
def test_an_early_answer_is_heard(tmp_path: Path, status: int, rude: bool) -> None:
    """The server answers after 1 MB and reads no more; a rude one hangs up as well."""

    def script(call: Call) -> None:
        call.body(MB)
        call.send(status, "<html><h1>no</h1></html>", "text/html")
        if not rude:
            heard.wait(60)

    heard = threading.Event()
    seal = Sealing()
    with scripted(script) as server:
        reply = run(upload(order(server.url, tmp_path), silent, seal))
        heard.set()
    assert (reply.status, reply.body) == (status, b"<html><h1>no</h1></html>")
    assert seal.times == 0


def test_a_reset_in_the_middle(tmp_path: Path) -> None:
    def script(call: Call) -> None:
        call.body(MB)
        call.reset()

    seal = Sealing()
    with scripted(script) as server, pytest.raises(ConnectionError):
        run(upload(order(server.url, tmp_path), silent, seal))
    assert seal.times == 0


def test_a_reset_after_the_seal(tmp_path: Path) -> None:
    def script(call: Call) -> None:
        call.body()
        call.reset()

    seal = Sealing()
    with scripted(script) as server, pytest.raises(OSError):  # noqa: PT011 - reset or end of file
        run(upload(order(server.url, tmp_path, MB), silent, seal))
    assert seal.times == 1


def test_a_server_that_takes_nothing(tmp_path: Path) -> None:
    def script(call: Call) -> None:
        call.body(MB)
        given_up.wait(60)

    given_up = threading.Event()
    with scripted(script) as server:
        with pytest.raises(TimeoutError):
            run(upload(order(server.url, tmp_path, stall_s=0.5), silent, Sealing()))
        given_up.set()


def test_a_server_that_never_answers(tmp_path: Path) -> None:
    def script(call: Call) -> None:
        call.body()
        call.until_hung_up()

    seal = Sealing()
    with scripted(script) as server, pytest.raises(TimeoutError):
        run(upload(order(server.url, tmp_path, MB, answer_s=0.5), silent, seal))
    assert seal.times == 1


def test_cancelling_does_not_wait_for_the_server_and_leaves_nothing(tmp_path: Path) -> None:
    def script(call: Call) -> None:
        call.body(MB)
        begun.set()
        ended.wait(60)  # it reads nothing until the sending has ended

    async def main() -> None:
        sending = asyncio.create_task(upload(order(server.url, tmp_path, 200 * MB), silent, seal))
        assert await asyncio.to_thread(begun.wait, 60)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        assert not ended.is_set()

    begun, ended = threading.Event(), threading.Event()
    seal = Sealing()
    with scripted(script) as server:
        asyncio.run(main())
        ended.set()
    assert seal.times == 0


def test_a_seal_that_fails_keeps_the_last_bytes_back(tmp_path: Path) -> None:
    got: list[int] = []

    def script(call: Call) -> None:
        begun.set()
        got.append(int(call.headers["content-length"]) - len(call.body()))

    begun = threading.Event()

    async def seal() -> None:
        await asyncio.to_thread(begun.wait, 10)  # else the server may never take the connection
        raise RuntimeError("the disk is full")

    with scripted(script) as server, pytest.raises(RuntimeError, match="disk"):
        run(upload(order(server.url, tmp_path, MB), silent, seal))
    assert got[0] > 30


def test_a_file_that_shrinks_under_way(tmp_path: Path) -> None:
    got: list[int] = []

    def script(call: Call) -> None:
        call.body(MB)
        os.truncate(tmp_path / "chr20.vcf.gz", 1000)
        got.append(int(call.headers["content-length"]) - len(call.body()))

    seal = Sealing()
    with scripted(script) as server, pytest.raises(ProblemError, match="changed"):
        run(upload(order(server.url, tmp_path, 50 * MB), silent, seal))
    assert seal.times == 0
    assert got[0] > 0


def test_nothing_listens(tmp_path: Path) -> None:
    with scripted(lambda call: None) as server:
        pass
    with pytest.raises(ConnectionRefusedError):
        run(upload(order(server.url, tmp_path, MB), silent, Sealing()))


@pytest.mark.parametrize("early", [False, True])
def test_through_tls(tmp_path: Path, certificate: Path, monkeypatch: pytest.MonkeyPatch, early: bool) -> None:
    """The tickets that a TLS server sends unasked are no early answer; a real one is."""

    def script(call: Call) -> None:
        if early:
            call.body(MB)
            call.send(413, "{}")
            heard.wait(60)
        else:
            call.json({"got": len(call.body())})

    trusting = ssl.create_default_context(cafile=str(certificate))
    monkeypatch.setattr(wire, "tls_context", lambda: trusting)
    heard = threading.Event()
    seal = Sealing()
    with scripted(script, lambda listener: tls_server(certificate, listener)) as server:
        reply = run(upload(order(server.url, tmp_path, 8 * MB), silent, seal))
        heard.set()
    assert (reply.status, seal.times) == ((413, 0) if early else (200, 1))
