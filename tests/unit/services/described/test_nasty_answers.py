"""Answers that lack fields, or hold what no honest server sends: a problem with words, or a sober result."""

from __future__ import annotations

import asyncio
import copy
import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from pydantic import SecretStr

from app.domain.job import JobState
from app.domain.problem import Kind, ProblemError
from app.services.contract import Connection
from app.services.described import Described
from app.transport.client import Looker, Question
from app.transport.reply import Reply
from tests.helpers.quick_pace import quick_pace

EXAMPLES = ("example-rest", "example-signed", "example-steps")
HONEST: dict[str, Any] = {
    "example-rest": {
        "jobs": [{"id": "7", "name": "study", "state": "running", "percent": 40, "position": 0}],
        "next": None,
        "job": {"id": "7", "name": "study", "state": "done", "created": "2026-11-26T10:00:00Z", "errors": []},
        "files": [{"name": "a.zip", "bytes": 5, "href": "/files/a.zip"}],
        "panels": [{"id": "p1", "title": "One", "assembly": "GRCh38"}],
        "status": "ok",
        "login": "ann",
        "token_expires": "2099-01-01T00:00:00Z",
    },
    "example-signed": {
        "runs": [{"run_id": "7", "state": "COMPLETE", "tags": {"name": "study"}}],
        "run_id": "7",
        "state": "COMPLETE",
        "tags": {"name": "study"},
        "run_log": {"start_time": "2026-11-26T10:00:00Z", "error": ["no"]},
        "outputs": {"files": [{"name": "a.zip", "size": 5, "url": "https://here.example/a.zip"}]},
        "owner": "ann",
    },
    "example-steps": {
        "jobs": [{"id": "7", "title": "study", "status": {"word": "working", "part": 0.4, "before": 2}}],
        "more": False,
        "id": "7",
        "title": "study",
        "status": {"word": "finished", "part": 1, "why": ["x"]},
        "times": {"started": 1_790_000_000_000},
        "results": ["a.zip"],
        "lines": ["one"],
    },
}
ODD: tuple[Any, ...] = (
    None, True, 0, -1, 1e308, 10**400, float("nan"), float("inf"), "", " ", "NaN", "1e999", "9" * 5000,
    "\ud800", "a\x00b\u202ec", "<script>x</script>", "../../etc/passwd", "//evil.example/x", "{id}", "$name",
    [], {}, [None], [[[]]], {"id": {"id": 1}}, [{}], "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59",
)  # fmt: skip
WHOLE = (
    b"", b"null", b"[]", b"{}", b"[" * 100_000, b'{"a":' * 100_000, b"<html>Sign in</html>", b"\xff\xfe{}",
    b'{"jobs": [1, null, "x", []], "runs": {"a": 1}, "job": 7}', b'{"jobs": [' + b'{"id": "1"},' * 9 + b"1]}",
)  # fmt: skip


class Answering:
    """In place of the network: one body for every question."""

    def __init__(self, body: bytes) -> None:
        self.pace = quick_pace()
        self.body = body

    async def ask(self, question: Question) -> Reply:
        return Reply(200, {"content-type": "application/json"}, self.body)


async def everything(example: str, body: bytes) -> list[object]:
    """Every look at a service that answers so; a problem in place of a result where there is none."""
    family = Described(looker=cast(Looker, Answering(body)))
    connection = Connection(
        service_id="s",
        base_url="https://here.example",
        token=SecretStr("a-token"),
        setup={"described": example},
    )
    found: list[object] = []
    for look in (
        lambda: family.jobs(connection, fresh=True),
        lambda: family.job(connection, "7"),
        lambda: family.cancel(connection, "7"),
        lambda: family.describe(connection),
        lambda: family.verify_token(connection),
        lambda: family.form(connection, "impute"),
        lambda: family.logs(connection, "7"),
    ):
        try:
            found.append(await look())
        except ProblemError as error:
            found.append(error)
    bugs = [
        each.problem for each in found if isinstance(each, ProblemError) and each.problem.kind is Kind.BUG
    ]
    assert not bugs, body[:200]
    return found


def places(data: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Where anything stands in an answer."""
    pairs: Any = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for name, value in pairs:
        yield (*place, name)
        yield from places(value, (*place, name))


def changed(data: Any, place: tuple[Any, ...], value: Any, *, lost: bool) -> Any:
    copied = copy.deepcopy(data)
    around = copied
    for name in place[:-1]:
        around = around[name]
    if lost:
        del around[place[-1]]
    else:
        around[place[-1]] = value
    return copied


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_honest_answer_is_understood(example: str) -> None:
    found = asyncio.run(everything(example, json.dumps(HONEST[example]).encode()))
    assert not [each for each in found[:3] if isinstance(each, ProblemError)]


@pytest.mark.parametrize("example", EXAMPLES)
@pytest.mark.parametrize("body", WHOLE, ids=[f"body{n}" for n in range(len(WHOLE))])
def test_bodies_that_are_nothing(example: str, body: bytes) -> None:
    found = asyncio.run(everything(example, body))
    assert not [each for each in found if getattr(each, "state", None) is JobState.SUCCESS]


@pytest.mark.parametrize("example", EXAMPLES)
def test_fields_that_are_missing_or_odd(example: str) -> None:
    """Every field once missing, and once an odd value, by a seed."""
    draw, honest = random.Random(3), HONEST[example]

    async def all_of_them() -> None:
        for place in list(places(honest)):
            await everything(example, json.dumps(changed(honest, place, None, lost=True)).encode())
            for odd in draw.sample(ODD, 1):
                body = json.dumps(changed(honest, place, odd, lost=False)).encode()
                for each in await everything(example, body):
                    expires = getattr(each, "expires", None)
                    assert expires is None or expires.tzinfo is UTC

    asyncio.run(all_of_them())


@pytest.mark.parametrize("odd", ODD, ids=[f"odd{n}" for n in range(len(ODD))])
def test_an_odd_state_is_never_a_success(odd: object) -> None:
    data = copy.deepcopy(HONEST["example-rest"])
    data["job"]["state"] = odd
    job = asyncio.run(everything("example-rest", json.dumps(data).encode()))[1]
    assert getattr(job, "state", JobState.UNKNOWN) is JobState.UNKNOWN


@pytest.mark.parametrize("odd", [10**400, 1e308, -(10**400)], ids=["long", "large", "below"])
def test_a_number_that_nothing_can_hold_is_none_and_loses_no_list(odd: object) -> None:
    data = copy.deepcopy(HONEST["example-rest"])
    data["jobs"][0] |= {"position": odd, "percent": odd}
    data["files"][0]["bytes"] = odd
    (line,), job, *_ = cast(Any, asyncio.run(everything("example-rest", json.dumps(data).encode())))
    assert (line.remote_id, line.queue_position, line.progress) == ("7", None, None)
    assert [each.file.size_text for each in job.files] == [""]


def test_times_at_the_edges_are_times_or_none() -> None:
    data = copy.deepcopy(HONEST["example-steps"])
    for odd in (10**18, -5, 0, "1790000000000", 1e300, True):
        data["times"]["started"] = odd
        job = asyncio.run(everything("example-steps", json.dumps(data).encode()))[1]
        told = getattr(job, "submitted", None)
        assert told is None or isinstance(told, datetime)
