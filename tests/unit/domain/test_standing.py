"""Availability, times and the score, against figures worked out by hand."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.places import distance_km, place_of_zone
from app.domain.service import HealthState
from app.domain.standing import CELLS, LookPoint, binned, day_cells, last_day, standing, usual_top

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
UP, DOWN = HealthState.UP, HealthState.DOWN


def looks(*states: HealthState, ms: float = 100.0, every: timedelta = timedelta(hours=1)) -> list[LookPoint]:
    """The last look first, one hour apart."""
    return [
        LookPoint(NOW - each * every, state, ms if state is UP else None, None if state is UP else "tcp")
        for each, state in enumerate(states)
    ]


def test_a_perfect_service_here_has_a_hundred_and_a_dead_one_nothing() -> None:
    best = [point._replace(queue=0) for point in looks(UP, UP)]
    assert standing(best, NOW, UP, 0.0).score == 100
    assert standing(looks(DOWN, DOWN), NOW, DOWN, 0.0).score == 0
    assert standing(looks(UP, UP), NOW, HealthState.OFF, 0.0).score == 0
    assert standing([], NOW, HealthState.UNKNOWN, 0.0).score is None


def test_the_formula() -> None:
    # Half of the looks answered; 547.7 ms is in the middle by the logarithm; 5,000 km; ten jobs wait.
    points = [p._replace(queue=10) for p in looks(UP, DOWN, ms=(100 * 3000) ** 0.5)]
    found = standing(points, NOW, UP, 5000.0)
    assert (found.health, found.nearness, found.free_queue) == (0.5, 0.75, 0.5)
    assert found.speed == pytest.approx(0.5)
    assert found.score == round(100 * 0.5 * (0.5 + 0.25 * 0.5 + 0.10 * 0.75 + 0.15 * 0.5))


def test_what_is_not_known_counts_as_half() -> None:
    found = standing(looks(UP), NOW, UP, None)
    assert (found.nearness, found.free_queue) == (None, None)
    assert found.score == round(100 * (0.5 + 0.25 + 0.05 + 0.075))


def test_periods() -> None:
    points = looks(*[UP] * 12, *[DOWN] * 24, every=timedelta(hours=1))
    day, week, month = standing(points, NOW, UP, None).periods
    assert (day.looks, day.answered) == (24, 0.5)
    assert (week.looks, week.answered) == (36, pytest.approx(1 / 3))
    assert month.failures == {"tcp": 24}
    assert day.median_ms == day.p95_ms == 100.0


def test_times_of_answers() -> None:
    points = [LookPoint(NOW - timedelta(minutes=n), UP, float(n)) for n in range(1, 101)]
    day = standing(points, NOW, UP, None).periods[0]
    assert (day.median_ms, day.p95_ms) == (50.5, 95.0)


@given(st.permutations([UP, UP, DOWN, HealthState.OFFLINE, HealthState.UNKNOWN, HealthState.MAINTENANCE]))
def test_this_computers_own_network_says_nothing(states: list[HealthState]) -> None:
    found = standing(looks(*states), NOW, UP, None)
    assert found.periods[0].looks == 4
    assert found.periods[0].answered == 0.5


def test_distances() -> None:
    cape = place_of_zone("Africa/Johannesburg")
    assert cape is not None
    assert distance_km(cape, ["ZA"]) == pytest.approx(0, abs=1)
    berlin = place_of_zone("Europe/Berlin")
    assert distance_km(berlin, ["ZA"]) == pytest.approx(8875, rel=0.02)
    assert (distance_km(berlin, ["US", "DE"]) or 0) < 100
    assert distance_km(None, ["ZA"]) is distance_km(berlin, []) is distance_km(berlin, ["??"]) is None
    assert place_of_zone("Etc/UTC") is None


def test_the_last_day_as_a_line() -> None:
    hours = {0: (UP, 50.0), 3: (UP, 5000.0), 6: (DOWN, None), 7: (UP, 90.0), 23: (UP, 548.0)}
    points = [LookPoint(NOW - timedelta(hours=h), state, ms) for h, (state, ms) in hours.items()]
    line = last_day(points, NOW)
    assert len(line) == CELLS
    assert (line[-1], line[-2], line[-4], line[-3]) == ("▁", "█", "×", "·")
    assert line[0] in "▄▅"
    assert last_day([LookPoint(NOW - timedelta(days=2), UP, 1.0)], NOW) == "·" * CELLS


@given(
    st.lists(
        st.tuples(
            st.integers(0, 1439), st.sampled_from([UP, DOWN, HealthState.MAINTENANCE]), st.floats(1, 9e4)
        ),
        max_size=30,
    )
)
def test_the_line_of_a_day_can_be_drawn(drawn: list[tuple[int, HealthState, float]]) -> None:
    points = [
        LookPoint(NOW - timedelta(minutes=ago), state, ms if state is UP else None)
        for ago, state, ms in drawn
    ]
    cells = day_cells(last_day(points, NOW))
    assert len(cells) == CELLS
    for number, cell in enumerate(cells):
        inside = [p for p in points if int((NOW - p.at) / timedelta(hours=2)) == CELLS - 1 - number]
        assert cell.failed is any(p.state is DOWN for p in inside)
        assert (cell.slowness is not None) is (not cell.failed and any(p.ms is not None for p in inside))
        assert cell.slowness is None or 0 < cell.slowness <= 1


def test_looks_over_a_span_in_parts() -> None:
    points = [LookPoint(NOW - timedelta(hours=h), UP, 100.0 + h) for h in range(0, 24)]
    points += [LookPoint(NOW - timedelta(minutes=5), DOWN), LookPoint(NOW - timedelta(days=2), UP, 1.0)]
    points += [LookPoint(NOW, HealthState.OFFLINE), LookPoint(NOW, HealthState.MAINTENANCE)]
    bins = binned(points, NOW, timedelta(days=1), 4)
    assert [each.looks for each in bins] == [5, 6, 6, 9]
    assert [each.failed for each in bins] == [0, 0, 0, 2]
    assert bins[0].start == NOW - timedelta(days=1)
    assert bins[3].median_ms == 103.0
    assert binned([], NOW, timedelta(days=7), 3)[1].median_ms is None


def test_a_few_slow_answers_do_not_flatten_the_others() -> None:
    assert usual_top([]) == usual_top([0.0]) == 1.0
    assert usual_top([100.0] * 40 + [90_000.0]) == 300.0
    assert usual_top([100.0, 200.0, 250.0]) == 250.0
