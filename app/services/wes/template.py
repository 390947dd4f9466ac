"""A workflow described as data: what it is called, what it asks for, what is sent, what comes back.

The program ships some in `resources/workflows`; users put their own into the folder `workflows` of the data
folder. Source of the words of WES: ga4gh.md 1.3. How a template is written: resources/workflows/README.md.
"""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, JsonValue, field_validator, model_validator

from app.domain.model import Model
from app.transport.address import is_loopback

PLACEHOLDER = re.compile(r"\{([a-z][a-z0-9_.]*)\}")
OWN_WORDS = frozenset(
    {"targets", "target", "target_words", "target_names", "target_pairs", "sample_sheet", "job_name", "build"}
)
_TRS = re.compile(r"trs://[A-Za-z0-9.-]+(:[0-9]{1,5})?/[^/\s#?]+/[^/\s#?]+/[A-Z_]+/[^\s#?]+")
"""Source: ga4gh.md 2.3. An id such as `#workflow/github.com/lab/impute` holds signs that would end it."""
Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,59}$")]


class Sends(StrEnum):
    """How the value of a parameter is written into the parameters of the workflow."""

    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    WORDS = "words"  # a list, from a text with commas
    FILE = "file"  # a file of this computer, or an address or path that the server reads by itself
    FILE_EACH = "file for each target"  # the same once for each target, `%s` or {chrom} being its chromosome


class Shown(StrEnum):
    """How a parameter is asked for."""

    TEXT = "text"
    NUMBER = "number"
    CHECKBOX = "checkbox"
    CHOICE = "choice"


class TemplateChoice(Model):
    """One entry of a list."""

    key: str
    label: str = ""


class TemplateParameter(Model):
    """Something that a person chooses. Empty and not required: it is left out of what is sent."""

    id: Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]{0,59}$")]
    label: str
    shown: Shown = Shown.TEXT
    sends: Sends = Sends.TEXT
    required: bool = False
    default: str = ""
    help: str = ""
    pattern: str = ""
    choices: tuple[TemplateChoice, ...] = ()

    @model_validator(mode="after")
    def _choices(self) -> TemplateParameter:
        if (self.shown is Shown.CHOICE) != bool(self.choices):
            raise ValueError(f"the parameter {self.id}: exactly those that are shown as choice have choices")
        return self


class TemplatePopulation(Model):
    """A population that a panel offers."""

    id: str
    name: str


class TemplatePanel(Model):
    """A reference panel that the workflow can use at a server. Where it comes from is said in `source`: no
    server lists panels, and none is ever made up.

    `sets` are parameters of the template that the panel decides, such as where its files lie; `values` are
    further texts, which `{panel.NAME}` stands for.
    """

    id: Id
    name: str
    build: Literal["GRCh37", "GRCh38"] | None = None
    samples: int | None = None
    variants: int | None = None
    chromosomes: tuple[str, ...] = ()
    populations: tuple[TemplatePopulation, ...] = ()
    sets: dict[str, str] = {}
    values: dict[str, str] = {}
    source: str = ""


class Workflow(Model):
    """The workflow itself. `main` and `files` lie beside the template and are attached.

    `repository` is its address at github.com, with `branch`, `trs` its address in a tool registry, `url` that
    of its text: for servers that fetch workflows by themselves.
    """

    type: str
    versions: tuple[str, ...]
    engines: tuple[str, ...] = ()
    main: str = ""
    files: tuple[str, ...] = ()
    url: str = ""
    repository: str = ""
    branch: str = ""
    trs: str = ""
    engine_parameters: dict[str, str] = {}

    @field_validator("main")
    @classmethod
    def _main_beside(cls, name: str) -> str:
        return _beside(name) if name else name

    @field_validator("files")
    @classmethod
    def _files_beside(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(_beside(name) for name in names)

    @field_validator("url", "repository")
    @classmethod
    def _safe(cls, address: str) -> str:
        parts = urlsplit(address)
        if address and not (
            parts.hostname and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(address)))
        ):
            raise ValueError(f"“{address}” has to begin with https:// and to name a host")
        return address

    @field_validator("trs")
    @classmethod
    def _whole_trs(cls, address: str) -> str:
        if address and not _TRS.fullmatch(address):
            raise ValueError(
                f"“{address}” has to be trs://server/id/version/type/file, with the whole id in percent code"
            )
        return address

    @model_validator(mode="after")
    def _somewhere(self) -> Workflow:
        if not (self.main or self.url or self.repository or self.trs):
            raise ValueError("the workflow has none of main, url, repository and trs, so it is nowhere")
        if not self.versions:
            raise ValueError("versions is empty; name those that the workflow works with, the best first")
        return self


class Template(Model):
    """A whole description. `params` is what is sent, with `{…}` where values go; `outputs` are patterns of
    names of results, for servers that list every file of a run.
    """

    haplodesk_workflow: Literal[1]
    id: Id
    version: str = "1"
    name: str
    description: str = ""
    source: str = ""
    workflow: Workflow
    params: dict[str, JsonValue]
    parameters: tuple[TemplateParameter, ...] = ()
    panels: tuple[TemplatePanel, ...]
    terms: tuple[str, ...] = ()
    phased: bool = False
    one_file: bool = False
    outputs: tuple[str, ...] = ()

    @property
    def app_id(self) -> str:
        """The id of the application that it is shown as."""
        return f"{self.id}@{self.version}"

    @model_validator(mode="after")
    def _whole(self) -> Template:
        for ids, what in (
            ([each.id for each in self.parameters], "parameters"),
            ([each.id for each in self.panels], "panels"),
        ):
            twins = sorted({each for each in ids if ids.count(each) > 1})
            if twins:
                raise ValueError(f"two {what} are called {twins[0]}")
        if not self.panels:
            raise ValueError("panels is empty; a template needs one at least")
        self._known_words()
        return self

    def _known_words(self) -> None:
        own = OWN_WORDS | {each.id for each in self.parameters}
        words = set(placeholders(self.params))
        for panel in self.panels:
            for value in panel.values.values():
                unknown = set(PLACEHOLDER.findall(value)) - own
                if unknown:
                    raise ValueError(f"the panel {panel.id} speaks of {{{min(unknown)}}}, which is nothing")
            strange = set(panel.sets) - {each.id for each in self.parameters}
            if strange:
                raise ValueError(f"the panel {panel.id} sets “{min(strange)}”, which is no parameter")
            lacking = {word for word in words if word.startswith("panel.")} - {
                f"panel.{name}" for name in (*panel.values, "name", "id")
            }
            if lacking:
                raise ValueError(f"the panel {panel.id} has no value “{min(lacking).partition('.')[2]}”")
        unknown = {word for word in words if not word.startswith("panel.")} - own
        if unknown:
            raise ValueError(f"params speaks of {{{min(unknown)}}}, which is nothing")
        if not words & {"targets", "target", "target_words", "target_pairs", "sample_sheet"}:
            raise ValueError("params never names the files: put {targets} where they go")


def placeholders(tree: Any) -> list[str]:
    """The names in `{…}` anywhere in a tree."""
    if isinstance(tree, str):
        return PLACEHOLDER.findall(tree)
    if isinstance(tree, dict):
        return [name for each in tree.values() for name in placeholders(each)]
    if isinstance(tree, list | tuple):
        return [name for each in tree for name in placeholders(each)]
    return []


def _beside(name: str) -> str:
    parts = PurePosixPath(name).parts
    if len(parts) != 1 or name in {".", ".."} or "\\" in name or ":" in name:
        raise ValueError(f"“{name}” has to lie in the folder of the template")
    return name
