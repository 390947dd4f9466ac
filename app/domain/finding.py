"""What a check says about files."""

from enum import StrEnum

from app.domain.cohort_summary import CohortSummary
from app.domain.model import Model
from app.domain.path_text import PathText, ShownText


class Severity(StrEnum):
    """How much a finding matters: `severe` stops a submission."""

    INFO = "info"
    WARNING = "warning"
    SEVERE = "severe"


class Finding(Model):
    """One result of a check.

    `code` is stable (`sample.duplicate`). `where` is the place: a line, a position, a sample, or the first
    few of them. `what_to_do` is a sentence; `fix` names a repair that the program offers, if any.
    """

    code: str
    severity: Severity
    title: ShownText
    detail: ShownText = ""
    file: PathText | None = None
    where: ShownText = ""
    count: int = 1
    what_to_do: str = ""
    fix: str | None = None


class BuildGuess(Model):
    """The genome build and why it is believed: `GRCh37`, `GRCh38`, `NCBI36`, `T2T-CHM13` or None.

    `confidence` is between 0 and 1.
    """

    value: str | None = None
    confidence: float = 0.0
    evidence: tuple[str, ...] = ()


class FileFacts(Model):
    """What one pass over one VCF file found. Counts are of records and samples.

    `sha256` is of the file's bytes, None when the pass did not end. `call_rate` is a mean over genotypes.
    """

    path: PathText
    name: ShownText
    size: int
    format: str = ""
    compression: str = ""
    vcf_version: str = ""
    samples: int = 0
    sample_ids_hash: str = ""
    variants: int = 0
    chromosomes: tuple[str, ...] = ()
    chromosomes_raw: tuple[str, ...] = ()
    first_position: int | None = None
    last_position: int | None = None
    sorted: bool | None = None
    phased: bool | None = None
    monomorphic: int = 0
    duplicate_sites: int = 0
    call_rate: float | None = None
    sha256: str | None = None


class GroupFacts(Model):
    """A group of people among the files: they are imputed as a job of their own.

    `files` are their numbers in the order of the files that were read; `build` is judged by them alone.
    """

    name: ShownText
    files: tuple[int, ...]
    people: int
    snps: int = 0
    build: BuildGuess = BuildGuess()


class CheckReport(Model):
    """The answer of `check`: what is in the files and what is wrong with them.

    `stage` is where it stopped: `index`, `validate`, `qc` or `ok`; `error` is the sentence of the first
    severe finding, None when accepted. `cohort` are the figures of the people, None when they were not looked
    at. `figures` names the file of arrays that plots are drawn from, inside the dataset's own folder.
    `groups` are the groups of people where there are several, else empty; where their builds differ `build`
    is unknown and theirs count.
    """

    accepted: bool
    stage: str
    error: str | None = None
    build: BuildGuess = BuildGuess()
    samples: int = 0
    snps: int = 0
    chromosomes: tuple[str, ...] = ()
    phased: bool | None = None
    files: tuple[FileFacts, ...] = ()
    findings: tuple[Finding, ...] = ()
    cohort: CohortSummary | None = None
    figures: str = ""
    groups: tuple[GroupFacts, ...] = ()

    def count(self, severity: Severity) -> int:
        """How many findings are of a severity."""
        return sum(f.severity == severity for f in self.findings)
