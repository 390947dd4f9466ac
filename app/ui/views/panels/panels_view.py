"""Panels: all reference panels of all services, and what changed since the last look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.domain.changes import Changes, Noun
from app.domain.panel import Panel, PanelChange, SyncKind
from app.domain.panel_sites import PanelSiteList
from app.domain.problem import Problem
from app.domain.service import Service
from app.ui import text
from app.ui.colours import Status
from app.ui.commands import Command, one
from app.ui.context import Context
from app.ui.dialogs.confirm import confirm
from app.ui.drop_kinds import is_site_list
from app.ui.models.table import Column, TableModel, time_column
from app.ui.status import Shown
from app.ui.text import plural
from app.ui.theme import GRID
from app.ui.views.panels.add_local_panel import AddLocalPanelDialog, ask_panel_files
from app.ui.views.panels.add_sites import AddSitesDialog, ask_site_files
from app.ui.views.panels.site_lists import SiteListsCard, SitesOfPanel
from app.ui.views.view import View
from app.ui.widgets.basics import (
    Card,
    EmptyState,
    Heading,
    KeyValues,
    SectionHeading,
    StatusBadge,
    Text,
    clear,
)
from app.ui.widgets.page import ScrollPage
from app.ui.widgets.splitter import RememberedSplitter
from app.ui.widgets.table_view import TableView

CHANGES_SHOWN = 30


@dataclass(frozen=True)
class PanelFacts:
    """What the page below the table shows."""

    panel: Panel | None
    services: dict[str, Service]
    changes: tuple[PanelChange, ...]
    panels: tuple[Panel, ...] = ()
    site_lists: tuple[PanelSiteList, ...] = ()


class PanelsView(View):
    """See the module."""

    nouns = frozenset({Noun.PANEL, Noun.SERVICE, Noun.PANEL_SITES})

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.current: str | None = None
        self._first = True
        context.commands.add(
            Command(
                "panel.new_job",
                self.tr("New job with this panel"),
                "send",
                lambda ids: context.navigate("new_job", ids[0]),
                noun="panel",
                enabled=one,
            ),
            Command(
                "panel.add_sites",
                self.tr("Add site list…"),
                "add",
                lambda _: ask_site_files(self, self.add_sites),
                words=self.tr("panel sites HRC 1000 Genomes legend"),
            ),
        )
        context.commands.add(
            Command(
                "panel.add_local",
                self.tr("Add a panel to this computer…"),
                "add",
                lambda _: ask_panel_files(self, self.add_local),
                words=self.tr("local imputation reference panel VCF BCF MSAV bref3"),
            ),
            Command(
                "panel.remove_local",
                self.tr("Remove from this computer"),
                "remove",
                lambda ids: self.remove_local(ids[0]),
                noun="panel",
                enabled=lambda ids: one(ids) and self._is_local(ids[0]),
            ),
        )
        self._facts_now: PanelFacts | None = None
        self.table = self._make_table()
        column = QVBoxLayout(self)
        column.setContentsMargins(GRID * 2, GRID * 2, GRID * 2, GRID)
        self.detail = PanelDetail(context, self)
        column.addWidget(RememberedSplitter(context.layout, "panels", self.table, self.detail, (3, 2)))

    def _make_table(self) -> TableView:
        columns = (
            Column("name", self.tr("Panel"), 260),
            Column("service", self.tr("Service"), 200),
            Column("build", self.tr("Build"), 75),
            Column("samples", self.tr("Samples"), 85, show=text.number, numeric=True),
            Column("variants", self.tr("Variants"), 100, show=text.number, numeric=True),
            Column("populations", self.tr("Populations"), 200),
            Column("version", self.tr("Version"), 80, hidden=True),
            Column("app_id", self.tr("Application"), 200, hidden=True),
            time_column("as_of", self.tr("Read"), self.context.now, hidden=True),
        )
        model = TableModel(self.context.bridge, self.context.library.pages("panel"), columns, Noun.PANEL)
        hint = self.tr("Filter, for example build:GRCh38 service:topmed")
        table = TableView(self.context, model, "panel", "panels", hint)
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
        table.model.loaded.connect(self._loaded)
        return table

    def _loaded(self) -> None:
        first = self.table.model.id_at(0)
        self.sync.setVisible(first is not None or self.table.model.query.filtered)
        self._offer_detail()
        if first is not None and self.table.current_id() is None:
            self.table.reveal(first)

    def refresh(self) -> None:
        """Read the detail; the table follows by itself."""
        if self._first:
            self._first = False
            self.table.refresh()
        self._read()

    def reveal(self, item_id: str) -> None:
        """Select a panel by its key; a service's id filters by it."""
        if "/" in item_id:
            self.table.reveal(item_id)
        else:
            self.table.set_filter(f"service:{item_id}")

    def _show(self, key: object) -> None:
        self.current = key if isinstance(key, str) else None
        self._read()

    def _read(self) -> None:
        self.read(self._facts(self.current), self._show_facts)

    def _show_facts(self, facts: PanelFacts) -> None:
        self._facts_now = facts
        self.detail.show_facts(facts)
        self._offer_detail()

    def _offer_detail(self) -> None:
        """Site lists can be looked at and removed also while no service has told its panels."""
        facts = self._facts_now
        something = facts is not None and bool(facts.panels or facts.site_lists)
        self.detail.setVisible(something or self.sync.isVisibleTo(self))

    async def _facts(self, key: str | None) -> PanelFacts:
        library = self.context.library
        panels = await library.panels()
        panel = next((p for p in panels if p.key == key), None)
        changes = await library.panel_changes()
        services = {s.id: s for s in await library.services()}
        lists = await library.panel_site_lists()
        return PanelFacts(panel, services, changes[:CHANGES_SHOWN], panels, lists)

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

    def _is_local(self, key: str) -> bool:
        services = self._facts_now.services if self._facts_now is not None else {}
        service = services.get(key.split("/")[0])
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
        facts = self._facts_now
        panels, chosen = (facts.panels, facts.panel) if facts is not None else ((), None)

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


class PanelDetail(QWidget):
    """The selected panel on the left, what changed on the right."""

    def __init__(self, context: Context, view: PanelsView, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.context = context
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GRID * 2)
        self.panel_card = Card(context.theme)
        self.name = Heading()
        self.facts = KeyValues()
        self.populations = KeyValues()
        top = QHBoxLayout()
        top.addWidget(self.name, 1)
        self.new_job = QPushButton(self.tr("New job with this panel"))
        self.new_job.clicked.connect(self._new_job)
        top.addWidget(self.new_job)
        self.panel_card.body.addLayout(top)
        self.panel_card.body.addWidget(self.facts)
        self.sites = SitesOfPanel(context, lambda: context.commands.run("panel.add_sites"), view.bind_sites)
        self.panel_card.body.addWidget(self.sites)
        self.panel_card.body.addWidget(SectionHeading(self.tr("Populations for the frequency check")))
        self.panel_card.body.addWidget(self.populations)
        self.panel_card.body.addStretch(1)
        left = ScrollPage(width=GRID * 200, margin=0)
        left.column.addWidget(self.panel_card)
        row.addWidget(left, 3)
        self.left = left
        changes_card = Card(context.theme)
        self.changes_title = SectionHeading(self.tr("What changed"))
        changes_card.body.addWidget(self.changes_title)
        self.changes = QVBoxLayout()
        self.changes.setSpacing(GRID)
        changes_card.body.addLayout(self.changes)
        changes_card.body.addStretch(1)
        right = ScrollPage(width=GRID * 200, margin=0)
        self.site_lists = SiteListsCard(context, view.remove_sites, view.bind_sites)
        right.column.addWidget(self.site_lists)
        right.column.addWidget(changes_card)
        row.addWidget(right, 2)
        self._key: str | None = None

    def show_facts(self, facts: PanelFacts) -> None:
        """Show a panel, or only the changes when none is selected."""
        self.left.setVisible(facts.panel is not None)
        if facts.panel is not None:
            self._show_panel(facts.panel, facts.services)
            self.sites.show_panel(facts.panel, facts.site_lists)
        self.site_lists.show_lists(facts.site_lists, facts.panels)
        self._show_changes(facts)

    def _show_panel(self, panel: Panel, services: dict[str, Service]) -> None:
        self._key = panel.key
        service = services.get(panel.service_id)
        self.name.setText(panel.name)
        pairs: list[tuple[str, str | QWidget]] = [
            (self.tr("Service"), service.name if service else panel.service_id),
            (self.tr("Application"), panel.app_id),
            (self.tr("Build"), panel.build or self.tr("not said by the service")),
        ]
        if panel.samples is not None:
            pairs.append((self.tr("Samples"), text.number(panel.samples)))
        if panel.variants is not None:
            pairs.append((self.tr("Variants"), text.number(panel.variants)))
        if panel.chromosomes:
            pairs.append((self.tr("Chromosomes"), ", ".join(panel.chromosomes)))
        pairs.append((self.tr("Key"), panel.id))
        pairs.append((self.tr("Read"), text.relative(panel.as_of, self.context.now())))
        self.facts.show_pairs(pairs)
        self.populations.show_pairs(
            [(p.id, p.name) for p in panel.populations] or [("", self.tr("None offered."))]
        )

    def _show_changes(self, facts: PanelFacts) -> None:
        clear(self.changes)
        if not facts.changes:
            self.changes.addWidget(Text(self.tr("Nothing so far."), muted=True))
        for change in facts.changes:
            self.changes.addWidget(self._change_row(change, facts))

    def _change_row(self, change: PanelChange, facts: PanelFacts) -> QWidget:
        line = QWidget()
        column = QVBoxLayout(line)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        row = QHBoxLayout()
        row.setSpacing(GRID)
        row.addWidget(StatusBadge(self.context.theme, sync_shown(self, change.kind)))
        row.addWidget(Text(change.name), 1)
        column.addLayout(row)
        service = facts.services.get(change.service_id)
        parts = [service.name if service else change.service_id, text.relative(change.at, self.context.now())]
        if change.what:
            parts.append(change.what)
        column.addWidget(Text(" · ".join(parts), muted=True, minor=True))
        return line

    def _new_job(self) -> None:
        if self._key is not None:
            self.context.commands.run("panel.new_job", (self._key,))


def sync_shown(widget: QWidget, kind: SyncKind) -> Shown:
    """Word and colour of a change."""
    table = {
        SyncKind.ADDED: Shown(Status.DONE, widget.tr("Added"), "add"),
        SyncKind.CHANGED: Shown(Status.WARNING, widget.tr("Changed"), "refresh"),
        SyncKind.REMOVED: Shown(Status.FAILED, widget.tr("Removed"), "remove"),
    }
    return table[kind]
