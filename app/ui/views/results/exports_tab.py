"""Write a result for another program: the preset, what stays, where it goes, and the command to use it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from app.domain.export import Cutoffs, ExportFormat, ExportOutcome, ExportRequest, PresetName
from app.domain.export_record import record_of, with_record
from app.domain.problem import Problem
from app.domain.result import Result
from app.ui import text
from app.ui.bridge import Task
from app.ui.context import Context
from app.ui.theme import GRID
from app.ui.views.results.cut_off import Cut
from app.ui.views.results.exports_made import MadeCard, format_words, written_words
from app.ui.views.results.result_words import maf
from app.ui.widgets.basics import Card, Text, primary
from app.ui.widgets.page import scrolling
from app.ui.widgets.problem_panel import ProblemPanel
from app.ui.widgets.task_rows import TaskRows

if TYPE_CHECKING:
    from collections.abc import Callable


def _t(words: str) -> str:
    return QCoreApplication.translate("Export", words)


def cut_words(cuts: Cutoffs) -> str:
    """What stays, in words."""
    parts = []
    if cuts.r2_steps:
        steps = (
            _t("{0} from MAF {1}").format(text.number(s.min_r2, 2), maf(s.maf_from)) for s in cuts.r2_steps
        )
        parts.append(_t("R2 ≥ {0}").format(", ".join(steps)))
    elif cuts.min_r2:
        parts.append(_t("R2 ≥ {0}").format(text.number(cuts.min_r2, 2)))
    if cuts.min_maf:
        parts.append(_t("MAF ≥ {0}").format(maf(cuts.min_maf)))
    return "; ".join(parts) or _t("All variants")


class ExportsTab(QWidget):
    """Each export runs as a task; the page stays usable and another one can be begun meanwhile."""

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._context = context
        self._result: Result | None = None
        self._task: Task | None = None
        self.cuts = Cutoffs()
        inside = QWidget()
        inside.setObjectName("page")
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, GRID, GRID, 0)
        column.setSpacing(GRID)
        column.addWidget(self._form_card())
        self.tasks = TaskRows(context)
        column.addWidget(self.tasks)
        self.problem = ProblemPanel(context.theme)
        column.addWidget(self.problem)
        self.made = MadeCard(context)
        column.addWidget(self.made)
        column.addStretch(1)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scrolling(inside))
        self._settle()

    def _form_card(self) -> Card:
        card = Card(self._context.theme)
        self.what = QComboBox()
        self.what.setAccessibleName(self.tr("Write it for"))
        self.why = Text(muted=True)
        self.fill_choices()
        self.what.currentIndexChanged.connect(lambda _: self._settle())
        form = QFormLayout()
        form.setHorizontalSpacing(GRID * 2)
        form.setVerticalSpacing(GRID)
        form.addRow(self.tr("Write it for"), self.what)
        form.addRow(self.tr("What stays"), self._cut_row())
        self.calls = QDoubleSpinBox()
        self.calls.setRange(0, 0.49)
        self.calls.setSingleStep(0.05)
        self.calls.setValue(0.1)
        self.calls_label = Text(self.tr("Hard call within"), wrap=False)
        form.addRow(self.calls_label, self.calls)
        form.addRow(self.tr("Folder"), self._folder_row())
        card.body.addLayout(form)
        card.body.addWidget(self.why)
        card.body.addLayout(self._option_row())
        return card

    def fill_choices(self) -> None:
        """Programs first, then plain formats."""
        from app.results.export.presets import PRESETS

        choices: list[PresetName | ExportFormat | None] = [*PRESETS, None]
        for preset in PRESETS.values():
            self.what.addItem(preset.title)
        self.what.insertSeparator(self.what.count())
        for format_, words in format_words().items():
            self.what.addItem(words)
            choices.append(format_)
        self.choices = tuple(choices)

    def chosen(self) -> tuple[PresetName | None, ExportFormat]:
        """The preset, and the format without one."""
        made = self.choices[self.what.currentIndex()]
        if isinstance(made, PresetName):
            return made, ExportFormat.VCF
        return None, made if made is not None else ExportFormat.VCF

    def _cut_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(GRID)
        self.cut_words = Text()
        self.every = QPushButton(self.tr("All variants"))
        self.every.clicked.connect(lambda: self.show_cut(Cutoffs()))
        row.addWidget(self.cut_words, 1)
        row.addWidget(self.every)
        return row

    def _folder_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(GRID)
        self.folder = QLineEdit()
        self.folder.setAccessibleName(self.tr("Folder"))
        self.folder.textChanged.connect(lambda _: self._settle_button())
        choose = QPushButton(self.tr("Choose…"))
        choose.clicked.connect(self.ask_folder)
        row.addWidget(self.folder, 1)
        row.addWidget(choose)
        return row

    def _option_row(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(GRID * 2)
        self.verify = QCheckBox(self.tr("Read back and compare"))
        self.verify.setChecked(True)
        self.plink2 = QCheckBox(self.tr("Let plink2 write, where it is installed"))
        self.stop = QPushButton(self.tr("Stop"))
        self.stop.clicked.connect(self.cancel)
        self.write = primary(QPushButton(self.tr("Write files")))
        self.write.clicked.connect(self.start)
        self.replace = QCheckBox(self.tr("Replace files of the same names"))
        row.addWidget(self.verify)
        row.addWidget(self.replace)
        row.addWidget(self.plink2)
        row.addStretch(1)
        row.addWidget(self.stop)
        row.addWidget(self.write)
        return row

    # Shown.

    def show_result(self, result: Result) -> None:
        """Another result: a fresh form."""
        if self._result is not None and self._result.id == result.id:
            self._result = result
            if self._task is None and result.exports and result.exports != self.made.records:
                self.made.show_records(result.exports)
            return
        self._result = result
        self._task = None
        self.problem.clear()
        self.made.show_records(result.exports)
        folder = PurePath(result.folder)
        self.folder.setText(str(folder.with_name(f"{folder.name}-export")))
        self.show_cut(Cutoffs())
        self._settle_button()

    def show_cut(self, cuts: Cutoffs) -> None:
        """Use a cut-off."""
        self.cuts = cuts
        self.cut_words.setText(cut_words(cuts))
        self.every.setVisible(cuts != Cutoffs())

    def take_cut(self, cut: Cut, edges: tuple[float, ...]) -> None:
        """The cut-off that was dragged in the chart."""
        self.show_cut(cut.cutoffs(edges))

    def _settle(self) -> None:
        from app.results.export.presets import PRESETS

        name, format_ = self.chosen()
        preset = PRESETS[name] if name is not None else None
        format_ = preset.format if preset is not None else format_
        self.why.setText(preset.why if preset is not None else "")
        self.why.setVisible(preset is not None)
        hard = format_ in (ExportFormat.BED, ExportFormat.PGEN)
        self.calls.setVisible(hard)
        self.calls_label.setVisible(hard)
        self.plink2.setVisible(format_ in (ExportFormat.BED, ExportFormat.PGEN, ExportFormat.BGEN))

    def _settle_button(self) -> None:
        running = self._task is not None
        self.write.setEnabled(self._result is not None and bool(self.folder.text().strip()) and not running)
        self.stop.setVisible(running)

    def ask_folder(self) -> QFileDialog:
        """Ask for the folder."""
        dialog = QFileDialog(self.window(), self.tr("Folder for the files"))
        dialog.setFileMode(QFileDialog.FileMode.Directory)
        dialog.fileSelected.connect(self.folder.setText)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()
        return dialog

    # Done.

    def request(self) -> ExportRequest | None:
        """What the form asks for."""
        if self._result is None:
            return None
        preset, format_ = self.chosen()
        return ExportRequest(
            source=self._result.folder,
            out=str(Path(self.folder.text().strip())),
            format=format_,
            preset=preset,
            cutoffs=self.cuts,
            hard_call=self.calls.value(),
            verify=self.verify.isChecked(),
            with_plink2=self.plink2.isChecked() and not self.plink2.isHidden(),
            replace=self.replace.isChecked(),
        )

    def start(self) -> None:
        """Write the files; how far it is stands below the form and in the strip below the window."""
        request, result = self.request(), self._result
        if request is None or result is None:
            return
        self.problem.clear()
        self.made.hide()
        work = self._context.operations.export_result(result.id, request)
        self._task = self._context.bridge.run(
            work, self, self._of(result.id, self._written), self._of(result.id, self._failed)
        )
        self._settle_button()

    def _of(self, result_id: str, then: Callable[..., object]) -> Callable[..., object]:
        """Answers for a result that is no longer shown become notices."""

        def answer(value: ExportOutcome | Problem) -> None:
            if self._result is not None and self._result.id == result_id:
                self._task = None
                self._settle_button()
                then(value)
            elif isinstance(value, Problem):
                self._context.notices.problem(value)
            else:
                self._context.notices.say(self.tr("The files are written"), outcome_words(value))

        return answer

    def cancel(self) -> None:
        """Stop it; nothing half-written stays."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self._settle_button()

    def _failed(self, problem: Problem) -> None:
        self.problem.show_problem(problem, self.start)

    def _written(self, outcome: ExportOutcome) -> None:
        record = record_of(outcome, self.folder.text().strip(), self.cuts, datetime.now(UTC))
        self.made.show_records(with_record(self.made.records, record))


def outcome_words(outcome: ExportOutcome) -> str:
    """What became of the variants, in a sentence."""
    dropped = {reason.value: count for reason, count in outcome.dropped.items()}
    return written_words(outcome.kept, outcome.variants, outcome.seconds, dropped)
