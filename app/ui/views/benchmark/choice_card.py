"""The choice of panels, of the share that is hidden, and of the seed."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QIntValidator
from PySide6.QtWidgets import (
    QCheckBox,
    QDoubleSpinBox,
    QFormLayout,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from app.domain.benchmark import AUTOSOMES, MOST_SHARE, usual_chromosomes
from app.operations.masked_benchmark import SHARE
from app.ui.context import Context
from app.ui.theme import GRID
from app.ui.views.benchmark.candidates import Candidate
from app.ui.views.uploads.dataset_words import fit_words
from app.ui.widgets.basics import Card, Text, clear

LARGEST_SEED = 2**31 - 1
BOX = GRID * 40
A_ROW = 11


class ChoiceCard(Card):
    """All panels of the same build that may receive the data are ticked at first; those of a service that
    takes nothing now cannot be."""

    changed = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__(context.theme)
        self.boxes: dict[tuple[str, str], QCheckBox] = {}
        self.chromosomes: dict[str, QCheckBox] = {}
        self._shown: tuple[Candidate, ...] = ()
        self.body.addWidget(
            Text(
                self.tr(
                    "Some typed sites are hidden, the rest is imputed with each panel, and each answer is "
                    "compared with what was hidden. The panel that comes closest is the best for these data."
                )
            )
        )
        self.none = Text(self.tr("No panel is known. Add a service and read its panels first."))
        self.body.addWidget(self.none)
        self._rows = QVBoxLayout()
        self._rows.setSpacing(GRID // 2)
        self.body.addLayout(self._rows)
        self._grid = QGridLayout()
        self._grid.setHorizontalSpacing(GRID * 2)
        self.body.addLayout(self._form())

    def _form(self) -> QFormLayout:
        form = QFormLayout()
        form.setHorizontalSpacing(GRID * 2)
        self.share = QDoubleSpinBox()
        self.share.setRange(0.1, MOST_SHARE * 100)
        self.share.setDecimals(1)
        self.share.setValue(SHARE * 100)
        self.share.setSuffix(self.tr(" %"))
        self.share.valueChanged.connect(lambda _: self.changed.emit())
        self.seed = QLineEdit()
        self.seed.setValidator(QIntValidator(0, LARGEST_SEED, self.seed))
        self.seed.setPlaceholderText(self.tr("Drawn by chance and recorded"))
        self._named = QLabel(self.tr("Chromosomes"))
        form.addRow(self._named, self._grid)
        for label, widget in ((self.tr("Sites to hide"), self.share), (self.tr("Seed"), self.seed)):
            widget.setAccessibleName(label)
            widget.setMaximumWidth(GRID * 32)
            form.addRow(label, widget)
        return form

    def show_chromosomes(self, there: Sequence[str], anew: bool) -> None:
        """Show those of the data; the small ones are ticked at first, or all when none of these is there."""
        names = [each for each in AUTOSOMES if each in there]
        if names != list(self.chromosomes):
            for box in self.chromosomes.values():
                self._grid.removeWidget(box)
                box.deleteLater()
            self.chromosomes = {name: self._chromosome(name) for name in names}
            for number, box in enumerate(self.chromosomes.values()):
                self._grid.addWidget(box, number // A_ROW, number % A_ROW)
            self._grid.setColumnStretch(A_ROW, 1)
            anew = True
        self._named.setVisible(bool(names))
        if anew:
            usual = usual_chromosomes(names)
            for name, box in self.chromosomes.items():
                box.setChecked(name in usual)

    def _chromosome(self, name: str) -> QCheckBox:
        box = QCheckBox(name)
        box.setAccessibleName(self.tr("Chromosome {0}").format(name))
        box.toggled.connect(lambda _: self.changed.emit())
        return box

    def plan_chromosomes(self) -> tuple[str, ...]:
        """The ticked ones; none where those of the data are not known."""
        return tuple(name for name, box in self.chromosomes.items() if box.isChecked())

    def show_candidates(self, found: Sequence[Candidate], anew: bool) -> None:
        """Show the panels; what a person ticked stays unless it is asked of other data."""
        found = tuple(found)
        if found == self._shown and not anew:
            return
        before = {} if anew else {key: box.isChecked() for key, box in self.boxes.items()}
        self._shown = found
        self.none.setVisible(not found)
        clear(self._rows)
        self.boxes = {}
        for each in found:
            self._rows.addWidget(self._row(each, before.get(each.key, each.fits and not each.other_build)))

    def _row(self, each: Candidate, ticked: bool) -> QWidget:
        line = QWidget()
        row = QHBoxLayout(line)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(GRID * 2)
        words = self.tr("{0} · {1}").format(each.panel.name, each.service.name)
        box = QCheckBox(words.replace("&", "&&"))
        box.setAccessibleName(words)
        box.setMinimumWidth(BOX)
        box.setEnabled(not each.way)
        box.setChecked(ticked and not each.way)
        box.toggled.connect(lambda _: self.changed.emit())
        self.boxes[each.key] = box
        row.addWidget(box, 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(Text(each.way or fit_words(each.fit), muted=True), 1)
        return line

    def chosen(self) -> tuple[Candidate, ...]:
        """The ticked ones."""
        return tuple(each for each in self._shown if self.boxes[each.key].isChecked())

    def plan_share(self) -> float:
        """The share to hide."""
        return round(self.share.value() / 100, 4)

    def plan_seed(self) -> int | None:
        """The seed, if one was typed."""
        typed = self.seed.text().strip()
        return int(typed) if typed else None
