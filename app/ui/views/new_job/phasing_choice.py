"""Phasing on this computer before the data are sent, to one service or to several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QHBoxLayout, QVBoxLayout, QWidget

from app.domain.problem import Problem
from app.ui.context import Context
from app.ui.theme import GRID
from app.ui.views.new_job.phasing_offer import BEAGLE, PhasingOffer
from app.ui.widgets.basics import Text, link

KEPT = "new_job/phasing"


class PhasingChoice(QWidget):
    """Hidden where it is of no use. The choice is part of the draft, and survives closing like it."""

    settled = Signal()

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._layout = context.layout
        kept = context.layout.value(KEPT)
        self._kept = dict(kept) if isinstance(kept, Mapping) else {}
        self._offer = PhasingOffer()
        self._build(context)
        self.offer(self._offer, service="", beagle=True)
        self.wanted.setChecked(bool(self._kept))
        for signal in (self.wanted.toggled, self.panel.currentIndexChanged, self.program.currentIndexChanged):
            signal.connect(self._settle)

    def _build(self, context: Context) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID // 2)
        self.problem = Text()
        self.problem.setProperty("bad", True)
        self.problem.hide()
        self.wanted = QCheckBox()
        self.note = Text(muted=True, minor=True)
        self.panel, self.program = QComboBox(), QComboBox()
        self.panel.setAccessibleName(self.tr("Panel of this computer to phase with"))
        self.program.setAccessibleName(self.tr("Program that phases"))
        for box in (self.panel, self.program):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
            box.setMinimumContentsLength(8)
        self.go = link(self.tr("Add one in Panels"), lambda: context.navigate("panels", None))
        first, second = QHBoxLayout(), QHBoxLayout()
        for row in (first, second):
            row.setSpacing(GRID)
        first.addWidget(self.wanted, 0, Qt.AlignmentFlag.AlignTop)
        first.addWidget(self.note, 1)
        second.setContentsMargins(GRID * 3, 0, 0, 0)
        second.addWidget(self.panel)
        second.addWidget(self.program)
        second.addStretch(1)
        column.addWidget(self.problem)
        column.addLayout(first)
        column.addLayout(second)
        column.addWidget(self.go, 0, Qt.AlignmentFlag.AlignLeft)

    def panel_id(self) -> str:
        """The panel of this computer to phase with; empty where that is not wanted."""
        wanted = bool(self._offer.panels) and self.wanted.isChecked()
        return str(self.panel.currentData() or "") if wanted else ""

    def panel_name(self) -> str:
        """Its name; empty where nothing is phased here."""
        return self.panel.currentText() if self.panel_id() else ""

    def program_id(self) -> str:
        """Who phases; empty where that is not wanted."""
        return str(self.program.currentData()) if self.panel_id() else ""

    def offer(self, offer: PhasingOffer, *, service: str, beagle: bool) -> None:
        """Show what can be done for these data and services."""
        self._offer = offer
        _refill(self.panel, offer.panels, self._kept.get("panel"))
        programs = [("builtin", self.tr("by the built-in program"))]
        if beagle:
            programs.append((BEAGLE, self.tr("by Beagle")))
        _refill(self.program, programs, self._kept.get("program"))
        self.wanted.setText(self.tr("Phase once on this computer") if offer.several
                            else self.tr("Phase here first"))  # fmt: skip
        self.note.setText(self._words(service))
        self.wanted.setVisible(bool(offer.panels))
        self.go.setVisible(offer.needed and not offer.panels)
        self.setVisible(offer.shown)
        self._show_boxes()

    def _words(self, service: str) -> str:
        if not self._offer.panels:
            words = self.tr(
                "A panel of this computer could phase them here first, but none is in {0}. Add one, or "
                "choose a service that phases."
            )
            return words.format(self._offer.lacking)
        if self._offer.several:
            return self.tr("All get the same haplotypes, as meta-imputation needs them.")
        if self._offer.needed:
            return self.tr("With a panel of this computer; sites that it has not are left out.")
        return self.tr(
            "With a panel of this computer; sites that it has not are left out, and {0} is told not to phase."
        ).format(service)

    def show_problem(self, problems: Sequence[Problem]) -> None:
        """What stands in the way and is mended here; the box and the words beside it are the remedy."""
        self.problem.setText("\n".join(f"{each.title}. {each.what_happened}" for each in problems))
        self.problem.setVisible(bool(problems))
        if problems:
            self.show()

    def forget(self) -> None:
        """The data are on their way: the next draft begins without."""
        self.wanted.setChecked(False)

    def _show_boxes(self) -> None:
        for box in (self.panel, self.program):
            box.setVisible(bool(self._offer.panels) and self.wanted.isChecked())

    def _settle(self) -> None:
        self._show_boxes()
        chosen = {"panel": self.panel.currentData(), "program": self.program.currentData()}
        self._kept = chosen if self.wanted.isChecked() else {}
        self._layout.set(KEPT, self._kept or None)
        self.settled.emit()


def _refill(box: QComboBox, choices: Sequence[tuple[str, str]], kept: object) -> None:
    """Other choices, unless they are the same; what was chosen stays where it is among them."""
    known = [(box.itemData(n), box.itemText(n)) for n in range(box.count())]
    if known == list(choices):
        return
    before = box.currentData() or kept
    blocked = box.blockSignals(True)
    box.clear()
    for key, name in choices:
        box.addItem(name, key)
    box.setCurrentIndex(max(0, box.findData(before)) if choices else -1)
    box.blockSignals(blocked)
