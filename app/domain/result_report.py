"""What is recorded of an imputation: all that a report, a methods paragraph or a crate may claim.

A fact that nobody wrote down is empty or None here, and nothing is said of it anywhere.
"""

from __future__ import annotations

from datetime import datetime

from app.domain.model import Model
from app.domain.path_text import PathText, ShownText


class InputFact(Model):
    """A file that was sent; `sha256` as it was when the file was checked, None when nobody read it whole."""

    path: PathText
    name: ShownText
    size: int
    format: str = ""
    sha256: str | None = None


class RepairFact(Model):
    """A step that was made before the files were sent, with what it changed and took away."""

    code: str
    title: str
    changed_sites: int = 0
    removed_sites: int = 0
    changed_samples: int = 0
    removed_samples: int = 0


class DatasetFacts(Model):
    """The files that were sent, as the check found them; repairs in the order in which they were made."""

    name: ShownText = ""
    checked: datetime | None = None
    samples: int | None = None
    sites: int | None = None
    chromosomes: tuple[str, ...] = ()
    build: str | None = None
    call_rate: float | None = None
    findings: tuple[str, ...] = ()
    repairs: tuple[RepairFact, ...] = ()
    sites_before_repair: int | None = None
    samples_before_repair: int | None = None


class ServiceFacts(Model):
    """Where it was imputed. `family` is `local` for this computer; `app_version` that of its pipeline."""

    name: str = ""
    family: str = ""
    base_url: str = ""
    operator: str = ""
    app_id: str = ""
    app_name: str = ""
    app_version: str = ""


class PanelFacts(Model):
    """The reference panel; `samples` and `variants` only where the service told them."""

    id: str = ""
    name: str = ""
    build: str | None = None
    version: str = ""
    samples: int | None = None
    variants: int | None = None


class SoftwareFact(Model):
    """A program that took part and `version` as it is written in `source` (a file or a message)."""

    name: str
    version: str = ""
    role: str = ""
    source: str = ""


class RunFacts(Model):
    """All of it. `origin` is what the files tell of who made a result that came from elsewhere.

    `options` are those sent, without secrets; `header` the lines of the dose file about the run. `person` is
    empty unless it is to be told. `warnings` are sentences for the reader.
    """

    result_id: str = ""
    title: ShownText = ""
    haplodesk: str
    made: datetime
    person: str = ""
    folder: PathText = ""
    origin: str = ""
    verdict: str = ""
    job_id: str = ""
    remote_id: str = ""
    service: ServiceFacts = ServiceFacts()
    panel: PanelFacts = PanelFacts()
    options: dict[str, str | bool] = {}
    submitted: datetime | None = None
    started: datetime | None = None
    ended: datetime | None = None
    verified: datetime | None = None
    dataset: DatasetFacts | None = None
    inputs: tuple[InputFact, ...] = ()
    software: tuple[SoftwareFact, ...] = ()
    header: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()


class OutputFact(Model):
    """A file of the result; `path` relative to its folder, `sha256` None where it was not computed."""

    path: PathText
    size: int
    sha256: str | None = None
    verified_by: str = ""
    kind: str = ""
