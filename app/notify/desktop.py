"""Notifications of the desktop: D-Bus on Linux, the notification centres of macOS and Windows."""

from __future__ import annotations

import asyncio
import html
import logging
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from app.domain.notice import Notice, NoticeKind
from app.domain.resources import resource

if TYPE_CHECKING:
    from desktop_notifier import DesktopNotifier as Native
    from desktop_notifier import Icon, Urgency

log = logging.getLogger(__name__)

APP_NAME = "Haplodesk"
ANSWER_S = 5.0

_URGENT = {NoticeKind.DELETION_NEAR}


class DesktopNotifier:
    """Tells notices through the desktop; made and used in one event loop.

    A computer without a notification service is not an error: `send` says False and tries anew next time.
    """

    def __init__(self) -> None:
        self._native: Native | None = None
        self._markup = False

    async def send(self, notice: Notice, on_click: Callable[[], None]) -> bool:
        """Show a notice; True when the service took it. `on_click` is called in this event loop."""
        taken = asyncio.Event()
        try:
            async with asyncio.timeout(ANSWER_S):
                await self._send(notice, on_click, taken.set)
        # The libraries of three systems raise errors of many kinds, and none of them may end the program.
        except Exception as error:  # noqa: BLE001
            log.info("No notification service answers: %s", type(error).__name__)
        if not taken.is_set():
            await self.close()
        return taken.is_set()

    async def close(self) -> None:
        """Leave the notification service; a later `send` connects again."""
        native, self._native = self._native, None
        bus = getattr(getattr(native, "_backend", None), "bus", None)
        if bus is None:
            return
        bus.disconnect()
        try:
            async with asyncio.timeout(ANSWER_S):
                await bus.wait_for_disconnect()
        except (OSError, EOFError, TimeoutError) as error:
            log.debug("The session bus was gone already: %s", type(error).__name__)

    async def _send(self, notice: Notice, on_click: Callable[[], None], on_taken: Callable[[], None]) -> None:
        from desktop_notifier import Button, Capability

        native = await self._connected()
        clickable = Capability.ON_CLICKED in await native.get_capabilities()
        await native.send(
            title=notice.title,
            message=html.escape(notice.body, quote=False) if self._markup else notice.body,
            urgency=_urgency(notice),
            buttons=[] if clickable else [Button("Show", on_click)],
            on_dispatched=on_taken,
            on_clicked=on_click,
        )

    async def _connected(self) -> Native:
        if self._native is None:
            from desktop_notifier import DesktopNotifier as Native

            # It logs a warning with a trace for every computer without a service; `send` says so itself.
            logging.getLogger("desktop_notifier").setLevel(logging.CRITICAL)
            self._native = Native(app_name=APP_NAME, app_icon=_icon())
            await self._native.get_capabilities()
            self._markup = await _reads_markup(self._native)
        return self._native


async def _reads_markup(native: Native) -> bool:
    """Whether the service of a Linux desktop reads `<` in a text as the begin of markup."""
    interface: Any = getattr(getattr(native, "_backend", None), "interface", None)
    return interface is not None and "body-markup" in await interface.call_get_capabilities()


def _icon() -> Icon | None:
    from desktop_notifier import Icon

    names = (
        ("haplodesk.png", "haplodesk.svg") if sys.platform == "win32" else ("haplodesk.svg", "haplodesk.png")
    )
    path = next((p for name in names if (p := resource("icons", name)).exists()), None)
    return Icon(path=path) if path else None


def _urgency(notice: Notice) -> Urgency:
    from desktop_notifier import Urgency

    return Urgency.Critical if notice.kind in _URGENT else Urgency.Normal
