"""New job: the page, the list of services that get the same data, and the sending to one or all of them."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QWidget

from app.domain.changes import Changes, Noun
from app.domain.job import OPEN_STATES, Job
from app.domain.problem import Problem
from app.operations.job_group import GroupSent
from app.ui import text
from app.ui.colours import Status
from app.ui.context import Context
from app.ui.dialogs.confirm import confirm
from app.ui.text import plural
from app.ui.views.new_job.filling import Filling, another
from app.ui.views.new_job.job_form import JobForm


class NewJobView(JobForm):
    """A draft until it is sent."""

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.bar.send.connect(self._send)
        self.bar.add_another.connect(self.add_another)
        self.targets.card.change.connect(self._change_target)
        self.targets.card.remove.connect(self._remove_target)

    # Several services.

    def add_another(self) -> None:
        """Keep the filled form in the list, and show an empty one for the same data."""
        if self.filling.draft() is not None and not self._sending:
            self.targets.add(self.filling)
            self._take_filling(another(self.filling))

    def _change_target(self, number: int) -> None:
        """Bring a form back to the page; the one that is there takes its place in the list."""
        filling = self.targets.take(number)
        if filling is not None:
            if self.filling.draft() is not None:
                self.targets.add(self.filling)
            self._take_filling(filling)

    def _remove_target(self, number: int) -> None:
        self.targets.take(number)
        self._targets_changed()

    def _take_filling(self, filling: Filling) -> None:
        """Show another form with the ticks that were set in it."""
        self.filling = filling
        self._touched, self._tried, self._asked = set(), False, None
        self.form, self._form_of, self._brought_back = None, ("", ""), bool(filling.terms)
        self.bar.show_terms((), ())
        self._show_form(anew=True)
        self.where.show_services(self.services, self.panels, filling.place())
        self._show_several(None)
        self._read_form()

    def _send_group(self) -> None:
        draft = self.filling.draft()
        drafts = [*self.targets.drafts(), *([draft] if draft is not None else [])]
        others = self.targets.card.others.isChecked()
        phasing = self.bar.phasing
        work = self.context.operations.create_group(
            drafts, send_others=others, phase_with=phasing.panel_id(), phase_by=phasing.program_id()
        )
        sent = [*self.targets.fillings, self.filling]
        self.do(work, lambda told: self._group_sent(sent, told), self._refused, self._stopped)

    def _group_sent(self, fillings: list[Filling], sent: GroupSent) -> None:
        """What could not be sent stays in the list."""
        told = list(zip(fillings, sent.obstacles, strict=False))
        stay = [filling for filling, why in told if why]
        gone = {id(filling) for filling, why in told if not why}
        left = [each for each in (*self.targets.fillings, self.filling) if id(each) not in gone]
        self.targets.fillings = [each for each in left if each.draft() is not None]
        self.targets.keep()
        self._sent(sent.changes, [filling for filling, why in told if not why])
        self._show_several(None)
        if stay:
            self.context.notices.say(
                plural(self.tr("%Ln job(s) could not be sent", "", len(stay)), len(stay)),
                self.tr("What stands in the way is told in “New job”, where it waits for you."),
                Status.WARNING,
            )

    # Sending.

    def _send(self) -> None:
        draft = self.filling.draft()
        together = bool(self.targets or (draft is not None and self.bar.phasing.panel_id()))
        if self._sending or not (together or draft):
            return
        self._sending = True
        self.bar.problem.clear()
        self.bar.show_ready(False, self._waiting_words())
        if together:
            self._send_group()
        elif draft is not None:
            work = self.context.operations.create_job(draft)
            self.do(work, self._sent, self._refused, self._stopped)

    def _stopped(self) -> None:
        """A person stopped the phasing in the strip: the draft is as it was."""
        self._sending = False
        self._look.start()

    def _sent(self, changes: Changes, sent: Sequence[Filling] = ()) -> None:
        self._sending = False
        waiting = next((each.instead_of for each in sent or (self.filling,) if each.instead_of), "")
        by_hand = any(s.is_by_hand for s in self.services if s.id == self.filling.service_id)
        number = len(sent) or 1
        self._touched, self._tried = set(), False
        self.filling = Filling(
            service_id=self.filling.service_id, app_id=self.filling.app_id, panel_id=self.filling.panel_id
        )
        if not self.targets:
            self.bar.phasing.forget()
        self.what.show_datasets(self.datasets, "")
        self._show_form(anew=True)
        title, words = self._sent_words(number, by_hand)
        self.context.notices.say(title, words, Status.DONE, about=next(iter(changes.ids(Noun.JOB)), ""))
        for job_id in changes.ids(Noun.JOB)[:1]:
            self.context.navigate("jobs", job_id)
        if waiting:
            self.read(self.context.library.job(waiting), self._ask_of_waiting)

    def _sent_words(self, number: int, by_hand: bool) -> tuple[str, str]:
        """A web page gets nothing by itself: there its person goes on."""
        if number > 1:
            told = self.tr("{0} jobs are on their way").format(text.number(number))
        elif by_hand:
            return self.tr("The files are being prepared"), self.tr(
                "Then you upload them: the page of the job leads you, step by step."
            )
        else:
            told = self.tr("The job is on its way")
        return told, self.tr("Go on working; you are told when it is done.")

    def _ask_of_waiting(self, job: Job | None) -> None:
        """The same data went elsewhere: what becomes of the job in whose place they went is asked."""
        if job is None or job.state not in OPEN_STATES:
            return
        name = next((each.name for each in self.services if each.id == job.service_id), job.service_id)
        words = self.tr("It waits for {0} and is sent as soon as that answers: then the same data are twice "
                        "on their way.").format(name)  # fmt: skip
        if not job.is_to_send:
            words = self.tr("It has reached {0} meanwhile: the same data are twice on their way.").format(
                name
            )
        confirm(
            self.window(),
            self.tr("Cancel the first job, {0}?").format(job.name),
            words,
            self.tr("Cancel the first job"),
            lambda: self.do(self.context.operations.cancel_job(job.id)),
            self.tr("Keep both"),
        )

    def _refused(self, problem: Problem) -> None:
        self._sending = False
        self._tried = True
        self.bar.problem.show_problem(problem, self._send)
        # The service was asked anew: its form and its terms may be other ones now.
        self._read_form()
        self._look.start()
