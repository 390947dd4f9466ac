"""`practice …`: what the commands do."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from app.cli.output import table
from app.cli.program import PracticeServed, Session
from app.domain.problem import Kind, problem


def serve(session: Session, port: int, mode: str, show_token: bool) -> None:
    """Run the practice server in the foreground until Ctrl+C or the end of the process is asked for."""
    folder = _made(session.home / "practice")
    session.out.note("Making the practice panels; this takes a few seconds the first time.")
    try:
        server = session.program.start_practice(folder, port, mode)
    except OSError as error:
        raise problem(
            Kind.INPUT,
            "The practice server cannot listen",
            f"Port {port}: {error.strerror or error}.",
            "Choose another --port, or 0 for a free one.",
            subject=str(port),
        ) from error
    try:
        with _end_asked() as end:
            _announce(session, server, mode, show_token)
            while not end.wait(0.5):
                pass
    finally:
        server.stop()


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise problem(
            Kind.DISK,
            "The data folder cannot be made",
            f"{folder}: {error.strerror or error}.",
            "Name another one by --home or HAPLODESK_HOME, on a disk where you may write.",
            subject=str(folder),
        ) from error
    return folder


@contextmanager
def _end_asked() -> Iterator[threading.Event]:
    """An event that Ctrl+C and the ordinary end of a process set."""
    end = threading.Event()

    def asked(number: int, frame: FrameType | None) -> None:
        end.set()

    before = {number: signal.signal(number, asked) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield end
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _announce(session: Session, server: PracticeServed, mode: str, show_token: bool) -> None:
    url, token = server.base_url, server.token()
    data: dict[str, object] = {"base_url": url, "token": token, "mode": mode}
    data["practice_key"] = server.practice_key
    lines = [
        f"The practice server answers at {url} ({mode}). Ctrl+C ends it.",
        f"Add it:  haplodesk services add Practice --preset practice --url {url} --token-stdin",
    ]
    lines.append(f"Token:   {token}" if show_token else "Its token is shown with --show-token.")
    session.out.answer(data, lines)


def make_data(session: Session, folder: Path, samples: int, sites: int, seed: int) -> None:
    """Write invented data."""
    try:
        files = session.program.make_practice_data(folder.absolute(), samples, sites, seed)
    except OSError as error:
        raise problem(
            Kind.DISK,
            "The practice data were not written",
            f"{folder}: {error.strerror or error}.",
            "Choose another folder.",
            subject=str(folder),
        ) from error
    data: dict[str, object] = {
        "folder": str(folder.absolute()),
        "samples": samples,
        "sites": sites,
        "seed": seed,
        "files": [str(path) for path in files],
    }
    rows = [(path.relative_to(folder.absolute()), path.stat().st_size) for path in files]
    session.out.answer(data, table(("file", "bytes"), rows))
