"""Jobs from recorded answers."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.job import ENDED_STATES, JobState, MessageKind, StepState
from app.services.cloudgene import job_reading
from app.services.cloudgene.passwords import WHERE_THE_PASSWORD_IS
from app.services.cloudgene.states import job_state
from tests.unit.services.cloudgene.samples import sample
from tests.unit.services.cloudgene.test_describing import JSON


@pytest.mark.parametrize(
    ("raw", "state"),
    [
        (-1, JobState.SUBMITTED),
        (1, JobState.QUEUED),
        (2, JobState.RUNNING),
        (3, JobState.EXPORTING),
        (4, JobState.SUCCESS),
        (5, JobState.FAILED),
        (6, JobState.CANCELLED),
        (7, JobState.EXPIRED),
        (8, JobState.SUCCESS),
        (9, JobState.FAILED),
        (10, JobState.DELETED),
    ],
)
def test_states(raw: int, state: JobState) -> None:
    assert job_state(raw) == (state, raw)


@given(
    st.one_of(
        st.integers().filter(lambda n: not -1 <= n <= 10 or n == 0), JSON.filter(lambda v: type(v) is not int)
    )
)
def test_unknown_states_are_never_an_end(raw: Any) -> None:
    state, kept = job_state(raw)
    assert state is JobState.UNKNOWN
    assert state not in ENDED_STATES
    assert kept == (raw if type(raw) is int else None)


def test_running() -> None:
    job = job_reading.job(sample("job-running"), "cg3")
    assert (job.state, job.raw_state, job.step, job.progress) == (
        JobState.RUNNING,
        2,
        "Phasing and Imputation",
        0.25,
    )
    assert job.submitted == datetime(2025, 6, 1, 10, 15, 30, 123000, tzinfo=UTC)
    assert (job.ended, job.expires, job.queue_position) == (None, None, None)
    assert [step.state for step in job.steps] == [StepState.DONE, StepState.WARNING, StepState.RUNNING]
    assert job.steps[0].messages[0].text.splitlines()[1] == "Samples: 51"
    assert job.steps[2].messages[0].text == "Imputation (3/12)\n…width: 25.0%…"


def test_success_with_files() -> None:
    job = job_reading.job(sample("job-success"), "cg3")
    assert (job.state, job.progress, job.name) == (JobState.SUCCESS, 1.0, "a&b <ü>")
    assert all(step.state is not StepState.RUNNING for step in job.steps)
    names = [(f.file.name, f.file.group, f.file.downloads_left) for f in job.files]
    assert names == [
        ("chr_20.zip", "output", 10),
        ("quality-control.html", "output", 10),
        ("qc_report.txt", "output", 10),
        ("statistics/snps-excluded.txt", "output", 10),
        ("step1-nextflow.log", "server log", -1),
    ]
    assert job.files[0].file.size_text == "314 MB"
    ways = json.loads(job.files[3].locator.get_secret_value())
    assert len(ways) == 1
    assert ways[0][0].startswith("/share/results/")
    assert ways[0][0].endswith("/statistics/snps-excluded.txt")
    assert "share" not in repr(job)


def test_failed() -> None:
    job = job_reading.job(sample("job-failed"), "cg3")
    assert (job.state, job.progress) == (JobState.FAILED, None)
    assert job.steps[1].state is StepState.FAILED
    assert job.steps[1].messages[0].kind is MessageKind.ERROR
    assert job.steps[2].messages[0].text == "Pipeline execution failed."


def test_generation_2_has_several_ways_and_no_counts() -> None:
    job = job_reading.job(sample("job-cg2"), "cg2")
    assert job.files[0].file.downloads_left is None
    ways = json.loads(job.files[0].locator.get_secret_value())
    digest = sample("job-cg2")["outputParams"][0]["files"][0]["hash"]
    assert ways == [
        [f"/share/jd/{digest}/chr_20.zip", False],
        [f"/share/results/{digest}/chr_20.zip", False],
        [f"/downloads/job-20250601-101530-123/{digest}/chr_20.zip", False],
        ["/results/job-20250601-101530-123/70/chr_20.zip", True],
    ]


@pytest.mark.parametrize(("name", "count"), [("jobs-cg3", 4), ("jobs-cg2", 3)])
def test_both_shapes_of_the_list(name: str, count: int) -> None:
    jobs = job_reading.job_list(sample(name))
    assert jobs is not None
    assert [job.state for job in jobs][:3] == [JobState.QUEUED, JobState.SUCCESS, JobState.SUBMITTED]
    assert len(jobs) == count
    assert jobs[0].queue_position == 4
    assert jobs[1].expires == datetime(2025, 6, 8, 10, 15, 30, 123000, tzinfo=UTC)
    assert not any(job.complete for job in jobs)


@pytest.mark.parametrize(
    "data", [None, {}, {"data": None}, "x", 3, {"success": False}, [{"id": "a"}] * 20_001]
)
def test_what_is_no_list(data: Any) -> None:
    assert job_reading.job_list(data) is None


@pytest.mark.parametrize(
    ("message", "progress"),
    [
        ("Imputation (3/12)", 0.25),
        ("Phasing (4/4)\nImputation (0 / 4)", 0.5),
        ('<div class="progress-bar" style="width: 62.5%">', 0.625),
        ("Reference Panel: hapmap2 (hg19)", None),
        ("(0/0)", None),
        ("(9/3)", 1.0),
        ("(1/999999999)", None),
        ("(1/999999999) (1/4)", 0.25),
        ("(1/1000000)", 0.0),
        ('style="width: 0.000000001%"', 0.0),
        ('style="width: 250%"', 1.0),
        ("", None),
    ],
)
def test_progress(message: str, progress: float | None) -> None:
    assert job_reading.step_progress(message) == progress


def messages(*told: str) -> dict[str, Any]:
    """A job whose only step says this."""
    lines = [{"message": each, "type": 0} for each in told]
    return {"id": "j", "state": 4, "steps": [{"name": "Summary", "logMessages": lines}]}


def test_secrets_in_messages_are_not_kept() -> None:
    told = messages(
        "Done.\nAll results are encrypted with password <b>o1%bUVuBEf7Cl</b>",
        "curl https://x.example/share/results/0123456789abcdef/chr_1.zip",
    )
    job = job_reading.job(told, "cg3")
    assert [message.text for message in job.steps[0].messages] == [
        "Done.\nAll results are encrypted with password [hidden]\n" + WHERE_THE_PASSWORD_IS,
        "curl https://x.example/share/results/[hidden]/chr_1.zip",
    ]


def test_hostile_numbers_of_steps_and_messages() -> None:
    step = messages(*["x" * 10_000] * 300)["steps"][0]
    job = job_reading.job({"id": "j", "state": 2, "steps": [*[{}] * 60, step]}, "cg3")
    assert len(job.steps) == job_reading.MOST_STEPS
    assert len(job.steps[-1].messages) == job_reading.MOST_MESSAGES
    assert len(job.steps[-1].messages[0].text) == job_reading.LONGEST_MESSAGE


def test_names_hold_nothing_that_a_terminal_obeys() -> None:
    entry = {"name": "a\x1b]0;x\x07\n\x9b31m\u202e\ud800.txt", "hash": "h", "size": "1 \x1b[1mMB"}
    data = {"id": "j", "name": "n\x1b[2J\x07&#10;m", "outputParams": [{"name": "o", "files": [entry]}]}
    job = job_reading.job(data, "cg3")
    assert (job.name, job.files[0].file.name, job.files[0].file.size_text) == ("nm", "a\ufffd.txt", "1 MB")
    assert job_reading.files({"outputParams": [{"files": [{"name": "\x07", "hash": "h"}]}]}, "cg3") == ()


@given(JSON, JSON)
def test_any_json_is_survived(one: Any, two: Any) -> None:
    entry = {
        "name": one,
        "logMessages": [{"message": one, "type": two, "time": two}],
        "files": [{"name": "x", "count": one}],
    }
    data = {
        "id": one,
        "state": two,
        "steps": [entry, one],
        "outputParams": [entry],
        "endTime": one,
        "progress": two,
    }
    job_reading.job(data, "cg2")
    job_reading.job_list([data, one])
