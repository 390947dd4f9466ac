"""Tell the user something, once."""

from __future__ import annotations

from app.domain.changes import Changes, Noun
from app.domain.names import new_id
from app.domain.notice import Notice, NoticeKind
from app.operations.desk import Desk
from app.store import notices


async def tell(
    desk: Desk,
    kind: NoticeKind,
    title: str,
    body: str,
    *,
    key: str,
    job_id: str | None = None,
    service_id: str | None = None,
) -> Changes:
    """Put a notice into the outbox unless one of that key was told before."""
    notice = Notice(
        id=new_id("notice"),
        key=key,
        kind=kind,
        title=title,
        body=body,
        at=desk.clock.now(),
        job_id=job_id,
        service_id=service_id,
    )
    new = await desk.store.write(lambda c: notices.add_notice(c, notice))
    return desk.announce(Changes.of(Noun.NOTICE, notice.id)) if new else Changes()


async def mark_seen(desk: Desk, notice_ids: tuple[str, ...]) -> Changes:
    """The user has seen these notices."""
    await desk.store.write(lambda c: notices.mark_seen(c, notice_ids))
    return desk.announce(Changes.of(Noun.NOTICE, *notice_ids))
