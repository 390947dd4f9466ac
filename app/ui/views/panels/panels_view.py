"""Panels: all reference panels of all services, how they fit a dataset, and what changed lately."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from app.domain.changes import Changes, Noun
from app.domain.dataset import Dataset
from app.domain.panel import Panel, PanelChange
from app.domain.panel_sites import PanelSiteList
from app.domain.preset import Preset
from app.domain.problem import Problem
from app.domain.residency import why_forbidden
from app.domain.service import Service
from app.ui import text
from app.ui.bridge import Task
from app.ui.commands import Ids
from app.ui.context import Context
from app.ui.dialogs.add_service import AddServiceDialog, open_add_service
from app.ui.dialogs.confirm import confirm
from app.ui.drop_kinds import is_site_list
from app.ui.models.table import Column, TableModel, time_column
from app.ui.text import plural
from app.ui.theme import GRID
from app.ui.views.panels.add_local_panel import AddLocalPanelDialog
from app.ui.views.panels.add_sites import AddSitesDialog
from app.ui.views.panels.cards import PanelCards
from app.ui.views.panels.catalogue_panels import NOT_READ, catalogue_panels, is_of_catalogue
from app.ui.views.panels.compare import ComparePanels, comparable, compared
from app.ui.views.panels.filter_bar import FilterValues, filter_values
from app.ui.views.panels.fit_words import (
    fit_sentences,
    fit_shown,
    overlap_sentence,
    overlap_words,
    state_words,
)
from app.ui.views.panels.panel_bar import PanelBar
from app.ui.views.panels.panel_commands import panel_commands
from app.ui.views.panels.panel_detail import PanelActions, PanelDetail, PanelFacts
from app.ui.views.panels.panel_rows import FitTo, PanelRows, is_without_chain
from app.ui.views.view import View
from app.ui.widgets.basics import EmptyState
from app.ui.widgets.splitter import RememberedSplitter
from app.ui.widgets.table_view import TableView

CHANGES_SHOWN = 30
CHOSEN = "panels/dataset"
"""Where the layout remembers the dataset that panels are fitted to."""
SHOWN_AS = "panels/cards"
FIRST = "panels/favourites_first"


@dataclass(frozen=True)
class Known:
    """All that the page needs, read when something changed."""

    panels: tuple[Panel, ...] = ()
    services: Mapping[str, Service] = field(default_factory=dict)
    presets: Mapping[str, Preset] = field(default_factory=dict)
    changes: tuple[PanelChange, ...] = ()
    site_lists: tuple[PanelSiteList, ...] = ()
    datasets: tuple[tuple[str, str], ...] = ()
    """Names and ids."""
    favourites: frozenset[str] = frozenset()
    by_key: Mapping[str, Panel] = field(default_factory=dict)
    states: Mapping[str, str] = field(default_factory=dict)
    """Of services that stand for a preset, by id: whether they are not added or not read."""
    fit_to: FitTo | None = None
    values: FilterValues = FilterValues()
    mark: int = 0
    """Another one where panels have other names, builds or keys; thousands of them are slow to compare."""


class PanelsView(View):
    """See the module."""

    nouns = frozenset({Noun.PANEL, Noun.SERVICE, Noun.PANEL_SITES, Noun.DATASET, Noun.SETTING, Noun.CHAIN})

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.current: str | None = None
        self.known: Known | None = None
        self._compared: object = None
        self._comparing: Task | None = None
        context.commands.add(*panel_commands(self))
        self.rows = PanelRows(context.library.pages("panel"))
        self.rows.favourites_first = bool(context.layout.value(FIRST, False))
        self.table = self._make_table()
        columns = [each.key for each in self.table.model.columns]
        self.fit_column, self.overlap_column = columns.index("fit"), columns.index("overlap")
        self.added_column = columns.index("added")
        self.cards = PanelCards(context.theme, self.table)
        self.bar = PanelBar(
            lambda: self.table.filter.text(),
            self.table.set_filter,
            self._favourites_first,
            self._choose,
            self._show_as,
        )
        self.bar.filters.first.setChecked(self.rows.favourites_first)
        self.table.filter.textChanged.connect(self.bar.filters.say)
        column = QVBoxLayout(self)
        column.setContentsMargins(GRID * 2, GRID * 2, GRID * 2, GRID)
        column.setSpacing(GRID)
        column.addWidget(self.bar)
        actions = PanelActions(
            lambda: context.commands.run("panel.add_sites"),
            self.bind_sites,
            self.remove_sites,
            self._mark,
            self._predict,
            lambda key: context.commands.run("panel.add_service", (key,)),
            self.refresh,
        )
        self.detail = PanelDetail(context, actions, self)
        column.addWidget(RememberedSplitter(context.layout, "panels", self.table, self.detail, (3, 2)), 1)
        self.bar.show_as(bool(context.layout.value(SHOWN_AS, False)))

    def _columns(self) -> tuple[Column, ...]:
        return (
            Column("name", self.tr("Panel"), 220),
            Column("favourite", self.tr("★"), 30, show=lambda on: "★" if on else ""),
            Column("service", self.tr("Service"), 160),
            Column("added", self.tr("Added"), 90, show=state_words),
            Column("fit", self.tr("Fit"), 115, status=fit_shown, tooltip=fit_sentences),
            Column(
                "overlap",
                self.tr("In panel (%)"),
                105,
                show=overlap_words,
                tooltip=overlap_sentence,
                numeric=True,
            ),
            Column("build", self.tr("Build"), 75),
            Column("samples", self.tr("Samples"), 75, show=text.number, numeric=True),
            Column("variants", self.tr("Variants"), 95, show=text.number, numeric=True),
            Column("ancestry", self.tr("Ancestry"), 140),
            Column("access", self.tr("Access"), 110),
            Column("populations", self.tr("Populations"), 150),
            Column("country", self.tr("Country"), 70, hidden=True),
            Column("version", self.tr("Version"), 80, hidden=True),
            Column("app_id", self.tr("Application"), 200, hidden=True),
            time_column("as_of", self.tr("Read"), self.context.now, hidden=True),
        )

    def _make_table(self) -> TableView:
        model = TableModel(self.context.bridge, self.rows, self._columns(), Noun.PANEL)
        hint = self.tr("Filter, for example build:GRCh38 service:topmed")
        table = TableView(self.context, model, "panel", "panels", hint)
        self.compare_button = QPushButton(self.tr("Compare…"))
        self.compare_button.clicked.connect(lambda: self.compare(table.selected_ids()))
        self.compare_button.setToolTip(self.tr("Select two to four panels"))
        table.add_tool(self.compare_button)
        self.sync = QPushButton(self.tr("Read all panels now"))
        self.context.theme.bind_icon(self.sync, "refresh")
        self.sync.clicked.connect(self._sync)
        table.add_tool(self.sync)
        table.set_empty(
            EmptyState(
                self.context.theme,
                "panels",
                self.tr("Panels are read from the services you added."),
                self.tr("Go to Services"),
                lambda: self.context.navigate("services", None),
            )
        )
        table.current_changed.connect(self._show)
        table.selection_changed.connect(
            lambda: self.compare_button.setEnabled(comparable(table.selected_ids()))
        )
        table.model.loaded.connect(self._loaded)
        return table

    def _loaded(self) -> None:
        first = self.table.model.id_at(0)
        something = first is not None or self.table.model.query.filtered
        self.sync.setVisible(something)
        self.compare_button.setVisible(something)
        self._offer_detail()
        if first is not None and self.table.current_id() is None:
            self.table.reveal(first)

    def refresh(self) -> None:
        """Read what the rows and the page below need."""
        self.read(self._read_known(), self._take)

    def reveal(self, item_id: str) -> None:
        """Select a panel by its key; a service's id filters by it."""
        if "/" in item_id:
            self.table.reveal(item_id)
        else:
            self.table.set_filter(f"service:{item_id}")

    async def _read_known(self) -> Known:
        library = self.context.library
        read = await library.panels()
        chosen = self.context.layout.value(CHOSEN)
        dataset = await library.dataset(chosen) if isinstance(chosen, str) else None
        presets = await library.presets()
        services = {each.id: each for each in await library.services()}
        more, standing_in, states = catalogue_panels(presets, services, read)
        by_key = {**{each.key: each for each in read}, **more}
        services |= standing_in
        return Known(
            panels=read,
            services=services,
            presets={each.id: each for each in presets},
            changes=(await library.panel_changes())[:CHANGES_SHOWN],
            site_lists=await library.panel_site_lists(),
            datasets=await library.dataset_names(),
            favourites=await library.favourite_panels(),
            by_key=by_key,
            states=states,
            fit_to=await self._fit_to(dataset) if dataset is not None else None,
            values=filter_values(by_key.values(), services),
            mark=hash(tuple((each.key, each.name, each.build) for each in read)),
        )

    async def _fit_to(self, dataset: Dataset) -> FitTo:
        library = self.context.library
        overlaps = await library.panel_overlaps(dataset.id)
        without = {(here, o.build) for o in overlaps.values() if is_without_chain(o) for here in o.lifted}
        offers = {builds: await library.chain_offer(*builds) for builds in sorted(without)}
        return FitTo(
            dataset,
            await library.residency(dataset.id),
            overlaps,
            await library.lifting_families(),
            {builds: offer for builds, offer in offers.items() if offer is not None},
        )

    def _take(self, known: Known) -> None:
        before, self.known = self.known, known
        self.rows.know(known.by_key, known.services, known.favourites, known.states)
        self.rows.fit_to(known.fit_to)
        fitted = known.fit_to is not None
        self.bar.offer(known.values, known.datasets, known.fit_to)
        self.bar.filters.offer_added(bool(known.states))
        if before is None or (before.fit_to is not None) != fitted:
            for column in (self.fit_column, self.overlap_column):
                self.table.grid.setColumnHidden(column, not fitted)
        if before is None or bool(before.states) != bool(known.states):
            self.table.grid.setColumnHidden(self.added_column, not known.states)
        self._compare_sites(known.fit_to)
        self.cards.set_fitted(fitted)
        self.table.refresh()
        self._show_detail()

    def _compare_sites(self, to: FitTo | None) -> None:
        """Count in the background which sites of the chosen dataset are in panels, each of them once."""
        wanted = (to.dataset.id, to.dataset.checked, to.not_counted) if to is not None else None
        if wanted == self._compared or (wanted is not None and not wanted[2]):
            return
        self._compared = wanted
        if self._comparing is not None:
            self._comparing.cancel()
            self._comparing = None
        if to is not None:
            work = self.context.operations.compare_with_panels(to.dataset.id)
            self._comparing = self.do(work, self._sites_compared)

    def _sites_compared(self, changes: Changes) -> None:
        self._comparing = None
        if changes:
            self.refresh()

    def _show(self, key: object) -> None:
        self.current = key if isinstance(key, str) else None
        self._show_detail()

    def _show_detail(self) -> None:
        known = self.known
        if known is None:
            return
        key = self.current or ""
        to = known.fit_to
        facts = PanelFacts(
            known.by_key.get(key),
            known.services,
            known.changes,
            known.panels,
            known.site_lists,
            known.presets,
            self.rows.is_favourite(key),
            self.rows.fit(key),
            to.dataset.name if to is not None else "",
            self._can_predict(known.by_key.get(key)),
            self.rows.overlap(key),
            self.rows.state(key),
            self.rows.offer(key),
            known.mark,
        )
        self.detail.show_facts(facts)
        self._offer_detail()

    def _can_predict(self, panel: Panel | None) -> bool:
        known = self.known
        to = known.fit_to if known is not None else None
        service = known.services.get(panel.service_id) if known is not None and panel is not None else None
        if to is None or panel is None or service is None or is_of_catalogue(panel.key):
            return False
        if why_forbidden(to.rule, service) is not None:
            return False
        asked = {(each.service_id, each.panel_id) for each in to.dataset.verdicts}
        return (panel.service_id, panel.id) not in asked

    def _predict(self, panel: Panel) -> None:
        """Judge the files of the dataset as the server would; that reads them, so it is asked for."""
        to = self.known.fit_to if self.known is not None else None
        if to is not None:
            work = self.context.operations.predict(to.dataset.id, panel.service_id, panel.id)
            self.do(work, lambda _: self.refresh(), self._not_predicted)

    def _not_predicted(self, problem: Problem) -> None:
        self.detail.predict.setEnabled(True)
        self.context.notices.problem(problem)

    def _offer_detail(self) -> None:
        """Site lists can be looked at and removed also while no service has told its panels."""
        known = self.known
        something = known is not None and bool(known.by_key or known.site_lists)
        self.detail.setVisible(something or self.sync.isVisibleTo(self))

    # Choices above the table.

    def _choose(self, dataset_id: str) -> None:
        """Fit the panels to this dataset; empty for none."""
        self.context.layout.set(CHOSEN, dataset_id or None)
        self.refresh()

    def _show_as(self, cards: bool) -> None:
        self.context.layout.set(SHOWN_AS, cards or None)
        self.table.show_rows_in(self.cards if cards else self.table.grid)

    def _favourites_first(self, on: bool) -> None:
        self.context.layout.set(FIRST, on or None)
        self.rows.favourites_first = on
        self.table.refresh()

    def _mark(self, key: str, on: bool) -> None:
        self.mark_all((key,), on)

    def mark_all(self, keys: Ids, on: bool) -> None:
        """Mark panels as favourites, or take the marks away."""
        self.do(self.context.operations.mark_panels(keys, on), lambda _: self.refresh())

    def compare(self, keys: Sequence[str]) -> ComparePanels | None:
        """Show panels side by side."""
        known = self.known
        panels = [known.by_key[key] for key in keys if key in known.by_key] if known is not None else []
        if known is None or not comparable([panel.key for panel in panels]):
            return None
        fits = [self.rows.fit(panel.key) for panel in panels]
        overlaps = [self.rows.overlap(panel.key) for panel in panels]
        lines = compared(self, panels, known.services, fits, overlaps)
        dialog = ComparePanels(panels, lines, self)
        dialog.open()
        return dialog

    # Panels of this computer.

    def add_local(self, paths: Sequence[Path]) -> AddLocalPanelDialog:
        """Ask for name and build, then take the panel in."""

        def add(paths: Sequence[Path], name: str, build: str | None, maps: Sequence[Path]) -> None:
            work = self.context.operations.add_local_panel(name, paths, build, maps)
            self.do(work, lambda _: self._local_added(name))

        dialog = AddLocalPanelDialog(paths, add, self)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
        return dialog

    def _local_added(self, name: str) -> None:
        self.context.notices.say(
            self.tr("{0} is ready").format(name), self.tr("New jobs can use it on “This computer”.")
        )

    def add_service(self, key: str) -> AddServiceDialog | None:
        """Add the service of a panel that only the catalogue knows; one that is added is shown."""
        known = self.known or Known()
        panel = known.by_key.get(key)
        service = known.services.get(panel.service_id) if panel is not None else None
        if service is None:
            return None
        if self.rows.state(key) == NOT_READ:
            added = [each for key, each in known.services.items() if key not in known.states]
            mine = (each.id for each in added if each.name == service.name)
            self.context.navigate("services", next(mine, None))
            return None
        return open_add_service(self.context, self, service.preset_id)

    def is_local(self, key: str) -> bool:
        """Whether a panel is on this computer."""
        service = (self.known or Known()).services.get(key.split("/")[0])
        return service is not None and service.family == "local"

    def remove_local(self, key: str) -> None:
        """Its files go, so it is asked first."""
        panel = key.split("/")[-1]
        confirm(
            self,
            self.tr("Remove the panel {0} from this computer?").format(panel),
            self.tr("The files that it was made of stay; to use it again it has to be read again."),
            self.tr("Remove panel"),
            lambda: self.do(self.context.operations.remove_local_panel(panel)),
        )

    # Site lists.

    def add_sites(self, paths: Sequence[Path]) -> AddSitesDialog:
        """Ask what the files are of, then keep their sites."""
        known = self.known or Known()
        panels, chosen = known.panels, known.by_key.get(self.current or "")

        def add(paths: Sequence[Path], name: str, build: str, keys: tuple[str, ...]) -> None:
            work = self.context.operations.add_panel_sites(paths, name, build, keys)
            self.do(work, lambda _: self._sites_added(name))

        dialog = AddSitesDialog(paths, panels, chosen, add, self)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
        return dialog

    def _sites_added(self, name: str) -> None:
        self.context.notices.say(
            self.tr("The sites of {0} are kept").format(name),
            self.tr("Predictions for its panels now compare alleles."),
        )

    def bind_sites(self, found: PanelSiteList, keys: tuple[str, ...]) -> None:
        """Use a list for these panels."""
        self.do(self.context.operations.bind_panel_sites(found.id, keys))

    def remove_sites(self, found: PanelSiteList) -> None:
        """It takes minutes to make a list again, so it is asked first."""
        confirm(
            self,
            self.tr("Remove the site list {0}?").format(found.name),
            self.tr("The file that it was made of stays; to use it again it has to be read again."),
            self.tr("Remove site list"),
            lambda: self.do(self.context.operations.remove_panel_sites(found.id)),
        )

    def drop_words(self, paths: Sequence[Path]) -> str | None:
        """Site lists are added here; other files become a dataset as everywhere."""
        if paths and all(is_site_list(path) for path in paths):
            n = len(paths)
            what = paths[0].name if n == 1 else plural(self.tr("%Ln file(s)", "", n), n)
            return self.tr("{0}: add as a site list").format(what)
        return None

    def drop(self, paths: Sequence[Path]) -> None:
        """Add them."""
        self.add_sites(paths)

    def _sync(self) -> None:
        self.sync.setEnabled(False)
        self.sync.setText(self.tr("Reading…"))
        self.read(self.context.library.services(), self._sync_all)

    def _sync_all(self, services: tuple[Service, ...]) -> None:
        ids = tuple(s.id for s in services if s.enabled)
        self.do(self.context.operations.sync_panels(ids), self._synced, self._not_synced)

    def _synced(self, changes: Changes) -> None:
        self._ready()
        n = len(changes.ids(Noun.PANEL))
        said = plural(self.tr("%Ln panel(s) changed", "", n), n) if n else self.tr("Nothing changed")
        self.context.notices.say(self.tr("The panels are read"), said)

    def _not_synced(self, problem: Problem) -> None:
        self._ready()
        self.context.notices.problem(problem, self._sync)

    def _ready(self) -> None:
        self.sync.setEnabled(True)
        self.sync.setText(self.tr("Read all panels now"))
