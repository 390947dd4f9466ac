"""The rows of the table of panels: of store and catalogue, with favourites and the fit to a dataset."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Any

from app.domain.chain import ChainOffer
from app.domain.dataset import Dataset
from app.domain.panel import Panel
from app.domain.panel_fit import RANK, FitVerdict, PanelFit, known_overlap, panel_fit
from app.domain.panel_overlap import OverlapGap, PanelOverlap
from app.domain.residency import Residency
from app.domain.service import Service
from app.operations.favourite_panels import without_versions
from app.store.pages import split_typed
from app.ui.models.query import PageSource, TableQuery
from app.ui.views.panels.catalogue_panels import ADDED, is_of_catalogue, matches, row_of

FAVOURITE_TERM = "is:favourite"
FIT_TERM, ADDED_TERM = "fit", "added"
_NO_SITES = PanelOverlap(gap=OverlapGap.NO_SITES)
_OWN = ("favourite", "fit", "country", "overlap", "added")


@dataclass(frozen=True)
class FitTo:
    """The dataset to which panels are fitted, and the rule on where it may go.

    `overlaps` is how many of its sites are in panels, by their keys, of those whose sites are known.
    `lifting` are the families of services whose servers move positions between builds. `offers` are the chain
    files that could be downloaded where one is missing, by their builds.
    """

    dataset: Dataset
    rule: Residency | None = None
    overlaps: Mapping[str, PanelOverlap] = field(default_factory=dict)
    lifting: frozenset[str] = frozenset()
    offers: Mapping[tuple[str, str], ChainOffer] = field(default_factory=dict)

    @property
    def not_counted(self) -> frozenset[str]:
        """The panels that can be compared with the dataset, and were not yet."""
        return frozenset(key for key, o in self.overlaps.items() if o.gap is OverlapGap.NOT_COUNTED)


class PanelRows:
    """A page source with columns of its own (see `_OWN`), which filter or sort too, and with the panels that
    only the catalogue knows, behind those of services.

    The fit of a panel is made when its row is first seen; a filter or an order by it needs all of them, and
    panels that are alike in all that counts share one. Rows are made in other threads, each time from a copy:
    the Qt thread may tell of other panels or of another dataset meanwhile.
    """

    def __init__(self, source: PageSource) -> None:
        self._source = source
        self.columns: Sequence[str] = (*source.columns, *_OWN)
        self._panels: Mapping[str, Panel] = {}
        self._services: Mapping[str, Service] = {}
        self._favourites: Collection[str] = frozenset()
        self._states: Mapping[str, str] = {}
        self._to: FitTo | None = None
        self._fits: dict[tuple[object, ...], PanelFit] = {}
        self.favourites_first = False

    def know(
        self,
        panels: Mapping[str, Panel],
        services: Mapping[str, Service],
        favourites: Collection[str],
        states: Mapping[str, str] | None = None,
    ) -> None:
        """Other panels, services or favourites; the model has to be reloaded.

        `states` are those of services that stand for a preset, by id; their panels are not in the source.
        """
        self._panels, self._services, self._favourites = panels, services, favourites
        self._states = states or {}
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
        overlap = self.overlap(key)
        alike = (
            service.id,
            panel.build,
            panel.chromosomes,
            panel.ancestry,
            panel.id if predicted else "",
            overlap,
        )
        held = self._fits.get(alike)
        if held is None:
            lifts = service.family in self._to.lifting
            held = panel_fit(dataset, service, panel, self._to.rule, overlap, lifts=lifts)
            self._fits[alike] = held
        return held

    def overlap(self, key: str) -> PanelOverlap | None:
        """How many sites of the chosen dataset are in a panel, or why nobody knows; None without a dataset.

        What was counted here counts before a prediction.
        """
        panel = self._panels.get(key)
        if self._to is None or panel is None:
            return None
        counted = self._to.overlaps.get(key)
        if counted is not None and counted.percent is not None:
            return counted
        return known_overlap(self._to.dataset, panel) or counted or _NO_SITES

    def _percent(self, key: str) -> float | None:
        overlap = self.overlap(key)
        return overlap.percent if overlap is not None else None

    def offer(self, key: str) -> ChainOffer | None:
        """The first chain file that is missing to compare a panel, where it can be downloaded."""
        overlap = self.overlap(key)
        if self._to is None or overlap is None or not is_without_chain(overlap):
            return None
        ways = ((here, overlap.build) for here in overlap.lifted)
        return next((self._to.offers[each] for each in ways if each in self._to.offers), None)

    def is_favourite(self, key: str) -> bool:
        """Whether the person marked a panel, in this or an earlier version."""
        return without_versions(key) in self._favourites

    def state(self, key: str) -> str:
        """Whether the service of a panel is added."""
        panel = self._panels.get(key)
        return self._states.get(panel.service_id, ADDED) if panel is not None else ADDED

    async def ids(self, query: TableQuery) -> Sequence[str]:
        """All ids that match, in order."""
        own = [word.lower() for word in split_typed(query.text) if _is_own(word)]
        rest = " ".join(word for word in split_typed(query.text) if not _is_own(word))
        inner = TableQuery(rest) if query.sort in _OWN else replace(query, text=rest)
        found = await self._source.ids(inner)
        if not own and query.sort not in _OWN and not self.favourites_first and not self._states:
            return found
        return await asyncio.to_thread(copy(self)._arranged, list(found), own, rest, query)

    def _arranged(self, found: list[str], own: list[str], rest: str, query: TableQuery) -> list[str]:
        found = self._with_catalogue(found, rest, query)
        if FAVOURITE_TERM in own:
            found = [key for key in found if self.is_favourite(key)]
        for name, value in ((FIT_TERM, self._verdict), (ADDED_TERM, self._added)):
            wanted = {word.partition(":")[2] for word in own if word.partition(":")[0] == name}
            if wanted:
                found = [key for key in found if value(key) in wanted]
        order: dict[str, Callable[[str], Any]] = {
            "fit": lambda key: RANK[self._verdict(key)],
            "favourite": self.is_favourite,
            "country": self._country,
            "added": self._added,
        }
        if query.sort in order:
            found.sort(key=order[query.sort], reverse=bool(query.descending))
        elif query.sort == "overlap":
            found.sort(key=lambda key: self._percent(key) or 0.0, reverse=bool(query.descending))
            found.sort(key=lambda key: self._percent(key) is None)
        if self.favourites_first:
            found.sort(key=lambda key: not self.is_favourite(key))
        return found

    def _with_catalogue(self, found: list[str], rest: str, query: TableQuery) -> list[str]:
        """Behind the panels of services those of the catalogue; an order by a column orders all of them."""
        ours = [key for key, panel in self._panels.items() if panel.service_id in self._states]
        more = {key: row for key in ours if matches(row := self._row(key), rest)}
        if not query.sort or query.sort in _OWN:
            return found + sorted(more, key=lambda key: str(more[key]["name"]).casefold())
        rows = {key: self._row(key) for key in found if key in self._panels} | more
        name, every = query.sort, [*(key for key in found if key in rows), *more]
        every.sort(key=lambda key: _comparable(rows[key].get(name)), reverse=bool(query.descending))
        every.sort(key=lambda key: rows[key].get(name) in (None, ""))
        return every

    def _row(self, key: str) -> dict[str, Any]:
        panel = self._panels[key]
        return row_of(panel, self._services.get(panel.service_id))

    def _verdict(self, key: str) -> FitVerdict:
        fit = self.fit(key)
        return fit.verdict if fit is not None else FitVerdict.NOT_KNOWN

    def _added(self, key: str) -> str:
        return "yes" if self.state(key) == ADDED else "no"

    def _country(self, key: str) -> str:
        panel = self._panels.get(key)
        service = self._services.get(panel.service_id) if panel is not None else None
        return service.country if service is not None else ""

    async def rows(self, ids: Sequence[str]) -> dict[str, tuple[Any, ...]]:
        """The rows of the source, and of the catalogue, with their own cells."""
        found = dict(await self._source.rows([key for key in ids if not is_of_catalogue(key)]))
        now = copy(self)
        for key in ids:
            if is_of_catalogue(key) and key in now._panels:
                row = now._row(key)
                found[key] = tuple(row.get(name) for name in self._source.columns)
        return {key: (*row, *now._own(key)) for key, row in found.items()}

    def _own(self, key: str) -> tuple[Any, ...]:
        return (
            self.is_favourite(key),
            self.fit(key),
            self._country(key),
            self.overlap(key),
            self.state(key),
        )


def is_without_chain(overlap: PanelOverlap) -> bool:
    """Whether nothing but a chain file is missing."""
    return overlap.gap is OverlapGap.NO_CHAIN


def _comparable(value: Any) -> Any:
    return value.casefold() if isinstance(value, str) else value if value is not None else 0


def _is_own(word: str) -> bool:
    name, colon, value = word.lower().partition(":")
    return word.lower() == FAVOURITE_TERM or (name in (FIT_TERM, ADDED_TERM) and bool(colon and value))
