"""What failed unforeseen is left alone for a while that grows."""

from datetime import UTC, datetime

from app.domain.clock import FixedClock
from app.scheduler.pauses import Pauses

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


def test_each_failure_doubles_the_pause_up_to_a_quarter_hour() -> None:
    pauses = Pauses(FixedClock(NOW))
    assert [pauses.failed("a").total_seconds() for _ in range(7)] == [30, 60, 120, 240, 480, 900, 900]
    assert pauses.rests("a")
    assert not pauses.rests("b")


def test_it_is_tried_again_after_the_pause_and_when_everything_is_looked_at() -> None:
    clock = FixedClock(NOW)
    pauses = Pauses(clock)
    pauses.failed("a")
    clock.advance(30)
    assert not pauses.rests("a")
    pauses.failed("a")
    pauses.forget()
    assert not pauses.rests("a")


def test_success_begins_anew() -> None:
    pauses = Pauses(FixedClock(NOW))
    pauses.failed("a")
    pauses.went_well("a")
    assert pauses.failed("a").total_seconds() == 30


def test_a_clock_that_was_set_back_lengthens_no_pause() -> None:
    clock = FixedClock(NOW)
    pauses = Pauses(clock)
    pauses.failed("a")
    clock.advance(-8 * 3600)
    assert not pauses.rests("a")
