"""The jobs that were sent together with the one on the page: how all stand, where each is, and the rest."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPushButton, QVBoxLayout, QWidget

from app.domain.job import OPEN_STATES, Job, JobState
from app.domain.job_group import WORDS, group_state, standing
from app.ui.context import Context
from app.ui.text import plural
from app.ui.theme import GRID
from app.ui.views.jobs.remedies import can_send_again
from app.ui.widgets.basics import Card, SectionHeading, Text, clear, link

MOST_NAMED = 8
"""More would push away the page of the job itself; “Show only these” lists them all."""


def _urgency(job: Job) -> int:
    """What went wrong is named first, what is done last."""
    if job.state is JobState.SUCCESS:
        return 2
    return 1 if job.state in OPEN_STATES - {JobState.UNKNOWN} else 0


class GroupCard(Card):
    """Hidden for a job that was sent alone. `send` takes the ids of those that have no result and may go."""

    def __init__(
        self,
        context: Context,
        only_these: Callable[[str], object],
        send: Callable[[tuple[str, ...]], object],
    ) -> None:
        super().__init__(context.theme)
        self._context = context
        self._group = ""
        self.rest: tuple[str, ...] = ()
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
        self.send_rest = QPushButton()
        self.send_rest.clicked.connect(lambda: send(self.rest))
        self.body.addWidget(self.send_rest, 0, Qt.AlignmentFlag.AlignLeft)
        self.links: dict[str, QWidget] = {}
        self.hide()

    def show_group(self, job: Job, group: Sequence[Job], names: Mapping[str, str]) -> None:
        """Show the others of a group; `names` are those of services by their ids."""
        others = [each for each in standing(group) if each.id != job.id]
        self.setVisible(bool(others))
        self._show_rest(group)
        shown = (job.id, [(each.id, each.state, names.get(each.service_id)) for each in group])
        if not others or shown == self._shown:
            return
        self._shown, self._group = shown, job.group or ""
        self.words.setText(group_state(group).words())
        clear(self._rows)
        self.links = {}
        for each in sorted(others, key=_urgency)[:MOST_NAMED]:
            place = f"{names.get(each.service_id, each.service_id)}, {each.panel_name or each.panel_id}"
            button = link(f"{place}: {WORDS[each.state]}", self._to(each.id))
            self.links[each.id] = button
            self._rows.addWidget(button, 0, Qt.AlignmentFlag.AlignLeft)
        if len(others) > MOST_NAMED:
            more = self.tr("and {0} more").format(len(others) - MOST_NAMED)
            self._rows.addWidget(Text(more, muted=True))

    def _show_rest(self, group: Sequence[Job]) -> None:
        """What a service deleted after its result was fetched is not missing."""
        self.rest = tuple(e.id for e in standing(group) if can_send_again(e) and not e.is_fetched)
        n = len(self.rest)
        self.send_rest.setVisible(n > 0)
        self.send_rest.setText(plural(self.tr("Send the %Ln job(s) without a result again", "", n), n))

    def _to(self, job_id: str) -> Callable[[], object]:
        return lambda: self._context.navigate("jobs", job_id)
