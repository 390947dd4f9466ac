"""Sweeps of a scheduler that a test makes itself, and the waits for what they start."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from app.scheduler.clock import Scheduler

LIMIT_S = 60.0


async def settle(scheduler: Scheduler) -> None:
    """Wait until everything that was started has ended."""
    async with asyncio.timeout(LIMIT_S):
        while scheduler._running:  # noqa: ASYNC110 - nothing tells of the end
            await asyncio.sleep(0.005)


async def sweep_some(scheduler: Scheduler, times: int = 5) -> None:
    """A few sweeps; what each starts has ended before the next."""
    for _ in range(times):
        await scheduler.sweep()
        await settle(scheduler)


async def sweep_until(scheduler: Scheduler, wanted: Callable[[], Awaitable[bool]]) -> None:
    """Sweep, letting what was started run, until something holds."""
    async with asyncio.timeout(LIMIT_S):
        while not await wanted():  # noqa: ASYNC110 - sweeping is the point
            await scheduler.sweep()
            await asyncio.sleep(0.01)
