"""Give the untold notices to the desktop, as the settings say: levels, quiet hours, many as one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

from app.domain.notice import Notice, NoticeKind
from app.notify.rules import deliver
from app.operations.desk import Desk
from app.store import notices
from app.store.store import Connection as StoreConnection

Send = Callable[[Notice], Awaitable[bool]]


class NoticeDelivery:
    """Remembers when each kind was last told; one for a run of the program."""

    def __init__(self, desk: Desk, send: Send) -> None:
        self._desk = desk
        self._send = send
        self._last_told: dict[NoticeKind, datetime] = {}

    async def deliver(self) -> None:
        """Tell what is due. A notice that the desktop does not take is marked too: the window has it."""
        waiting = await self._desk.store.read(notices.unsent)
        if not waiting:
            return
        settings = (await self._desk.settings()).notifications
        now = self._desk.clock.now().astimezone()
        plan = deliver(waiting, settings, now, self._last_told)
        told = list(plan.quiet)
        for message in plan.show:
            # Marked before it is shown: after a crash in between nobody is told twice.
            await self._mark(message.covers)
            await self._send(message.notice)
            self._last_told[message.notice.kind] = now
        await self._mark(tuple(told))

    async def _mark(self, ids: tuple[str, ...]) -> None:
        if not ids:
            return
        at = self._desk.clock.now()

        def write(c: StoreConnection) -> None:
            for each in ids:
                notices.mark_sent(c, each, at)

        await self._desk.store.write(write)
