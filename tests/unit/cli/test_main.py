"""Arguments in, exit code out; every end is a sentence or an object."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from app.cli.main import hoist, run
from app.cli.tree import build
from app.domain.problem import Kind, ProblemError, problem
from tests.helpers.command_line import Cli, FakeProgram

PROBLEM_KEYS = {"kind", "title", "what_happened", "what_you_can_do", "retry", "subject"}


@pytest.mark.parametrize(
    ("words", "told", "rest"),
    [
        (["jobs", "list", "--json"], ["--json"], ["jobs", "list"]),
        (["--home", "x", "jobs", "list"], ["--home", "x"], ["jobs", "list"]),
        (["jobs", "--home=x", "list", "--quiet"], ["--home=x", "--quiet"], ["jobs", "list"]),
        (["check", "--", "--json"], [], ["check", "--", "--json"]),
        (["--self-check"], [], ["self-check"]),
        (["--home"], ["--home"], []),
    ],
)
def test_global_options_count_before_and_after_the_command(
    words: list[str], told: list[str], rest: list[str]
) -> None:
    assert hoist(words) == (told, rest)


def test_without_a_command_the_window_opens(program: FakeProgram) -> None:
    assert run([], program) == 0
    assert run(["--home", "x"], program) == 0
    assert program.windows == [None, Path("x")]


def test_version_and_help(cli: Cli) -> None:
    assert cli("--version").out.startswith("haplodesk ")
    shown = cli("--help")
    assert shown.code == 0
    for command in (
        "services",
        "panels",
        "check",
        "convert",
        "submit",
        "jobs",
        "results",
        "impute",
        "self-check",
    ):
        assert f"  {command} " in shown.out
    for later in ("workflow", "audit"):
        assert later not in shown.out


def test_every_command_has_a_help_line() -> None:
    groups = [group.typer_instance for group in build().registered_groups]
    commands = [c for tree in (build(), *groups) if tree for c in tree.registered_commands]
    assert len(commands) > 25
    assert all(c.callback is not None and c.callback.__doc__ for c in commands)


@pytest.mark.parametrize(
    "words",
    [["--bad"], ["jobs"], ["jobs", "show"], ["submit", "x"], ["check", "x", "--panel", "p"], ["--json"]],
)
def test_wrong_usage_is_2(cli: Cli, words: list[str]) -> None:
    assert cli(*words).code == 2
    answer = cli(*words, "--json")
    assert answer.code == 2
    assert set(answer.problem) == PROBLEM_KEYS
    assert answer.problem["title"] == "Wrong usage"


def test_a_problem_is_3_with_its_sentences(cli: Cli) -> None:
    answer = cli("jobs", "show", "job-none")
    assert answer.code == 3
    assert answer.out == ""
    assert answer.err == "No such job. There is no job 'job-none'. See 'jobs list'.\n"


def test_a_problem_as_json(cli: Cli) -> None:
    answer = cli("--json", "jobs", "show", "job-none")
    assert answer.code == 3
    assert set(answer.problem) == PROBLEM_KEYS
    assert answer.problem["kind"] == "not found"
    assert answer.problem["subject"] == "job-none"


@pytest.mark.allow_log("A command ended by a fault")
@pytest.mark.parametrize(
    "fault",
    [RuntimeError("the secret inside"), problem(Kind.BUG, "A fault", "the secret inside", details="line 7")],
)
def test_a_fault_goes_to_the_log_and_never_to_the_screen(
    cli: Cli, program: FakeProgram, fault: Exception
) -> None:
    program.fault = fault
    answer = cli("jobs", "list", "--json")
    assert answer.code == 3
    assert answer.problem["kind"] == "bug"
    log = program.folder / "logs" / "command-line.log"
    assert str(log) in answer.problem["what_happened"]
    assert "Traceback" not in answer.out + answer.err
    assert "the secret inside" not in answer.out + answer.err
    assert type(fault).__name__ in log.read_text()


def test_ctrl_c_is_130(cli: Cli, program: FakeProgram) -> None:
    program.fault = KeyboardInterrupt()
    answer = cli("jobs", "list")
    assert (answer.code, answer.err) == (130, "Stopped.\n")
    program.fault = ProblemError(problem(Kind.CANCELLED, "Stopped", "By you.").problem)
    assert cli("jobs", "list").code == 130


def test_what_is_said_of_a_stopped_command_is_true_of_it(
    cli: Cli, program: FakeProgram, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("app.cli.work.impute.impute", stopped)
    for plain in ([], ["--"]):  # without Typer and with it
        answer = cli("impute", "--panel-file", "p", "--out", str(tmp_path / "o"), *plain, "t")
        assert answer.code == 130
        assert "begins anew" in answer.err
    program.fault = KeyboardInterrupt()
    assert "jobs list" in cli("submit", "d", "--service", "s", "--panel", "p").err
    assert "Files that are whole stay" in cli("results", "fetch", "j").err


def test_a_console_without_unicode_gets_codes(program: FakeProgram, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = io.TextIOWrapper(io.BytesIO(), encoding="ascii", write_through=True)
    monkeypatch.setattr(sys, "stdout", screen)
    assert run(["services", "list", "--catalogue"], program) == 0
    assert run(["services", "list", "--json"], program) == 0
    assert run(["practice", "data", str(program.folder / "–日本")], program) == 0
    assert screen.buffer.getvalue().isascii()  # type: ignore[attr-defined]


def test_a_reader_that_goes_away_is_no_fault(program: FakeProgram, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(*_: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr("app.cli.main._silence_output", lambda: None)
    monkeypatch.setattr("app.cli.output._write", gone)
    assert run(["services", "list"], program) == 1
