"""The jobs that were sent together with the one on the page: how all stand, and a way to each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.domain.job import Job
from app.domain.job_group import WORDS, group_state
from app.ui.context import Context
from app.ui.theme import GRID
from app.ui.widgets.basics import Card, SectionHeading, Text, clear, link

MOST_NAMED = 20


class GroupCard(Card):
    """Hidden for a job that was sent alone."""

    def __init__(self, context: Context, only_these: Callable[[str], object]) -> None:
        super().__init__(context.theme)
        self._context = context
        self._group = ""
        self._shown: object = None
        heading = SectionHeading(self.tr("Sent together"))
        heading.add(link(self.tr("Show only these"), lambda: only_these(self._group)))
        self.body.addWidget(heading)
        self.words = Text(bold=True)
        self.words.setAccessibleName(self.tr("How the jobs that were sent together stand"))
        self.body.addWidget(self.words)
        self._rows = QVBoxLayout()
        self._rows.setSpacing(GRID // 2)
        self.body.addLayout(self._rows)
        self.links: dict[str, QWidget] = {}
        self.hide()

    def show_group(self, job: Job, group: Sequence[Job], names: Mapping[str, str]) -> None:
        """Show the others of a group; `names` are those of services by their ids."""
        others = [each for each in group if each.id != job.id]
        self.setVisible(bool(others))
        shown = (job.id, [(each.id, each.state, names.get(each.service_id)) for each in group])
        if not others or shown == self._shown:
            return
        self._shown, self._group = shown, job.group or ""
        self.words.setText(group_state(group).words())
        clear(self._rows)
        self.links = {}
        for each in others[:MOST_NAMED]:
            place = f"{names.get(each.service_id, each.service_id)}, {each.panel_name or each.panel_id}"
            button = link(f"{place}: {WORDS[each.state]}", self._to(each.id))
            self.links[each.id] = button
            self._rows.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
        if len(others) > MOST_NAMED:
            more = self.tr("and {0} more").format(len(others) - MOST_NAMED)
            self._rows.addWidget(Text(more, muted=True))

    def _to(self, job_id: str) -> Callable[[], object]:
        return lambda: self._context.navigate("jobs", job_id)
