"""The state of a group says of each job what is known of it, and nothing better."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.job import OPEN_STATES, Job, JobState
from app.domain.job_group import WORDS, group_state

AT = datetime(2026, 1, 2, tzinfo=UTC)


def job(number: int, state: JobState, again: str | None = None) -> Job:
    return Job(
        id=f"job-{number}",
        name="cohort",
        group="group-1",
        remote_name=f"r{number}",
        service_id="s",
        app_id="a",
        panel_id="p",
        state=state,
        created=AT,
        sent_again_as=again,
    )


def jobs(*states: JobState) -> list[Job]:
    return [job(number, state) for number, state in enumerate(states)]


@pytest.mark.parametrize(
    ("states", "words"),
    [
        ("success failed running success", "2 done, 1 failed, 1 running"),
        ("exporting running queued", "2 running, 1 queued"),
        ("unknown success", "1 done, 1 unknown"),
        ("waiting preparing uploading submitted", "1 sent, 1 being sent, 1 being prepared, 1 waiting"),
        ("cancelled expired deleted", "1 cancelled, 1 expired, 1 deleted"),
        ("", ""),
    ],
)
def test_a_group_in_words(states: str, words: str) -> None:
    assert group_state(jobs(*(JobState(each) for each in states.split()))).words() == words


@given(st.lists(st.sampled_from(JobState), max_size=8))
def test_a_group_is_never_done_while_one_is_open_or_did_not_succeed(states: list[JobState]) -> None:
    found = group_state(jobs(*states))
    assert sum(number for _, number in found.counts) == found.jobs == len(states)
    assert found.is_over == (bool(states) and not any(s in OPEN_STATES for s in states))
    assert found.is_done == (bool(states) and set(states) == {JobState.SUCCESS})


def test_every_state_has_a_word() -> None:
    assert set(WORDS) == set(JobState)


def test_a_job_that_was_sent_again_counts_once() -> None:
    old, new = job(1, JobState.FAILED, "job-2"), job(2, JobState.SUCCESS)
    assert group_state([old, new]).words() == "1 done"
    assert group_state([old]).words() == "1 failed"
