"""What other steps than those proposed would do: asked in the background at every tick."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject, QTimer

from app.domain.problem import Problem
from app.domain.repair import RepairCode, RepairPlan
from app.ui.bridge import Task
from app.ui.context import Context
from app.ui.views.uploads.target_menu import Target

PAUSE_MS = 400
"""Several ticks in a row make one question."""


class Outlook(QObject):
    """The last question counts: an earlier one is stopped, and its answer is dropped."""

    def __init__(self, context: Context, changed: Callable[[], object], parent: QObject) -> None:
        super().__init__(parent)
        self._context = context
        self._changed = changed
        self._wanted: tuple[str, Target, Path | None, tuple[RepairCode, ...]] | None = None
        self._task: Task | None = None
        self._said = ""
        self.plan: RepairPlan | None = None
        """The plan with the ticked steps; None while it is worked out, and where the proposed ones count."""
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(PAUSE_MS)
        self._timer.timeout.connect(self._ask)

    @property
    def stale(self) -> bool:
        """Whether other steps are ticked than those whose figures are known."""
        return self._wanted is not None and self.plan is None

    def words(self, proposed: str) -> str:
        """What is said: of the proposed steps, or of the ticked ones."""
        if self._said:
            return self._said
        return self.tr("being worked out for these steps…") if self._wanted is not None else proposed

    def ask(self, dataset_id: str, target: Target, chain: Path | None, chosen: Sequence[RepairCode]) -> None:
        """Ask for these steps, after a moment."""
        self.forget()
        self._wanted = (dataset_id, target, chain, tuple(chosen))
        self._timer.start()

    def stop(self) -> None:
        """Ask no more; what was said stays."""
        self._timer.stop()
        if self._task is not None:
            self._task.cancel()
            self._task = None

    def forget(self) -> None:
        """The proposed steps count again."""
        self.stop()
        self._wanted, self._said, self.plan = None, "", None

    def _ask(self) -> None:
        if self._wanted is None:
            return
        dataset_id, target, chain, chosen = self._wanted
        work = self._context.operations.plan_repair(
            dataset_id, target.service_id, target.panel_id, target.population, chain=chain, chosen=chosen
        )
        self._task = self._context.bridge.run(work, self, self._answered, self._failed)

    def _answered(self, plan: RepairPlan) -> None:
        self.plan = plan
        self._say(plan.refused or plan.after)

    def _failed(self, problem: Problem) -> None:
        self._say(problem.title)

    def _say(self, words: str) -> None:
        self._task = None
        self._said = words
        self._changed()
