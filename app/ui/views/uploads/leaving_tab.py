"""What leaves this computer when a dataset is sent, and where it went before."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.domain.dataset import Dataset
from app.domain.finding import FileFacts
from app.domain.job import Job, SendPhase
from app.ui import text
from app.ui.context import Context
from app.ui.models.table import Column, time_column
from app.ui.status import job_state
from app.ui.text import plural
from app.ui.theme import GRID
from app.ui.widgets.basics import SectionHeading, Text
from app.ui.widgets.page import ScrollPage
from app.ui.widgets.short_table import ShortTable


def sent_rows(jobs: Sequence[Job], names: dict[str, str]) -> list[tuple[Any, ...]]:
    """Jobs of the dataset: where to, when, what became of it. `names` are those of services by id."""
    return [
        (j.name, names.get(j.service_id, j.service_id), j.panel_name, _left(j), j.submitted, j.state)
        for j in jobs
    ]


def _left(job: Job) -> int | None:
    """Bytes that left; None when nothing did."""
    gone = job.phase is SendPhase.ANSWERED or job.remote_id is not None
    return sum(f.size for f in job.files) if gone else None


class LeavingTab(QWidget):
    """Files and sizes, what does not leave, and earlier jobs."""

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.context = context
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, GRID, 0, 0)
        page = ScrollPage(width=GRID * 200, margin=0)
        outer.addWidget(page)
        page.column.setSpacing(GRID)
        self.words = Text()
        page.column.addWidget(self.words)
        self.files = ShortTable(
            context.theme,
            self.tr("Files that are sent"),
            (
                Column("name", self.tr("File"), 320),
                Column("size", self.tr("Size"), 90, show=text.size, numeric=True),
                Column("holds", self.tr("Holds"), 240),
            ),
            most=8,
        )
        page.column.addWidget(self.files)
        self.rest = Text(
            self.tr(
                "The files leave as they are: header, sample names, genotypes and every other field in them; "
                "whoever reads them at the service sees all of it. The job name, the panel and the options "
                "you choose go with them; nothing else leaves this computer: no other file, no folder names, "
                "no check report."
            ),
            muted=True,
        )
        page.column.addWidget(self.rest)
        page.column.addWidget(SectionHeading(self.tr("Where it went before")))
        self.nowhere = Text(self.tr("It has never left this computer with Haplodesk."), muted=True)
        page.column.addWidget(self.nowhere)
        self.jobs = ShortTable(context.theme, self.tr("Where it went before"), self._job_columns(context.now))
        page.column.addWidget(self.jobs)

    def _job_columns(self, now: Callable[[], datetime]) -> tuple[Column, ...]:
        return (
            Column("name", self.tr("Job"), 200),
            Column("service", self.tr("Service"), 220),
            Column("panel", self.tr("Panel"), 200),
            Column("size", self.tr("Sent"), 80, show=text.size, numeric=True),
            time_column("submitted", self.tr("When"), now),
            Column("state", self.tr("State"), 120, status=job_state),
        )

    def show_dataset(self, dataset: Dataset, jobs: Sequence[Job], names: dict[str, str]) -> None:
        """Show another dataset."""
        n = len(dataset.files)
        self.words.setText(
            plural(self.tr("A job sends %Ln file(s), {0} together:", "", n), n).format(
                text.size(dataset.size)
            )
        )
        facts = {f.path: f for f in dataset.report.files} if dataset.report is not None else {}
        self.files.show_rows([(f.name, f.size, self._holds(facts.get(f.path))) for f in dataset.files])
        self.nowhere.setVisible(not jobs)
        self.jobs.setVisible(bool(jobs))
        self.jobs.show_rows(sent_rows(jobs, names))

    def _holds(self, facts: FileFacts | None) -> str:
        if facts is None:
            return self.tr("not looked at yet")
        return self.tr("genotypes of {0} people at {1} sites").format(
            text.number(facts.samples), text.number(facts.variants)
        )
