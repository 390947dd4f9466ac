"""What the user brought: files that belong together."""

from datetime import datetime
from enum import StrEnum

from app.domain.finding import CheckReport
from app.domain.model import Model


class DatasetState(StrEnum):
    """Whether the files were looked at."""

    NEW = "new"
    CHECKING = "checking"
    CHECKED = "checked"
    FAILED = "failed"


class DataFile(Model):
    """A file as it was when it was added; `size` in bytes, `modified` in nanoseconds since the epoch."""

    path: str
    name: str
    size: int
    modified: int


class Dataset(Model):
    """Files that are checked and sent as one; people in them are samples, sites are variants."""

    id: str
    name: str
    files: tuple[DataFile, ...]
    state: DatasetState = DatasetState.NEW
    report: CheckReport | None = None
    problem: str = ""
    added: datetime
    checked: datetime | None = None

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(f.size for f in self.files)
