"""Runs, states, times, tokens and errors as servers tell them. Source: ga4gh.md 1.4, 1.5, 1.6."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from app.domain.job import JobState, StepState
from app.domain.problem import Kind, ProblemError
from app.services.wes.checksums import Tally, of_drs, told_checksum
from app.services.wes.logs import LONGEST, address_in, plain_log
from app.services.wes.problems import message_of, problem_of, refuse_failure
from app.services.wes.run_details import typed_problem
from app.services.wes.run_reading import failure_of, last_lines, moment, remote_job, run_page
from app.services.wes.states import state_of
from app.services.wes.token import expiry, username
from app.transport.reply import Reply
from tests.helpers.wes_stub import jwt


@pytest.mark.parametrize(
    ("raw", "state", "step"),
    [
        ("COMPLETE", JobState.SUCCESS, ""),
        ("CANCELING", JobState.RUNNING, "Being cancelled"),
        ("PREEMPTED", JobState.FAILED, "Stopped by the service, which needed the room"),
        ("SYSTEM_ERROR", JobState.FAILED, "The service failed"),
        ("DELETING", JobState.DELETED, ""),
        ("UNKNOWN", JobState.UNKNOWN, "The service does not know the state"),
        ("COMPLETE_WITH_ERRORS", JobState.UNKNOWN, "unknown (raw COMPLETE_WITH_ERRORS)"),
        ("complete\x00ly", JobState.UNKNOWN, "unknown (raw COMPLETELY)"),
        (None, JobState.UNKNOWN, "unknown (raw nothing)"),
        (4, JobState.UNKNOWN, "unknown (raw nothing)"),
    ],
)
def test_states(raw: Any, state: JobState, step: str) -> None:
    found, _, words = state_of(raw)
    assert (found, words) == (state, step)


def test_a_page_by_either_key() -> None:
    line = {"run_id": "r1", "state": "RUNNING", "tags": '{"haplodesk": "study.x1"}'}
    for told in ({"runs": [line], "next_page_token": "2"}, {"workflows": [line, {}, 3]}, [line]):
        page = run_page(told)
        assert page is not None
        (job,) = page.runs
        assert (job.remote_id, job.name, job.state) == ("r1", "study.x1", JobState.RUNNING)
    assert run_page({"runs": None}) is None
    assert run_page("<html>") is None


@pytest.mark.parametrize(
    "text",
    ["2026-11-26T03:00:00Z", "2026-11-26T03:00:00", "2026-11-26T03:00:00.000", "2026-11-26T04:00:00+01:00"],
)
def test_times_are_utc(text: str) -> None:
    assert moment(text) == datetime(2026, 11, 26, 3, tzinfo=UTC)


def test_what_is_no_time() -> None:
    assert [moment(each) for each in ("", "soon", None, 3, "0001-01-01T00:00:00+14:00")] == [None] * 5


def test_why_a_run_failed() -> None:
    told = {
        "run_id": "r",
        "state": "EXECUTOR_ERROR",
        "run_log": {"exit_code": 3},
        "task_logs": [{"name": "impute", "exit_code": 3}, {"name": "count"}],
    }
    job = remote_job(told, (), {"stderr": "\x1b[31mno such panel\x1b[0m"})
    assert [step.state for step in job.steps] == [StepState.FAILED, StepState.WAITING, StepState.FAILED]
    (message,) = job.steps[-1].messages
    assert message.text == "The workflow failed (exit code 3). Its last words:\nno such panel"
    lost = remote_job({"run_id": "r", "state": "SYSTEM_ERROR"}, (), {})
    assert "Send it again" in lost.steps[-1].messages[0].text


def test_what_to_do_about_a_failure() -> None:
    told = {"run_id": "r", "run_log": {"exit_code": 3}}
    text = "INFO started\nERROR: panel not found\nINFO ended"
    own = failure_of("EXECUTOR_ERROR", told, {"stderr": text})
    assert (own.kind, own.what_happened) == (Kind.REFUSED, "ERROR: panel not found")
    assert failure_of("EXECUTOR_ERROR", told, {}).what_happened == "It ended with exit code 3"
    for word in ("SYSTEM_ERROR", "PREEMPTED"):
        theirs = failure_of(word, told, {"stderr": "disk full"})
        assert theirs.retry
        assert theirs.what_happened == "It is not the fault of your files: disk full"


def test_the_end_of_a_long_text() -> None:
    text = "\n".join(f"line {number}" for number in range(5000))
    assert last_lines(text).startswith("line ")
    assert last_lines(text).endswith("line 4999")
    assert len(last_lines(text)) <= 3000


@pytest.mark.parametrize(
    ("reply", "kind", "said"),
    [
        (Reply(200, body=b'{"msg": "disk full", "status_code": 500}'), Kind.BUSY, "disk full"),
        (Reply(500, body=b'{"title": "Oops", "detail": "KeyError", "status": 500}'), Kind.BUSY, "KeyError"),
        (Reply(500, body=b"<html><h1>Internal Server Error</h1></html>"), Kind.BUSY, "Internal Server Error"),
        (Reply(422, body=b'{"detail": [{"msg": "field required"}]}'), Kind.REFUSED, "field required"),
        (Reply(401, body=b'{"msg": "Not authenticated"}'), Kind.SIGN_IN, "Not authenticated"),
        (Reply(403, body=b'{"message": "no"}'), Kind.SIGN_IN, "no"),
        (Reply(404), Kind.NOT_FOUND, ""),
        (Reply(501), Kind.REFUSED, ""),
        (Reply(413), Kind.REFUSED, ""),
        (Reply(302), Kind.BUSY, ""),
    ],
)
def test_errors_in_every_shape(reply: Reply, kind: Kind, said: str) -> None:
    assert message_of(reply) == said
    with pytest.raises(ProblemError) as caught:
        refuse_failure(reply, "run")
    assert caught.value.problem.kind is kind
    assert problem_of(reply).problem.title


def test_the_error_file_of_fedimpute() -> None:
    told = {
        "code": "BUILD_MISMATCH",
        "severity": "user_error",
        "summary": "VCF is b37, the panel is b38.",
        "remediation": {"kind": "run_workflow", "hint": "Run VCF Liftover (b37 -> b38)."},
    }
    found = typed_problem(told)
    assert found is not None
    assert (found.kind, found.what_happened) == (Kind.REFUSED, "VCF is b37, the panel is b38.")
    assert found.what_you_can_do == "Run VCF Liftover (b37 -> b38)."
    known = typed_problem({"code": "MULTI_CHROMOSOME_VCF", "severity": "user_error", "summary": "Two."})
    assert known is not None
    assert "Split the files" in known.what_you_can_do
    assert typed_problem({}) is None
    assert typed_problem([1]) is None


def test_logs_are_texts_or_addresses() -> None:
    run = "https://toil.example/ga4gh/wes/v1/runs/r1"
    assert address_in("../../../../toil/wes/v1/logs/r1/stdout", run) == (
        "https://toil.example/toil/wes/v1/logs/r1/stdout"
    )
    assert address_in("https://a/stderr", run) == "https://a/stderr"
    for text in ("two words", "one\ntwo", "", None, "done", "s3://bucket/stdout"):
        assert address_in(text, run) is None


def test_a_log_is_plain_and_short() -> None:
    long = plain_log("stderr", "x" * (LONGEST + 5) + "\x1b[31mend")
    assert long.cut
    assert len(long.text) <= LONGEST
    assert long.text.endswith("xend")
    assert not plain_log("stdout", "short").cut


def test_checksums() -> None:
    assert told_checksum("sha1$" + "A" * 40) == ("sha1", "a" * 40)
    assert told_checksum("md5$short") is None
    assert told_checksum("") is None
    assert of_drs([{"type": "md5", "checksum": "b" * 32}, {"type": "sha-256", "checksum": "c" * 64}, 3]) == (
        "sha256",
        "c" * 64,
    )
    tally = Tally(3, ("md5", "900150983cd24fb0d6963f7d28e17f72"))
    tally.add(b"ab")
    assert "2 bytes came" in (tally.wrong() or "")
    tally.add(b"c")
    assert tally.wrong() is None
    assert "MD5" in (Tally(None, ("md5", "0" * 32)).wrong() or "")


def test_what_a_token_says() -> None:
    token = jwt("dr.who", 60)
    assert username(token) == "dr.who"
    assert expiry(token) is not None
    assert (username("name:word"), username("plain"), expiry("plain")) == ("name", None, None)
    assert expiry("a." + "x" * 5 + ".c") is None
