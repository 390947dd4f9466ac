"""What will be sent and to whom, the terms, and the one button."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from app.domain.dataset import Dataset
from app.domain.panel import Panel
from app.domain.parameter import Parameter
from app.domain.service import Service
from app.ui import text
from app.ui.context import Context
from app.ui.text import plural
from app.ui.theme import GRID
from app.ui.views.new_job.phasing_choice import PhasingChoice
from app.ui.widgets.basics import Card, Text, clear, primary
from app.ui.widgets.problem_panel import ProblemPanel


class SendBar(Card):
    """The lower part of the page. A box with terms is ticked by a person, each time anew."""

    send = Signal()
    add_another = Signal()
    terms_changed = Signal(dict)
    reason_changed = Signal(str)

    def __init__(self, context: Context) -> None:
        super().__init__(context.theme)
        self.summary = Text(self.tr("Choose data and a panel."))
        self.route = Text(muted=True)
        self.body.addWidget(self.summary)
        self.body.addWidget(self.route)
        self.phasing = PhasingChoice(context)
        self.body.addWidget(self.phasing)
        self._terms = QVBoxLayout()
        self._terms.setSpacing(GRID // 2)
        self.body.addLayout(self._terms)
        self.boxes: dict[str, QCheckBox] = {}
        self._texts: dict[str, str] = {}
        self.reason = QLineEdit()
        self.reason.setPlaceholderText(
            self.tr("The service would refuse these files. Reason to send them all the same")
        )
        self.reason.setAccessibleName(self.tr("Reason to send files with severe findings"))
        self.reason.textEdited.connect(self.reason_changed)
        self.reason.hide()
        self.body.addWidget(self.reason)
        self.problem = ProblemPanel(context.theme)
        self.body.addWidget(self.problem)
        row = QHBoxLayout()
        self.hint = Text(muted=True)
        row.addWidget(self.hint, 1, Qt.AlignmentFlag.AlignVCenter)
        self.another = QPushButton(self.tr("Add another service"))
        self.another.setToolTip(self.tr("Keep this service, and choose one more for the same data"))
        self.another.clicked.connect(self.add_another)
        row.addWidget(self.another)
        self.button = primary(QPushButton(self.tr("Send")))
        self.button.clicked.connect(self.send)
        row.addWidget(self.button)
        self.body.addLayout(row)

    def show_route(
        self,
        dataset: Dataset | None,
        service: Service | None,
        panel: Panel | None,
        along: Sequence[str] = (),
    ) -> None:
        """Say what leaves this computer, and to whom; `along` are options that name further files."""
        if dataset is None or service is None or panel is None:
            self.summary.setText(
                self.tr("Choose data and a panel.") if dataset is None else self.tr("Choose a panel.")
            )
            self.route.setText("")
            self.button.setText(self.tr("Send"))
            return
        files = plural(self.tr("%Ln file(s)", "", len(dataset.files)), len(dataset.files))
        words = self.tr(
            "Will be sent: {0}, {1}, as they are: header, sample names, genotypes and every other "
            "field in them."
        )
        if service.is_by_hand:
            words = self.tr(
                "Will be prepared on this computer out of {0}, {1}: sample names and genotypes, as the page "
                "of the service wants them. You upload them there."
            )
        with_panel = self.phasing.panel_name()
        if with_panel:
            words = self.tr(
                "Will be phased on this computer with {2}, then sent: sample names and haplotypes out of "
                "{0}, {1}."
            )
        told = [words.format(files, text.size(dataset.size), with_panel)]
        told += [
            self.tr("If “{0}” names a file of this computer, it is sent too.").format(each) for each in along
        ]
        self.summary.setText(" ".join(told))
        place = f", {service.country}" if service.country else ""
        operator = service.operator or service.base_url
        self.route.setText(self.tr("To: {0} ({1}{2}), panel {3}").format(
            service.name, operator, place, panel.name
        ))  # fmt: skip
        label = self.tr("Prepare the files") if service.is_by_hand else self.tr("Send to {0}")
        if with_panel:
            label = self.tr("Phase and send to {0}")
        self.button.setText(label.format(service.name))

    def show_several(self, dataset: Dataset | None, routes: Sequence[str], services: int) -> None:
        """Say what leaves this computer as several jobs, and to whom: to how many `services`."""
        if dataset is None:
            return
        n, files, jobs = services, len(dataset.files), len(routes)
        words = self.tr("Will be sent to {0}: {1}, {2}, header, sample names, genotypes and all.")
        with_panel = self.phasing.panel_name()
        if with_panel:
            words = self.tr("Will be phased on this computer with {3}, then sent to {0}: sample names and "
                            "haplotypes out of {1}, {2}.")  # fmt: skip
        self.summary.setText(
            words.format(
                plural(self.tr("%Ln service(s)", "", n), n),
                plural(self.tr("%Ln file(s)", "", files), files),
                text.size(dataset.size),
                with_panel,
            )
        )
        self.route.setText(self.tr("To: {0}").format("; ".join(routes)))
        words = plural(self.tr("Send to %Ln service(s)", "", n), n)
        if jobs != n:
            words = plural(self.tr("Send %Ln job(s)", "", jobs), jobs)
        self.button.setText(words)

    def show_terms(self, terms: Sequence[Parameter], ticked: Sequence[str]) -> None:
        """Show the boxes of this application with their whole text."""
        clear(self._terms)
        self.boxes = {}
        self._texts = {p.id: p.label for p in terms}
        for parameter in terms:
            self._terms.addWidget(self._box(parameter, parameter.id in ticked))

    def _box(self, parameter: Parameter, ticked: bool) -> QWidget:
        line = QWidget()
        row = QHBoxLayout(line)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GRID)
        box = QCheckBox()
        box.setAccessibleName(parameter.label)
        box.setChecked(ticked)
        box.toggled.connect(self._ticked)
        self.boxes[parameter.id] = box
        row.addWidget(box, 0, Qt.AlignmentFlag.AlignTop)
        words = Text(parameter.label)
        row.addWidget(words, 1)
        return line

    def _ticked(self) -> None:
        self.terms_changed.emit({i: self._texts[i] for i, b in self.boxes.items() if b.isChecked()})

    def show_ready(self, ready: bool, hint: str) -> None:
        """Whether the button can be pressed; if not, what is missing."""
        if self.button.hasFocus() and not ready:
            self.setFocus()  # else Qt hands the keyboard to whatever comes next, outside this page
        self.button.setEnabled(ready)
        if ready and self.hasFocus():
            self.button.setFocus()
        self.hint.setText(hint)

    def ask_reason(self, needed: bool, words: str) -> None:
        """Ask for a reason when the files have severe findings."""
        self.reason.setVisible(needed or bool(words))
        if self.reason.text() != words:
            self.reason.setText(words)
