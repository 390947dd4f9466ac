"""The selected dataset: heading line, verdict, findings, people, sites, panels, plan, files, what leaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QMenu,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.domain.changes import Changes
from app.domain.dataset import Dataset, DatasetState
from app.domain.finding import BuildGuess, CheckReport, Finding
from app.domain.job import Job
from app.domain.panel import Panel
from app.domain.repair import RepairCode
from app.domain.residency import Residency
from app.domain.service import Service
from app.genotypes.figures import Figures
from app.operations.tasks import Task, TaskState
from app.ui.context import Context
from app.ui.models.query import TableQuery
from app.ui.theme import GRID
from app.ui.views.uploads.ancestry_tab import AncestryTab
from app.ui.views.uploads.build_row import BuildRow
from app.ui.views.uploads.comparison_panel import ComparisonPanel
from app.ui.views.uploads.dataset_words import file_columns, file_rows, heading_words
from app.ui.views.uploads.findings_tab import FindingsTab
from app.ui.views.uploads.fit_list import VerdictActions, VerdictPanel
from app.ui.views.uploads.leaving_tab import LeavingTab
from app.ui.views.uploads.made_tab import MadeTab
from app.ui.views.uploads.panel_fit_tab import PanelFitTab
from app.ui.views.uploads.plan_tab import PlanTab
from app.ui.views.uploads.residency_row import ResidencyRow
from app.ui.views.uploads.samples_tab import SamplesTab
from app.ui.views.uploads.service_fit import fits
from app.ui.views.uploads.sites_tab import SitesTab
from app.ui.views.uploads.target_menu import Target, any_service, fill_targets, target_of, targets
from app.ui.widgets.basics import primary
from app.ui.widgets.elided import ElidedHeading, ElidedLabel
from app.ui.widgets.late_tabs import LateTabs
from app.ui.widgets.short_table import ShortTable
from app.ui.widgets.task_rows import TaskRows

JOBS_SHOWN = 30
CHOSEN = "uploads/check_for"
TABS = GRID * 48


class PageActions(VerdictActions, Protocol):
    """What the page of a dataset does beyond showing."""

    def repaired(self, dataset: Dataset, changes: Changes) -> object:
        """A repair wrote a new dataset."""

    def save_report(self) -> object:
        """Ask where the report of the dataset is written."""

    def reveal(self, item_id: str) -> object:
        """Show another dataset."""


@dataclass(frozen=True)
class DatasetFacts:
    """Everything that the page of a dataset shows."""

    dataset: Dataset
    services: tuple[Service, ...]
    panels: tuple[Panel, ...] = field(compare=False)
    jobs: tuple[Job, ...]
    made_from: str = ""
    rule: Residency | None = None
    mark: int = 0
    """Another one where panels have other names, builds or keys; thousands of them are slow to compare."""


class DatasetDetail(QWidget):
    """Below the table, or alone on the page."""

    def __init__(self, context: Context, actions: PageActions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.context = context
        self.facts: DatasetFacts | None = None
        self._actions = actions
        self._figures_of = ""
        self._look: CheckReport | None = None
        self._figures: Figures | None = None
        self._build_of: tuple[str, BuildGuess] | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID)
        column.addLayout(self._header())
        self.build = BuildRow(context)
        column.addWidget(self.build)
        self.residency = ResidencyRow(context)
        column.addWidget(self.residency)
        self.tasks = TaskRows(context)
        column.addWidget(self.tasks)
        self.verdict = VerdictPanel(context, actions)
        self.verdict.choice.currentIndexChanged.connect(lambda _: self._keep_choice())
        self.comparison = ComparisonPanel(context, self._resubmit)
        self.tabs = self._make_tabs()
        self.tabs.currentChanged.connect(lambda _: self._draw(self.tabs.currentWidget()))
        column.addWidget(self._scrolling(), 1)

    async def facts_of(self, dataset_id: str) -> DatasetFacts | None:
        """Read it; None when the dataset is gone."""
        library = self.context.library
        dataset = await library.dataset(dataset_id)
        if dataset is None:
            return None
        ids = await library.pages("job").ids(TableQuery(f"dataset_id:{dataset_id}"))
        jobs = [await library.job(each) for each in list(ids)[:JOBS_SHOWN]]
        kept = tuple(j for j in jobs if j is not None)
        origin = await library.dataset(dataset.made_from) if dataset.made_from else None
        made_from = origin.name if origin is not None else ""
        services, panels = await library.services(), await library.panels()
        rule = await library.residency(dataset_id)
        mark = hash(tuple((each.key, each.name, each.build) for each in panels))
        return DatasetFacts(dataset, services, panels, kept, made_from, rule, mark)

    # Made once.

    def _header(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(GRID)
        self.whole = QToolButton()
        self.whole.setCheckable(True)
        self.context.theme.bind_icon(self.whole, "whole")
        self.whole.setAccessibleName(self.tr("Only this dataset"))
        self.whole.setToolTip(self.tr("Only this dataset: hide the table above"))
        self.name = ElidedHeading()
        self.line = ElidedLabel(muted=True)
        row.addWidget(self.whole)
        row.addWidget(self.name)
        row.addWidget(self.line, 1)
        self.report = QPushButton(self.tr("Save report…"))
        self.report.clicked.connect(lambda: self._actions.save_report())
        self.best = QPushButton(self.tr("Which panel is best?"))
        self.best.setToolTip(
            self.tr("Hide some sites, send the rest to several panels and score the answers")
        )
        self.best.clicked.connect(lambda: self._run("dataset.benchmark"))
        self.ready = QPushButton(self.tr("Make it ready for"))
        self.ready_menu = QMenu(self.ready)
        self.ready_menu.aboutToShow.connect(self._fill_ready)
        self.ready.setMenu(self.ready_menu)
        self.new_job = primary(QPushButton(self.tr("New job")))
        self.new_job.clicked.connect(lambda: self._run("dataset.new_job"))
        for button in (self.report, self.best, self.ready, self.new_job):
            row.addWidget(button)
        return row

    def _make_tabs(self) -> LateTabs:
        context = self.context
        tabs = LateTabs()
        tabs.setAccessibleName(self.tr("Dataset"))
        tabs.setMinimumHeight(TABS)
        self.findings = FindingsTab(context, self.show_fix, self._show_named)
        self.samples = SamplesTab(context)
        self.sites = SitesTab(context, lambda: self.show_fix(RepairCode.FLIP))
        self.ancestry = AncestryTab(context, self._show_people)
        self.panel_fit = PanelFitTab(context, self._show_people)
        actions = self._actions
        self.plan = PlanTab(context, self._ask_target, actions.repaired, self._two_builds)
        self.made = MadeTab(context, actions.reveal)
        self.files = ShortTable(context.theme, self.tr("Files"), file_columns(), most=0)
        self.files_page = self._padded(self.files)
        self.leaving = LeavingTab(context)
        for widget, words in (
            (self.made, self.tr("How it was made")),
            (self.findings, self.tr("Findings")),
            (self.samples, self.tr("People")),
            (self.sites, self.tr("Sites")),
            (self.ancestry, self.tr("Ancestry")),
            (self.panel_fit, self.tr("Panels")),
            (self.plan, self.tr("Plan")),
            (self.files_page, self.tr("Files")),
            (self.leaving, self.tr("What leaves")),
        ):
            tabs.addPage(widget, words)
        return tabs

    def _scrolling(self) -> QScrollArea:
        """In a low window the page scrolls instead of pressing its lines together."""
        inside = QWidget()
        inside.setObjectName("page")
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID)
        column.addWidget(self.verdict)
        column.addWidget(self.comparison)
        column.addWidget(self.tabs, 1)
        self.page = QScrollArea()
        self.page.setWidgetResizable(True)
        self.page.setFrameShape(QFrame.Shape.NoFrame)
        self.page.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.page.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.page.setWidget(inside)
        return self.page

    def _padded(self, table: QWidget) -> QWidget:
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, GRID, 0, 0)
        column.addWidget(table)
        return holder

    # Shown anew.

    def show_facts(self, facts: DatasetFacts) -> None:
        """Show a dataset."""
        if facts == self.facts:
            return
        other = self.facts is None or self.facts.dataset.id != facts.dataset.id
        if other:
            self.findings.filter.clear()
            self.findings.show_figures(None)
            self.comparison.hide()
            self.verdict.fold()
            self.page.verticalScrollBar().setValue(0)
        self.facts = facts
        self._look = None
        self._show_dataset(facts.dataset)
        self._offer_tabs(other)
        self._read_figures(facts.dataset)
        self.show_tasks()

    def _show_dataset(self, dataset: Dataset) -> None:
        facts = self.facts
        assert facts is not None
        report = dataset.report
        self.name.setText(dataset.name)
        self.line.setText(heading_words(dataset))
        self.build.show_dataset(dataset)
        self.residency.show_dataset(dataset, facts.rule)
        self.verdict.show_services(facts.services, self.context.layout.value(CHOSEN))
        self.verdict.show_verdict(dataset, fits(dataset, facts.services, facts.panels, facts.jobs))
        findings = report.findings if report is not None else ()
        self.findings.show_findings(
            findings, report is not None, len(report.files) if report is not None else 0
        )
        self.files.show_rows(file_rows(dataset))
        self.leaving.show_dataset(dataset, facts.jobs, {s.id: s.name for s in facts.services})
        self.panel_fit.show_verdicts(dataset.verdicts)
        self.plan.show_dataset(dataset)
        self._follow_build(dataset)
        self.made.show_dataset(dataset, facts.made_from)
        self.report.setVisible(report is not None)
        self.ready.setEnabled(report is not None and dataset.state is not DatasetState.CHECKING)
        self.tabs.setTabText(self._at(self.findings), self.tr("Findings ({0})").format(len(findings)))
        self.tabs.setTabText(self._at(self.files_page), self.tr("Files ({0})").format(len(dataset.files)))

    def _follow_build(self, dataset: Dataset) -> None:
        """A plan that was made for another build of the same files is made anew."""
        if dataset.report is None or dataset.state is DatasetState.CHECKING:
            return
        before, self._build_of = self._build_of, (dataset.id, dataset.report.build)
        if before is not None and before[0] == dataset.id and before != self._build_of:
            self.plan.plan_again()

    def _at(self, widget: QWidget) -> int:
        return self.tabs.indexOf(widget)

    def _offer_tabs(self, other: bool, figures: Figures | None = None) -> None:
        """Only the tabs that have something to show."""
        facts = self.facts
        assert facts is not None
        report = facts.dataset.report
        checked = report is not None
        has = _has(figures)
        for widget, on in (
            (self.made, facts.dataset.outcome is not None),
            (self.samples, has["people"]),
            (self.sites, has["sites"]),
            (self.ancestry, has["ancestry"]),
            (self.panel_fit, has["chunks"] or bool(facts.dataset.verdicts)),
            (self.plan, checked),
        ):
            if not (figures is None and not other and self._figures_of == facts.dataset.id):
                self.tabs.setTabVisible(self._at(widget), on)
        if other:
            first = self.made if facts.dataset.outcome is not None else self.findings
            self.tabs.setCurrentWidget(first)

    def _read_figures(self, dataset: Dataset) -> None:
        if dataset.state is DatasetState.CHECKING and self._figures_of == dataset.id:
            return  # those of the check before stay until the new ones are there
        self._figures_of = dataset.id
        work = self.context.library.figures(dataset.id)
        self.context.bridge.run(work, self, lambda found: self._show_figures(dataset.id, found))

    def _show_figures(self, dataset_id: str, figures: Figures | None) -> None:
        if self.facts is None or self.facts.dataset.id != dataset_id:
            return
        self._figures = figures
        self._offer_tabs(False, figures or Figures())
        self._draw(self.tabs.currentWidget())

    def _draw(self, tab: QWidget | None) -> None:
        """Charts and tables of people are made when they are looked at."""
        if isinstance(tab, FindingsTab | SamplesTab | SitesTab | AncestryTab | PanelFitTab):
            tab.show_figures(self._figures)

    def show_tasks(self) -> None:
        """The check that runs, with live counts, and what it says so far."""
        if self.facts is None:
            return
        dataset = self.facts.dataset
        running = [t for t in self.context.library.tasks() if _is_of(t, dataset.id)]
        self.tasks.show_tasks(running)
        looks = [t.progress.first_look for t in running if t.progress.first_look is not None]
        if looks and looks[0] is not self._look:
            self._look = looks[0]
            so_far = dataset.model_copy(update={"report": self._look, "state": DatasetState.CHECKING})
            self._show_dataset(so_far)

    # Done.

    def target(self, service_id: str | None, panel_id: str | None) -> Target:
        """A target with its words, for the population of its last prediction."""
        facts = self.facts
        if facts is None:
            return target_of(service_id, panel_id, (), ())
        said = [v for v in facts.dataset.verdicts if (v.service_id, v.panel_id) == (service_id, panel_id)]
        population = said[0].population if said else ""
        return target_of(service_id, panel_id, facts.services, facts.panels, population)

    def show_plan(self, target: Target, tick: RepairCode | None = None) -> None:
        """Go to the plan of repairs for a service."""
        self.tabs.setTabVisible(self._at(self.plan), True)
        self.tabs.setCurrentWidget(self.plan)
        self.page.ensureWidgetVisible(self.tabs, 0, 0)
        self.plan.make_plan(target, tick)

    def show_fix(self, fix: RepairCode) -> None:
        """Go to the plan with a step ticked: the plan that is open, else that of a service that needs it."""
        self.show_plan(self.plan.target or self._best_target(fix), fix)

    def last_target(self, service_id: str) -> Target | None:
        """What a check for a service means: what was last predicted for it."""
        verdicts = self.facts.dataset.verdicts if self.facts is not None else ()
        last = next((v for v in verdicts if v.service_id == service_id and v.panel_id), None)
        return self.target(service_id, last.panel_id) if last is not None else None

    def show_best_plan(self) -> None:
        """Go to the plan that is open, else to that of the first refusal or of the chosen service."""
        self.show_plan(self.plan.target or self._best_target(None))

    def _best_target(self, fix: RepairCode | None) -> Target:
        verdicts = self.facts.dataset.verdicts if self.facts is not None else ()
        chosen = self.verdict.service_id()
        mine = [v for v in verdicts if chosen in (None, v.service_id)]
        fitting = (v for v in mine if any(r.fix and fix in (None, r.fix) for r in v.reasons))
        first = next(fitting, None)
        if first is not None:
            return self.target(first.service_id, first.panel_id)
        return self.target(chosen, None)

    def _resubmit(self, target: Target) -> None:
        self.plan.resubmit = True
        self.show_plan(target)

    def _two_builds(self, target: Target) -> tuple[str, str] | None:
        """The build of the files and that of the panel, where they differ."""
        if self.facts is None or self.facts.dataset.report is None:
            return None
        here = self.facts.dataset.report.build.value
        panel = next((p for p in self.facts.panels if p.key == target.panel_key), None)
        there = panel.build if panel is not None else None
        return (here, there) if here and there and here != there else None

    def _ask_target(self) -> None:
        self.ready.showMenu()

    def _fill_ready(self) -> None:
        if self.facts is None:
            return
        facts = self.facts
        enabled = tuple(s for s in facts.services if s.enabled)
        wanted = (*targets(enabled, facts.panels), any_service())
        fill_targets(self.ready_menu, wanted, enabled, self.show_plan)

    def _show_people(self, people: object, words: str) -> None:
        self._draw(self.samples)
        self.samples.pick(people, words)
        self.tabs.setCurrentWidget(self.samples)

    def _show_named(self, finding: Finding, names: Sequence[str]) -> None:
        self._draw(self.samples)
        if self.samples.pick_names(frozenset(names), finding.title):
            self.tabs.setCurrentWidget(self.samples)

    def _keep_choice(self) -> None:
        self.context.layout.set(CHOSEN, self.verdict.service_id())

    def _run(self, command_id: str) -> None:
        if self.facts is not None:
            self.context.commands.run(command_id, (self.facts.dataset.id,))


def _has(figures: Figures | None) -> dict[str, bool]:
    if figures is None:
        return dict.fromkeys(("people", "sites", "ancestry", "chunks"), False)
    return {
        "people": bool(len(figures.samples)),
        "sites": bool(figures.site_call_rate.size or figures.frequency.size or figures.frequency_plane.size),
        "ancestry": bool(figures.pcs.size),
        "chunks": bool(len(figures.chunk_start)),
    }


def _is_of(task: Task, dataset_id: str) -> bool:
    return task.state is TaskState.RUNNING and task.dataset_id == dataset_id
