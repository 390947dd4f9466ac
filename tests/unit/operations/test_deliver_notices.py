"""Two programs on one data folder tell each thing once."""

import asyncio

from app.domain.notice import Notice, NoticeKind
from app.operations.deliver_notices import NoticeDelivery
from app.operations.desk import Desk
from app.operations.tell import tell
from app.store.store import Store


def test_two_windows_show_a_notice_once(desk: Desk) -> None:
    shown: list[str] = []

    async def send(notice: Notice) -> bool:
        shown.append(notice.title)
        return True

    async def both() -> None:
        await tell(desk, NoticeKind.JOB_DONE, "Done", "It is done.", key="k")
        with Store.open(desk.home / "haplodesk.db") as store:
            other = Desk(desk.home, store, desk.secrets, desk.registry, clock=desk.clock)
            first, second = NoticeDelivery(desk, send), NoticeDelivery(other, send)
            await asyncio.gather(first.deliver(), second.deliver())

    asyncio.run(both())
    assert shown == ["Done"]
