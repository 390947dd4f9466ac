"""Whether and when a notice becomes a notification of the desktop. Pure: no clock, no I/O.

The first notice of a kind is told at once. What follows within a minute waits for its end and is then told
as one: fifty jobs that end together must not be fifty pop-ups.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta

from app.domain.model import Model
from app.domain.notice import Notice, NoticeKind, NoticeLevel
from app.domain.settings import Notifications

GATHER = timedelta(minutes=1)
NAMES_SHOWN = 4

_MANY = {
    NoticeKind.JOB_DONE: "{n} jobs are done",
    NoticeKind.JOB_FAILED: "{n} jobs failed",
    NoticeKind.RESULT_READY: "{n} results are ready",
    NoticeKind.DELETION_NEAR: "{n} results will soon be deleted at their service",
    NoticeKind.TOKEN_EXPIRES: "{n} tokens expire soon",
    NoticeKind.SERVICE_DOWN: "{n} services are down",
    NoticeKind.SERVICE_OFF: "{n} services were switched off",
    NoticeKind.PANELS_CHANGED: "The panels of {n} services changed",
    NoticeKind.SERVICE_CHANGED: "{n} services changed",
}
_ABOUT_JOBS = {NoticeKind.JOB_DONE, NoticeKind.JOB_FAILED, NoticeKind.RESULT_READY, NoticeKind.DELETION_NEAR}


class Message(Model):
    """What to show: one notice, or several of a kind as one; `covers` are the ids it stands for."""

    notice: Notice
    covers: tuple[str, ...]


class Delivery(Model):
    """What to do with the notices that were not told yet.

    `show` now; `quiet` never (their level says so: mark them as told); the rest waits, and `again` is the
    moment to ask again.
    """

    show: tuple[Message, ...] = ()
    quiet: tuple[str, ...] = ()
    again: datetime | None = None


def deliver(
    notices: Sequence[Notice],
    settings: Notifications,
    now: datetime,
    last_told: Mapping[NoticeKind, datetime] | None = None,
) -> Delivery:
    """Sort the untold notices; `now` is the aware local time, `last_told` when each kind was last shown."""
    loud = [n for n in notices if settings.levels.get(n.kind, NoticeLevel.DESKTOP) == NoticeLevel.DESKTOP]
    quiet = tuple(n.id for n in notices if n not in loud)
    until = quiet_until(settings, now)
    if until is not None:
        return Delivery(quiet=quiet, again=until if loud else None)
    show: list[Message] = []
    waits: list[datetime] = []
    for kind in dict.fromkeys(n.kind for n in loud):
        last = (last_told or {}).get(kind)
        if last is not None and last <= now < last + GATHER:
            waits.append(last + GATHER)
        else:
            show.append(as_one([n for n in loud if n.kind == kind]))
    return Delivery(show=tuple(show), quiet=quiet, again=min(waits, default=None))


def quiet_until(settings: Notifications, now: datetime) -> datetime | None:
    """When the quiet hours that run now end; None outside of them. They may go over midnight."""
    start, end = settings.quiet_from, settings.quiet_to
    if not settings.quiet_hours or not _between(start, end, now.time()):
        return None
    day = now.date() if now.time() < end else now.date() + timedelta(days=1)
    return datetime.combine(day, end, tzinfo=now.tzinfo)


def _between(start: time, end: time, moment: time) -> bool:
    if start <= end:
        return start <= moment < end
    return moment >= start or moment < end


def as_one(notices: Sequence[Notice]) -> Message:
    """One message for notices of one kind, oldest first: of one thing the last, of more a count and names.

    Several may be about one thing: the result of a job, and that its group is over.
    """
    first, covers = notices[0], tuple(n.id for n in notices)
    about = len({(n.job_id if n.kind in _ABOUT_JOBS else n.service_id) or n.id for n in notices})
    if about == 1:
        return Message(notice=notices[-1], covers=covers)
    return Message(
        notice=Notice(
            id=notices[-1].id,
            key=f"group:{notices[-1].key}",
            kind=first.kind,
            title=_MANY[first.kind].format(n=about),
            body=_names(notices),
            at=max(n.at for n in notices),
            job_id=_same([n.job_id for n in notices]),
            service_id=_same([n.service_id for n in notices]),
        ),
        covers=covers,
    )


def _names(notices: Sequence[Notice]) -> str:
    lines = list(dict.fromkeys(n.title for n in notices))
    more = len(lines) - NAMES_SHOWN
    return "\n".join([*lines[:NAMES_SHOWN], *([f"and {more} more"] if more > 0 else [])])


def _same(ids: Sequence[str | None]) -> str | None:
    return ids[0] if len(set(ids)) == 1 else None
