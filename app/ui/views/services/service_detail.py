"""The selected service: health, token, applications, limits, history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.domain.job import Event
from app.domain.preset import Preset
from app.domain.problem import Problem
from app.domain.residency import HERE_WORDS, countries, places_of
from app.domain.service import Health, HealthState, Limits, Service
from app.domain.standing import PERIODS, LookPoint, Standing
from app.ui import text
from app.ui.attention import TOKEN_WARNING
from app.ui.colours import Status
from app.ui.context import Context
from app.ui.dialogs.preset_words import preset_pairs
from app.ui.dialogs.state_country import StateCountryDialog
from app.ui.status import Shown, health_state, service_shown
from app.ui.theme import GRID
from app.ui.views.services.cannot_words import cannot_pairs
from app.ui.views.services.response_plot import ResponsePlot
from app.ui.views.services.span_plot import SpanPlot
from app.ui.views.services.standing_words import standing_pairs
from app.ui.widgets.basics import Card, Heading, KeyValues, SectionHeading, StatusBadge, Text, link
from app.ui.widgets.page import ScrollPage
from app.ui.widgets.switcher import Switcher

EVENTS_SHOWN = 12


@dataclass(frozen=True)
class ServiceFacts:
    """Everything that the page of a service shows."""

    service: Service
    looks: tuple[Health, ...]
    events: tuple[Event, ...]
    panels: int
    standing: Standing | None = None
    points: tuple[LookPoint, ...] = ()
    """What counts of the looks of the last 30 days."""
    preset: Preset | None = None
    cannot: tuple[tuple[str, str], ...] = ()
    """What its family cannot do, by the names in `Capabilities`, with the reasons."""
    stopped: Problem | None = None
    """Why the catalogue of an institution lets it take no new jobs."""


class ServiceDetail(QWidget):
    """Below the table."""

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.context = context
        self.facts: ServiceFacts | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID)
        column.addLayout(self._header())
        self.warning = Card(context.theme)
        self.warning_badge = StatusBadge(context.theme)
        self.warning_words = Text()
        line = QHBoxLayout()
        line.addWidget(self.warning_badge)
        line.addWidget(self.warning_words, 1)
        self.warning.body.addLayout(line)
        column.addWidget(self.warning)
        self.page = ScrollPage(width=GRID * 200, margin=0)
        column.addWidget(self.page, 1)
        self.page.column.addLayout(self._cards())

    async def facts_of(self, service_id: str) -> ServiceFacts | None:
        """Read it; None when the service is gone."""
        library = self.context.library
        service = await library.service(service_id)
        if service is None:
            return None
        looks = await library.health(service_id)
        events = await library.events(service_id=service_id, limit=EVENTS_SHOWN)
        standing = await library.standing(service_id, self.context.now())
        known = {each.id: each for each in await library.presets()} if service.preset_id else {}
        preset = known.get(service.preset_id or "")
        panels = len(await library.panels(service_id))
        points = await library.health_points(service_id, self.context.now() - PERIODS[-1])
        cannot = tuple(sorted((await library.why_not(service_id)).items()))
        stopped = await library.stopped(service_id)
        return ServiceFacts(service, looks, events, panels, standing, points, preset, cannot, stopped)

    # Made once.

    def _header(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(GRID)
        self.name = Heading()
        self.badge = StatusBadge(self.context.theme)
        row.addWidget(self.name)
        row.addWidget(self.badge)
        row.addStretch(1)
        self.check = self._button("service.check", "refresh")
        self.sync = self._button("service.sync", "panels")
        self.token_button = self._button("service.set_token", "key")
        self.switch = QPushButton()
        self.switch.clicked.connect(self._toggle)
        for button in (self.check, self.sync, self.token_button, self.switch):
            row.addWidget(button)
        return row

    def _button(self, command_id: str, icon: str) -> QPushButton:
        button = QPushButton(self.context.commands.get(command_id).text)
        self.context.theme.bind_icon(button, icon)
        button.clicked.connect(lambda: self._run(command_id))
        return button

    def _cards(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setSpacing(GRID * 2)
        self.health = KeyValues()
        self.standing = KeyValues()
        self.plots = self._plots()
        self.token = KeyValues()
        self.token_badge = StatusBadge(self.context.theme)
        self.apps = Text()
        self.limits = KeyValues()
        self.history = KeyValues()
        self.country = Text()
        self.state_country = link(self.tr("State the country…"), self._state_country)
        self.catalogue = KeyValues()
        self.cannot = KeyValues()
        left = self._column(
            (self.tr("Health"), (self.plots, self.health)),
            (self.tr("How well it stands"), (self.standing,)),
            (self.tr("What happened"), (self.history,)),
        )
        right = self._column(
            (self.tr("Token"), (self.token_badge, self.token)),
            (self.tr("Applications"), (self.apps,)),
            (self.tr("Where it keeps data"), (self.country, self.state_country)),
            (self.tr("Limits"), (self.limits,)),
            (self.tr("What it cannot do"), (self.cannot,)),
            (self.tr("From the catalogue"), (self.catalogue,)),
        )
        grid.addLayout(left, 0, 0)
        grid.addLayout(right, 0, 1)
        grid.setColumnStretch(0, 3)
        grid.setColumnStretch(1, 2)
        return grid

    def _plots(self) -> Switcher:
        """The last looks one by one, and a day, a week and a month in parts."""
        switcher = Switcher(self.tr("How fast it answered"))
        self.plot = ResponsePlot(self.context.theme)
        switcher.add(self.tr("Last looks"), self.plot)
        self.spans = [SpanPlot(self.context.theme, span) for span in PERIODS]
        for words, plot in zip(
            (self.tr("24 hours"), self.tr("7 days"), self.tr("30 days")), self.spans, strict=True
        ):
            switcher.add(words, plot)
        return switcher

    def _column(self, *blocks: tuple[str, tuple[QWidget, ...]]) -> QVBoxLayout:
        column = QVBoxLayout()
        column.setSpacing(GRID * 2)
        for title, widgets in blocks:
            card = Card(self.context.theme)
            card.body.addWidget(SectionHeading(title))
            for widget in widgets:
                card.body.addWidget(widget)
            column.addWidget(card)
        column.addStretch(1)
        return column

    # Shown anew.

    def show_facts(self, facts: ServiceFacts) -> None:
        """Show a service."""
        if facts == self.facts:
            return
        self.facts = facts
        service = facts.service
        self.name.setText(service.name)
        self.badge.show_status(service_shown(service))
        self.token_button.setText(self.tr("Sign in…") if service.signs_in else self.tr("Set token…"))
        self.switch.setText(self.tr("Switch off") if service.enabled else self.tr("Switch on"))
        self.sync.setEnabled(service.enabled)
        self._show_warning(facts)
        self._show_health(facts)
        self.standing.show_pairs(standing_pairs(self, facts.standing))
        self._show_token(service, dict(facts.cannot))
        self.cannot.show_pairs(cannot_pairs(self, dict(facts.cannot)))
        self.apps.setText("\n".join(_app_words(a.name, a.version) for a in service.apps) or "–")
        self.limits.show_pairs(limit_pairs(self, service.limits))
        self._show_places(service)
        self._show_preset(facts)
        now = self.context.now()
        self.history.show_pairs(
            [(text.relative(e.at, now), e.text) for e in facts.events]
            or [("", self.tr("Nothing is written down yet."))]
        )

    def tick(self) -> None:
        """Relative times."""
        facts, self.facts = self.facts, None
        if facts is not None:
            self.show_facts(facts)

    def _show_warning(self, facts: ServiceFacts) -> None:
        words, shown = warning_of(self, facts.service, self.context.now())
        if facts.stopped is not None:
            stopped = f"{facts.stopped.what_happened} {facts.stopped.what_you_can_do}"
            words = "\n".join(filter(None, (words, stopped)))
            shown = shown or Shown(Status.WARNING, self.tr("Takes no new jobs"))
        if facts.service.to_mend:
            words = "\n".join(filter(None, (words, facts.service.to_mend)))
            shown = shown or Shown(Status.WARNING, self.tr("Has to be mended"))
        self.warning.setVisible(bool(words))
        self.warning_words.setText(words)
        if shown is not None:
            self.warning_badge.show_status(shown)

    def _show_health(self, facts: ServiceFacts) -> None:
        service = facts.service
        self.plot.show_looks(facts.looks)
        for plot in self.spans:
            plot.show_points(facts.points, self.context.now())
        pairs: list[tuple[str, str | QWidget]] = [(self.tr("Address"), service.base_url)]
        if service.server_name:
            pairs.append((self.tr("Calls itself"), service.server_name))
        if facts.looks:
            last = facts.looks[0]
            pairs.append((self.tr("Last look"), text.relative(last.at, self.context.now())))
            pairs.append((self.tr("Phases"), phase_words(self, last)))
        pairs.append((self.tr("Panels"), self._panel_words(facts)))
        if service.operator or service.country:
            place = ", ".join(p for p in (service.operator, service.country) if p)
            pairs.append((self.tr("Operator"), place))
        pairs += [(fact.label, fact.value) for fact in service.facts]
        self.health.show_pairs(pairs)

    def _show_places(self, service: Service) -> None:
        places = places_of(service)
        known = ", ".join(countries().get(each, HERE_WORDS) for each in places or ())
        unknown = self.tr("In which country it keeps data is not known; data with a rule may not go there.")
        self.country.setText(known or unknown)
        self.state_country.setVisible(places is None)

    def _show_preset(self, facts: ServiceFacts) -> None:
        preset = facts.preset
        pairs = preset_pairs(self, preset, facts.service.limits) if preset is not None else []
        self.catalogue.show_pairs(pairs or [("", self.tr("It is in no catalogue."))])

    def _state_country(self) -> None:
        if self.facts is not None:
            StateCountryDialog(self.context, self.facts.service, self).open()

    def _panel_words(self, facts: ServiceFacts) -> str:
        if facts.service.last_synced is None:
            return self.tr("not read yet")
        read = text.relative(facts.service.last_synced, self.context.now())
        return self.tr("{0}, read {1}").format(text.number(facts.panels), read)

    def _show_token(self, service: Service, cannot: Mapping[str, str]) -> None:
        token, now = service.token, self.context.now()
        needless = cannot.get("token", "")
        self.token_button.setEnabled(not needless)
        self.token_button.setToolTip(text.tooltip(needless) if needless else "")
        none = Shown(Status.DONE, self.tr("Needs none"))
        self.token_badge.show_status(none if needless else token_status(self, service, now))
        pairs: list[tuple[str, str | QWidget]] = []
        if token.expires is not None:
            pairs.append(
                (self.tr("Ends"), f"{text.relative(token.expires, now)} ({text.exact(token.expires)})")
            )
        if token.username:
            pairs.append((self.tr("Account"), token.username))
        if token.checked is not None:
            pairs.append((self.tr("Asked"), text.relative(token.checked, now)))
        if token.detail or needless:
            pairs.append((self.tr("Says"), token.detail or needless))
        self.token.show_pairs(pairs)
        self.token.setVisible(bool(pairs))

    def _run(self, command_id: str) -> None:
        if self.facts is not None:
            self.context.commands.run(command_id, (self.facts.service.id,))

    def _toggle(self) -> None:
        if self.facts is not None:
            self._run("service.off" if self.facts.service.enabled else "service.on")


def _app_words(name: str, version: str) -> str:
    return f"{name} {version}" if version and version not in name else name


def warning_of(widget: QWidget, service: Service, now: datetime) -> tuple[str, Shown | None]:
    """What is out of order, in words; nothing when all is well."""
    if not service.enabled or service.state == HealthState.OFF:
        return service.off_reason or widget.tr("Switched off."), health_state(HealthState.OFF)
    if service.state == HealthState.DOWN:
        since = text.relative(service.down_since, now)
        return widget.tr("Does not answer, first seen {0}.").format(since), health_state(HealthState.DOWN)
    if service.maintenance_text or service.state == HealthState.MAINTENANCE:
        words = service.maintenance_text or widget.tr("The service takes no jobs now.")
        return words, health_state(HealthState.MAINTENANCE)
    return "", None


def token_status(widget: QWidget, service: Service, now: datetime) -> Shown:
    """Word and colour of a token."""
    token = service.token
    if service.is_here or service.is_by_hand:
        return Shown(Status.DONE, widget.tr("Needs none"))
    if not token.present:
        words = widget.tr("Not signed in") if service.signs_in else widget.tr("No token")
        return Shown(Status.WARNING, words, "key")
    if token.valid is False:
        words = widget.tr("Sign in again") if service.signs_in else widget.tr("Not accepted")
        return Shown(Status.FAILED, words)
    if token.expires is not None and token.expires <= now:
        return Shown(Status.FAILED, widget.tr("Ended"))
    if token.expires is not None and token.expires < now + TOKEN_WARNING:
        left: timedelta = token.expires - now
        words = widget.tr("Ends in {0}").format(text.duration(left.total_seconds()))
        return Shown(Status.WARNING, words)
    if token.valid is None:
        return Shown(Status.WAITING, widget.tr("Not asked yet"), "unknown")
    return Shown(Status.DONE, widget.tr("Signed in") if service.signs_in else widget.tr("Accepted"))


def phase_words(widget: QWidget, look: Health) -> str:
    """The steps of a connection with their milliseconds, and where it broke."""
    phases = look.phases
    named = (
        (widget.tr("name"), phases.dns),
        (widget.tr("connection"), phases.tcp),
        (widget.tr("encryption"), phases.tls),
        (widget.tr("first byte"), phases.first_byte),
    )
    said = " · ".join(f"{name} {text.number(ms)} ms" for name, ms in named if ms is not None)
    if look.detail:
        said = f"{said}\n{look.detail}".strip()
    return said or "–"


def limit_pairs(widget: QWidget, limits: Limits) -> list[tuple[str, str | QWidget]]:
    """The limits that are known."""

    def number(value: int | None, unit: str = "") -> str:
        return "" if value is None else f"{text.number(value)} {unit}".strip()

    people = ""
    if limits.min_samples is not None or limits.max_samples is not None:
        people = f"{number(limits.min_samples) or '1'} – {number(limits.max_samples) or '…'}"
    named = (
        (widget.tr("Samples"), people),
        (widget.tr("Jobs at once"), number(limits.max_running_jobs)),
        (widget.tr("File size"), number(limits.max_file_mb, "MB")),
        (widget.tr("Upload"), number(limits.max_upload_mb, "MB")),
        (widget.tr("Downloads of a file"), number(limits.max_downloads_per_file)),
        (widget.tr("Results kept"), number(limits.retention_days, widget.tr("days"))),
        (widget.tr("Between looks"), number(round(limits.min_poll_s), "s")),
        (widget.tr("Chromosomes"), ", ".join(limits.chromosomes)),
        (widget.tr("VCF version up to"), limits.max_vcf_version or ""),
    )
    return [(name, value) for name, value in named if value]
