"""Runs another program as a child that never outlives us: engines that are not our own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import BinaryIO

from app.domain.problem import Kind, ProblemError, problem
from app.domain.progress import Progress, Report

_TAIL = 4000
_STEP_S = 0.2
_NO_ROOM = 64 << 10  # bytes; programs end before the last block is taken
_KILLED = -9  # what a system does that is short of memory; who aborts (-6) has a fault
_ENDED_SESSION = (0x40010004,)
_NO_MEMORY = ("OutOfMemoryError", "bad_alloc", "Could not reserve enough space", "insufficient memory")


def run_program(
    command: list[str], folder: Path, step: str, report: Report, *, output: Path | None = None
) -> str:
    """Run a program in `folder` and give back what it printed; its standard output goes to `output` if given.

    A `report` that raises and a polite request to end (SIGTERM) both kill the child. Raises ProblemError
    when the program cannot be started or fails; its last words are in the details.
    """
    log = folder / f"{Path(command[0]).name}.log"
    began = time.monotonic()
    with ExitStack() as stack:
        words = stack.enter_context(log.open("wb"))
        told = stack.enter_context(output.open("wb")) if output is not None else words
        stack.enter_context(_ended_politely())
        try:
            child = _started(command, folder, told, words)
        except OSError as error:
            raise problem(
                Kind.REFUSED, "A program cannot be started", f"{Path(command[0]).name}: {error.strerror}."
            ) from error
        try:
            while child.poll() is None:
                report(Progress(done=int(time.monotonic() - began), unit="seconds", step=step))
                time.sleep(_STEP_S)
        finally:
            if child.poll() is None:
                child.kill()
                child.wait()
    said = log.read_text(encoding="utf-8", errors="replace")
    if child.returncode:
        raise full_disk(folder) or _failed(Path(command[0]).name, child.returncode, step, said)
    return said


def _started(command: list[str], folder: Path, told: BinaryIO, words: BinaryIO) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        command, cwd=folder, stdin=subprocess.DEVNULL, stdout=told, stderr=words, env=_environment(folder)
    )


def _environment(folder: Path) -> dict[str, str]:
    """That of this process, but for two things.

    Temporary files of the program go to its folder: it lies on the disk that was chosen for the data, and is
    removed. Without a Unicode locale Java finds no file whose path has an umlaut.
    """
    words = {**os.environ, **dict.fromkeys(("TMPDIR", "TMP", "TEMP"), str(folder))}
    chosen = next((words[name] for name in ("LC_ALL", "LC_CTYPE", "LANG") if words.get(name)), "")
    if sys.platform == "linux" and "utf" not in chosen.lower():
        words["LC_ALL"] = "C.UTF-8"
    return words


def full_disk(folder: Path) -> ProblemError | None:
    """What there is to say of a failure where the disk has no room left: no program says it."""
    try:
        free = shutil.disk_usage(folder).free
    except OSError:
        return None
    if free > _NO_ROOM:
        return None
    return problem(
        Kind.DISK,
        "The disk is full",
        f"The disk of {folder} has no room for the work.",
        "Make room on it, and send the job again: it goes on with the chunk that was not finished.",
        subject=str(folder),
    )


def _failed(name: str, code: int, step: str, said: str) -> ProblemError:
    """What a program's end and its last words mean, where they are known."""
    what = f"{name} ended with {code} while it was {step.lower()}."
    do = "Its last words are in the details; the built-in engine does without it."
    if code == _KILLED or any(word in said for word in _NO_MEMORY):
        what = f"{name} ran out of memory, or was ended from outside, while it was {step.lower()}."
        do = (
            "Close other programs or allow less memory in Settings, and send the job again: it goes on with "
            "the chunk that was not finished."
        )
        if "OutOfMemoryError" in said:
            do = do.replace("allow less", "allow more")
    elif "UnsupportedClassVersionError" in said:
        what = f"The Java that was found ({name}) is too old for this program."
        do = "Install a newer Java, or name one in Settings; the built-in engine does without it."
    return problem(Kind.REFUSED, "A program failed", what, do, details=said[-_TAIL:])


def was_killed(code: int) -> bool:
    """Whether an exit code says that the process was ended from outside or crashed in C.

    A signal is negative; Windows tells an NTSTATUS of severity error (0xC0000000 and above, read with or
    without a sign), and at the end of a session 0x40010004.
    """
    return code < 0 or code >= 0xC0000000 or code in _ENDED_SESSION


@contextmanager
def _ended_politely() -> Iterator[None]:
    """Turn SIGTERM into an exception, so that what must be tidied up is; only the main thread can."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def end(_number: int, _frame: FrameType | None) -> None:
        raise SystemExit(143)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
