"""What the command line needs of the rest of the program, and what a call of it was told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from app.cli.output import Output

if TYPE_CHECKING:
    import typer

    from app.operations.desk import Desk


class PracticeServed(Protocol):
    """A practice server that answers until it is stopped."""

    @property
    def base_url(self) -> str:
        """Where it answers."""
        ...

    @property
    def practice_key(self) -> str:
        """The key for `/practice/…`, where faults are set."""
        ...

    def token(self) -> str:
        """A token that it takes."""
        ...

    def stop(self) -> None:
        """End its jobs and let go of the port."""
        ...


class Program(Protocol):
    """The parts that lie above or beside the command line; `app/__main__.py` gives them, imported late."""

    def home(self, named: Path | None) -> Path:
        """The data folder: the one named, else that of the environment, else that of the system."""
        ...

    def database(self, home: Path) -> Path:
        """The database file of a data folder; it need not be there."""
        ...

    def open_desk(self, home: Path) -> Desk:
        """Open the data folder and everything in it; ProblemError when that cannot be."""
        ...

    def close_desk(self, desk: Desk) -> None:
        """Close what `open_desk` opened."""
        ...

    def run_window(self, home: Path | None) -> int:
        """Open the window and return when it is closed."""
        ...

    def look_at_window(self) -> str:
        """Load what the window needs; a sentence about it. Raises when it cannot be loaded."""
        ...

    def start_practice(self, home: Path, port: int, mode: str) -> PracticeServed:
        """Start a practice server with its panels."""
        ...

    def make_practice_data(self, folder: Path, samples: int, sites: int, seed: int) -> tuple[Path, ...]:
        """Write an invented cohort with its truth and panel; the files written."""
        ...


@dataclass(frozen=True)
class Session:
    """One call of the command line: the program, the data folder and how to answer."""

    program: Program
    home_named: Path | None
    out: Output

    @property
    def home(self) -> Path:
        """The data folder of this call."""
        return self.program.home(self.home_named)


def session_of(ctx: typer.Context) -> Session:
    """The session that the main command put into the context."""
    found = ctx.find_object(Session)
    if found is None:
        raise RuntimeError("a command was called without a session")
    return found
