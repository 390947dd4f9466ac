"""An error as the user is told it.

Every exception that crosses into the program from a library is turned into a `Problem` at one border
a family (see `services/cloudgene/problems.py` for an example) and travels as `ProblemError`.
"""

from enum import StrEnum

from app.domain.model import Model
from app.domain.path_text import ShownText


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


class Problem(Model):
    """What happened and what the user can do about it.

    `subject` names the file, service or job concerned. `details` is for the log and the expert and holds
    no token, password, genotype or secret address.
    """

    kind: Kind
    title: ShownText
    what_happened: ShownText
    what_you_can_do: ShownText = ""
    retry: bool = False
    retry_after_s: float | None = None
    subject: ShownText | None = None
    details: ShownText = ""

    def sentence(self) -> str:
        """The problem in one line, for logs, lists and the command line."""
        parts = (self.title, self.what_happened, self.what_you_can_do)
        return " ".join(_ended(part) for part in parts if part)


def _ended(text: str) -> str:
    return text if text.endswith((".", "!", "?", ":")) else text + "."


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
