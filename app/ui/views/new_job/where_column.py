"""Where: the services with their panels, one panel chosen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QHeaderView, QPushButton, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from app.domain.panel import Panel
from app.domain.problem import Problem
from app.domain.service import QUOTA_LABEL, Service
from app.ui import text
from app.ui.context import Context
from app.ui.status import health_state
from app.ui.theme import GRID
from app.ui.views.new_job.filling import is_stopped, why_not
from app.ui.widgets.basics import SectionHeading, Text, link
from app.ui.widgets.cautions import CautionLines
from app.ui.widgets.slices import Slices

PANEL = Qt.ItemDataRole.UserRole


class WhereColumn(QWidget):
    """A tree of services and panels; those that take nothing now say why and cannot be chosen."""

    chosen = Signal(object)

    def __init__(
        self, context: Context, add_service: Callable[[], object], start: Callable[[], object]
    ) -> None:
        super().__init__()
        self._context = context
        self._filling = False
        self._shown: tuple[Sequence[Service], Sequence[Panel]] = ((), ())
        self._slices = Slices(self)
        context.theme.changed.connect(self._paint_again)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID)
        title = SectionHeading(self.tr("Where"))
        self.add = QPushButton(self.tr("Services"))
        self.add.clicked.connect(lambda: add_service())
        title.add(self.add)
        column.addWidget(title)
        self.tree = QTreeWidget()
        self.tree.setAccessibleName(self.tr("Services and panels"))
        self.tree.setHeaderLabels([self.tr("Service and panel"), self.tr("Build")])
        self.tree.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.tree.header().setStretchLastSection(False)
        self.tree.setColumnWidth(1, GRID * 10)
        self.tree.setIconSize(QSize(16, 16))
        self.tree.setUniformRowHeights(True)
        self.tree.setIndentation(GRID * 4)  # below the name, not below the sign
        self.tree.setRootIsDecorated(False)
        self.tree.currentItemChanged.connect(self._changed)
        column.addWidget(self.tree, 1)
        self.empty = Text(self.tr("No services yet. Add the one where you have an account."), muted=True)
        self.go = link(self.tr("Add a service"), add_service)
        column.addWidget(self.empty)
        column.addWidget(self.go, 0, Qt.AlignmentFlag.AlignLeft)
        self.start = link(self.tr("Start the practice server"), start)
        self.start.hide()
        column.addWidget(self.start, 0, Qt.AlignmentFlag.AlignLeft)
        self.quota = Text(muted=True, minor=True)
        column.addWidget(self.quota)
        self.problems = Text(wrap=True)
        self.problems.setProperty("bad", True)
        column.addWidget(self.problems)
        self.cautions = CautionLines(context.theme, self.tr("Careful"))
        column.addWidget(self.cautions)
        column.addStretch()

    def show_services(
        self, services: Sequence[Service], panels: Sequence[Panel], current: tuple[str, str, str]
    ) -> None:
        """Show other services; the panel of `current`, its service, application and id, stays chosen."""
        self._shown = (services, panels)
        self._slices.stop()
        self._filling = True
        self.tree.clear()
        self._filling = False
        self.tree.setVisible(bool(services))
        address = self._context.library.practice_url()
        self.start.setVisible(any(is_stopped(s, address) for s in services))
        for widget in (self.empty, self.go):
            widget.setVisible(not services)
        self._show_quota(current[0])
        self._slices.begin(self._fill(services, panels, current))

    def _fill(
        self, services: Sequence[Service], panels: Sequence[Panel], current: tuple[str, str, str]
    ) -> Iterator[None]:
        """One row a step: there may be thousands of panels."""
        of_service: dict[str, list[Panel]] = {service.id: [] for service in services}
        for panel in panels:
            of_service.get(panel.service_id, []).append(panel)
        for service in services:
            row = self._service_row(service)
            self.tree.addTopLevelItem(row)
            row.setExpanded(True)
            closed = bool(self._why_not(service))
            yield
            for panel in of_service[service.id]:
                self._add_panel(row, panel, closed, current)
                yield

    def _add_panel(
        self, row: QTreeWidgetItem, panel: Panel, closed: bool, current: tuple[str, str, str]
    ) -> None:
        self._filling = True
        child = self._panel_row(panel, closed)
        row.addChild(child)
        if (panel.service_id, panel.app_id, panel.id) == current and self.tree.currentItem() is None:
            self.tree.setCurrentItem(child)
        self._filling = False

    def _show_quota(self, service_id: str) -> None:
        """What was used of the quotas of the service, where it counts that; as it was told last."""
        facts = next((s.facts for s in self._shown[0] if s.id == service_id), ())
        told = [f"{fact.label}: {fact.value}" for fact in facts if fact.label.startswith(QUOTA_LABEL)]
        self.quota.setText("\n".join(told))
        self.quota.setVisible(bool(told))

    def _why_not(self, service: Service) -> str:
        return why_not(service, self._context.library.practice_url())

    def _paint_again(self) -> None:
        """The signs take the colours of the scheme; what is still to come has them already."""
        for number, service in enumerate(self._shown[0]):
            row = self.tree.topLevelItem(number)
            if row is not None:
                row.setIcon(0, self._sign(service))

    def _sign(self, service: Service) -> QIcon:
        shown, theme = health_state(service.state), self._context.theme
        return theme.icon(shown.icon_name, theme.colours.status[shown.status])

    def _service_row(self, service: Service) -> QTreeWidgetItem:
        reason = self._why_not(service)
        place = f" · {service.country}" if service.country else ""
        row = QTreeWidgetItem([f"{service.name}{place}" + (f" — {reason}" if reason else "")])
        shown = health_state(service.state)
        row.setIcon(0, self._sign(service))
        row.setFlags(Qt.ItemFlag.ItemIsEnabled)
        row.setSizeHint(0, self._row_size())
        row.setToolTip(0, text.tooltip(f"{service.base_url}\n{shown.word}"))
        return row

    def _panel_row(self, panel: Panel, closed: bool) -> QTreeWidgetItem:
        row = QTreeWidgetItem([panel.name, panel.build or self.tr("not known")])
        row.setData(0, PANEL, (panel.service_id, panel.app_id, panel.id))
        facts = [panel.id, ", ".join(p.name for p in panel.populations)]
        if panel.samples:
            facts.append(self.tr("{0} people").format(text.number(panel.samples)))
        row.setToolTip(0, text.tooltip("\n".join(f for f in facts if f)))
        row.setDisabled(closed)
        row.setSizeHint(0, self._row_size())
        return row

    def _row_size(self) -> QSize:
        return QSize(0, self.fontMetrics().height() + GRID * 3 // 2)

    def show_problems(self, problems: Sequence[Problem]) -> None:
        """Say what keeps the service from taking anything."""
        self.problems.setText("\n".join(p.sentence() for p in problems))
        self.problems.setVisible(bool(problems))

    def show_cautions(self, cautions: Sequence[Problem]) -> None:
        """Say what stands in the way of nothing, but is worth knowing before the job is sent."""
        self.cautions.show_lines(tuple(each.sentence() for each in cautions))

    def _changed(self, current: QTreeWidgetItem | None) -> None:
        if current is None or self._filling:
            return
        chosen = current.data(0, PANEL)
        if chosen is not None:
            self._show_quota(chosen[0])
            self.chosen.emit(tuple(chosen))
