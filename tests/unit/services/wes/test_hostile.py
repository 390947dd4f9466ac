"""Descriptions of workflows and answers of servers that mean harm, or whose clocks are wrong."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from pydantic import SecretStr

from app.domain.job import JobFile, JobState
from app.domain.problem import Kind, ProblemError
from app.services.contract import Connection, RemoteFile, RemoteJob
from app.services.wes.asking import Asker
from app.services.wes.downloads import _Opening, open_download
from app.services.wes.listing import Listed, find_run
from app.services.wes.node import Node
from app.services.wes.templates import read_template
from app.transport.download import Incoming

BOMB = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 9))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (BOMB, "aliases"),
        ("params: " + "[" * 200 + "]" * 200, "too deep"),
        ("params: !!python/object/apply:os.system [exit]\n", "no YAML"),
    ],
    ids=("bomb", "deep", "code"),
)
def test_a_description_neither_fills_memory_nor_runs_code(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(ProblemError, match=told):
        read_template(path)


@pytest.mark.parametrize(
    "address",
    [
        "http://localhost.evil.example/flow.cwl",
        "http://127.0.0.1.evil.example/flow.cwl",
        "http://far.example/flow.cwl",
        "https:///flow.cwl",
        "file:///etc/passwd",
    ],
)
def test_a_workflow_comes_from_this_computer_or_encrypted(tmp_path: Path, address: str) -> None:
    path = tmp_path / "mine.yaml"
    text = (
        "haplodesk_workflow: 1\nid: mine\nname: Mine\nparams: {input: '{targets}'}\n"
        "panels: [{id: own, name: Own}]\nworkflow: {type: CWL, versions: [v1.2], url: '%s'}\n"
    )
    path.write_text(text % address)
    with pytest.raises(ProblemError, match="https://"):
        read_template(path)
    path.write_text(text % "http://localhost:8080/flow.cwl")
    assert read_template(path).template.id == "mine"


@pytest.mark.skipif(sys.platform == "win32", reason="there are no named pipes in folders")
def test_a_pipe_among_the_results_is_no_file(tmp_path: Path) -> None:
    """Opening it would wait for ever."""
    os.mkfifo(tmp_path / "chr20.dose.vcf.gz")
    connection = Connection(service_id="s", base_url="https://wes.example", setup={"paths": f"/r={tmp_path}"})
    locator = SecretStr('{"address": "/r/chr20.dose.vcf.gz", "checksum": "", "run": "1"}')
    file = RemoteFile(file=JobFile(name="chr20.dose.vcf.gz", downloads_left=-1), locator=locator)

    async def whole() -> None:
        async with open_download(connection, file, 0, None, cast(Any, None)):
            raise AssertionError("it was opened")

    with pytest.raises(ProblemError) as caught:
        asyncio.run(whole())
    assert caught.value.problem.kind is Kind.NOT_FOUND


def test_another_part_than_was_asked_for_is_not_joined_to_what_is_there() -> None:
    connection = Connection(service_id="s", base_url="https://wes.example")
    opening = _Opening(connection, "x.vcf.gz", None, "", AsyncExitStack())
    for start in (0, 7):
        told = {"content-range": "bytes 5-9/10"}
        found = cast(Incoming, SimpleNamespace(status=206, headers=told, length=5))
        with pytest.raises(ProblemError, match="another part"):
            opening._opened(found, start)
        told["content-range"] = f"bytes {start}-9/10"
        assert opening._opened(found, start)[0].offset == start


@pytest.mark.parametrize("behind", [timedelta(minutes=30), timedelta(hours=12)], ids=("slow", "zone"))
def test_a_server_whose_clock_is_behind_gets_no_second_run(behind: timedelta) -> None:
    """The run was started, as that clock tells, long before it was sent."""
    sent = datetime(2026, 11, 26, 12, tzinfo=UTC)
    run = RemoteJob(remote_id="r1", name="", state=JobState.RUNNING, started=sent - behind)

    class Asks:
        async def json(self, connection: Connection, url: str, subject: str) -> dict[str, object]:
            return {"run_id": "r1", "request": {"tags": {"haplodesk": "study.abc"}}}

    node = Node(base="https://wes.example/ga4gh/wes/v1", dialect_key="sapporo")
    connection = Connection(service_id="s", base_url="https://wes.example")
    search = find_run(cast(Asker, Asks()), connection, node, Listed(jobs=(run,)), "study.abc", sent)
    found = asyncio.run(search)
    assert found is not None
    assert found.remote_id == "r1"
