"""When a service may be asked: Retry-After is obeyed, lists are spaced out, broken servers left alone.

One `Pace` lives as long as the program and is shared by all requests. It may be used from any thread
and event loop. Time and sleep are given, so that tests need not wait.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
import time
from collections.abc import Awaitable, Callable, Hashable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, NamedTuple, TypeVar, cast

from app.domain.problem import Kind, ProblemError, problem
from app.transport.breaker import FAILURES, Breaker

T = TypeVar("T")
LONGEST_WAIT_S = 24 * 3600.0
PATIENCE_S = 5.0
_HEED = frozenset({429, 503})


def retry_after_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds that a Retry-After header asks for: it holds seconds or a date. Source: RFC 9110, 10.2.3."""
    text = headers.get("retry-after", "").strip()
    if not text:
        return None
    if text.isascii() and text.isdigit():
        return min(float(text), LONGEST_WAIT_S)
    try:
        until = parsedate_to_datetime(text)
    except (TypeError, ValueError):
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return min(max(0.0, (until - now).total_seconds()), LONGEST_WAIT_S)


class _Outcome(NamedTuple):
    """When an answer was asked for, by both clocks, and the answer."""

    at: float
    wall: datetime
    future: concurrent.futures.Future[Any]


class Pace:
    """Remembers, for each server, until when it wants to be left alone and when it was last listed."""

    def __init__(
        self,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._monotonic = monotonic
        self._sleep = sleep
        self._wall = wall
        self._lock = threading.Lock()
        self._closed_until: dict[str, float] = {}
        self._last_turn: dict[str, float] = {}
        self._outcomes: dict[Hashable, _Outcome] = {}
        self.breaker = Breaker(monotonic)

    def closed_for_s(self, server: str) -> float:
        """Seconds for which the server still asked to be left alone."""
        with self._lock:
            return max(0.0, self._closed_until.get(server, 0.0) - self._monotonic())

    def note(self, server: str, status: int, headers: Mapping[str, str]) -> float | None:
        """Take in an answer; gives the seconds it asks for, if it does."""
        wait = retry_after_s(headers, self._wall()) if status in _HEED else None
        if wait is not None:
            with self._lock:
                until = self._monotonic() + wait
                self._closed_until[server] = max(until, self._closed_until.get(server, until))
        return wait

    async def before(self, server: str, patience_s: float = PATIENCE_S) -> None:
        """Wait until the server may be asked; ProblemError (busy) when that is longer than the patience."""
        wait = self.closed_for_s(server)
        if wait > patience_s:
            raise problem(
                Kind.BUSY,
                "The service asks for a pause",
                f"It wants no requests for another {round(wait)} seconds",
                "Nothing needs to be done: the program asks again by itself",
                subject=server,
                retry_after_s=wait,
            )
        if wait > 0:
            await self._sleep(wait)

    def refuse_broken(self, server: str) -> None:
        """ProblemError (busy) while a server that failed several times in a row is left alone."""
        wait = self.breaker.wait_s(server)
        if wait > 0:
            raise problem(
                Kind.BUSY,
                "The service is left alone for a while",
                f"It failed {FAILURES} times in a row. It is tried again in {max(1, round(wait))} seconds",
                "Nothing needs to be done; to try at once, look at its health in Services",
                subject=server,
                retry_after_s=wait,
            )

    async def turn(self, server: str, spacing_s: float) -> None:
        """Wait until a list may be asked for again, and take the turn."""
        while (wait := self._turn_in_s(server, spacing_s)) > 0:
            await self._sleep(wait)

    async def in_turn(
        self,
        server: str,
        who: Hashable,
        spacing_s: float,
        ask: Callable[[], Awaitable[T]],
        *,
        fresh: bool,
    ) -> T:
        """Run `ask` so that two runs for a server never start nearer than `spacing_s`.

        A call that comes too early gets the last outcome of the same `who` again, an error too; with
        `fresh` it waits for its turn instead, and what it gets was asked after it was called.
        """
        if not fresh and (last := self._recent(who, spacing_s)) is not None:
            return cast(T, await asyncio.shield(asyncio.wrap_future(last)))
        outcome: concurrent.futures.Future[Any] = concurrent.futures.Future()
        self._remember(who, outcome)
        try:
            await self.turn(server, spacing_s)
            self._remember(who, outcome)
            answer = await ask()
        except ProblemError as error:
            outcome.set_exception(error)
            raise
        except BaseException:
            self._forget(who, outcome)
            outcome.set_exception(_interrupted(server))
            raise
        outcome.set_result(answer)
        return answer

    def _recent(self, who: Hashable, spacing_s: float) -> concurrent.futures.Future[Any] | None:
        with self._lock:
            last = self._outcomes.get(who)
            if last is None or (last.future.done() and self._age_s(last) >= spacing_s):
                return None
            return last.future

    def _age_s(self, outcome: _Outcome) -> float:
        """By the clock that says more: one stands still while the computer sleeps, the other can be set."""
        return max(self._monotonic() - outcome.at, (self._wall() - outcome.wall).total_seconds())

    def _turn_in_s(self, server: str, spacing_s: float) -> float:
        """Take the turn, if it is free, and give 0; else the seconds to wait before asking again.

        Asked again after each wait, because a computer may have slept for longer than it meant to.
        """
        with self._lock:
            now = self._monotonic()
            last = self._last_turn.get(server)
            if last is None or now >= last + spacing_s:
                self._last_turn[server] = now
                return 0.0
            return max(0.001, last + spacing_s - now)

    def _remember(self, who: Hashable, outcome: concurrent.futures.Future[Any]) -> None:
        with self._lock:
            self._outcomes[who] = _Outcome(self._monotonic(), self._wall(), outcome)

    def _forget(self, who: Hashable, outcome: concurrent.futures.Future[Any]) -> None:
        with self._lock:
            known = self._outcomes.get(who)
            if known is not None and known.future is outcome:
                del self._outcomes[who]


def _interrupted(server: str) -> ProblemError:
    return problem(
        Kind.BUSY, "The look at the service was interrupted", "Its answer was not waited for", subject=server
    )
