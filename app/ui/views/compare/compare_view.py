"""Results side by side: a matrix, pictures, and the ways to make one better result of several."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QMenu, QPushButton, QVBoxLayout, QWidget

from app.domain.accuracy import TruthScore
from app.domain.changes import Changes, Noun
from app.domain.problem import Problem
from app.domain.result_comparison import RankedBy, ResultComparison
from app.operations.side_by_side import Joining
from app.operations.tasks import TaskState
from app.ui.bridge import Task
from app.ui.context import Context
from app.ui.theme import GRID
from app.ui.views.compare import compare_drawings as pictures
from app.ui.views.compare.ancestry_tab import AncestryTab
from app.ui.views.view import View
from app.ui.widgets.basics import EmptyState, Text, primary
from app.ui.widgets.chart import Chart
from app.ui.widgets.drawing import Drawing
from app.ui.widgets.drawing_file import SaveChartButton
from app.ui.widgets.elided import ElidedHeading, ElidedLabel
from app.ui.widgets.problem_panel import ProblemPanel
from app.ui.widgets.short_table import ShortTable
from app.ui.widgets.switcher import Switcher
from app.ui.widgets.task_rows import TaskRows

Make = Callable[[ResultComparison], Drawing]


class CompareView(View):
    """`reveal("id,id,…")` says which results; they are compared at once."""

    nouns = frozenset({Noun.RESULT})

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.ids: tuple[str, ...] = ()
        self.names: tuple[str, ...] = ()
        self.truth_path: Path | None = None
        self.comparison: ResultComparison | None = None
        self._work: Task | None = None
        self._joining: Task | None = None
        self._scoring: Task | None = None
        self._drawn: dict[int, ResultComparison] = {}
        column = QVBoxLayout(self)
        column.setContentsMargins(GRID * 2, GRID * 2, GRID * 2, GRID)
        column.setSpacing(GRID)
        self.empty = EmptyState(
            context.theme,
            "results",
            self.tr("Select two or more results of one cohort in the list, then “Compare”."),
            self.tr("See the results"),
            lambda: context.navigate("results", None),
        )
        self.body = self._make_body()
        column.addWidget(self.empty, 1)
        column.addWidget(self.body, 1)
        self._settle()
        context.bridge.changed.connect(self._follow_tasks)

    # Made once.

    def _make_body(self) -> QWidget:
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID)
        column.addLayout(self._header())
        self.tasks = TaskRows(self.context)
        self.problem = ProblemPanel(self.context.theme)
        self.words = Text(bold=True)
        self.words.setAccessibleName(self.tr("What came out"))
        self.caution = Text()
        self.caution.setAccessibleName(self.tr("What makes the results less alike than they are"))
        self.caution.hide()
        for widget in (self.tasks, self.problem, self.words, self.caution):
            column.addWidget(widget)
        self.matrix = ShortTable(
            self.context.theme, self.tr("Results side by side"), pictures.matrix_columns(False), most=8
        )
        column.addWidget(self.matrix)
        column.addLayout(self._actions())
        self.switcher = self._make_switcher()
        column.addWidget(self.switcher, 1)
        column.addStretch(0)  # without pictures nothing else is to grow
        return body

    def _header(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(GRID)
        self.title = ElidedHeading()
        self.line = ElidedLabel(muted=True)
        self.truth = QPushButton(self.tr("Truth file…"))
        self.truth.setToolTip(self.tr("Genotypes known otherwise: sequenced, or hidden before imputation"))
        self.truth.clicked.connect(self.ask_truth)
        self.again = QPushButton(self.tr("Compare again"))
        self.context.theme.bind_icon(self.again, "refresh")
        self.again.clicked.connect(self.start)
        self.back = QPushButton(self.tr("All results"))
        self.context.theme.bind_icon(self.back, "previous")
        self.back.clicked.connect(lambda: self.context.navigate("results", None))
        row.addWidget(self.back)
        row.addWidget(self.title)
        row.addWidget(self.line, 1)
        row.addWidget(self.truth)
        row.addWidget(self.again)
        return row

    def _actions(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(GRID)
        said = (
            (
                "join_meta",
                Joining.META,
                self.tr("Meta-impute"),
                self.tr("Weigh the panels of the same people haplotype by haplotype, as MetaMinimac2 does"),
            ),
            (
                "join_consensus",
                Joining.CONSENSUS,
                self.tr("Best of each"),
                self.tr("Take each variant from the result with the highest R2"),
            ),
        )
        row.addWidget(Text(self.tr("Make one result:"), muted=True, wrap=False))
        for name, how, words, tip in said:
            button = QPushButton(words)
            button.setToolTip(tip)
            button.clicked.connect(lambda _=False, way=how: self.join(way))
            setattr(self, name, button)
            row.addWidget(button)
        row.addWidget(self._merge_button())
        self.stop = QPushButton(self.tr("Stop"))
        self.stop.clicked.connect(self.cancel)
        row.addWidget(self.stop)
        self.why = ElidedLabel(muted=True)
        row.addWidget(self.why, 1)
        primary(self.join_meta)
        return row

    join_meta: QPushButton
    join_consensus: QPushButton

    def _merge_button(self) -> QPushButton:
        """Batches may not have the same variants: a person says what becomes of those that some lack."""
        self.join_merge = QPushButton(self.tr("Merge batches"))
        self.join_merge.setToolTip(
            self.tr("Different people imputed apart become one result; R2 is computed anew")
        )
        menu = QMenu(self.join_merge)
        self.context.theme.dress(menu)
        for how, words in (
            (Joining.MERGE, self.tr("Variants that every batch has")),
            (Joining.MERGE_UNION, self.tr("All variants; missing for people whose batch lacks them")),
        ):
            menu.addAction(words).triggered.connect(lambda _=False, way=how: self.join(way))
        self.join_merge.setMenu(menu)
        return self.join_merge

    def _make_switcher(self) -> Switcher:
        switcher = Switcher(self.tr("Pictures of the comparison"))
        self.charts: list[tuple[Chart, Make]] = []
        for title, make in (
            (self.tr("Estimated R2"), pictures.estimates),
            (self.tr("Accuracy"), pictures.accuracies),
            (self.tr("IQS"), pictures.iqs),
            (self.tr("Coverage"), pictures.coverage),
            (self.tr("Agreement"), pictures.agreement),
        ):
            chart = Chart(self.context, title)
            self.charts.append((chart, make))
            switcher.add(title, chart)
        self.by_chromosome = QWidget()
        QVBoxLayout(self.by_chromosome).setContentsMargins(0, 0, 0, 0)
        self.chromosomes: ShortTable | None = None
        switcher.add(self.tr("Chromosomes"), self.by_chromosome)
        self.ancestry = AncestryTab(self.context)
        self.ancestry.wanted.connect(self.score_groups)
        switcher.add(self.tr("Ancestry"), self.ancestry)
        self.save = SaveChartButton(self.context)
        switcher.add_tool(self.save)
        switcher.changed.connect(lambda _: self._draw())
        return switcher

    # Which results.

    def reveal(self, item_id: str) -> None:
        """Compare these results."""
        ids = tuple(each for each in item_id.split(",") if each)
        if ids == self.ids:
            return
        self.cancel()
        self.ids = ids
        self.comparison = None
        self.truth_path = None
        self.ancestry.clear()
        self.problem.clear()
        self.read(self._named(), self._show_names)
        self.start()

    async def _named(self) -> tuple[str, ...]:
        from app.operations.side_by_side import name_of
        from app.operations.told_apart import place, told_apart

        library = self.context.library
        names = []
        for each in self.ids:
            result = await library.result(each)
            if result is not None:
                job = await library.job(result.job_id) if result.job_id else None
                service = await library.service(job.service_id) if job is not None else None
                names.append((name_of(result, job), *place(job, service.name if service else None)))
        return told_apart(names)

    def _show_names(self, names: tuple[str, ...]) -> None:
        self.names = names
        self._settle()

    @property
    def busy(self) -> bool:
        """Whether something is being worked out."""
        return any(each is not None for each in (self._work, self._joining, self._scoring))

    def _settle(self) -> None:
        some = len(self.ids) > 1
        self.empty.setVisible(not some)
        self.body.setVisible(some)
        self.title.setText(self.tr("{0} results").format(len(self.ids)))
        self.line.setText(" · ".join(self.names))
        found = self.comparison
        truth = found is not None and found.ranked_by is RankedBy.TRUTH
        if self.truth_path is not None:
            self.truth.setText(self.truth_path.name)
        else:
            self.truth.setText(self.tr("Truth file…"))
        for button in (self.join_meta, self.join_consensus, self.join_merge, self.truth):
            button.setEnabled(not self.busy)
        self.again.setVisible(self._work is None)
        self.stop.setVisible(self.busy)
        self.switcher.setVisible(found is not None)
        self.matrix.setVisible(found is not None)
        self.caution.setVisible(found is not None and bool(found.findings))
        if found is None:
            self.words.setText(self.tr("Comparing…") if self._work is not None else "")
        self.words.setVisible(bool(self.words.text()))
        several = found is not None and len(found.chromosomes) > 0
        self.switcher.offer((True, truth, truth, True, True, several, truth))

    # Compared.

    def start(self) -> None:
        """Compare; only the newest answer counts."""
        if len(self.ids) < 2:
            self._settle()
            return
        if self._work is not None:
            self._work.cancel()
        self.problem.clear()
        work = self.context.operations.compare_results(self.ids, self.truth_path)
        self._work = self.context.bridge.run(work, self, self._compared, self._failed)
        self._settle()

    def _compared(self, found: ResultComparison) -> None:
        self._work = None
        self.comparison = found
        self.words.setText(pictures.headline(found))
        self.caution.setText(pictures.cautions(found))
        self.matrix.short_model.columns = pictures.matrix_columns(found.ranked_by is RankedBy.TRUTH)
        self.matrix.show_rows(pictures.matrix_rows(found))
        self.matrix.horizontalHeader().viewport().update()
        self._show_chromosomes(found)
        self._settle()
        self._draw()

    def _show_chromosomes(self, found: ResultComparison) -> None:
        """The columns are the results, so the table is made anew."""
        layout = self.by_chromosome.layout()
        assert isinstance(layout, QVBoxLayout)
        if self.chromosomes is not None:
            layout.removeWidget(self.chromosomes)
            self.chromosomes.hide()
            self.chromosomes.deleteLater()
        columns = pictures.chromosome_columns([each.name for each in found.results])
        self.chromosomes = ShortTable(self.context.theme, self.tr("By chromosome"), columns, most=0)
        self.chromosomes.show_rows(pictures.chromosome_rows(found))
        layout.addWidget(self.chromosomes)

    def _failed(self, problem: Problem) -> None:
        self._work = None
        self.problem.show_problem(problem, self.start)
        self._settle()

    def _draw(self) -> None:
        """Only what is seen is made."""
        found, number = self.comparison, self.switcher.stack.currentIndex()
        if self.switcher.stack.currentWidget() is self.ancestry:
            self.save.show_chart(self.ancestry.chart if self.ancestry.scores else None)
            if not self.ancestry.scores and self._scoring is None:
                self.score_groups()
            return
        if found is None or number >= len(self.charts):
            self.save.show_chart(None)
            return
        chart, make = self.charts[number]
        if self._drawn.get(number) is not found:
            self._drawn[number] = found
            chart.show_drawing(make(found))
        self.save.show_chart(chart)

    def score_groups(self) -> None:
        """Score each result by groups of people; the groups come of a table or by projection."""
        if self.truth_path is None or len(self.ids) < 2:
            return
        if self._scoring is not None:
            self._scoring.cancel()
        self.ancestry.show_running()

        def scored(found: tuple[TruthScore, ...]) -> None:
            self._scoring = None
            self.ancestry.show_scores(found)
            self._draw()
            self._settle()

        def failed(problem: Problem) -> None:
            self._scoring = None
            self.ancestry.clear()
            self._not_joined(problem)

        work = self.context.operations.score_by_ancestry(self.ids, self.truth_path, self.ancestry.people)
        self._scoring = self.context.bridge.run(work, self, scored, failed)
        self._settle()

    def ask_truth(self) -> QFileDialog:
        """Ask for genotypes that are known otherwise."""
        dialog = QFileDialog(self.window(), self.tr("Truth file"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        dialog.fileSelected.connect(lambda path: self.use_truth(Path(path)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
        return dialog

    def use_truth(self, path: Path) -> None:
        """Compare with it."""
        self.truth_path = path
        self.ancestry.clear()
        self.start()

    # Joined.

    def join(self, how: Joining) -> None:
        """Make one result of them; it appears among the results. Why it cannot be is told in place."""
        words = {
            Joining.META: self.tr("Meta-imputation of {0}"),
            Joining.CONSENSUS: self.tr("Best of {0}"),
            Joining.MERGE: self.tr("Merge of {0}"),
            Joining.MERGE_UNION: self.tr("Merge of all variants of {0}"),
        }
        name = words[how].format(" + ".join(self.names[:3]) or str(len(self.ids)))
        self.problem.clear()
        work = self.context.operations.join_results(self.ids, how, name)
        self._joining = self.context.bridge.run(work, self, self._joined, self._not_joined)
        self._settle()

    def _joined(self, changes: Changes) -> None:
        self._joining = None
        self._settle()
        made = changes.ids(Noun.RESULT)
        if made:
            self.context.notices.say(
                self.tr("One result is made"),
                self.tr("It is among the results, proved and judged like any other."),
                button=self.tr("Show"),
                on_click=lambda: self.context.navigate("results", made[0]),
            )

    def _not_joined(self, problem: Problem) -> None:
        self._joining = None
        self.problem.show_problem(problem)
        self._settle()

    def cancel(self) -> None:
        """Stop what runs; nothing half-written stays."""
        for task in (self._work, self._joining, self._scoring):
            if task is not None:
                task.cancel()
        if self._scoring is not None:
            self.ancestry.clear()
        self._work = self._joining = self._scoring = None
        self._settle()

    def _follow_tasks(self, changes: Changes) -> None:
        if Noun.TASK not in changes.nouns() or not self.isVisible():
            return
        mine = [
            t
            for t in self.context.library.tasks()
            if t.state is TaskState.RUNNING and t.title.startswith(("Comparing ", "Making "))
        ]
        self.tasks.show_tasks(mine if self.busy else [])
