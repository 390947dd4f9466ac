"""What the user brought: files that belong together."""

from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from pathlib import PurePath

from app.domain.finding import CheckReport
from app.domain.model import Model
from app.domain.path_text import PathText, ShownText
from app.domain.repair import RepairOutcome
from app.domain.residency import Residency
from app.domain.verdict import Verdict

OTHER_FORMAT = "content.format"
"""The finding that the genotypes are no VCF, though they can be read."""
SEVERAL_GROUPS = "files.groups"
"""The finding that the files are of several groups of people, each a job of its own."""
PREPARED = "prepared"
"""The program's own folder of repaired files, with a folder for each dataset."""


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


class FilePrint(Model):
    """By what a file is known when it is gone from its path: one of `genotypes.prints`."""

    path: PathText
    print: str


class Dataset(Model):
    """Files that are checked and sent as one; people in them are samples, sites are variants.

    `verdicts` are what services would say, by the last predictions. A dataset that a repair wrote knows what
    it was made from and how (`made_from`, `outcome`). `stated_build` is what the person says where the files
    leave the build open, empty for nothing. `residency` is where the files may go, None for no rule of their
    own; what counts is `operations.residency.rule_for`. `prints` are those of the files when they were
    looked at last: a rule that is stated when they are moved holds for them where they are now.
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
    stated_build: str = ""
    residency: Residency | None = None
    prints: tuple[FilePrint, ...] = ()

    @property
    def prepared_here(self) -> bool:
        """Whether files lie where repairs write in the program's own folder; they go after the dataset."""
        pairs = (each for file in self.files for each in pairwise(PurePath(file.path).parts))
        return any(outer == PREPARED and inner.startswith("data-") for outer, inner in pairs)

    @property
    def to_prepare(self) -> bool:
        """Whether the files are in order, and yet have to be written anew before they are sent."""
        report = self.report
        apart = (OTHER_FORMAT, SEVERAL_GROUPS)
        return report is not None and report.accepted and any(f.code in apart for f in report.findings)

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(f.size for f in self.files)
