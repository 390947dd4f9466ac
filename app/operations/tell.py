"""Tell the user something, once."""

from __future__ import annotations

from datetime import datetime

from app.domain.changes import Changes, Noun
from app.domain.names import new_id
from app.domain.notice import Notice, NoticeKind
from app.operations.desk import Desk
from app.store import notices


def notice(
    at: datetime,
    kind: NoticeKind,
    title: str,
    body: str,
    *,
    key: str,
    job_id: str | None = None,
    service_id: str | None = None,
) -> Notice:
    """A notice to be written together with the change that it tells of."""
    return Notice(
        id=new_id("notice"),
        key=key,
        kind=kind,
        title=title,
        body=body,
        at=at,
        job_id=job_id,
        service_id=service_id,
    )


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
    new = notice(desk.clock.now(), kind, title, body, key=key, job_id=job_id, service_id=service_id)
    added = await desk.store.write(lambda c: notices.add_notice(c, new))
    return desk.announce(Changes.of(Noun.NOTICE, new.id)) if added else Changes()


async def mark_seen(desk: Desk, notice_ids: tuple[str, ...]) -> Changes:
    """The user has seen these notices."""
    await desk.store.write(lambda c: notices.mark_seen(c, notice_ids))
    return desk.announce(Changes.of(Noun.NOTICE, *notice_ids))
