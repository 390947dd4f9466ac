"""A server that keeps failing is left alone, tried with one request, and taken back when it answers."""

import asyncio

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.problem import Kind, ProblemError
from app.transport import client
from app.transport.breaker import FAILURES, FIRST_S, LONGEST_S, Breaker
from app.transport.client import Looker, Question
from app.transport.limits import Pace
from app.transport.reply import Reply

SERVER = "https://one.example"


class Time:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def breaker(time: Time) -> Breaker:
    made = Breaker(time)
    for _ in range(FAILURES):
        assert made.wait_s(SERVER) == 0
        made.failed(SERVER)
    return made


def test_five_failures_open_it_for_that_server_alone(breaker: Breaker) -> None:
    assert breaker.is_open(SERVER)
    assert breaker.wait_s(SERVER) == FIRST_S
    assert breaker.wait_s("https://other.example") == 0


def test_one_trial_decides(breaker: Breaker, time: Time) -> None:
    time.now += FIRST_S
    assert breaker.wait_s(SERVER) == 0, "the trial"
    assert breaker.wait_s(SERVER) > 0, "and only that one"
    breaker.failed(SERVER)
    assert breaker.wait_s(SERVER) == 2 * FIRST_S
    time.now += 2 * FIRST_S
    assert breaker.wait_s(SERVER) == 0
    breaker.answered(SERVER)
    assert not breaker.is_open(SERVER)
    assert [breaker.wait_s(SERVER) for _ in range(3)] == [0, 0, 0]


def test_a_trial_that_tells_nothing_gives_its_place_away(breaker: Breaker, time: Time) -> None:
    time.now += FIRST_S
    assert breaker.wait_s(SERVER) == 0
    breaker.not_told(SERVER)
    assert breaker.wait_s(SERVER) == 0


def test_a_trial_that_is_lost_does_not_close_it_for_ever(breaker: Breaker, time: Time) -> None:
    time.now += FIRST_S
    assert breaker.wait_s(SERVER) == 0
    time.now += 3600
    assert breaker.wait_s(SERVER) == 0


@given(st.lists(st.sampled_from(("fail", "answer", "ask", "wait")), max_size=60))
def test_it_always_comes_back(steps: list[str]) -> None:
    time = Time()
    breaker = Breaker(time)
    row = 0
    for step in steps:
        if step == "fail":
            breaker.failed(SERVER)
            row += 1
        elif step == "answer":
            breaker.answered(SERVER)
            row = 0
        elif step == "ask":
            assert breaker.wait_s(SERVER) <= LONGEST_S
        else:
            time.now += 7
        assert breaker.is_open(SERVER) is (row >= FAILURES)
    time.now += LONGEST_S
    assert breaker.wait_s(SERVER) == 0


def test_questions_count_and_are_held_back(monkeypatch: pytest.MonkeyPatch, time: Time) -> None:
    answers: list[Reply | Exception] = [httpx.ConnectError("no")] * FAILURES
    asked = []

    async def follow(_client: object, question: Question) -> Reply:
        asked.append(question.url)
        found = answers.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    monkeypatch.setattr(client, "_follow", follow)
    looker = Looker(Pace(monotonic=time))
    question = Question(f"{SERVER}/look", attempts=1)
    for _ in range(FAILURES):
        with pytest.raises(httpx.ConnectError):
            asyncio.run(looker.ask(question))
    with pytest.raises(ProblemError) as caught:
        asyncio.run(looker.ask(question))
    assert caught.value.problem.kind is Kind.BUSY
    assert caught.value.problem.retry_after_s == FIRST_S
    assert len(asked) == FAILURES, "nothing was asked while it is open"
    time.now += FIRST_S
    answers.append(Reply(404, {}, b""))
    assert asyncio.run(looker.ask(question)).status == 404, "any answer is an answer"
    answers.append(Reply(200, {}, b"{}"))
    assert asyncio.run(looker.ask(question)).ok
