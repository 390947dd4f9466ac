"""What the user brought: files that belong together."""

from datetime import datetime
from enum import StrEnum

from app.domain.finding import CheckReport
from app.domain.model import Model
from app.domain.path_text import PathText, ShownText
from app.domain.repair import RepairOutcome
from app.domain.verdict import Verdict


class DatasetState(StrEnum):
    """Whether the files were looked at."""

    NEW = "new"
    CHECKING = "checking"
    CHECKED = "checked"
    FAILED = "failed"


class DataFile(Model):
    """A file as it was when it was added; `size` in bytes, `modified` in nanoseconds since the epoch."""

    path: PathText
    name: ShownText
    size: int
    modified: int


class Dataset(Model):
    """Files that are checked and sent as one; people in them are samples, sites are variants.

    `verdicts` are what services would say, by the last predictions. A dataset that a repair wrote knows what
    it was made from and how (`made_from`, `outcome`).
    """

    id: str
    name: ShownText
    files: tuple[DataFile, ...]
    state: DatasetState = DatasetState.NEW
    report: CheckReport | None = None
    problem: str = ""
    added: datetime
    checked: datetime | None = None
    verdicts: tuple[Verdict, ...] = ()
    made_from: str | None = None
    outcome: RepairOutcome | None = None

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(f.size for f in self.files)
