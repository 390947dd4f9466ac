"""What needs a person, and the badges."""

from __future__ import annotations

from app.domain.job import JobState, SendPhase
from app.domain.problem import Kind, Problem
from app.domain.result import ResultState
from app.domain.service import HealthState
from app.ui.attention import NeedKind, counts, is_lost, needs
from tests.ui import samples
from tests.ui.samples import NOW, ago, soon


def test_nothing_needs_nobody() -> None:
    assert needs((), (), (), NOW) == ()


def test_failed_jobs_bad_tokens_and_ending_tokens() -> None:
    found = needs(samples.services(), (samples.job(2, JobState.FAILED),), (), NOW)
    assert [n.kind for n in found] == [NeedKind.JOB_FAILED, NeedKind.TOKEN_BAD, NeedKind.TOKEN_EXPIRES]
    assert all(n.urgent for n in found)


def test_a_failure_that_was_sent_again_needs_nobody() -> None:
    assert needs((), (samples.job(2, JobState.FAILED, sent_again_as="job-9"),), (), NOW) == ()


def test_an_old_failure_is_left_alone() -> None:
    assert needs((), (samples.job(2, JobState.FAILED, ended=ago(days=20)),), (), NOW) == ()


def test_a_result_that_nobody_fetched_and_that_ends_soon() -> None:
    job = samples.job(3, JobState.SUCCESS, expires=soon(hours=18))
    assert [n.kind for n in needs((), (job,), (), NOW)] == [NeedKind.RESULT_EXPIRES]
    assert needs((), (job,), (samples.result(),), NOW) == ()


def test_a_service_that_is_down_matters_when_a_job_waits() -> None:
    down = samples.services()[0].model_copy(update={"state": HealthState.DOWN, "down_since": ago(hours=2)})
    assert needs((down,), (), (), NOW) == ()
    assert [n.kind for n in needs((down,), (samples.job(1),), (), NOW)] == [NeedKind.SERVICE_DOWN]


def test_a_job_that_waits_for_a_sign_in() -> None:
    problem = Problem(kind=Kind.SIGN_IN, title="Sign in", what_happened="The token has ended.")
    job = samples.job(1, JobState.WAITING, problem=problem)
    assert [n.kind for n in needs((), (job,), (), NOW)] == [NeedKind.SIGN_IN]


def test_a_job_at_a_web_page_waits_for_its_person() -> None:
    job = samples.job(1, JobState.WAITING, phase=SendPhase.ANSWERED)
    assert [n.kind for n in needs((), (job,), (), NOW)] == [NeedKind.YOUR_TURN]
    assert needs((), (samples.job(1, JobState.WAITING, phase=SendPhase.CHECKED),), (), NOW) == ()


def test_badges_count_things_once() -> None:
    fresh, broken = samples.result(1), samples.result(2, ResultState.INCOMPLETE)
    found = needs(samples.services(), (samples.job(2, JobState.FAILED),), (fresh, broken), NOW)
    badges = counts(found, (), (fresh, broken))
    assert (badges.services, badges.jobs, badges.results, badges.datasets) == (2, 1, 2, 0)


def test_a_job_that_the_server_lost_needs_a_person() -> None:
    lost = samples.job(1, JobState.SUBMITTED, raw_state=-1)
    assert [n.kind for n in needs((), (lost,), (), NOW)] == [NeedKind.JOB_LOST]
    assert is_lost(lost)
    assert not is_lost(samples.job(1, JobState.RUNNING))


def test_of_a_practice_server_the_remedy_is_to_start_it() -> None:
    server = samples.services()[0].model_copy(update={"practice": True})
    problem = Problem(kind=Kind.SIGN_IN, title="Sign in", what_happened="The token has ended.")
    job = samples.job(1, JobState.WAITING, problem=problem, service_id=server.id)
    assert [n.practice for n in needs((server,), (job,), (), NOW)] == [True]
