"""The plan of repairs of a dataset for a service: what would be done, what it costs, where it goes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.domain.changes import Changes
from app.domain.dataset import Dataset
from app.domain.problem import Problem
from app.domain.repair import RepairCode, RepairPlan
from app.ui.bridge import Task
from app.ui.colours import Status
from app.ui.context import Context
from app.ui.status import Shown
from app.ui.text import plural
from app.ui.theme import GRID, strong
from app.ui.views.uploads.group_sections import GroupSections
from app.ui.views.uploads.outlook import Outlook
from app.ui.views.uploads.plan_steps import PlanSteps
from app.ui.views.uploads.plan_words import totals, unresolved_columns, unresolved_rows
from app.ui.views.uploads.planned import Planned, planned
from app.ui.views.uploads.reference_row import ReferenceRow
from app.ui.views.uploads.target_menu import Target
from app.ui.widgets.basics import EmptyState, SectionHeading, StatusBadge, Text, primary
from app.ui.widgets.cautions import CautionLines
from app.ui.widgets.chain_row import Builds, ChainRow
from app.ui.widgets.elided import ElidedLabel
from app.ui.widgets.page import ScrollPage
from app.ui.widgets.problem_panel import ProblemPanel
from app.ui.widgets.short_table import ShortTable
from app.ui.widgets.stale import set_stale


class PlanTab(QWidget):
    """Nothing is written before “Repair”; `repaired` gets the changes of it and the dataset repaired."""

    def __init__(
        self,
        context: Context,
        choose_target: Callable[[], object],
        repaired: Callable[[Dataset, Changes], object],
        builds: Callable[[Target], Builds | None],
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._context = context
        self._repaired = repaired
        self._builds = builds
        self.dataset: Dataset | None = None
        self.target: Target | None = None
        self.plan: RepairPlan | None = None
        self.folder: Path | None = None
        self.chain: Path | None = None
        self.resubmit = False
        self._asked: Task | None = None
        self.outlook = Outlook(context, self._looked_ahead, self)
        self._tick: RepairCode | None = None
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, GRID, 0, 0)
        outer.setSpacing(GRID)
        self.empty = EmptyState(
            context.theme,
            "check",
            self.tr("Choose a service: Haplodesk shows what it would repair before it writes anything."),
            self.tr("Make it ready for…"),
            choose_target,
        )
        outer.addWidget(self.empty, 1)
        self.page = ScrollPage(width=GRID * 200, margin=0)
        self.page.column.setSpacing(GRID)
        self._fill_page(choose_target)
        outer.addWidget(self.page, 1)
        self.foot = self._foot()
        outer.addWidget(self.foot)
        self._settle()

    # Made once.

    def _fill_page(self, choose_target: Callable[[], object]) -> None:
        column = self.page.column
        self.title = ElidedLabel()
        strong(self.title)
        self.other = QPushButton(self.tr("Another service…"))
        self.other.clicked.connect(lambda: choose_target())
        heading = QHBoxLayout()
        heading.setSpacing(GRID)
        heading.addWidget(self.title, 1)
        heading.addWidget(self.other)
        self.problem = ProblemPanel(self._context.theme)
        self.chain_row = ChainRow(self._context, self.plan_again)
        self.reference_row = ReferenceRow(self._context, self.plan_again)
        self.badge = StatusBadge(self._context.theme)
        self.before, self.after = Text(), Text()
        verdicts = QHBoxLayout()
        verdicts.setSpacing(GRID)
        verdicts.addWidget(self.badge)
        verdicts.addWidget(self.before, 1)
        self.cautions = CautionLines(self._context.theme, self.tr("Caution"))
        self.steps = PlanSteps(self._context)
        self.steps.changed.connect(self._steps_changed)
        self.groups = GroupSections(self._context)
        self.left_title = SectionHeading(self.tr("What no repair mends"))
        self.left = ShortTable(
            self._context.theme, self.tr("What no repair mends"), unresolved_columns(), most=6
        )
        column.addLayout(heading)
        column.addWidget(self.problem)
        column.addLayout(verdicts)
        rows = (self.cautions, self.chain_row, self.reference_row, self.steps)
        for widget in (*rows, self.left_title, self.left, self.groups):
            column.addWidget(widget)

    def _foot(self) -> QWidget:
        foot = QWidget()
        column = QVBoxLayout(foot)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID // 2)
        column.addWidget(self.after)
        row = QHBoxLayout()
        row.setSpacing(GRID)
        column.addLayout(row)
        self.total = ElidedLabel()
        self.place = ElidedLabel(muted=True)
        self.choose_folder = QPushButton(self.tr("Folder…"))
        self._context.theme.bind_icon(self.choose_folder, "folder")
        self.choose_folder.clicked.connect(lambda: self._ask_folder())
        self.repair = primary(QPushButton(self.tr("Repair")))
        self.repair.clicked.connect(lambda: self.start())
        row.addWidget(self.total, 1)
        row.addWidget(self.place, 1)
        row.addWidget(self.choose_folder)
        row.addWidget(self.repair)
        return foot

    # Planned.

    def show_dataset(self, dataset: Dataset) -> None:
        """Another dataset has no plan yet; the same one after another check is planned anew when asked."""
        if self.dataset is None or self.dataset.id != dataset.id:
            if self._asked is not None:
                self._asked.cancel()
            self.outlook.forget()
            self.target, self.plan, self.folder, self._asked = None, None, None, None
            self.resubmit = False
            self.problem.clear()
        self.dataset = dataset
        self._settle()

    def make_plan(self, target: Target, tick: RepairCode | None = None) -> None:
        """Ask for the plan; `tick` is the step that the person came for."""
        if self.dataset is None:
            return
        self._tick = tick
        if target == self.target and self.plan is not None:
            self._ticked()
            return
        self.target, self.plan = target, None
        self.outlook.forget()
        self.problem.clear()
        if self._asked is not None:
            self._asked.cancel()
        work = planned(self._context, self.dataset.id, target, self._builds(target))
        self._asked = self._context.bridge.run(work, self, self._show_planned, self._refused)
        self._settle()

    def _show_planned(self, found: Planned) -> None:
        self.chain = found.chain
        self.chain_row.show_chain(found.builds, found.kept, found.offer)
        self.show_plan(found.plan)

    def plan_again(self) -> None:
        """What the plan needed has come: a chain file, a site list, the build."""
        if self.target is not None:
            self.plan = None
            self.make_plan(self.target)

    def show_plan(self, plan: RepairPlan) -> None:
        """Show what would be done."""
        self.plan, self._asked = plan, None
        self.reference_row.show_reference(plan.reference_build, plan.reference)
        self.steps.show_steps(plan.steps, self.other)
        self.groups.show_plans(plan.groups, self.left)
        self._show_figures(plan)
        self._settle()
        self._ticked()

    def _ticked(self) -> None:
        row = self.steps.tick(self._tick) if self._tick is not None else None
        self._tick = None
        if row is not None:
            self.page.ensureWidgetVisible(row)

    def _refused(self, problem: Problem) -> None:
        self._asked = None
        self.reference_row.offer_none()
        self.problem.show_problem(problem, lambda: self.make_plan(self.target) if self.target else None)
        self._settle()

    def _settle(self) -> None:
        plan, planning = self.plan, self._asked is not None
        idle = plan is None and not planning and self.problem.problem is None
        self.empty.setVisible(idle)
        self.page.setVisible(not idle)
        refused = plan is not None and bool(plan.refused)
        ready = plan is not None and not refused and bool(plan.steps)
        self.foot.setVisible(ready)
        words = self.target.words if self.target is not None else ""
        self.title.setText(self.tr("Make it ready for {0}").format(words))
        self.cautions.setVisible(plan is not None and bool(self.cautions.lines))
        self.groups.setVisible(plan is not None and bool(plan.groups))
        self.steps.setVisible(ready)
        self._say_state(plan, planning)
        self._say_totals()

    def _say_state(self, plan: RepairPlan | None, planning: bool) -> None:
        said = plan is not None and bool(plan.before or plan.refused or not plan.steps)
        self.badge.setVisible(planning or said)
        self.before.setVisible(planning or said)
        self.after.setVisible(plan is not None and bool(plan.after))
        if planning or plan is None:
            self.badge.show_status(Shown(Status.RUNNING, self.tr("Planning")))
            self.before.setText(self.tr("The files are read; nothing is written."))
        elif plan.refused:
            self.badge.show_status(Shown(Status.FAILED, self.tr("No repair")))
            self.before.setText(plan.refused)
        elif not plan.steps:
            self.badge.show_status(Shown(Status.DONE, self.tr("Ready")))
            self.before.setText(plan.before or self.tr("Nothing needs a repair."))
        else:
            self.badge.show_status(Shown(Status.WAITING, self.tr("Before")))
            self.before.setText(plan.before)
        self._say_after()

    def _show_figures(self, plan: RepairPlan) -> None:
        """What is left, and what to be careful about, with the steps of a plan."""
        self.cautions.show_lines(plan.cautions)
        self.left.show_rows(unresolved_rows(plan.unresolved))
        for widget in (self.left_title, self.left):
            widget.setVisible(bool(plan.unresolved))

    def _looked_ahead(self) -> None:
        """The figures of the steps that are ticked now have come."""
        self._recount(self.outlook.plan)
        self._say_after()

    def _recount(self, plan: RepairPlan | None) -> None:
        """Counts of the steps of another plan of the same files; None leaves the old ones in grey."""
        if plan is not None:
            self.steps.recount(plan.steps)
            self.groups.show_counts(plan.groups)
            self._show_figures(plan)
        stale = self.outlook.stale
        self.steps.set_stale(stale)
        self.groups.set_stale(stale)
        for widget in (self.total, self.left):
            set_stale(widget, stale)
        self._say_totals()

    def _say_after(self) -> None:
        """What is left after the steps that are ticked now."""
        if self.plan is not None:
            words = self.outlook.words(self.plan.after)
            self.after.setText(self.tr("Afterwards: {0}").format(words))

    def _steps_changed(self) -> None:
        dataset, target, plan = self.dataset, self.target, self.plan
        if dataset is None or target is None or plan is None:
            return
        codes = tuple(step.code for step in self.steps.chosen())
        mine = {step.code for step in self.steps.chosen() if step.optional}
        if mine == {step.code for step in plan.steps if step.chosen and step.optional}:
            self.outlook.forget()
            self._recount(plan)
        else:
            self.outlook.ask(dataset.id, target, self.chain, codes)
            self._recount(None)
        self._say_after()

    def _say_totals(self) -> None:
        chosen = self.steps.chosen()
        n = len(chosen)
        self.total.setText(totals(chosen))
        self.repair.setText(plural(self.tr("Repair with %Ln step(s)", "", n), n))
        self.repair.setEnabled(bool(chosen))
        place = self.folder.as_posix() if self.folder is not None else self.tr("Haplodesk's own data folder")
        self.place.setText(self.tr("Written to: {0}").format(place))

    # Done.

    def _ask_folder(self) -> None:
        dialog = QFileDialog(self, self.tr("Where the repaired files are written"))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.setOption(QFileDialog.Option.ShowDirsOnly, True)
        dialog.fileSelected.connect(lambda name: self.use_folder(Path(name)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def use_folder(self, folder: Path | None) -> None:
        """Write there; None is the folder of the program."""
        self.folder = folder
        self._say_totals()

    def start(self) -> None:
        """Repair; the button waits until it ended."""
        dataset, target = self.dataset, self.target
        if dataset is None or target is None:
            return
        codes = tuple(step.code for step in self.steps.chosen())
        self.repair.setEnabled(False)
        self.repair.setText(self.tr("Repairing…"))
        work = self._context.operations.repair_dataset(
            dataset.id,
            target.service_id,
            target.panel_id,
            codes,
            self.folder,
            population=target.population,
            chain=self.chain,
        )

        def done(changes: Changes) -> None:
            self._say_totals()
            self._repaired(dataset, changes)

        def failed(problem: Problem) -> None:
            self._say_totals()
            self.problem.show_problem(problem, self.start)
            self.page.ensureWidgetVisible(self.problem)

        self._context.bridge.run(work, self, done, failed)
