"""One submission to several services by the command line: none of them holds up or stops another."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.domain.job import JobState
from app.domain.problem import Kind
from app.domain.progress import Report
from app.services.contract import Connection, RemoteJob, Seal, Submission
from tests.helpers.command_line import Cli, FakeProgram
from tests.helpers.fake_family import fault, write_vcf

LONG_S = 60.0
EACH = ("fake", "second")
WORDS = ("--no-check", "--option", "check1=accepted", "--option", "population=eur")


def pairs() -> tuple[str, ...]:
    return tuple(word for name in EACH for word in ("--service", name, "--panel", "apps@one"))


@pytest.fixture
def submit(second: Cli, tmp_path: Path) -> Callable[..., Any]:
    """Sends a file to both; the answer."""
    file = write_vcf(tmp_path)
    return lambda *more: second("submit", file, *pairs(), *WORDS, *more, "--json")


@pytest.fixture
def group(submit: Callable[..., Any], second: Cli) -> str:
    """A file was sent to both."""
    assert submit().code == 0
    return str(second("jobs", "list", "--json").data["groups"][0]["id"])


def test_a_service_that_hangs_does_not_hold_up_the_others(
    submit: Callable[..., Any], program: FakeProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The upload to the first ends only after that to the second."""
    arrived = asyncio.Event()
    real = program.family.submit

    async def slow(connection: Connection, order: Submission, report: Report, seal: Seal) -> str:
        if connection.service_id == "fake":
            await asyncio.wait_for(arrived.wait(), LONG_S)
        remote_id = await real(connection, order, report, seal)
        arrived.set()
        return remote_id

    monkeypatch.setattr(program.family, "submit", slow)
    answer = submit()
    assert answer.code == 0
    assert [row["state"] for row in answer.data["jobs"]] == ["submitted", "submitted"]
    assert [row["remote_id"] for row in answer.data["jobs"]] == ["job-2", "job-1"]


def test_what_stands_in_the_way_is_told_with_its_service(
    second: Cli, program: FakeProgram, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = program.family.form

    async def refuse(connection: Connection, app_id: str) -> Any:
        if connection.service_id == "second":
            raise fault(Kind.SIGN_IN, "The token is not accepted")
        return await real(connection, app_id)

    monkeypatch.setattr(program.family, "form", refuse)
    answer = second("submit", write_vcf(tmp_path), *pairs(), *WORDS)
    assert answer.code == 3
    assert "Second: The token is not accepted" in answer.err
    assert "--send-others" in answer.err
    assert program.family.submissions == []


def test_a_group_is_watched_to_its_end_though_one_service_wants_its_person(
    second: Cli, group: str, program: FakeProgram, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first asks for a new token; the second is waited for, and then the problem is raised."""
    real = program.family.job

    async def ask(connection: Connection, remote_id: str) -> RemoteJob:
        if connection.service_id == "fake":
            raise fault(Kind.SIGN_IN, "The token is not accepted")
        return await real(connection, remote_id)

    async def ask_list(connection: Connection, *, fresh: bool = False) -> tuple[RemoteJob, ...]:
        if connection.service_id == "fake":
            raise fault(Kind.SIGN_IN, "The token is not accepted")
        for each in program.family.remote:
            program.family.set_state(each, JobState.SUCCESS, 4)
        return tuple(program.family.remote.values())

    monkeypatch.setattr(program.family, "job", ask)
    monkeypatch.setattr(program.family, "jobs", ask_list)
    for each in program.family.remote:
        program.family.set_state(each, JobState.RUNNING, 2)
    answer = second("jobs", "watch", "--group", group)
    assert answer.code == 3
    assert "Fake: The token is not accepted" in answer.err
    (state,) = second("jobs", "list", "--json").data["groups"]
    assert state["counts"]["done"] == 1


def test_all_of_a_group_are_cancelled_at_once(second: Cli, group: str) -> None:
    rows = second("jobs", "cancel", "--group", group, "--json").data["jobs"]
    assert [row["state"] for row in rows] == ["cancelled", "cancelled"]
    answer = second("jobs", "cancel", "--group", group, "--json")
    assert answer.problem["title"] == "Nothing to stop"
    assert "2 cancelled" in answer.problem["what_happened"]
    for verb in ("cancel", "watch"):
        assert second("jobs", verb, "--group", "group-nobody", "--json").problem["title"] == "No such group"
        assert second("jobs", verb).code == second("jobs", verb, "a", "--group", "b").code == 2
    assert second("jobs", "watch", "--group", group).code == 1


def test_what_was_fetched_before_its_service_deleted_it_is_not_sent_again(
    second: Cli, group: str, program: FakeProgram
) -> None:
    """Only what has no result goes again."""
    program.family.content = {"qc_report.txt": b"all well"}
    for each in program.family.remote:
        program.family.set_state(each, JobState.SUCCESS, 4)
    for each in program.family.remote:
        program.family.give_files(each)
    rows = second("jobs", "list", "--group", group, "--json").data["jobs"]
    named = {row["service"]: row["id"] for row in rows}
    assert second("jobs", "watch", "--group", group).code == 0
    (mine,) = (row["id"] for row in rows if row["service"] == "fake")
    assert second("results", "fetch", mine).code == 0
    desk = program.open_desk(program.folder)
    for each in named.values():
        asyncio.run(desk.update_job(each, state=JobState.EXPIRED))
    program.close_desk(desk)
    (again,) = second("jobs", "retry", "--group", group, "--json").data["jobs"]
    assert again["service"] == "second"
