"""Which notices are shown, which wait and which are gathered into one."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.notice import Notice, NoticeKind, NoticeLevel
from app.domain.settings import Notifications
from app.notify.rules import GATHER, as_one, deliver, quiet_until

NOON = datetime(2026, 11, 25, 12, 0, tzinfo=timezone(timedelta(hours=2)))
NIGHT = Notifications(quiet_hours=True)


def notice(number: int, kind: NoticeKind = NoticeKind.JOB_DONE, job_id: str | None = None) -> Notice:
    return Notice(
        id=f"notice-{number}",
        key=f"{kind}:{number}",
        kind=kind,
        title=f"Job {number} is done",
        body="",
        at=datetime(2026, 11, 25, 10, 0, number % 60, tzinfo=UTC),
        job_id=job_id or f"job-{number}",
        service_id="service-1",
    )


def test_a_single_notice_is_shown_as_it_is() -> None:
    found = deliver([notice(1)], Notifications(), NOON)
    assert [m.notice for m in found.show] == [notice(1)]
    assert (found.quiet, found.again) == ((), None)


@pytest.mark.parametrize("level", [NoticeLevel.OFF, NoticeLevel.WINDOW])
def test_levels_below_the_desktop_are_never_shown(level: NoticeLevel) -> None:
    settings = Notifications(levels={NoticeKind.JOB_DONE: level})
    found = deliver([notice(1), notice(2, NoticeKind.SERVICE_DOWN)], settings, NOON)
    assert found.quiet == ("notice-1",)
    assert [m.covers for m in found.show] == [("notice-2",)]


def test_many_of_a_kind_become_one() -> None:
    found = deliver(
        [notice(n) for n in range(1, 6)] + [notice(9, NoticeKind.JOB_FAILED)], Notifications(), NOON
    )
    assert [m.notice.title for m in found.show] == ["5 jobs are done", "Job 9 is done"]
    group = found.show[0]
    assert group.covers == tuple(f"notice-{n}" for n in range(1, 6))
    assert group.notice.body.splitlines() == [*(f"Job {n} is done" for n in range(1, 5)), "and 1 more"]
    assert (group.notice.job_id, group.notice.service_id) == (None, "service-1")


def test_several_notices_about_one_thing_are_no_number_of_things() -> None:
    """The result of a job, and that it is the only one of its group: not two results."""
    ready = NoticeKind.RESULT_READY
    one = as_one([notice(1, ready, "job-1"), notice(2, ready, "job-1")])
    assert (one.notice.id, one.covers) == ("notice-2", ("notice-1", "notice-2"))
    two = as_one([notice(1, ready, "job-1"), notice(2, ready, "job-2"), notice(3, ready, "job-1")])
    assert (two.notice.title, two.covers) == ("2 results are ready", ("notice-1", "notice-2", "notice-3"))
    down = as_one([notice(1, NoticeKind.SERVICE_DOWN, "job-1"), notice(2, NoticeKind.SERVICE_DOWN, "job-2")])
    assert down.notice.id == "notice-2", "both are of one service"


def test_what_follows_within_a_minute_waits_for_its_end() -> None:
    last = {NoticeKind.JOB_DONE: NOON - timedelta(seconds=20)}
    found = deliver([notice(1), notice(2), notice(3, NoticeKind.JOB_FAILED)], Notifications(), NOON, last)
    assert [m.covers for m in found.show] == [("notice-3",)]
    assert found.again == NOON + timedelta(seconds=40)
    later = deliver([notice(1), notice(2)], Notifications(), NOON + timedelta(seconds=40), last)
    assert [m.notice.title for m in later.show] == ["2 jobs are done"]
    assert later.again is None


def test_a_clock_that_was_set_back_does_not_silence() -> None:
    last = {NoticeKind.JOB_DONE: NOON + timedelta(days=1)}
    assert deliver([notice(1)], Notifications(), NOON, last).show


@pytest.mark.parametrize(
    ("moment", "until"),
    [
        (time(21, 59, 59), None),
        (time(22, 0), (1, time(7, 0))),
        (time(23, 59), (1, time(7, 0))),
        (time(0, 0), (0, time(7, 0))),
        (time(6, 59), (0, time(7, 0))),
        (time(7, 0), None),
    ],
)
def test_quiet_hours_go_over_midnight(moment: time, until: tuple[int, time] | None) -> None:
    now = datetime.combine(NOON.date(), moment, tzinfo=NOON.tzinfo)
    expected = until and datetime.combine(
        NOON.date() + timedelta(days=until[0]), until[1], tzinfo=NOON.tzinfo
    )
    assert quiet_until(NIGHT, now) == expected
    found = deliver([notice(1)], NIGHT, now)
    assert bool(found.show) == (until is None)
    assert found.again == expected


def test_quiet_hours_within_a_day_and_none_at_all() -> None:
    lunch = Notifications(quiet_hours=True, quiet_from=time(11), quiet_to=time(13))
    assert quiet_until(lunch, NOON) == NOON.replace(hour=13)
    assert quiet_until(lunch, NOON.replace(hour=13)) is None
    assert quiet_until(lunch.model_copy(update={"quiet_hours": False}), NOON) is None
    assert quiet_until(lunch.model_copy(update={"quiet_to": time(11)}), NOON.replace(hour=11)) is None


def test_nothing_to_tell_needs_no_other_look() -> None:
    midnight = NOON.replace(hour=0)
    off = NIGHT.model_copy(update={"levels": {NoticeKind.JOB_DONE: NoticeLevel.OFF}})
    assert deliver([], NIGHT, midnight).again is None
    assert deliver([notice(1)], off, midnight).again is None


@given(
    kinds=st.lists(st.sampled_from(NoticeKind), max_size=12),
    levels=st.dictionaries(st.sampled_from(NoticeKind), st.sampled_from(NoticeLevel)),
    told=st.dictionaries(st.sampled_from(NoticeKind), st.integers(-90, 90)),
    quiet=st.booleans(),
    hour=st.integers(0, 23),
)
def test_no_notice_is_lost_or_told_twice(
    kinds: list[NoticeKind],
    levels: dict[NoticeKind, NoticeLevel],
    told: dict[NoticeKind, int],
    quiet: bool,
    hour: int,
) -> None:
    notices = [notice(n, kind) for n, kind in enumerate(kinds)]
    settings, now = Notifications(levels=levels, quiet_hours=quiet), NOON.replace(hour=hour)
    last = {kind: now + timedelta(seconds=s) for kind, s in told.items()}
    found = deliver(notices, settings, now, last)
    seen = [*found.quiet, *(each for message in found.show for each in message.covers)]
    assert len(seen) == len(set(seen))
    waiting = {n.id for n in notices} - set(seen)
    assert bool(waiting) == (found.again is not None)
    assert found.again is None or now < found.again <= now + max(GATHER, timedelta(days=1))


def test_every_kind_has_words_for_many() -> None:
    for kind in NoticeKind:
        other = notice(2, kind).model_copy(update={"service_id": "service-2"})
        assert "2" in as_one([notice(1, kind), other]).notice.title
