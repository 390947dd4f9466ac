"""An error as the user is told it.

Every exception that crosses into the program from a library is turned into a `Problem` at one border
a family (see `services/cloudgene/problems.py` for an example) and travels as `ProblemError`.

`Problem` lies in `told_problem`, which is imported when there is one to tell: this module is imported by
everything, and a process that works for a second should not take a quarter of one to import pydantic.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.domain.told_problem import Problem as Problem


class Kind(StrEnum):
    """What sort of problem it is; decides whether a retry can help and how it is shown."""

    INPUT = "input"
    SIGN_IN = "sign-in"
    REFUSED = "refused"
    NOT_FOUND = "not found"
    BUSY = "busy"
    NO_NETWORK = "no network"
    DISK = "disk"
    STORE = "store"
    CANCELLED = "cancelled"
    BUG = "bug"


RETRY_HELPS = frozenset({Kind.BUSY, Kind.NO_NETWORK})


class ProblemError(Exception):
    """Carries a `Problem` up to whoever shows it."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.sentence())
        self.problem = problem


def problem(
    kind: Kind,
    title: str,
    what_happened: str,
    what_you_can_do: str = "",
    *,
    subject: str | None = None,
    details: str = "",
    retry_after_s: float | None = None,
) -> ProblemError:
    """Make the exception to raise; `retry` follows from the kind."""
    from app.domain.told_problem import Problem

    return ProblemError(
        Problem(
            kind=kind,
            title=title,
            what_happened=what_happened,
            what_you_can_do=what_you_can_do,
            retry=kind in RETRY_HELPS,
            retry_after_s=retry_after_s,
            subject=subject,
            details=details,
        )
    )


def __getattr__(name: str) -> object:
    """`Problem`, when it is first asked for."""
    if name == "Problem":
        from app.domain.told_problem import Problem

        globals()[name] = Problem
        return Problem
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
