"""The filled forms that wait beside the one on the page, and what stands in the way of each."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject

from app.domain.dataset import Dataset
from app.domain.panel import Panel
from app.domain.problem import Problem
from app.domain.service import QUOTA_LABEL, Service
from app.operations.draft_job import JobDraft, Preflight
from app.ui import text
from app.ui.context import Context
from app.ui.views.new_job.filling import Filling, with_defaults
from app.ui.views.new_job.targets_card import TargetRow, TargetsCard

KEPT = "new_job/targets"
MEGABYTE = 1_000_000


class Targets(QObject):
    """Up to the sending they are kept like the form itself; ticks under terms are not, as there."""

    def __init__(self, context: Context, parent: QObject) -> None:
        super().__init__(parent)
        self.context = context
        kept = context.layout.value(KEPT)
        found = [Filling.recalled(each) for each in kept] if isinstance(kept, list) else []
        self.fillings = [each for each in found if each.draft() is not None]
        self.found: tuple[Preflight, ...] | None = None
        self.card = TargetsCard(context)

    def __bool__(self) -> bool:
        return bool(self.fillings)

    def add(self, filling: Filling) -> None:
        """Keep a filled form."""
        self.fillings.append(filling)
        self.keep()

    def take(self, number: int) -> Filling | None:
        """Take one out of the list."""
        if not 0 <= number < len(self.fillings):
            return None
        filling = self.fillings.pop(number)
        self.keep()
        return filling

    def keep(self) -> None:
        """Remember them; what was found of them is of no use any more."""
        self.found = None
        self.context.layout.set(KEPT, [each.remembered() for each in self.fillings])

    def drafts(self) -> list[JobDraft]:
        """What is to be sent, in order."""
        return [draft for each in self.fillings if (draft := each.draft()) is not None]

    async def follow(self, dataset: Dataset) -> None:
        """Other data: each form is for them now, with the choices that follow from data made anew."""
        for filling in self.fillings:
            if filling.dataset_id == dataset.id:
                continue
            filling.dataset_id, filling.override_reason = dataset.id, ""
            for name in ("build", "phasing"):
                filling.options.pop(name, None)
            stored = await self.context.library.form(filling.service_id, filling.app_id)
            if stored is not None:
                with_defaults(filling, stored.form, dataset)

    def trouble(self, found: Sequence[Preflight]) -> list[Problem | None]:
        """The first thing that stands in the way of each draft; None where it can be sent."""
        return [each.obstacles[0].problem if each.obstacles else None for each in found]

    def show(self, services: Sequence[Service], panels: Sequence[Panel], *, blocked: bool) -> None:
        """Show the list as it is, with what was found of it last."""
        found: Sequence[Preflight | None] = self.found or [None] * len(self.fillings)
        rows = [
            _row(filling, each, services, panels) for filling, each in zip(self.fillings, found, strict=False)
        ]
        self.card.show_targets(rows, blocked=blocked)


def route(filling: Filling, services: Sequence[Service], panels: Sequence[Panel]) -> str:
    """A service with its country, and the panel."""
    service = next((each for each in services if each.id == filling.service_id), None)
    known = (each for each in panels if (each.service_id, each.app_id, each.id) == filling.place())
    panel = next(known, None)
    name = service.name if service is not None else filling.service_id
    place = f" ({service.country})" if service is not None and service.country else ""
    return f"{name}{place}, {panel.name if panel is not None else filling.panel_id}"


def _row(
    filling: Filling, found: Preflight | None, services: Sequence[Service], panels: Sequence[Panel]
) -> TargetRow:
    trouble = "\n".join(each.problem.sentence() for each in found.obstacles) if found is not None else ""
    service = next((each for each in services if each.id == filling.service_id), None)
    return TargetRow(route(filling, services, panels), trouble, _limits(service) if service else "")


def _limits(service: Service) -> str:
    """What the service allows and what is left of it, as far as it tells."""
    limits, words = service.limits, []
    if limits.max_running_jobs is not None:
        words.append(f"{text.number(limits.max_running_jobs)} jobs at once")
    if limits.max_upload_mb is not None:
        words.append(f"up to {text.size(limits.max_upload_mb * MEGABYTE)}")
    words += [f"{each.label}: {each.value}" for each in service.facts if each.label.startswith(QUOTA_LABEL)]
    return " · ".join(words)
