"""A file sent by PUT, whole or its rest, and the small questions of an upload session."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from app.domain.dataset import DataFile
from app.domain.problem import Kind, ProblemError
from app.domain.progress import Progress, silent
from app.transport.put_file import PutFile, ask_session, begin_session, bytes_held, put_file
from app.transport.reply import Reply
from tests.unit.transport.scripted import Call, scripted

CONTENT = bytes(range(251)) * 20_000


def file_of(folder: Path, content: bytes = CONTENT) -> DataFile:
    path = folder / "all.vcf.gz"
    path.write_bytes(content)
    seen = path.stat()
    return DataFile(path=str(path), name=path.name, size=seen.st_size, modified=seen.st_mtime_ns)


def test_a_whole_file(tmp_path: Path) -> None:
    got: list[bytes] = []
    seen: list[Progress] = []

    def script(call: Call) -> None:
        got.append(call.body())
        call.send(200)

    with scripted(script) as server:
        order = PutFile(server.url + "/x?sig=1", file_of(tmp_path), headers={"Content-Type": "a/b"})
        reply = asyncio.run(put_file(order, seen.append))
        head = server.calls[0]
    assert (reply.status, got) == (200, [CONTENT])
    assert head.head.startswith(b"PUT /x?sig=1 HTTP/1.1")
    assert "content-range" not in head.headers
    assert head.headers["content-type"] == "a/b"
    assert seen[-1].fraction == 1.0


def test_the_rest_of_a_file(tmp_path: Path) -> None:
    got: list[bytes] = []

    def script(call: Call) -> None:
        got.append(call.body())
        call.send(308)

    with scripted(script) as server:
        order = PutFile(server.url, file_of(tmp_path), offset=3_000_000, ranged=True)
        assert asyncio.run(put_file(order, silent)).status == 308
        told = server.calls[0].headers["content-range"]
    assert got == [CONTENT[3_000_000:]]
    assert told == f"bytes 3000000-{len(CONTENT) - 1}/{len(CONTENT)}"


def test_an_early_answer_ends_the_sending(tmp_path: Path) -> None:
    def script(call: Call) -> None:
        call.send(403, "no")
        call.until_hung_up()

    with scripted(script) as server:
        reply = asyncio.run(put_file(PutFile(server.url, file_of(tmp_path, CONTENT * 10)), silent))
    assert (reply.status, reply.text()) == (403, "no")


def test_a_file_that_is_another_now(tmp_path: Path) -> None:
    file = file_of(tmp_path).model_copy(update={"size": 5})
    with scripted(lambda call: call.send(200)) as server:
        with pytest.raises(ProblemError) as caught:
            asyncio.run(put_file(PutFile(server.url, file), silent))
        assert server.calls == []
    assert caught.value.problem.kind is Kind.INPUT


def test_a_file_that_changes_while_it_is_sent(tmp_path: Path) -> None:
    """Its last bytes never leave, so no store can take it for whole."""
    file = file_of(tmp_path, CONTENT * 4)
    got: list[int] = []

    def script(call: Call) -> None:
        call.body(100_000)
        with open(file.path, "ab") as more:
            more.write(b"x")
        got.append(len(call.body()))

    with scripted(script) as server, pytest.raises(ProblemError) as caught:
        asyncio.run(put_file(PutFile(server.url, file), silent))
    assert caught.value.problem.title == "A file has changed"
    assert all(count < file.size for count in got)


def test_a_session_is_begun_and_asked() -> None:
    def script(call: Call) -> None:
        if call.head.startswith(b"POST"):
            call.send(201, Location="http://127.0.0.1/session")
        else:
            call.send(308, Range="bytes=0-262143")

    async def both(url: str) -> tuple[Reply, Reply]:
        return await begin_session(url, "application/octet-stream"), await ask_session(url, 1_000_000)

    with scripted(script) as server:
        begun, asked = asyncio.run(both(server.url))
        first, second = (call.headers for call in server.calls)
    assert begun.headers["location"] == "http://127.0.0.1/session"
    assert (first["x-goog-resumable"], first["content-length"]) == ("start", "0")
    assert second["content-range"] == "bytes */1000000"
    assert bytes_held(asked, 1_000_000) == 262_144


@pytest.mark.parametrize(
    ("status", "told", "held"),
    [
        (308, "", 0),
        (308, "bytes=0-9", 10),
        (308, "bytes=5-9", 0),
        (200, "", 50),
        (201, "", 50),
        (410, "", None),
    ],
)
def test_what_a_session_holds(status: int, told: str, held: int | None) -> None:
    assert bytes_held(Reply(status, {"range": told} if told else {}), 50) == held
