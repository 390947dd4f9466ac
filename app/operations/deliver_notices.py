"""Give the untold notices to the desktop, as the settings say: levels, quiet hours, many as one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime

from app.domain.notice import Notice, NoticeKind
from app.notify.rules import deliver
from app.operations.desk import Desk
from app.store import notices

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
        await self._claim(plan.quiet)
        for message in plan.show:
            # Claimed before it is shown: neither after a crash in between nor by a second program on the same
            # data folder is anybody told twice.
            if await self._claim(message.covers):
                await self._send(message.notice)
                self._last_told[message.notice.kind] = now

    async def _claim(self, ids: tuple[str, ...]) -> tuple[str, ...]:
        if not ids:
            return ()
        at = self._desk.clock.now()
        return await self._desk.store.write(lambda c: notices.claim(c, ids, at))
