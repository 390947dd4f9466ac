"""The plan: young jobs often, old ones seldom, never more often than the service allows."""

from datetime import UTC, datetime, time, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.job import REMOTE_OPEN_STATES, Job, JobFile, JobState
from app.domain.problem import Kind, problem
from app.domain.service import HealthState, Limits, Service, TokenInfo
from app.scheduler import plan
from app.scheduler.plan import LONGEST, interval, may_send, next_look, panels_due, plan_visits, slept

NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


def service(poll: float = 30.0, **update: object) -> Service:
    made = Service(
        id="s", name="S", family="cloudgene", base_url="https://s", added=NOW, limits=Limits(min_poll_s=poll)
    )
    return made.model_copy(update=update)


def job(state: JobState = JobState.RUNNING, **update: object) -> Job:
    made = Job(
        id="job-1", name="J", remote_name="J.1", remote_id="r", service_id="s", app_id="a", panel_id="p",
        state=state, created=NOW, submitted=NOW, last_visit=NOW,
    )  # fmt: skip
    return made.model_copy(update=update)


@pytest.mark.parametrize(
    ("age_min", "expected_s"), [(0, 30), (10, 30), (20, 60), (100, 300), (300, 900), (10_000, 900)]
)
def test_the_older_the_seldomer(age_min: int, expected_s: int) -> None:
    now = NOW + timedelta(minutes=age_min)
    assert interval(job(), service(), now) == timedelta(seconds=expected_s)


def test_near_the_end_it_is_looked_at_often() -> None:
    now = NOW + timedelta(hours=10)
    assert interval(job(progress=0.99), service(), now) < timedelta(minutes=2)
    assert interval(job(progress=0.5), service(), now) == LONGEST
    assert interval(job(JobState.EXPORTING), service(), now) == timedelta(seconds=30)


def test_topmed_is_asked_at_most_once_a_minute() -> None:
    assert interval(job(JobState.EXPORTING), service(60.0), NOW) == timedelta(seconds=60)


def test_failures_make_pauses_grow() -> None:
    pauses = [interval(job(failed_visits=n), service(), NOW).total_seconds() for n in range(1, 8)]
    assert pauses == [60, 120, 240, 480, 900, 900, 900]


@given(
    st.sampled_from(sorted(REMOTE_OPEN_STATES)),
    st.floats(0, 1e7),
    st.one_of(st.none(), st.floats(0, 1), st.just(1e-300)),
    st.integers(0, 5000),
    st.floats(1, 300),
)
def test_never_sooner_than_allowed_nor_later_than_a_quarter_hour(
    state: JobState, age: float, progress: float | None, failures: int, poll: float
) -> None:
    wait = interval(
        job(state, progress=progress, failed_visits=failures), service(poll), NOW + timedelta(seconds=age)
    )
    assert timedelta(seconds=poll) <= wait <= max(LONGEST, timedelta(seconds=poll))


def test_a_new_job_is_looked_at_once() -> None:
    assert next_look(job(last_visit=None), service(), NOW) == NOW


@pytest.mark.parametrize("state", [JobState.FAILED, JobState.CANCELLED, JobState.EXPIRED, JobState.DELETED])
def test_ended_jobs_need_no_look(state: JobState) -> None:
    assert next_look(job(state), service(), NOW) is None


def test_a_result_that_is_not_fetched_is_watched_until_it_is() -> None:
    waiting = job(JobState.SUCCESS, remote_files=(JobFile(name="a"),))
    assert next_look(waiting, service(), NOW) == NOW + timedelta(hours=6)
    near = waiting.model_copy(update={"expires": NOW + timedelta(hours=20)})
    assert next_look(near, service(), NOW) == NOW + timedelta(hours=1)
    fetched = job(JobState.SUCCESS, remote_files=(JobFile(name="a", state="verified"),))
    assert next_look(fetched, service(), NOW) is None


def test_one_visit_serves_all_jobs_of_a_service() -> None:
    many = tuple(job(id=f"job-{n}", last_visit=None) for n in range(5))
    due = plan_visits(many, (service(),), NOW, {})
    assert [d.service_id for d in due] == ["s"]


def test_a_list_is_not_asked_for_again_too_soon() -> None:
    before = {"s": NOW - timedelta(seconds=10)}
    (due,) = plan_visits((job(last_visit=None),), (service(),), NOW, before)
    assert due.at == NOW + timedelta(seconds=20)


def test_services_that_are_off_are_left_alone() -> None:
    off = service(enabled=False, state=HealthState.OFF)
    assert plan_visits((job(last_visit=None),), (off,), NOW, {}) == ()


def test_sleep_is_noticed_by_either_clock() -> None:
    assert slept(3600, 2)
    assert slept(3600, 3600)
    assert not slept(2.1, 2.0)


def test_a_job_that_is_odd_does_not_stop_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    real = plan.next_look

    def breaks(each: Job, at: Service, now: datetime) -> datetime | None:
        if each.id == "odd":
            raise OverflowError("too large")
        return real(each, at, now)

    monkeypatch.setattr(plan, "next_look", breaks)
    other = service(id="t")
    odd, good = job(id="odd"), job(service_id="t", last_visit=None)
    found = plan_visits((odd, good), (service(), other), NOW, {})
    assert [(d.service_id, d.at, bool(d.fault)) for d in found] == [
        ("t", NOW, False), ("s", NOW + LONGEST, True),
    ]  # fmt: skip


@pytest.mark.parametrize("state", [JobState.RUNNING, JobState.SUCCESS])
def test_a_clock_that_was_set_back_stops_no_look(state: JobState) -> None:
    ahead = job(state, last_visit=NOW + timedelta(days=3))
    at = next_look(ahead, service(), NOW)
    assert at is not None
    assert at <= NOW + timedelta(hours=6)
    (due,) = plan_visits((job(last_visit=None),), (service(),), NOW, {"s": NOW + timedelta(days=3)})
    assert due.at == NOW + timedelta(seconds=30)


def test_a_pause_longer_than_any_that_is_made_is_over() -> None:
    waiting = job(JobState.WAITING, next_visit=NOW + timedelta(minutes=14))
    assert not may_send(waiting, NOW)
    assert may_send(waiting, NOW - timedelta(hours=8))
    asked = problem(Kind.BUSY, "Later", "Later", retry_after_s=12 * 3600).problem
    assert not may_send(waiting.model_copy(update={"problem": asked}), NOW - timedelta(hours=8))


def test_after_a_failed_look_a_result_is_looked_at_soon_again() -> None:
    waiting = job(JobState.SUCCESS, failed_visits=1, remote_files=(JobFile(name="a"),))
    assert next_look(waiting, service(), NOW) == NOW + timedelta(seconds=60)


def test_a_job_that_was_missing_is_looked_for_soon_again() -> None:
    now = NOW + timedelta(hours=20)
    assert interval(job(missing_looks=1), service(), now) == timedelta(seconds=60)


def test_panels_are_due_after_the_last_time_of_day_that_passed() -> None:
    token = TokenInfo(present=True)
    local = datetime(2026, 11, 25, 12, 0, tzinfo=timezone(timedelta(hours=-5)))
    old = service(token=token, last_synced=local - timedelta(hours=10))
    fresh = service(id="t", token=token, last_synced=local - timedelta(hours=8))
    never, off = service(id="u", token=token), service(id="v", token=token, enabled=False)
    assert panels_due((old, fresh, never, off, service(id="w")), time(3), local) == ("s", "u")
    assert panels_due((fresh,), time(13), local) == ()
