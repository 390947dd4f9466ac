"""Retry-After and the spacing of lists, with a clock that only sleep moves."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.problem import Kind, ProblemError, problem
from app.transport.limits import LONGEST_WAIT_S, Pace, retry_after_s

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
A = "https://a.example"


class Time:
    """Moves when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        wake = self.now + seconds
        await asyncio.sleep(0)
        self.now = max(self.now, wake)


class Lists:
    """Counts and times the list requests."""

    def __init__(self, time: Time) -> None:
        self.time = time
        self.pace = Pace(time.monotonic, time.sleep, lambda: NOW)
        self.at: list[float] = []

    async def _ask(self) -> int:
        self.at.append(self.time.now)
        await asyncio.sleep(0)
        return len(self.at)

    async def get(self, *, fresh: bool = False, who: str = "me", spacing: float = 30.0) -> int:
        return await self.pace.in_turn(A, who, spacing, self._ask, fresh=fresh)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("120", 120.0),
        ("0", 0.0),
        ("Wed, 25 Nov 2026 09:01:30 GMT", 90.0),
        ("Wed, 25 Nov 2026 08:00:00 GMT", 0.0),
        ("99999999999", LONGEST_WAIT_S),
        ("soon", None),
        ("-5", None),
        ("", None),
    ],
)
def test_retry_after(header: str, seconds: float | None) -> None:
    assert retry_after_s({"retry-after": header}, NOW) == seconds


@given(st.text())
def test_any_header_is_survived(text: str) -> None:
    found = retry_after_s({"retry-after": text}, NOW)
    assert found is None or 0 <= found <= LONGEST_WAIT_S


def test_a_server_that_asked_for_a_pause_is_left_alone() -> None:
    time = Time()
    pace = Pace(time.monotonic, time.sleep, lambda: NOW)
    assert pace.note(A, 429, {"retry-after": "60"}) == 60
    with pytest.raises(ProblemError) as caught:
        asyncio.run(pace.before(A))
    assert (caught.value.problem.kind, caught.value.problem.retry_after_s) == (Kind.BUSY, 60)
    asyncio.run(pace.before("https://b.example"))
    time.now += 57
    asyncio.run(pace.before(A))
    assert time.now == 1060.0


def test_a_success_with_retry_after_is_no_order() -> None:
    pace = Pace()
    assert pace.note(A, 200, {"retry-after": "60"}) is None
    assert pace.closed_for_s(A) == 0


def test_too_early_gets_the_last_answer() -> None:
    time = Time()
    lists = Lists(time)

    async def run() -> list[int]:
        got = [await lists.get()]
        for wait in (1, 28.9, 0.2, 5):
            time.now += wait
            got.append(await lists.get())
        return got

    assert asyncio.run(run()) == [1, 1, 1, 2, 2]
    assert lists.at == [1000.0, pytest.approx(1030.1)]


def test_an_answer_from_before_a_sleep_of_the_computer_is_old() -> None:
    """One clock stands still while the computer sleeps."""
    time = Time()
    wall = [NOW]
    pace = Pace(time.monotonic, time.sleep, lambda: wall[0])
    asked = []

    async def ask() -> int:
        asked.append(time.now)
        return len(asked)

    async def run() -> list[int]:
        got = [await pace.in_turn(A, "me", 30, ask, fresh=False)]
        for hours in (0, 8, -20):
            time.now += 12
            wall[0] += timedelta(hours=hours)
            got.append(await pace.in_turn(A, "me", 30, ask, fresh=False))
        return got

    assert asyncio.run(run()) == [1, 1, 2, 2]
    assert asked == [1000.0, 1030.0]


def test_fresh_waits_for_its_turn() -> None:
    time = Time()
    lists = Lists(time)

    async def run() -> list[int]:
        return [
            await lists.get(),
            await lists.get(fresh=True),
            await lists.get(),
            await lists.get(fresh=True),
        ]

    assert asyncio.run(run()) == [1, 2, 2, 3]
    assert lists.at == [1000.0, 1030.0, 1060.0]


def test_calls_at_once_share_one_request() -> None:
    lists = Lists(Time())

    async def run() -> list[int]:
        return await asyncio.gather(*(lists.get() for _ in range(5)))

    assert asyncio.run(run()) == [1] * 5


def test_another_token_waits_and_never_sees_the_answer_of_the_first() -> None:
    lists = Lists(Time())

    async def run() -> list[int]:
        return [await lists.get(), await lists.get(who="other")]

    assert asyncio.run(run()) == [1, 2]
    assert lists.at == [1000.0, 1030.0]


@given(st.lists(st.tuples(st.floats(0, 50), st.booleans(), st.sampled_from(["me", "you"])), max_size=30))
def test_two_requests_are_never_nearer_than_the_spacing(calls: list[tuple[float, bool, str]]) -> None:
    time = Time()
    lists = Lists(time)

    async def run() -> None:
        waiting = []
        for wait, fresh, who in calls:
            time.now += wait
            waiting.append(asyncio.create_task(lists.get(fresh=fresh, who=who)))
            await asyncio.sleep(0)
        await asyncio.gather(*waiting)

    asyncio.run(run())
    assert all(later - earlier >= 30 - 1e-6 for earlier, later in zip(lists.at, lists.at[1:], strict=False))


def test_an_error_is_the_last_answer_too() -> None:
    time = Time()
    pace = Pace(time.monotonic, time.sleep)
    asked = []

    async def ask() -> int:
        asked.append(time.now)
        raise problem(Kind.BUSY, "Down", "It is down")

    async def run() -> None:
        for _ in range(2):
            with pytest.raises(ProblemError):
                await pace.in_turn(A, "me", 30, ask, fresh=False)

    asyncio.run(run())
    assert len(asked) == 1


def test_a_cancelled_look_leaves_no_answer() -> None:
    time = Time()
    pace = Pace(time.monotonic, time.sleep)
    gate = asyncio.Event()

    async def ask() -> int:
        await gate.wait()
        return 1

    async def run() -> int:
        first = asyncio.create_task(pace.in_turn(A, "me", 30, ask, fresh=False))
        await asyncio.sleep(0.01)
        second = asyncio.create_task(pace.in_turn(A, "me", 30, ask, fresh=False))
        await asyncio.sleep(0.01)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        with pytest.raises(ProblemError):
            await second
        gate.set()
        return await pace.in_turn(A, "me", 30, ask, fresh=False)

    assert asyncio.run(run()) == 1
    assert time.now == 1030.0
