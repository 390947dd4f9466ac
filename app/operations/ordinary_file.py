"""Files that can be read to an end; needs no store, so that the command line can ask before there is one."""

from __future__ import annotations

from pathlib import Path

from app.domain.problem import Kind, problem


def refuse_special(path: Path) -> None:
    """To open a pipe would wait for its writer, for ever. ProblemError; OSError when it cannot be asked."""
    if path.exists() and not path.is_file():
        raise problem(
            Kind.INPUT,
            "This is not an ordinary file",
            f"{path} is a pipe, a socket or a device.",
            "Save the data as a file, then check that.",
            subject=str(path),
        )
