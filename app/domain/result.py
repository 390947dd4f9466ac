"""What was fetched and how good it is."""

from datetime import datetime
from enum import StrEnum

from app.domain.export_record import ExportRecord
from app.domain.model import Model
from app.domain.path_text import PathText


class ResultState(StrEnum):
    """How far a result is."""

    FETCHING = "fetching"
    VERIFIED = "verified"
    INCOMPLETE = "incomplete"
    FAILED = "failed"


NOT_WHOLE = "damaged or cut"
"""What stands in place of a proof at a file that was taken in although it is damaged."""


class ResultFile(Model):
    """A file on this computer; `path` is relative to the folder of the result; `size` in bytes.

    `kind` is what it holds (`dose`, `info`, `empirical dose`, `genotypes`), empty where nobody looked.
    """

    path: str
    size: int
    sha256: str
    source: str
    verified_by: str
    kind: str = ""


class MafBin(Model):
    """Quality of the variants of a range of minor allele frequency."""

    maf_from: float
    maf_to: float
    variants: int
    mean_r2: float | None
    share_r2_03: float | None
    share_r2_08: float | None
    judged: int | None = None
    """Variants with an R2, of which the shares are; None in records of earlier versions."""


class ChromosomeQuality(Model):
    """Quality of one chromosome."""

    chromosome: str
    variants: int
    typed: int
    mean_r2: float | None


class Quality(Model):
    """R2 of a result by chromosome and by minor allele frequency, from the info of its variants."""

    samples: int
    variants: int
    by_chromosome: tuple[ChromosomeQuality, ...] = ()
    by_maf: tuple[MafBin, ...] = ()
    mean_er2: float | None = None
    r2_08: int | None = None
    """Variants with an R2 of 0.8 or more, in a range of frequency or not; None in earlier records."""
    without_maf: int = 0
    """Variants whose frequency is not told, which are in no range of `by_maf`."""

    @property
    def good(self) -> int:
        """Variants with an R2 of 0.8 or more; in earlier records from the shares of the ranges."""
        if self.r2_08 is not None:
            return self.r2_08
        counts = (b.variants if b.judged is None else b.judged for b in self.by_maf)
        return round(sum(n * (b.share_r2_08 or 0.0) for n, b in zip(counts, self.by_maf, strict=True)))


class Result(Model):
    """The fetched result of a job, or one that came from elsewhere; `folder` is absolute.

    `job_id` is empty for what came from elsewhere: then `name` is what the person calls it, `origin` who made
    it as far as its files tell, `dataset_id` what was sent, if that is known, and `in_place` says that the
    files are the person's own and stay where they are. `complete` is what its books say, None without them;
    `price` is what the person notes of its cost, in words. `exports` are what was written of it for other
    programs, the latest first.
    """

    id: str
    job_id: str
    folder: PathText
    state: ResultState
    files: tuple[ResultFile, ...] = ()
    quality: Quality | None = None
    verdict: str = ""
    problem: str = ""
    started: datetime
    verified: datetime | None = None
    seen: bool = False
    name: str = ""
    origin: str = ""
    dataset_id: str | None = None
    in_place: bool = False
    complete: bool | None = None
    price: str = ""
    exports: tuple[ExportRecord, ...] = ()
