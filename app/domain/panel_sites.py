"""Lists of the sites of reference panels that lie on this computer."""

from __future__ import annotations

from datetime import datetime

from app.domain.model import Model


class PanelSiteList(Model):
    """A site list that the user added; `panel_keys` are the panels of services it is of (`Panel.key`).

    `sites` counts rows, one an ALT; `skipped` rows lay on no chromosome of humans. `frequency` is what the
    source calls the frequency that is kept, empty without one. `source` names the files it was made from,
    `size` is in bytes. `problem` says why a list cannot be used.
    """

    id: str
    name: str
    build: str
    chromosomes: tuple[str, ...] = ()
    sites: int = 0
    skipped: int = 0
    has_frequency: bool = False
    has_rs: bool = False
    frequency: str = ""
    source: str = ""
    size: int = 0
    panel_keys: tuple[str, ...] = ()
    added: datetime
    folder: str = ""
    problem: str = ""
