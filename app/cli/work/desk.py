"""Runs a coroutine of operations with an open data folder, shows what runs, and ends cleanly."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

from pydantic import SecretStr

from app.cli.program import Session
from app.domain.changes import Changes, Noun
from app.operations.desk import Desk
from app.store.secrets import VARIABLE, Secrets

T = TypeVar("T")


def with_desk(session: Session, work: Callable[[Desk], Awaitable[T]]) -> T:
    """Open the data folder, do the work in an event loop, close everything."""
    desk = session.program.open_desk(session.home)
    try:
        return asyncio.run(_shown(session, desk, work))
    finally:
        session.program.close_desk(desk)


async def _shown(session: Session, desk: Desk, work: Callable[[Desk], Awaitable[T]]) -> T:
    def show(changes: Changes) -> None:
        if not changes.ids(Noun.TASK):
            return
        for task in desk.tasks.running()[:1]:
            session.out.bar.show(task.title, task.progress)

    desk.listen(show)
    with _closing_on_interrupt(desk):
        try:
            return await work(desk)
        finally:
            session.out.bar.clear()


@contextmanager
def _closing_on_interrupt(desk: Desk) -> Iterator[None]:
    """Ctrl+C is the end of this program, not of its jobs: say so before the tasks are cancelled."""
    try:
        before = signal.getsignal(signal.SIGINT)

        def interrupted(number: int, frame: FrameType | None) -> None:
            desk.closing = True
            if callable(before):
                before(number, frame)

        signal.signal(signal.SIGINT, interrupted)
    except ValueError:  # not the main thread: nobody presses keys there
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


class GivenSecrets:
    """Secrets given to this call on standard input, in front of those that are kept."""

    def __init__(self, kept: Secrets, given: dict[str, SecretStr]) -> None:
        self._kept = kept
        self._given = given

    def get(self, name: str) -> SecretStr | None:
        """The given secret, else the kept one."""
        return self._given.get(name) or self._kept.get(name)

    def set(self, name: str, secret: SecretStr) -> None:
        """Keep a secret; it replaces a given one."""
        self._given.pop(name, None)
        self._kept.set(name, secret)

    def delete(self, name: str) -> None:
        """Forget a secret."""
        self._given.pop(name, None)
        self._kept.delete(name)


def give_secret(desk: Desk, name: str, secret: SecretStr | None) -> None:
    """Use a secret for this call without keeping it."""
    if secret is not None:
        from app.domain.redaction import register

        register(secret)
        desk.secrets = GivenSecrets(desk.secrets, {name: secret})


def keeps_nothing() -> bool:
    """Whether secrets are lost at the end of this call."""
    return os.environ.get(VARIABLE) == "memory"
