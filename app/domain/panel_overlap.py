"""How many sites of a dataset are in a panel, or why nobody can say it."""

from __future__ import annotations

from enum import StrEnum

from app.domain.model import Model


class OverlapGap(StrEnum):
    """Why a share is not known; each has another way out."""

    NO_SITES = "no sites"  # the sites of the panel are not on this computer
    NO_CHAIN = (
        "no chain"  # files and sites are of different builds, and no chain file leads from one to the other
    )
    NOT_CHECKED = "not checked"  # nobody read the files yet
    NO_BUILD = "no build"  # the build of the files is not known
    NOT_COUNTED = "not counted"  # all that is needed is there
    OTHER_CHROMOSOMES = "other chromosomes"  # the panel has none of those of the files
    UNREADABLE = "unreadable"  # what is kept of the files, of the panel, or of the chain file is damaged


class PanelOverlap(Model):
    """The share of the sites of a dataset, on the chromosomes of a panel, that are in the panel.

    `percent` is of `sites`, None where there is a `gap`. `lifted` are builds of files whose positions were
    moved to `build`, that of the panel, or would have to be: `lost` sites have no place there and count as
    sites that are not in the panel. `predicted`: the figure is of the last prediction of what the service
    would say, which moves positions by the rules of the service and counts what those leave.
    """

    percent: float | None = None
    found: int = 0
    sites: int = 0
    lost: int = 0
    build: str = ""
    lifted: tuple[str, ...] = ()
    predicted: bool = False
    gap: OverlapGap | None = None
