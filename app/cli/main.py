"""The entry of the command line: reads the arguments, runs a command, turns its end into an exit code."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from app.cli.ending import ending_like_interrupt
from app.cli.output import Output
from app.cli.program import Program, Session
from app.cli.quick import run_quickly
from app.cli.visible import visible

if TYPE_CHECKING:
    import typer

    from app.domain.problem import Problem

log = logging.getLogger(__name__)

DONE, NO, USAGE, PROBLEM, INTERRUPTED = 0, 1, 2, 3, 130
_FLAGS = {"--json", "--quiet", "--version"}
_ALIASES = {"--self-check": "self-check"}
_BEGINS_ANEW = "Nothing half-written stays; the next time it begins anew."
_AFTERWARDS = {
    ("submit",): "'haplodesk jobs list' says how far it came.",
    ("results", "fetch"): "Files that are whole stay; the others come the next time.",
    ("run-local-jobs",): "The jobs go on the next time.",
    ("impute",): _BEGINS_ANEW,
    ("check",): _BEGINS_ANEW,
    ("convert",): _BEGINS_ANEW,
    ("repair",): _BEGINS_ANEW,
    ("panels", "pack"): _BEGINS_ANEW,
    ("results", "filter"): _BEGINS_ANEW,
}
"""What becomes of a command that was stopped, where there is something to say."""


def run(arguments: Sequence[str], program: Program) -> int:
    """Run a command line; the exit code. Without a command the window is opened."""
    told, rest = hoist(arguments)
    if opens_window(told, rest):
        return program.run_window(_home_of(told))
    out = Output(as_json="--json" in told, quiet="--quiet" in told)
    with ending_like_interrupt() as ending:
        return ending.code(_guarded(told, rest, Session(program, _home_of(told), out)))


def _guarded(told: list[str], rest: list[str], session: Session) -> int:
    out = session.out
    try:
        return DONE if run_quickly(told, rest, session) else _run(told, rest, session)
    except KeyboardInterrupt:
        return _interrupted(rest, out)
    except BrokenPipeError:
        _silence_output()
        return NO
    except Exception as error:  # noqa: BLE001 - the border: every error becomes a sentence and a code
        return _problem(error, session)


def hoist(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Global options from anywhere before `--`, and the rest: they count before and after the command."""
    told: list[str] = []
    rest: list[str] = []
    waiting = list(arguments)
    while waiting:
        word = waiting.pop(0)
        if word == "--":
            rest += [word, *waiting]
            break
        if word in _FLAGS or word.startswith("--home="):
            told.append(word)
        elif word == "--home":
            told += [word, *waiting[:1]]
            waiting = waiting[1:]
        else:
            rest.append(_ALIASES.get(word, word))
    return told, rest


def opens_window(told: Sequence[str], rest: Sequence[str]) -> bool:
    """Whether nothing but the data folder was named."""
    return not rest and not set(told) & _FLAGS and (not told or _home_of(told) is not None)


def _home_of(told: Sequence[str]) -> Path | None:
    for number, word in enumerate(told):
        if word.startswith("--home="):
            return Path(word.removeprefix("--home="))
        if word == "--home" and number + 1 < len(told):
            return Path(told[number + 1])
    return None


def _run(told: list[str], rest: list[str], session: Session) -> int:
    import typer

    from app.cli.tree import build

    command = typer.main.get_command(build())
    try:
        code = command.main([*told, *rest], prog_name="haplodesk", standalone_mode=False, obj=session)
    except typer.Abort:
        return INTERRUPTED
    except typer.TyperException as error:
        return _usage(error, session.out)
    if code == INTERRUPTED:  # what typer makes of Ctrl+C
        return _interrupted(rest, session.out)
    return code if isinstance(code, int) else DONE


def _interrupted(rest: Sequence[str], out: Output) -> int:
    said = next((text for words, text in _AFTERWARDS.items() if tuple(rest[: len(words)]) == words), "")
    with contextlib.suppress(OSError):  # the terminal may be gone
        out.note(f"Stopped. {said}".rstrip())
    return INTERRUPTED


def _usage(error: typer.TyperException, out: Output) -> int:
    """Wrong usage: the sentence and the way to the help."""
    show = getattr(error, "show", None)
    if out.as_json:
        from app.domain.problem import Kind, Problem

        text = error.format_message()
        do = "See 'haplodesk --help'."
        out.problem(Problem(kind=Kind.INPUT, title="Wrong usage", what_happened=text, what_you_can_do=do))
    elif show is not None:
        show()
    else:
        sys.stderr.write(visible(error.format_message()) + "\n")
    return USAGE


def _problem(error: Exception, session: Session) -> int:
    from app.cli.work.refusal import Refused
    from app.domain.problem import Kind, ProblemError

    if not isinstance(error, ProblemError):
        session.out.problem(_bug(error, session))
        return PROBLEM
    if error.problem.kind is Kind.CANCELLED:
        return INTERRUPTED
    if error.problem.kind is Kind.BUG:
        session.out.problem(_bug(error, session))
        return PROBLEM
    session.out.problem(error.problem, error.more if isinstance(error, Refused) else ())
    return PROBLEM


def _bug(error: Exception, session: Session) -> Problem:
    """A fault of the program: the whole of it goes into the log, the person gets a sentence."""
    from app.domain.problem import Kind, Problem, ProblemError
    from app.store.logs import start_logging

    details = error.problem.details if isinstance(error, ProblemError) else ""
    folder = session.home / "logs"
    where = "It could not be written down."
    try:
        with start_logging(folder, name="command-line") as started:
            log.error("A command ended by a fault: %s", details, exc_info=error)
        where = f"It is written down in {started.path}."
    except OSError:
        pass
    return Problem(
        kind=Kind.BUG,
        title="Haplodesk has a fault",
        what_happened=f"{type(error).__name__}. {where}",
        what_you_can_do="Try again. If it happens again, send the log to the makers.",
    )


def _silence_output() -> None:
    """Nobody reads any more: what is still in the buffers goes nowhere, without a complaint at the end."""
    import os

    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
    os.close(nowhere)
