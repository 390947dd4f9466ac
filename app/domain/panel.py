"""Reference panels as services offer them."""

from datetime import datetime
from enum import StrEnum

from app.domain.model import Model


class Population(Model):
    """A population bound to a panel, for the allele frequency check."""

    id: str
    name: str


class Panel(Model):
    """A reference panel of one application of one service.

    `id` is the service's own key (`apps@hapmap-2@2.0.0`), unique within `service_id` and `app_id`.
    `build` is GRCh37, GRCh38 or None, read softly from the name. `ancestry` are groups of people in the
    words of the operator, `access` says who may use it, `differs` what the catalogue says otherwise.
    """

    id: str
    service_id: str
    app_id: str
    name: str
    build: str | None = None
    populations: tuple[Population, ...] = ()
    samples: int | None = None
    variants: int | None = None
    chromosomes: tuple[str, ...] = ()
    version: str = ""
    as_of: datetime
    source: str = "service"
    ancestry: tuple[str, ...] = ()
    access: str = ""
    citation: str = ""
    differs: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """Unique in the whole store."""
        return f"{self.service_id}/{self.app_id}/{self.id}"


class SyncKind(StrEnum):
    """What happened to a panel between two looks."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"


class PanelChange(Model):
    """One line of the history of a service's panels; `what` says what changed."""

    service_id: str
    panel_id: str
    name: str
    kind: SyncKind
    what: str = ""
    at: datetime
