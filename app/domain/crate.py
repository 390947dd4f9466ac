"""What the proof of a crate found."""

from __future__ import annotations

from enum import StrEnum

from app.domain.model import Model
from app.domain.path_text import ShownText


class FaultKind(StrEnum):
    """What is wrong with a file."""

    CHANGED = "changed"
    MISSING = "missing"
    ADDED = "added"


class CrateFault(Model):
    """A file that is not as it was; `words` say how that is known."""

    path: ShownText
    kind: FaultKind
    words: str = ""


class CrateProof(Model):
    """All faults of a folder. `files` and `bytes` were read; `unproved` files have no hash to compare with.

    `by` names what holds the hashes: the crate in the folder, or the records of this program.
    """

    folder: ShownText
    by: str
    files: int = 0
    bytes: int = 0
    faults: tuple[CrateFault, ...] = ()
    unproved: tuple[ShownText, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether nothing is changed, missing or added."""
        return not self.faults
