"""The rows of the table of panels: those of the store, with favourites and the fit to the chosen dataset."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.domain.dataset import Dataset
from app.domain.panel import Panel
from app.domain.panel_fit import RANK, FitVerdict, PanelFit, known_overlap, panel_fit
from app.domain.residency import Residency
from app.domain.service import Service
from app.operations.favourite_panels import without_versions
from app.store.pages import split_typed
from app.ui.models.query import PageSource, TableQuery

FAVOURITE_TERM = "is:favourite"
FIT_TERM = "fit"
_OWN = ("favourite", "fit", "country")


@dataclass(frozen=True)
class FitTo:
    """The dataset to which panels are fitted, and the rule on where it may go."""

    dataset: Dataset
    rule: Residency | None = None


class PanelRows:
    """A page source with the columns `favourite`, `fit` and `country`, which filter or sort too.

    The fit of a panel is made when its row is first seen; a filter or an order by it needs all of them, and
    panels that are alike in all that counts share one.
    """

    def __init__(self, source: PageSource) -> None:
        self._source = source
        self.columns: Sequence[str] = (*source.columns, *_OWN)
        self._panels: Mapping[str, Panel] = {}
        self._services: Mapping[str, Service] = {}
        self._favourites: Collection[str] = frozenset()
        self._to: FitTo | None = None
        self._fits: dict[tuple[object, ...], PanelFit] = {}
        self.favourites_first = False

    def know(
        self, panels: Mapping[str, Panel], services: Mapping[str, Service], favourites: Collection[str]
    ) -> None:
        """Other panels, services or favourites; the model has to be reloaded."""
        self._panels, self._services, self._favourites = panels, services, favourites
        self._fits = {}

    def fit_to(self, to: FitTo | None) -> None:
        """Another dataset, or none."""
        self._to, self._fits = to, {}

    def fit(self, key: str) -> PanelFit | None:
        """How the chosen dataset fits a panel; None without a dataset or for a panel that is not known."""
        panel = self._panels.get(key)
        service = self._services.get(panel.service_id) if panel is not None else None
        if self._to is None or panel is None or service is None:
            return None
        dataset = self._to.dataset
        predicted = any((v.service_id, v.panel_id) == (panel.service_id, panel.id) for v in dataset.verdicts)
        alike = (
            service.id,
            panel.build,
            panel.chromosomes,
            panel.ancestry,
            panel.id if predicted else "",
        )
        held = self._fits.get(alike)
        if held is None:
            held = panel_fit(dataset, service, panel, self._to.rule, known_overlap(dataset, panel))
            self._fits[alike] = held
        return held

    def is_favourite(self, key: str) -> bool:
        """Whether the person marked a panel, in this or an earlier version."""
        return without_versions(key) in self._favourites

    async def ids(self, query: TableQuery) -> Sequence[str]:
        """All ids that match, in order."""
        own = [word.lower() for word in split_typed(query.text) if _is_own(word)]
        rest = " ".join(word for word in split_typed(query.text) if not _is_own(word))
        inner = replace(query, text=rest)
        if query.sort in _OWN:
            inner = TableQuery(rest)
        found = await self._source.ids(inner)
        if not own and query.sort not in _OWN and not self.favourites_first:
            return found
        return await asyncio.to_thread(self._arranged, list(found), own, query)

    def _arranged(self, found: list[str], own: list[str], query: TableQuery) -> list[str]:
        if FAVOURITE_TERM in own:
            found = [key for key in found if self.is_favourite(key)]
        wanted = {word.partition(":")[2] for word in own if word != FAVOURITE_TERM}
        if wanted:
            found = [key for key in found if self._verdict(key) in wanted]
        if query.sort == "fit":
            found.sort(key=lambda key: RANK[self._verdict(key)], reverse=bool(query.descending))
        elif query.sort == "favourite":
            found.sort(key=self.is_favourite, reverse=bool(query.descending))
        elif query.sort == "country":
            found.sort(key=self._country, reverse=bool(query.descending))
        if self.favourites_first:
            found.sort(key=lambda key: not self.is_favourite(key))
        return found

    def _verdict(self, key: str) -> FitVerdict:
        fit = self.fit(key)
        return fit.verdict if fit is not None else FitVerdict.NOT_KNOWN

    def _country(self, key: str) -> str:
        service = self._services.get(key.partition("/")[0])
        return service.country if service is not None else ""

    async def rows(self, ids: Sequence[str]) -> dict[str, tuple[Any, ...]]:
        """The rows of the source with its own cells."""
        found = await self._source.rows(ids)
        return {
            key: (*row, self.is_favourite(key), self.fit(key), self._country(key))
            for key, row in found.items()
        }


def _is_own(word: str) -> bool:
    name, colon, value = word.lower().partition(":")
    return word.lower() == FAVOURITE_TERM or (name == FIT_TERM and bool(colon and value))
