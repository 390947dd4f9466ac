"""What every reader of a genotype format gives, and how it says that it cannot."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from app.genotypes.cohort import Batch, Origin
    from app.genotypes.header import Header


class FormatError(Exception):
    """A file that cannot be read as what it claims to be.

    `code` is that of the finding (`plink.bed_size`, `final_report.columns`), `title` a short sentence without
    a full stop, `place` a line, byte or site, `advice` what the person can do.
    """

    def __init__(self, code: str, path: str, title: str, place: str = "", advice: str = "") -> None:
        super().__init__(f"{path}: {title}" + (f" ({place})" if place else ""))
        self.code = code
        self.path = path
        self.title = title
        self.place = place
        self.advice = advice


def prove_names(names: Iterable[str], path: str) -> None:
    """FormatError where the name of a sample has control characters: tabs and line ends would become columns
    and records of whatever is written with it."""
    if any(letter < " " or letter == "\x7f" for name in names for letter in name):
        title = "The name of a sample has control characters"
        raise FormatError("sample.name", path, title, advice="Rename the sample and export the data again.")


class GenotypeReader(Protocol):
    """An opened file or set of files. `people` may hold what a `Cohort` knows of people.

    `header` is that of a VCF inside (BCF, .pvar), None of other formats. `notes`, complete behind the last
    batch, are sentences for the person about what was taken as missing.
    """

    origin: Origin
    samples: Sequence[str]
    people: dict[str, Sequence[str] | Sequence[int]]

    @property
    def header(self) -> Header | None:
        """See above."""
        ...

    @property
    def notes(self) -> Sequence[str]:
        """See above."""
        ...

    def batches(self, rows: int = 2048) -> Iterator[Batch]:
        """The rows in file order, at most about `rows` at once. FormatError at the first fault that ends the
        reading; oddities of single sites are flags."""
        ...

    def progress(self) -> tuple[int, int]:
        """Bytes read so far, bytes in all."""
        ...
