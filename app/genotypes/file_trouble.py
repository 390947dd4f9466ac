"""What goes wrong while a file is read, told with the name of the file."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from app.domain.problem import Kind, problem
from app.genotypes.bgzf import ContainerError


class Words(NamedTuple):
    """What a person is told: a title, and what can be done."""

    title: str
    advice: str


DAMAGED = Words("The file is damaged", "Copy or make the file again.")
UNREADABLE = Words("The file cannot be read", "Check that the file is there and may be read.")


class told_of:
    """Turns a damaged container (kind input) and an OSError (kind disk) of a block into a ProblemError.

    A class, as the blocks are those of generators that may be left at any moment.
    """

    def __init__(self, path: Path, damaged: Words = DAMAGED, unreadable: Words = UNREADABLE) -> None:
        self._path = path
        self._damaged = damaged
        self._unreadable = unreadable

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, ContainerError):
            kind, words, what = Kind.INPUT, self._damaged, f"{self._path.name} is {error.fault}."
        elif isinstance(error, OSError):
            kind, words, what = (
                Kind.DISK,
                self._unreadable,
                f"{self._path.name}: {error.strerror or error}.",
            )
        else:
            return
        raise problem(
            kind, words.title, what, words.advice, subject=self._path.name, details=str(error)
        ) from error
