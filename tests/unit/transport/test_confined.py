"""Files under a rule go to the hosts that are known, whatever address a server names."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from app.domain.dataset import DataFile
from app.domain.problem import Kind, ProblemError
from app.domain.progress import silent
from app.transport.confined import Confinement, confined, sending_to
from app.transport.put_file import PutFile, put_file

ALLOWED = frozenset({"here.example", "127.0.0.1"})


def begin(url: str) -> None:
    """Begin to send a file to an address, and end it."""

    async def send() -> None:
        async with sending_to(url):
            pass

    asyncio.run(send())


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.example/in?x=here.example",
        "https://here.example.elsewhere.example/in",
        "https://here.example@elsewhere.example/in",
        "http://localhost:8080/in",
        "https:///in",
        "",
    ],
)
def test_no_other_host_gets_a_file(tmp_path: Path, url: str) -> None:
    path = tmp_path / "people.vcf.gz"
    path.write_bytes(b"people")
    seen = path.stat()
    file = DataFile(path=str(path), name=path.name, size=seen.st_size, modified=seen.st_mtime_ns)

    async def send() -> None:
        with confined(Confinement(ALLOWED)):
            await asyncio.ensure_future(put_file(PutFile(url, file), silent))

    with pytest.raises(ProblemError) as caught:
        asyncio.run(send())
    assert caught.value.problem.kind is Kind.REFUSED


def test_the_known_hosts_and_files_under_no_rule_go(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with confined(Confinement(ALLOWED)):
        for url in ("https://HERE.example:8443/in", "https://here.example./in", "http://127.0.0.1:9/in"):
            begin(url)
    with confined(Confinement(None)):
        begin("https://elsewhere.example")
    begin("https://elsewhere.example")


def test_hosts_below_one_are_not_that_one_nor_any_that_ends_alike() -> None:
    with confined(Confinement(frozenset({"*.store.example"}))):
        begin("https://bucket.store.example/in")
        for url in (
            "https://store.example/in",
            "https://badstore.example/in",
            "https://store.example.bad.example",
        ):
            with pytest.raises(ProblemError):
                begin(url)


def test_another_port_of_this_computer_may_be_a_tunnel() -> None:
    with confined(Confinement(frozenset({"127.0.0.1:8082", "far.example"}))):
        begin("http://127.0.0.1:8082/in")
        begin("https://far.example:9000/in")
        for url in (
            "http://127.0.0.1:9000/in",
            "http://127.0.0.1/in",
            "http://localhost:8082/in",
            "http://x:y",
        ):
            with pytest.raises(ProblemError):
                begin(url)


def test_a_proxy_that_could_read_them_gets_no_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", "")
    with confined(Confinement(ALLOWED)):
        with pytest.raises(ProblemError, match="proxy"):
            begin("http://here.example/in")
        begin("https://here.example/in")
        begin("http://127.0.0.1:8082/in")


@pytest.mark.parametrize("known", [None, frozenset({"here.example", "elsewhere.example"})])
def test_a_limit_that_comes_while_a_file_is_sent_holds_at_once(known: frozenset[str] | None) -> None:
    limit, now = Confinement(known), [known]

    async def look() -> frozenset[str] | None:
        return now[0]

    async def send() -> None:
        with confined(limit):
            async with sending_to("https://elsewhere.example/in"):
                await limit.look()
                now[0] = frozenset({"here.example"})
                with pytest.raises(ProblemError, match=r"elsewhere\.example"):
                    await limit.look()
            with pytest.raises(ProblemError, match=r"elsewhere\.example"):
                async with sending_to("https://elsewhere.example/in"):
                    pytest.fail("it was begun")
            now[0] = None
            async with sending_to("https://here.example/in"):
                await limit.look()
            with pytest.raises(ProblemError):  # a limit stays
                async with sending_to("https://elsewhere.example/in"):
                    pytest.fail("it was begun")

    limit.asks(look)
    asyncio.run(send())
