"""Services: the table, the practice server, and the detail of the selected one."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from PySide6.QtWidgets import QDialog, QPushButton, QVBoxLayout, QWidget

from app.domain.changes import Noun
from app.domain.parameter import Parameter
from app.domain.problem import Problem
from app.domain.service import Service
from app.ui import text
from app.ui.context import Context
from app.ui.dialogs.add_service import open_add_service
from app.ui.dialogs.service_setup import ServiceSetupDialog
from app.ui.dialogs.sign_in import open_token_dialog
from app.ui.dialogs.state_country import StateCountryDialog
from app.ui.models.table import Column, TableModel, time_column
from app.ui.status import health_state
from app.ui.theme import GRID
from app.ui.views.list_and_detail import ListAndDetail
from app.ui.views.services.practice_card import PracticeCard
from app.ui.views.services.service_commands import service_commands
from app.ui.views.services.service_detail import ServiceDetail, ServiceFacts
from app.ui.views.services.standing_words import score_formula
from app.ui.widgets.basics import EmptyState
from app.ui.widgets.spark import spark_sentence, spark_words
from app.ui.widgets.splitter import RememberedSplitter
from app.ui.widgets.table_view import TableView


class ServicesView(ListAndDetail):
    """Where data may be sent."""

    detail: ServiceDetail

    nouns = frozenset({Noun.SERVICE, Noun.PANEL})
    tick_ms = 20_000

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.current: str | None = None
        self._first = True
        self.context.commands.add(*service_commands(self))
        self.table = self._make_table()
        self.detail = ServiceDetail(context)
        self.practice = PracticeCard(context, self._toggle_practice)
        column = QVBoxLayout(self)
        column.setContentsMargins(GRID * 2, GRID * 2, GRID * 2, GRID)
        column.setSpacing(GRID)
        column.addWidget(self.practice)
        self.splitter = RememberedSplitter(context.layout, "services", self.table, self.detail, (2, 3))
        column.addWidget(self.splitter, 1)
        self.detail.hide()

    def _make_table(self) -> TableView:
        columns = (
            Column("name", self.tr("Name"), 220),
            Column("state", self.tr("State"), 120, status=health_state),
            Column("score", self.tr("Score"), 60, show=text.number, tooltip=score_formula, numeric=True),
            Column(
                "last_day",
                self.tr("Last day"),
                145,
                show=spark_words,
                tooltip=spark_sentence,
                spark=True,
                sortable=False,
            ),
            Column("response_ms", self.tr("Answer (ms)"), 95, show=text.number, numeric=True),
            time_column("token_expires", self.tr("Token ends"), self.context.now, width=95),
            Column("panels", self.tr("Panels"), 65, show=text.number, numeric=True),
            Column("country", self.tr("Country"), 80),
            time_column("last_checked", self.tr("Looked at"), self.context.now, width=95),
            Column("base_url", self.tr("Address"), 185),
            Column("operator", self.tr("Operator"), 160, hidden=True),
            Column("generation", self.tr("Dialect"), 70, hidden=True),
            time_column("last_synced", self.tr("Panels read"), self.context.now, hidden=True),
        )
        model = TableModel(self.context.bridge, self.context.library.pages("service"), columns, Noun.SERVICE)
        table = TableView(
            self.context, model, "service", "services", self.tr("Filter, for example state:down")
        )
        add = QPushButton(self.tr("Add service…"))
        self.context.theme.bind_icon(add, "add")
        add.clicked.connect(self._add)
        table.add_tool(add)
        self.add_button = add
        empty = EmptyState(
            self.context.theme,
            "services",
            self.tr("A service imputes your data on its computers. Add the one where you have an account."),
            self.tr("Add service…"),
            self._add,
        )
        table.set_empty(empty)
        table.current_changed.connect(self._show)
        table.opened.connect(self._show)
        table.model.loaded.connect(self._choose_first)
        return table

    def refresh(self) -> None:
        """The table reads itself after the first time."""
        if self._first:
            self._first = False
            self.table.refresh()
        self.practice.show_state(self.context.library.practice_url())
        if self.current is not None:
            self._read_detail(self.current)

    def tick(self) -> None:
        """Relative times."""
        self.table.grid.viewport().update()
        self.detail.tick()

    def offer_tools(self, something: bool) -> None:
        """An empty table has a button of its own."""
        self.add_button.setVisible(something)

    def facts_of(self, item_id: str) -> Coroutine[Any, Any, ServiceFacts | None]:
        """What the page shows."""
        return self.detail.facts_of(item_id)

    def show_facts(self, facts: ServiceFacts | None) -> None:
        """Show it, unless another row was selected meanwhile."""
        if facts is None or facts.service.id != self.current:
            return
        self.detail.show_facts(facts)
        self.detail.show()

    def with_service(self, service_id: str, then: Callable[[Service], object]) -> None:
        """Read a service and hand it over."""

        def found(service: Service | None) -> None:
            if service is not None:
                then(service)

        self.read(self.context.library.service(service_id), found)

    def open_set_token(self, service: Service) -> QDialog:
        """Ask for a token, or lead to the page for signing in."""
        return open_token_dialog(self.context, service, self)

    def open_country(self, service: Service) -> None:
        """Ask in which countries a service keeps data."""
        StateCountryDialog(self.context, service, self).open()

    def open_setup(self, service: Service) -> None:
        """Ask what may be said of a service; many take nothing but their address, and that is told."""

        def ask(fields: tuple[Parameter, ...]) -> None:
            if fields:
                ServiceSetupDialog(self.context, service, fields, self).open()
                return
            words = self.tr("There is nothing to say of this kind of service but its address.")
            self.context.notices.say(service.name, words)

        self.read(self.context.operations.setup_fields(service.id), ask)

    def _add(self) -> None:
        open_add_service(self.context, self)

    def _toggle_practice(self, start: bool) -> None:
        self.practice.show_busy()
        operations = self.context.operations
        self.do(
            operations.start_practice() if start else operations.stop_practice(),
            lambda _: self.refresh(),
            self._practice_failed,
        )

    def _practice_failed(self, problem: Problem) -> None:
        self.practice.show_state(self.context.library.practice_url())
        self.context.notices.problem(problem)
