"""What a person was told or is to be told; each thing once."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, Select, select, update

from app.domain.notice import Notice
from app.store import tables as t
from app.store.documents import insert_new


def add_notice(c: Connection, notice: Notice) -> bool:
    """Add a notice; False and nothing added when its key is there already."""
    return insert_new(c, t.notices, notice.model_dump(), key="key")


def unsent(c: Connection) -> tuple[Notice, ...]:
    """Notices that were not sent yet, oldest first."""
    n = t.notices.c
    return _notices(c, select(t.notices).where(n.sent.is_(None)).order_by(n.at, n.id))


def claim(c: Connection, ids: Collection[str], at: datetime) -> tuple[str, ...]:
    """Mark notices as given; gives those that nobody else had marked before, which are ours to give."""
    n = t.notices.c
    mark = update(t.notices).values(sent=at)
    return tuple(each for each in ids if c.execute(mark.where(n.id == each, n.sent.is_(None))).rowcount == 1)


def mark_seen(c: Connection, ids: Collection[str]) -> None:
    """A person has looked at these notices."""
    wanted = list(ids)
    for start in range(0, len(wanted), 500):
        c.execute(update(t.notices).where(t.notices.c.id.in_(wanted[start : start + 500])).values(seen=True))


def recent(c: Connection, limit: int = 50) -> tuple[Notice, ...]:
    """The last notices, newest first."""
    n = t.notices.c
    return _notices(c, select(t.notices).order_by(n.at.desc(), n.id.desc()).limit(limit))


def _notices(c: Connection, query: Select[*tuple[object, ...]]) -> tuple[Notice, ...]:
    return tuple(Notice.model_validate(dict(row)) for row in c.execute(query).mappings())
