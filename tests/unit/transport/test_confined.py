"""Files under a rule go to the hosts that are known, whatever address a server names."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from app.domain.dataset import DataFile
from app.domain.problem import Kind, ProblemError
from app.domain.progress import silent
from app.transport.confined import confined, refuse_outside
from app.transport.put_file import PutFile, put_file

ALLOWED = frozenset({"here.example", "127.0.0.1"})


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
        with confined(ALLOWED):
            await asyncio.ensure_future(put_file(PutFile(url, file), silent))

    with pytest.raises(ProblemError) as caught:
        asyncio.run(send())
    assert caught.value.problem.kind is Kind.REFUSED


def test_the_known_hosts_and_files_under_no_rule_go(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with confined(ALLOWED):
        for url in ("https://HERE.example:8443/in", "https://here.example./in", "http://127.0.0.1:9/in"):
            refuse_outside(url)
    with confined(None):
        refuse_outside("https://elsewhere.example")
    refuse_outside("https://elsewhere.example")


def test_hosts_below_one_are_not_that_one_nor_any_that_ends_alike() -> None:
    with confined(frozenset({"*.store.example"})):
        refuse_outside("https://bucket.store.example/in")
        for url in (
            "https://store.example/in",
            "https://badstore.example/in",
            "https://store.example.bad.example",
        ):
            with pytest.raises(ProblemError):
                refuse_outside(url)


def test_a_proxy_that_could_read_them_gets_no_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", "")
    with confined(ALLOWED):
        with pytest.raises(ProblemError, match="proxy"):
            refuse_outside("http://here.example/in")
        refuse_outside("https://here.example/in")
        refuse_outside("http://127.0.0.1:8082/in")
