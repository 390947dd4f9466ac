"""Services that the program knows from the start: facts with their source, date and certainty.

A preset is read from `resources/catalogue.json`, from the guides to web pages, or from the catalogue of an
institution. Whatever a service tells of itself wins over it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, model_validator

from app.domain.model import Model
from app.domain.service import Limits

Id = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")]
Address = Annotated[str, Field(pattern=r"^(|https?://[^\s/]\S*)$")]
Country = Annotated[str, Field(pattern=r"^(|[A-Z]{2})$")]
SCHEMA = 1


class Certainty(StrEnum):
    """How sure a fact is."""

    A = "A"  # read in the operator's own source or documentation, at most a year old
    B = "B"  # the operator's documentation or a reviewed paper, older
    C = "C"  # told by somebody else
    D = "D"  # common knowledge; no document confirms it


CERTAINTY_WORDS = {
    Certainty.A: "from the operator, at most a year old",
    Certainty.B: "from the operator or a paper, older",
    Certainty.C: "told by somebody else",
    Certainty.D: "not confirmed by a document",
}


class Source(Model):
    """Where facts were read, of when that is, and how sure it makes them."""

    text: str
    as_of: str = Field(pattern=r"^\d{4}(-\d{2}(-\d{2})?)?$")
    certainty: Certainty


class Cited(Model):
    """The key of a source, and a certainty of its own where the fact is less sure than that."""

    by: str
    certainty: Certainty | None = None


class PresetPanel(Model):
    """A panel as it was documented; `id` and `aliases` are the service's own keys without version."""

    id: str
    name: str
    aliases: tuple[str, ...] = ()
    samples: int | None = Field(None, gt=0)
    variants: int | None = Field(None, gt=0)
    build: str | None = Field(None, pattern=r"^(GRCh37|GRCh38|NCBI36)$")
    chromosomes: tuple[str, ...] = ()
    ancestry: tuple[str, ...] = ()
    access: str = ""
    citation: str = ""
    by: str

    def is_panel(self, panel_id: str) -> bool:
        """Whether a service means this panel: `apps@hrc-r1.1@2.0.0` is `hrc-r1.1`."""
        bare = panel_id.removeprefix("apps@").partition("@")[0].casefold()
        return bare in {name.casefold() for name in (self.id, *self.aliases)}


class Preset(Model):
    """A service of the catalogue.

    `by` names the source of a field that is not from `main_source`, by its path, such as
    `limits.max_samples`. `own` marks computers of the user. `successor` is the preset that takes the place of
    one that is off, `off_reason` says why it is. `locked`: an institution allows no other settings;
    `of` names the institution whose catalogue it is from.
    """

    id: Id
    name: str = Field(min_length=1)
    operator: str
    country: Country
    jurisdictions: tuple[Country, ...] = ()
    base_url: Address
    alt_urls: tuple[Address, ...] = ()
    family: str = Field(min_length=1)
    setup: dict[str, str] = {}
    limits: Limits = Limits()
    token_help: str = ""
    token_url: Address = ""
    note: str = ""
    enabled: bool = True
    off_reason: str = ""
    successor: Id | None = None
    own: bool = False
    locked: bool = False
    of: str = ""
    panels: tuple[PresetPanel, ...] = ()
    sources: dict[str, Source]
    main_source: str
    by: dict[str, str | Cited] = {}

    @model_validator(mode="after")
    def _names_its_sources(self) -> Preset:
        cited = [self.main_source, *(_key(each) for each in self.by.values()), *(p.by for p in self.panels)]
        missing = sorted({each for each in cited if each not in self.sources})
        if missing:
            raise ValueError(f"no source is named {', '.join(missing)}")
        if not self.enabled and not self.off_reason:
            raise ValueError("a service that is off needs the reason in off_reason")
        return self

    def evidence(self, field: str = "") -> Source:
        """Where a field was read; its certainty is that of the fact."""
        cited = self.by.get(field, self.main_source)
        source = self.sources[_key(cited)]
        own = cited.certainty if isinstance(cited, Cited) else None
        return source.model_copy(update={"certainty": own}) if own is not None else source

    @property
    def as_of(self) -> str:
        """Of when the main source is."""
        return self.evidence().as_of

    @property
    def source(self) -> str:
        """All sources, in one line."""
        return ", ".join(f"{each.text} ({each.as_of})" for each in self.sources.values())

    @property
    def certainty(self) -> str:
        """That of the main source, and of the facts that are less sure."""
        main = self.evidence().certainty
        others = [f"{field} {self.evidence(field).certainty}" for field in self.by]
        return "; ".join([str(main), *(each for each in others if each[-1] > main)])


def _key(cited: str | Cited) -> str:
    return cited.by if isinstance(cited, Cited) else cited


class Catalogue(Model):
    """A list of presets; `hide` are ids that an institution takes from the list."""

    schema_version: int = Field(alias="schema", ge=1, le=SCHEMA)
    as_of: str = Field(pattern=r"^\d{4}-\d{2}-\d{2}$")
    institution: str = ""
    services: tuple[Preset, ...] = ()
    hide: tuple[Id, ...] = ()

    @model_validator(mode="after")
    def _ids_are_unique(self) -> Catalogue:
        ids = [each.id for each in self.services]
        twice = sorted({each for each in ids if ids.count(each) > 1})
        if twice:
            raise ValueError(f"{', '.join(twice)} is there twice")
        return self
