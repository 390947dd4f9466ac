"""What is sent to whom, what the forms leave open, the terms of each service, and the one button."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from app.domain.dataset import Dataset
from app.ui.context import Context
from app.ui.theme import GRID
from app.ui.views.benchmark.candidates import AnswerKey, AppKey, Candidate, Forms, Question, questions
from app.ui.views.new_job.filling import terms_of
from app.ui.widgets.basics import Card, Text, clear, primary
from app.ui.widgets.problem_panel import ProblemPanel

LEAST_PANELS = 2


class SendCard(Card):
    """`terms` are in the words that stand here; a person ticks them for each service."""

    send = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__(context.theme)
        self.chosen: tuple[Candidate, ...] = ()
        self.least = LEAST_PANELS
        self.boxes: dict[tuple[AppKey, str], QCheckBox] = {}
        self.lists: dict[AnswerKey, QComboBox] = {}
        self._texts: dict[tuple[AppKey, str], str] = {}
        self._words: Callable[[int], str] = str
        self._busy = self._lacking = ""
        self._unread: tuple[str, ...] = ()
        self.summary = Text()
        self.route = Text(muted=True)
        self._open = QVBoxLayout()
        self._terms = QVBoxLayout()
        self.problem = ProblemPanel(context.theme)
        self.body.addWidget(self.summary)
        self.body.addWidget(self.route)
        self.body.addLayout(self._open)
        self.body.addLayout(self._terms)
        self.body.addWidget(self.problem)
        row = QHBoxLayout()
        self.hint = Text(muted=True)
        self.button = primary(QPushButton())
        self.button.clicked.connect(self.send)
        row.addWidget(self.hint, 1, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(self.button)
        self.body.addLayout(row)

    def show_chosen(
        self,
        chosen: Sequence[Candidate],
        forms: Forms,
        dataset: Dataset,
        summary: str,
        button: Callable[[int], str],
        least: int,
        lacking: str = "",
    ) -> None:
        """Show who gets what; `button` says it for a number of panels, `lacking` what else is to be chosen.
        Ticks and answers stay."""
        self.chosen, self.least, self._words, self._lacking = tuple(chosen), least, button, lacking
        self.summary.setText(summary)
        self.route.setText("\n".join(self._to(each) for each in self.chosen))
        self._unread = tuple(sorted({c.service.name for c in self.chosen if c.app not in forms}))
        self._show_questions(questions(self.chosen, forms, dataset))
        self._show_terms(forms)
        self._settle()

    def _to(self, each: Candidate) -> str:
        if each.service.is_here:
            return self.tr("To: {0} on this computer; nothing leaves it").format(each.panel.name)
        place = f", {each.service.country}" if each.service.country else ""
        operator = each.service.operator or each.service.base_url
        return self.tr("To: {0} ({1}{2}), panel {3}").format(
            each.service.name, operator, place, each.panel.name
        )

    def _show_questions(self, asked: Sequence[Question]) -> None:
        if [q.key for q in asked] == list(self.lists):
            return
        before = self.answers()
        clear(self._open)
        self.lists = {}
        for each in asked:
            self._open.addWidget(self._question(each, before.get(each.key)))

    def _question(self, asked: Question, answer: str | None) -> QWidget:
        line = QWidget()
        row = QHBoxLayout(line)
        row.setContentsMargins(0, 0, 0, 0)
        label = self.tr("{0}, for {1}").format(asked.label, ", ".join(asked.panels))
        choice = QComboBox()
        choice.setAccessibleName(label)
        choice.addItem(self.tr("Choose…"), "")
        for each in asked.choices:
            choice.addItem(each.label, each.key)
        choice.setCurrentIndex(max(0, choice.findData(answer)))
        choice.currentIndexChanged.connect(lambda _: self._settle())
        self.lists[asked.key] = choice
        row.addWidget(Text(label), 1)
        row.addWidget(choice)
        return line

    def _show_terms(self, forms: Forms) -> None:
        wanted = {
            (each.app, p.id): (each.service.name, p.label)
            for each in self.chosen
            if each.app in forms
            for p in terms_of(forms[each.app])
        }
        texts = {key: words for key, (_, words) in wanted.items()}
        if texts == self._texts:
            return
        ticked = {k for k, box in self.boxes.items() if box.isChecked() and texts.get(k) == self._texts[k]}
        clear(self._terms)
        self.boxes, self._texts = {}, texts
        for key, (service, words) in wanted.items():
            self._terms.addWidget(self._box(key, f"{service}: {words}", key in ticked))

    def _box(self, key: tuple[AppKey, str], words: str, ticked: bool) -> QWidget:
        line = QWidget()
        row = QHBoxLayout(line)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GRID)
        box = QCheckBox()
        box.setAccessibleName(words)
        box.setChecked(ticked)
        box.toggled.connect(lambda _: self._settle())
        self.boxes[key] = box
        row.addWidget(box, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(Text(words), 1)
        return line

    def answers(self) -> dict[AnswerKey, str]:
        """What was chosen in the lists."""
        return {key: str(each.currentData()) for key, each in self.lists.items()}

    def terms(self) -> dict[AppKey, dict[str, str]]:
        """The ticked terms of each application."""
        found: dict[AppKey, dict[str, str]] = {}
        for (app, name), box in self.boxes.items():
            if box.isChecked():
                found.setdefault(app, {})[name] = self._texts[app, name]
        return found

    def forget_ticks(self) -> None:
        """Terms are accepted anew for each sending."""
        for box in self.boxes.values():
            box.setChecked(False)

    def show_busy(self, words: str) -> None:
        """What is going on; empty when nothing is."""
        self._busy = words
        self._settle()

    def _settle(self) -> None:
        missing = self._missing()
        self.button.setText(self._words(len(self.chosen)))
        self.button.setEnabled(not missing)
        self.hint.setText(missing)

    def _missing(self) -> str:
        if self._busy:
            return self._busy
        if len(self.chosen) < self.least:
            return self.tr("Choose two panels or more.") if self.least > 1 else self.tr("Choose a panel.")
        if self._lacking:
            return self._lacking
        if self._unread:
            return self.tr("The forms are not read yet: {0}.").format(", ".join(self._unread))
        if any(not answer for answer in self.answers().values()):
            return self.tr("Choose in each list.")
        if not all(box.isChecked() for box in self.boxes.values()):
            return self.tr("Read the terms and tick their boxes.")
        return ""
