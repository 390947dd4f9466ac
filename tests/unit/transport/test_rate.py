"""Rate and time left."""

import pytest

from app.transport.rate import Meter


def test_the_rate_is_that_of_the_last_seconds() -> None:
    now = [0.0]
    meter = Meter(1000, "Sending", monotonic=lambda: now[0])
    for _ in range(10):
        now[0] += 1
        meter.add(10)
    for _ in range(10):
        now[0] += 1
        meter.add(50)
    progress = meter.progress()
    assert (progress.done, progress.total, progress.step) == (600, 1000, "Sending")
    assert progress.rate == pytest.approx(50)
    assert progress.left_s == pytest.approx(8)


def test_at_most_four_reports_a_second() -> None:
    now = [0.0]
    meter = Meter(None, "Receiving", monotonic=lambda: now[0])
    reports = 0
    for _ in range(1000):
        now[0] += 0.01
        reports += meter.add(1)
    assert 38 <= reports <= 41
    assert meter.progress().left_s is None
