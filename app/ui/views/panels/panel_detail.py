"""The selected panel: what its service says, what is documented of it, how the dataset fits, what changed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.domain.chain import ChainOffer
from app.domain.panel import Panel, PanelChange, SyncKind
from app.domain.panel_fit import PanelFit
from app.domain.panel_overlap import OverlapGap, PanelOverlap
from app.domain.panel_sites import PanelSiteList
from app.domain.preset import Preset, PresetPanel
from app.domain.service import Service
from app.ui import text
from app.ui.colours import Status
from app.ui.context import Context
from app.ui.status import Shown
from app.ui.theme import GRID
from app.ui.views.panels.catalogue_panels import ADDED, NOT_READ
from app.ui.views.panels.fit_words import (
    fit_sentences,
    fit_shown,
    overlap_sentence,
    source_words,
    state_sentence,
)
from app.ui.views.panels.site_lists import Bind, SiteListsCard, SitesOfPanel
from app.ui.widgets.basics import Card, Heading, KeyValues, SectionHeading, StatusBadge, Text, clear, link
from app.ui.widgets.chain_row import ChainRow
from app.ui.widgets.page import ScrollPage
from app.ui.widgets.slices import Slices

CHANGES_AT_ONCE = 6


@dataclass(frozen=True)
class PanelFacts:
    """What the page below the table shows; `fit` is None while no dataset is chosen.

    `can_predict`: nobody has asked yet what the server would say, and the data may go there.
    """

    panel: Panel | None
    services: Mapping[str, Service]
    changes: tuple[PanelChange, ...]
    panels: tuple[Panel, ...] = ()
    site_lists: tuple[PanelSiteList, ...] = ()
    presets: Mapping[str, Preset] = field(default_factory=dict)
    favourite: bool = False
    fit: PanelFit | None = None
    dataset: str = ""
    can_predict: bool = False
    overlap: PanelOverlap | None = None
    state: str = ADDED
    offer: ChainOffer | None = None
    mark: int = 0
    """Stands for `panels`."""

    def documented(self) -> tuple[PresetPanel, Preset] | None:
        """What the catalogue says of the panel, with the preset that it stands in."""
        service = self.services.get(self.panel.service_id) if self.panel is not None else None
        preset = self.presets.get(service.preset_id or "") if service is not None else None
        if preset is None or self.panel is None:
            return None
        found = next((each for each in preset.panels if each.is_panel(self.panel.id)), None)
        return (found, preset) if found is not None else None


@dataclass(frozen=True)
class PanelActions:
    """What the buttons of the page do."""

    add_sites: Callable[[], object]
    bind_sites: Bind
    remove_sites: Callable[[PanelSiteList], object]
    mark: Callable[[str, bool], object]
    predict: Callable[[Panel], object]
    add_service: Callable[[str], object]
    read_again: Callable[[], object]


class PanelDetail(QWidget):
    """The selected panel on the left, what changed on the right."""

    def __init__(self, context: Context, actions: PanelActions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.context = context
        self._actions = actions
        self._facts: PanelFacts | None = None
        self._slices = Slices(self, at_once=CHANGES_AT_ONCE, slice_s=0.0)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GRID * 2)
        self.left = ScrollPage(width=GRID * 200, margin=0)
        self.left.column.addWidget(self._panel_card())
        row.addWidget(self.left, 3)
        right = ScrollPage(width=GRID * 200, margin=0)
        self.site_lists = SiteListsCard(context, actions.remove_sites, actions.bind_sites)
        right.column.addWidget(self.site_lists)
        right.column.addWidget(self._changes_card())
        row.addWidget(right, 2)

    # Made once.

    def _panel_card(self) -> Card:
        card = Card(self.context.theme)
        card.body.addLayout(self._header())
        self.facts = KeyValues()
        card.body.addWidget(self.facts)
        self.chain = ChainRow(self.context, self._actions.read_again)
        card.body.addWidget(self.chain)
        card.body.addWidget(self._fit_block())
        card.body.addWidget(self._catalogue_block())
        self.sites = SitesOfPanel(self.context, self._actions.add_sites, self._actions.bind_sites)
        card.body.addWidget(self.sites)
        card.body.addWidget(SectionHeading(self.tr("Populations for the frequency check")))
        self.populations = KeyValues()
        card.body.addWidget(self.populations)
        card.body.addStretch(1)
        return card

    def _header(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self.name = Heading()
        row.addWidget(self.name, 1)
        self.star = QPushButton()
        self.star.setCheckable(True)
        self.star.setAccessibleName(self.tr("Favourite"))
        self.star.setToolTip(self.tr("Favourite"))
        self.star.clicked.connect(self._mark)
        self.new_job = QPushButton(self.tr("New job with this panel"))
        self.new_job.clicked.connect(self._new_job)
        self.add_service = QPushButton(self.tr("Add its service…"))
        self.add_service.clicked.connect(self._add_service)
        row.addWidget(self.star)
        row.addWidget(self.new_job)
        row.addWidget(self.add_service)
        return row

    def _fit_block(self) -> QWidget:
        self.fit = QWidget()
        column = _column(self.fit)
        self.fit_title = SectionHeading("")
        self.fit_badge = StatusBadge(self.context.theme)
        self.fit_title.add(self.fit_badge)
        self.fit_words = Text()
        self.predict = link(self.tr("Predict what the server would say"), self._predict)
        column.addWidget(self.fit_title)
        column.addWidget(self.fit_words)
        column.addWidget(self.predict, 0, Qt.AlignmentFlag.AlignLeft)
        return self.fit

    def _catalogue_block(self) -> QWidget:
        self.catalogue = QWidget()
        column = _column(self.catalogue)
        column.addWidget(SectionHeading(self.tr("From the catalogue")))
        self.differs = Text()
        self.documented = KeyValues()
        column.addWidget(self.differs)
        column.addWidget(self.documented)
        return self.catalogue

    def _changes_card(self) -> Card:
        card = Card(self.context.theme)
        card.body.addWidget(SectionHeading(self.tr("What changed")))
        self.changes = QVBoxLayout()
        self.changes.setSpacing(GRID)
        card.body.addLayout(self.changes)
        card.body.addStretch(1)
        return card

    # Shown anew.

    def show_facts(self, facts: PanelFacts) -> None:
        """Show a panel, or only the changes when none is selected."""
        before, self._facts = self._facts, facts
        self.left.setVisible(facts.panel is not None)
        if facts.panel is not None:
            self._show_panel(facts.panel, facts)
            self._show_fit(facts)
            self._show_chain(facts)
            self._show_documented(facts.panel, facts.documented())
            self.sites.show_panel(facts.panel, facts.site_lists)
        if before is None or (before.site_lists, before.mark) != (facts.site_lists, facts.mark):
            self.site_lists.show_lists(facts.site_lists, facts.panels)
        if before is None or (before.changes, before.services) != (facts.changes, facts.services):
            self._show_changes(facts)

    def _show_panel(self, panel: Panel, facts: PanelFacts) -> None:
        service = facts.services.get(panel.service_id)
        self.name.setText(panel.name)
        self.star.setChecked(facts.favourite)
        self.star.setText("★" if facts.favourite else "☆")
        added = facts.state == ADDED
        self.new_job.setVisible(added)
        self.add_service.setVisible(not added)
        self.add_service.setText(
            self.tr("Show its service") if facts.state == NOT_READ else self.tr("Add its service…")
        )
        place = (service.name, service.country) if service is not None else (panel.service_id, "")
        pairs: list[tuple[str, str | QWidget]] = [
            (self.tr("Service"), " · ".join(filter(None, (*place, state_sentence(facts.state))))),
            (self.tr("Build"), panel.build or self.tr("not said by the service")),
        ]
        if added:
            pairs.insert(1, (self.tr("Application"), panel.app_id))
        more = (
            (self.tr("Samples"), text.number(panel.samples) if panel.samples is not None else ""),
            (self.tr("Variants"), text.number(panel.variants) if panel.variants is not None else ""),
            (self.tr("Chromosomes"), ", ".join(panel.chromosomes)),
            (self.tr("Ancestry"), ", ".join(panel.ancestry)),
            (self.tr("Access"), panel.access),
            (self.tr("Cite"), panel.citation),
        )
        pairs += [(name, value) for name, value in more if value]
        if facts.overlap is not None and facts.overlap.percent is not None:
            share = text.number(facts.overlap.percent, 1)
            words = self.tr("{0} % of those of {1}").format(share, facts.dataset)
            pairs.append((self.tr("Sites in the panel"), f"{words}: {overlap_sentence(facts.overlap)}"))
        elif facts.overlap is not None:
            missing = facts.overlap.gap is OverlapGap.NO_CHAIN  # the row below says why
            words = self.tr("not compared") if missing else overlap_sentence(facts.overlap)
            pairs.append((self.tr("Sites in the panel"), words))
        pairs.append((self.tr("Key"), panel.id))
        if added:
            pairs.append((self.tr("Read"), text.relative(panel.as_of, self.context.now())))
        self.facts.show_pairs(pairs)
        self.populations.show_pairs(
            [(p.id, p.name) for p in panel.populations] or [("", self.tr("None offered."))]
        )

    def _show_fit(self, facts: PanelFacts) -> None:
        self.fit.setVisible(facts.fit is not None)
        if facts.fit is not None:
            self.fit_title.label.setText(self.tr("Fit to {0}").format(facts.dataset))
            self.fit_badge.show_status(fit_shown(facts.fit))
            self.fit_words.setText(fit_sentences(facts.fit))
            self.predict.setVisible(facts.can_predict)
            self.predict.setEnabled(True)

    def _show_chain(self, facts: PanelFacts) -> None:
        """The way out where files and panel are of different builds and no chain file is at hand."""
        overlap = facts.overlap
        missing = overlap is not None and overlap.gap is OverlapGap.NO_CHAIN
        builds = (overlap.lifted[0], overlap.build) if overlap is not None and missing else None
        self.chain.show_chain(builds, None, facts.offer)

    def _show_documented(self, panel: Panel, found: tuple[PresetPanel, Preset] | None) -> None:
        differs = [self.tr("The catalogue says otherwise: {0}.").format(each) for each in panel.differs]
        self.differs.setText("\n".join(differs))
        self.differs.setVisible(bool(differs))
        self.documented.setVisible(found is not None)
        self.catalogue.setVisible(found is not None or bool(differs))
        if found is not None:
            self.documented.show_pairs(documented_pairs(self, *found))

    def _show_changes(self, facts: PanelFacts) -> None:
        clear(self.changes)
        if not facts.changes:
            self.changes.addWidget(Text(self.tr("Nothing so far."), muted=True))
        self._slices.begin(self._change_rows(facts))

    def _change_rows(self, facts: PanelFacts) -> Iterator[None]:
        for change in facts.changes:
            self.changes.addWidget(self._change_row(change, facts))
            yield

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

    def _key(self) -> str | None:
        panel = self._facts.panel if self._facts is not None else None
        return panel.key if panel is not None else None

    def _new_job(self) -> None:
        key = self._key()
        if key is not None:
            self.context.commands.run("panel.new_job", (key,))

    def _add_service(self) -> None:
        key = self._key()
        if key is not None:
            self._actions.add_service(key)

    def _predict(self) -> None:
        panel = self._facts.panel if self._facts is not None else None
        if panel is not None:
            self.predict.setEnabled(False)
            self._actions.predict(panel)

    def _mark(self, on: bool) -> None:
        key = self._key()
        if key is not None:
            self._actions.mark(key, on)


def documented_pairs(widget: QWidget, panel: PresetPanel, preset: Preset) -> list[tuple[str, str | QWidget]]:
    """What the catalogue says of a panel, and where that was read."""
    named = (
        (widget.tr("Name"), panel.name),
        (widget.tr("Build"), panel.build or ""),
        (widget.tr("Samples"), text.number(panel.samples) if panel.samples is not None else ""),
        (widget.tr("Variants"), text.number(panel.variants) if panel.variants is not None else ""),
        (widget.tr("Chromosomes"), ", ".join(panel.chromosomes)),
        (widget.tr("Ancestry"), ", ".join(panel.ancestry)),
        (widget.tr("Access"), panel.access),
        (widget.tr("Cite"), panel.citation),
        (widget.tr("Source"), source_words(preset.sources[panel.by])),
    )
    return [(name, value) for name, value in named if value]


def sync_shown(widget: QWidget, kind: SyncKind) -> Shown:
    """Word and colour of a change."""
    table = {
        SyncKind.ADDED: Shown(Status.DONE, widget.tr("Added"), "add"),
        SyncKind.CHANGED: Shown(Status.WARNING, widget.tr("Changed"), "refresh"),
        SyncKind.REMOVED: Shown(Status.FAILED, widget.tr("Removed"), "remove"),
    }
    return table[kind]


def _column(widget: QWidget) -> QVBoxLayout:
    column = QVBoxLayout(widget)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(GRID // 2)
    return column
