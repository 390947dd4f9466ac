"""What was fetched and how good it is."""

from datetime import datetime
from enum import StrEnum

from app.domain.model import Model


class ResultState(StrEnum):
    """How far a result is."""

    FETCHING = "fetching"
    VERIFIED = "verified"
    INCOMPLETE = "incomplete"
    FAILED = "failed"


class ResultFile(Model):
    """A file on this computer; `path` is relative to the folder of the result; `size` in bytes."""

    path: str
    size: int
    sha256: str
    source: str
    verified_by: str


class MafBin(Model):
    """Quality of the variants of a range of minor allele frequency."""

    maf_from: float
    maf_to: float
    variants: int
    mean_r2: float | None
    share_r2_03: float | None
    share_r2_08: float | None


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


class Result(Model):
    """The fetched result of a job; `folder` is absolute."""

    id: str
    job_id: str
    folder: str
    state: ResultState
    files: tuple[ResultFile, ...] = ()
    quality: Quality | None = None
    verdict: str = ""
    problem: str = ""
    started: datetime
    verified: datetime | None = None
    seen: bool = False
