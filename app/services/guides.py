"""Guides to web pages: which files each wants, what a person does there, and where each fact comes from.

Guides are YAML files of `resources/guided`. A fact that nobody has published is left out, and then the
program says that it is not known instead of guessing; what it does then stands in `Wanted`.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Generic, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, model_validator

from app.domain.model import Model
from app.domain.preset import Certainty, Source
from app.domain.problem import Kind, ProblemError, problem
from app.domain.resources import resource

V = TypeVar("V")
FOLDER = "guided"
Build = Literal["GRCh37", "GRCh38"]
Web = Annotated[str, Field(pattern=r"^https?://[^\s]+$")]


class Fact(Model, Generic[V]):
    """A value with the key of its source; `certainty` where it is other than that of the source."""

    value: V
    by: str
    certainty: Certainty | None = None


class Naming(StrEnum):
    """How chromosomes are called."""

    CHR = "chr22"
    PLAIN = "22"


class Packing(StrEnum):
    """How many files there are."""

    ONE = "one file"
    PER_CHROMOSOME = "one a chromosome"


class Region(Model):
    """The only part of a chromosome that the page takes; 1-based, both ends within."""

    chromosome: str
    first: int
    last: int


class Wanted(Model):
    """The files that the page takes.

    Not known means: any build, the naming that is usual for it, a file a chromosome, VCF 4.2 packed by
    bgzip, all kinds of sites, no limits. `format_note` tells that the page wants its files in a way that
    the program does not know, or cannot write, and what a person does then.
    """

    builds: Fact[tuple[Build, ...]] | None = None
    naming: Fact[Naming] | None = None
    packing: Fact[Packing] | None = None
    suffix: Fact[Literal[".vcf.gz", ".vcf", ".bed"]] | None = None  # .bed: PLINK 1, with .bim and .fam
    vcf_version: Fact[Literal["4.1", "4.2", "4.3"]] | None = None
    chromosomes: Fact[tuple[str, ...]] | None = None
    region: Fact[Region] | None = None
    two_alleles: Fact[bool] | None = None
    snvs_only: Fact[bool] | None = None
    males_diploid: Fact[bool] | None = None  # on X: 0/0 or 1/1 in place of 0 or 1
    drop_monomorphic: Fact[bool] | None = None
    only_panel_sites: Fact[bool] | None = None
    reference_alleles: Fact[str] | None = None  # REF has to be the base of this genome
    max_file_mb: Fact[int] | None = None
    min_samples: Fact[int] | None = None
    max_samples: Fact[int] | None = None
    format_note: Fact[str] | None = None

    @property
    def says_format(self) -> bool:
        """Whether anybody has published what the files have to look like."""
        return self.packing is not None or self.suffix is not None


class GuidePanel(Model):
    """A panel that the page offers, under the name that it has there."""

    id: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")
    name: str
    build: Build | None = None
    samples: int | None = None
    variants: int | None = None
    chromosomes: tuple[str, ...] = ()
    ancestry: tuple[str, ...] = ()
    access: str = ""
    citation: str = ""
    by: str


class Entry(Model):
    """A field of the page and what belongs into it."""

    field: str
    value: str


class Step(Model):
    """What the person does. Texts may hold {panel}, {files}, {folder}, {build}, {samples}, {name}."""

    text: str
    page: Web | None = None
    enter: tuple[Entry, ...] = ()


class Retention(Model):
    """After how many days the page deletes, counted from the upload or from the end of the job."""

    days: Fact[int]
    counted_from: Literal["upload", "end"] = "end"


class Guide(Model):
    """Everything about one page. `page` is where a person begins, None where its address is not published."""

    schema_version: Literal[1] = Field(alias="schema")
    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$")
    name: str
    operator: str
    country: str = Field(pattern=r"^[A-Z]{2}$")
    page: Web | None = None
    enabled: bool = True
    off_reason: str = ""
    successor: str | None = None
    account: str = ""
    caution: str = ""
    sources: dict[str, Source]
    main_source: str
    wanted: Wanted = Wanted()
    panels: tuple[GuidePanel, ...] = Field(min_length=1)
    steps: tuple[Step, ...] = Field(min_length=1)
    retention: Retention | None = None
    results: Fact[str] | None = None

    @model_validator(mode="after")
    def _sources_are_there(self) -> Guide:
        missing = sorted({by for by in _cited(self.model_dump()) if by not in self.sources})
        if missing:
            raise ValueError(f"there is no source “{missing[0]}”")
        if not self.enabled and not self.off_reason:
            raise ValueError("a service that is off needs an off_reason")
        return self

    @property
    def source(self) -> Source:
        """The source of what is said as a whole."""
        return self.sources[self.main_source]

    def panel(self, panel_id: str) -> GuidePanel | None:
        """The panel of that id."""
        return next((each for each in self.panels if each.id == panel_id), None)

    def told(self, fact: Fact[Any]) -> str:
        """Where a fact comes from, in words."""
        source = self.sources[fact.by]
        return f"{source.text}, {source.as_of}, certainty {fact.certainty or source.certainty}"


def _cited(data: Any) -> list[str]:
    if isinstance(data, dict):
        mine = [data["by"]] if isinstance(data.get("by"), str) else []
        mine += [data["main_source"]] if isinstance(data.get("main_source"), str) else []
        return mine + [each for value in data.values() for each in _cited(value)]
    if isinstance(data, list | tuple):
        return [each for value in data for each in _cited(value)]
    return []


@cache
def guides() -> tuple[Guide, ...]:
    """All guides that ship with the program, by name. ProblemError when one cannot be read."""
    folder = resource(FOLDER)
    found = [shipped_guide(path.stem) for path in sorted(folder.glob("*.yaml"))]
    return tuple(sorted(filter(None, found), key=lambda each: each.name.casefold()))


@cache
def shipped_guide(guide_id: str) -> Guide | None:
    """One guide that ships with the program, by the name of its file. ProblemError."""
    path = resource(FOLDER, f"{guide_id}.yaml")
    return read_guide(path) if path.name == f"{guide_id}.yaml" and path.is_file() else None


def guide_for(address: str, guide_id: str = "") -> Guide | None:
    """The guide of that id, else the one whose page has this address; None when there is none."""
    if guide_id:
        return shipped_guide(guide_id)
    wanted = _place(address)
    return next((each for each in guides() if each.page and _place(each.page) == wanted), None)


def _place(address: str) -> tuple[str, str]:
    parts = urlsplit(address)
    return (parts.netloc.lower(), parts.path.rstrip("/"))


def read_guide(path: Path) -> Guide:
    """A guide from a file. ProblemError with the place of the fault."""
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        data = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
        return Guide.model_validate_json(_as_json(data))
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error)) from error
    except (YAMLError, UnicodeDecodeError, TypeError) as error:
        raise _unreadable(path, " ".join(str(error).split())) from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the whole"
        raise _unreadable(path, f"“{place}”: {first['msg']}") from error


def _as_json(data: object) -> str:
    """Through JSON, as the schema is one of JSON: dates become text."""
    import json

    return json.dumps(data, default=str)


def _unreadable(path: Path, why: str) -> ProblemError:
    return problem(
        Kind.INPUT,
        "The guide cannot be read",
        f"{path.name}: {why}.",
        "Mend the file; `services schema guided` prints what it may hold.",
        subject=str(path),
    )
