"""Which panel is best for these data? Sites are hidden, the rest is sent to panels, each answer is scored."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtWidgets import QComboBox, QHBoxLayout, QMessageBox, QPushButton, QVBoxLayout, QWidget

from app.domain.benchmark import Benchmark
from app.domain.changes import Changes, Noun
from app.domain.dataset import Dataset
from app.domain.panel import Panel
from app.domain.parameter import Form
from app.domain.problem import Problem
from app.domain.service import Service
from app.operations.draft_job import JobDraft
from app.operations.masked_benchmark import BenchmarkPlan, BenchmarkTarget
from app.ui import text
from app.ui.context import Context
from app.ui.dialogs.confirm import confirm
from app.ui.text import plural
from app.ui.theme import GRID
from app.ui.views.benchmark.candidates import AnswerKey, AppKey, Candidate, candidates, filled, unsent
from app.ui.views.benchmark.choice_card import ChoiceCard
from app.ui.views.benchmark.send_card import LEAST_PANELS, SendCard
from app.ui.views.benchmark.standing_card import StandingCard
from app.ui.views.view import View
from app.ui.widgets.basics import EmptyState
from app.ui.widgets.elided import ElidedHeading
from app.ui.widgets.page import ScrollPage

WIDEST = GRID * 160


@dataclass(frozen=True)
class Known:
    """What is known when the page is shown."""

    dataset: Dataset | None
    services: tuple[Service, ...]
    panels: tuple[Panel, ...]
    benchmarks: tuple[Benchmark, ...]


@dataclass(frozen=True)
class Wish:
    """What a person said about the sending, at the moment of the click."""

    dataset: Dataset
    forms: dict[AppKey, Form]
    answers: dict[AnswerKey, str]
    terms: dict[AppKey, dict[str, str]]

    def filled(self, draft: JobDraft) -> JobDraft:
        """The draft with all of it."""
        return filled(draft, self.forms, self.dataset, self.answers, self.terms)


class BenchmarkView(View):
    """`reveal(id)` of a dataset shows its newest benchmark, or the choice of panels when there is none."""

    nouns = frozenset({Noun.BENCHMARK, Noun.DATASET, Noun.SERVICE, Noun.PANEL, Noun.JOB})

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.dataset_id = ""
        self.benchmark_id: str | None = None
        self.known: Known | None = None
        self.forms: dict[AppKey, Form] = {}
        self._asked: set[AppKey] = set()
        self._first = True
        self._resend = False
        self._working = False
        self.empty = EmptyState(
            context.theme,
            "panels",
            self.tr("Select a dataset in Uploads, then “Which panel is best for these data?”."),
            self.tr("See the datasets"),
            lambda: context.navigate("uploads", None),
        )
        self.page = self._make_page()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.empty, 1)
        column.addWidget(self.page, 1)
        self.page.hide()

    # Made once.

    def _make_page(self) -> ScrollPage:
        page = ScrollPage(width=WIDEST, margin=GRID * 2)
        page.column.addLayout(self._header())
        self.choice = ChoiceCard(self.context)
        self.choice.changed.connect(self._show_sending)
        self.standing = StandingCard(self.context)
        self.standing.again.clicked.connect(self._send_again)
        self.standing.everything.connect(self._send_everything)
        self.standing.remove.clicked.connect(self.ask_removal)
        self.sending = SendCard(self.context)
        self.sending.send.connect(self._go)
        for card in (self.choice, self.standing, self.sending):
            page.column.addWidget(card)
        return page

    def _header(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(GRID)
        self.back = QPushButton(self.tr("The dataset"))
        self.context.theme.bind_icon(self.back, "previous")
        self.back.clicked.connect(lambda: self.context.navigate("uploads", self.dataset_id or None))
        self.title = ElidedHeading()
        self.past = QComboBox()
        self.past.setAccessibleName(self.tr("Benchmark"))
        self.past.activated.connect(lambda _: self._choose(self.past.currentData()))
        row.addWidget(self.back)
        row.addWidget(self.title, 1)
        row.addWidget(self.past)
        return row

    # Reading.

    def reveal(self, item_id: str) -> None:
        """Ask it of a dataset."""
        if item_id != self.dataset_id:
            self.dataset_id, self.benchmark_id, self.known = item_id, None, None
            self._first, self._resend = True, False
            self.sending.forget_ticks()
            self.sending.problem.clear()
        self.refresh()

    def refresh(self) -> None:
        """Read everything."""
        if self.dataset_id:
            self.read(self._known(self.dataset_id), self._take)

    async def _known(self, dataset_id: str) -> Known:
        library = self.context.library
        found = await library.benchmarks()
        return Known(
            await library.dataset(dataset_id),
            await library.services(),
            await library.panels(),
            tuple(each for each in found if each.dataset_id == dataset_id),
        )

    def _take(self, known: Known) -> None:
        if known.dataset is None or known.dataset.id != self.dataset_id:
            self.page.setVisible(known.dataset is not None)
            self.empty.setVisible(known.dataset is None)
            return
        self.known = known
        if self._first and known.benchmarks:
            self.benchmark_id = known.benchmarks[0].id
        first, self._first = self._first, False
        self.empty.hide()
        self.page.show()
        self.title.setText(self.tr("Which panel is best for {0}?").format(known.dataset.name))
        self.choice.show_candidates(self._candidates(), anew=first)
        report = known.dataset.report
        self.choice.show_chromosomes(report.chromosomes if report is not None else (), anew=first)
        self._show_past(known)
        self._show_all()

    def _candidates(self) -> tuple[Candidate, ...]:
        known = self.known
        if known is None or known.dataset is None:
            return ()
        url = self.context.library.practice_url()
        return candidates(known.dataset, known.services, known.panels, (), url)

    def _show_past(self, known: Known) -> None:
        """The list is made anew only when it changed: somebody may have it open."""
        listed = [self.past.itemData(n) for n in range(self.past.count())]
        if listed != [None, *(each.id for each in known.benchmarks)]:
            self.past.clear()
            self.past.addItem(self.tr("A new benchmark"), None)
            for each in known.benchmarks:
                made = text.relative(each.created, self.context.now())
                self.past.addItem(self.tr("{0}, seed {1}").format(made, each.hidden.seed), each.id)
        self.past.setCurrentIndex(max(0, self.past.findData(self.benchmark_id)))
        self.past.setVisible(bool(known.benchmarks))

    def _choose(self, benchmark_id: str | None) -> None:
        self.benchmark_id, self._resend = benchmark_id, False
        self.sending.problem.clear()
        self._show_all()

    @property
    def benchmark(self) -> Benchmark | None:
        """The one that is shown; None while panels are chosen for a new one."""
        known = self.known.benchmarks if self.known is not None else ()
        return next((each for each in known if each.id == self.benchmark_id), None)

    # Shown.

    def _show_all(self) -> None:
        made = self.benchmark
        self.choice.setVisible(made is None)
        self.standing.setVisible(made is not None)
        if made is not None:
            missing = len(unsent(made, self._candidates()))
            self._resend = self._resend and missing > 0
            self.standing.show_benchmark(made, 0 if self._resend or self._working else missing)
        self._show_sending()

    def _targets(self) -> tuple[Candidate, ...]:
        made = self.benchmark
        return self.choice.chosen() if made is None else unsent(made, self._candidates())

    def _show_sending(self) -> None:
        known, made = self.known, self.benchmark
        self.sending.setVisible(made is None or self._resend)
        if known is None or known.dataset is None or self.sending.isHidden():
            return
        targets = self._targets()
        for each in targets:
            self._need_form(each.app)
        words = self._what_leaves()
        button, least = (self._new_words, LEAST_PANELS) if made is None else (self._again_words, 1)
        lacking = ""
        if made is None and self.choice.chromosomes and not self.choice.plan_chromosomes():
            lacking = self.tr("Choose a chromosome.")
        self.sending.show_chosen(targets, self.forms, known.dataset, words, button, least, lacking)

    def _new_words(self, n: int) -> str:
        return plural(self.tr("Hide and send to %Ln panel(s)", "", n), n)

    def _again_words(self, n: int) -> str:
        return plural(self.tr("Send again to %Ln panel(s)", "", n), n)

    def _what_leaves(self) -> str:
        rest = self.tr(
            "Will be sent: the other sites of these chromosomes, one VCF each, with sample names and "
            "genotypes. The hidden genotypes stay on this computer."
        )
        if self.benchmark is not None:
            return rest
        chosen = self.choice.plan_chromosomes()
        hides = self.tr("{0} of the typed sites are hidden, of each range of frequency; chromosomes: {1}.")
        if not chosen:
            hides = self.tr(
                "{0} of the typed sites of chromosomes 20 and 22 are hidden, or of all when neither is there."
            )
        return f"{hides.format(text.percent(self.choice.plan_share(), 1), ', '.join(chosen))} {rest}"

    # Forms.

    def _need_form(self, app: AppKey) -> None:
        """Read a form once; the service is asked for one that was never read."""
        if app in self._asked:
            return
        self._asked.add(app)

        def take(form: Form | None) -> None:
            if form is None:
                self._asked.discard(app)
                return
            self.forms[app] = form
            self._show_sending()

        def failed(problem: Problem) -> None:
            self.sending.problem.show_problem(problem, lambda: self._retry_form(app))

        self.do(self._form(app), take, failed)

    def _retry_form(self, app: AppKey) -> None:
        self._asked.discard(app)
        self._need_form(app)

    async def _form(self, app: AppKey) -> Form | None:
        stored = await self.context.library.form(*app)
        if stored is None:
            await self.context.operations.read_form(*app)
            stored = await self.context.library.form(*app)
        return stored.form if stored is not None else None

    # Done.

    def _go(self) -> None:
        """What was answered and ticked is taken now: nothing that is ticked later belongs to it."""
        dataset = self.known.dataset if self.known is not None else None
        if dataset is None or self._working:
            return
        wish = Wish(dataset, dict(self.forms), self.sending.answers(), self.sending.terms())
        self._working = True
        self.sending.problem.clear()
        if self.benchmark_id is not None:
            self._send(self.benchmark_id, wish)
            return
        self.sending.show_busy(self.tr("Hiding sites…"))
        made = self.context.operations.make_benchmark(self._plan())
        self.do(made, lambda changes: self._send(changes.ids(Noun.BENCHMARK)[0], wish), self._failed)

    def _plan(self) -> BenchmarkPlan:
        targets = (
            BenchmarkTarget(service_id=c.service.id, panel_id=c.panel.id, app_id=c.panel.app_id)
            for c in self.choice.chosen()
        )
        return BenchmarkPlan(
            dataset_id=self.dataset_id,
            targets=tuple(targets),
            share=self.choice.plan_share(),
            seed=self.choice.plan_seed(),
            chromosomes=self.choice.plan_chromosomes(),
        )

    def _send(self, benchmark_id: str, wish: Wish) -> None:
        operations = self.context.operations

        async def work() -> Changes:
            drafts = await operations.benchmark_drafts(benchmark_id)
            ready = {key: wish.filled(draft) for key, draft in drafts.items()}
            return await operations.send_benchmark(benchmark_id, ready)

        if wish.dataset.id == self.dataset_id:
            self.benchmark_id = benchmark_id
        self.sending.show_busy(self.tr("Checking and sending, one after the other…"))
        self.do(work(), self._sent, self._failed)

    def _sent(self, changes: Changes) -> None:
        self._resend = False
        self._settle()
        n = len(set(changes.ids(Noun.JOB)))
        self.context.notices.say(
            self.tr("The benchmark is on its way"),
            plural(self.tr("Sent to %Ln panel(s); each result is scored when it has arrived.", "", n), n),
        )

    def _failed(self, problem: Problem) -> None:
        self._resend = self.benchmark_id is not None
        self._settle()
        self.sending.problem.show_problem(problem)

    def _settle(self) -> None:
        """Terms are ticked anew for the next time, by what the services say then."""
        self._working = False
        self.sending.show_busy("")
        self.sending.forget_ticks()
        self.forms.clear()
        self._asked.clear()
        self.refresh()

    def _send_again(self) -> None:
        self._resend = True
        self._show_all()

    def _send_everything(self, again: bool) -> None:
        """Open a new job with the whole dataset for the best panel; it is sent there."""
        if self.benchmark_id is not None:
            self.context.navigate("new_job", self.benchmark_id + (" again" if again else ""))

    def ask_removal(self) -> QMessageBox | None:
        """Ask whether the benchmark that is shown goes."""
        made = self.benchmark
        if made is None:
            return None
        return confirm(
            self,
            self.tr("Remove this benchmark?"),
            self.tr(
                "Its scores, the hidden genotypes and the masked files are deleted. Jobs and results stay, "
                "and so does the dataset."
            ),
            self.tr("Remove"),
            lambda: self._remove(made.id),
        )

    def _remove(self, benchmark_id: str) -> None:
        self.do(self.context.operations.remove_benchmark(benchmark_id), lambda _: self._removed(benchmark_id))

    def _removed(self, benchmark_id: str) -> None:
        """Show the newest of the others, or the choice of panels."""
        if self.benchmark_id == benchmark_id:
            self.benchmark_id, self._resend = None, False
            self._first = True
        self.refresh()
