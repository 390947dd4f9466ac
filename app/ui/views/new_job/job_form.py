"""The page of a new job: what, where and how, and what will be sent below, with what is wrong so far."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QFileDialog, QSplitter, QVBoxLayout, QWidget

from app.domain.changes import Changes, Noun
from app.domain.dataset import Dataset, DatasetState
from app.domain.panel import Panel
from app.domain.parameter import Form
from app.domain.problem import Problem
from app.domain.service import Service, StoredForm
from app.operations.draft_job import PHASE_HERE, JobDraft, Preflight
from app.ui.context import Context
from app.ui.theme import GRID
from app.ui.views.new_job.filling import (
    Filling,
    by_field,
    choices_of,
    further_files,
    hint,
    is_open,
    shown_parameters,
    terms_of,
    why_not,
    with_defaults,
)
from app.ui.views.new_job.how_column import HowColumn
from app.ui.views.new_job.phasing_offer import (
    PhasingOffer,
    beagle_is_here,
    fitting_panels,
    lacking_words,
    offer_for_one,
)
from app.ui.views.new_job.send_bar import SendBar
from app.ui.views.new_job.targets import Targets, route
from app.ui.views.new_job.what_column import WhatColumn
from app.ui.views.new_job.where_column import WhereColumn
from app.ui.views.view import View

KEPT = "new_job/form"
OF_BENCHMARK = "bench-"
AGAIN = " again"
LOOK_AFTER_MS = 150
OF_DATA = ("dataset", PHASE_HERE)


class JobForm(View):
    """The page without what its buttons send: a draft that survives closing."""

    nouns = frozenset({Noun.DATASET, Noun.SERVICE, Noun.PANEL})

    def __init__(self, context: Context, parent: QWidget | None = None) -> None:
        super().__init__(context, parent)
        self.filling = Filling.recalled(context.layout.value(KEPT))
        self.datasets: tuple[Dataset, ...] = ()
        self.services: tuple[Service, ...] = ()
        self.panels: tuple[Panel, ...] = ()
        self.form: Form | None = None
        self._form_of = ("", "")
        self._asked: object = None
        self._packs = True
        self._beagle = True
        self._sending = False
        self._touched: set[str] = set()
        self._tried = False
        self._brought_back = False
        self._look = QTimer(self, singleShot=True, interval=LOOK_AFTER_MS)
        self._look.timeout.connect(self._ask_preview)
        self._build()
        self._connect()

    def _build(self) -> None:
        self.what = WhatColumn(self.context, self.add_files, self._practise)
        self.where = WhereColumn(self.context, lambda: self.context.navigate("services", None), self._start)
        self.how = HowColumn()
        self.bar = SendBar(self.context)
        self.targets = Targets(self.context, self)
        self.columns = QSplitter()
        self.columns.setChildrenCollapsible(False)
        self.columns.setHandleWidth(GRID * 2)
        for column in (self.what, self.where, self.how):
            self.columns.addWidget(column)
        self.columns.setMinimumHeight(GRID * 28)
        self.bar.installEventFilter(self.context.notices)
        self.columns.setSizes([300, 400, 320])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(GRID * 2, GRID * 2, GRID * 2, GRID * 2)
        layout.setSpacing(GRID * 2)
        layout.addWidget(self.columns, 1)
        layout.addWidget(self.targets.card)
        layout.addWidget(self.bar)
        self.how.show_form(None, self.filling, "")
        self._show_preview(None)

    def _connect(self) -> None:
        self.what.chosen.connect(self._choose_dataset)
        self.where.chosen.connect(self._choose_panel)
        self.how.changed.connect(self._set_option)
        self.how.name_changed.connect(lambda words: self._set("name", words))
        self.how.password_changed.connect(lambda on: self._set("own_password", on))
        self.bar.terms_changed.connect(lambda terms: self._set("terms", terms))
        self.bar.reason_changed.connect(lambda words: self._set("override_reason", words))
        self.targets.card.settled.connect(self._look.start)
        self.bar.phasing.settled.connect(self._look.start)

    # Reading.

    def refresh(self) -> None:
        """Read datasets, services and panels."""
        self.read(self.context.library.datasets(), self._take_datasets)
        self.read(self.context.library.services(), self._take_services)

    def foot_height(self) -> int:
        """The button that sends is never covered."""
        return self.bar.height() + GRID * 2

    def reveal(self, item_id: str) -> None:
        """Start a job for a dataset, or for the best panel of a benchmark with the whole dataset.

        `dataset like job` fills the form as that job was sent, `service instead of job` with the data of a
        job that waits for another service.
        """
        if item_id.startswith(OF_BENCHMARK):
            benchmark_id = item_id.removesuffix(AGAIN)
            again = benchmark_id != item_id
            self.do(self.context.operations.winner_draft(benchmark_id, again=again), self.take_draft)
            return
        service_id, instead, waiting = item_id.partition(" instead of ")
        if instead:
            work = self.context.operations.mirror_draft(waiting, service_id)
            self.do(work, lambda draft: self.take_draft(draft, instead_of=waiting))
            return
        dataset_id, like, job_id = item_id.partition(" like ")
        if like:
            self.do(self.context.operations.draft_like(dataset_id, job_id), self.take_draft)
            return
        self._choose_dataset(item_id)
        self.refresh()

    def take_draft(self, draft: JobDraft, instead_of: str = "") -> None:
        """Fill the form by a draft; the terms are to be ticked by a person."""
        self.filling = Filling(
            dataset_id=draft.dataset_id,
            service_id=draft.service_id,
            app_id=draft.app_id,
            panel_id=draft.panel_id,
            name=draft.name,
            options=dict(draft.options),
            own_password=draft.own_password,
            group=draft.group or "",
            instead_of=instead_of,
        )
        self._touched, self._tried, self._asked = set(), False, None
        self._keep()
        self.refresh()

    def _take_datasets(self, datasets: tuple[Dataset, ...]) -> None:
        self.datasets = datasets
        if datasets and self._dataset() is None:
            self.filling.dataset_id = datasets[0].id
        self.what.show_datasets(datasets, self.filling.dataset_id)
        self._follow_dataset()

    def _take_services(self, services: tuple[Service, ...]) -> None:
        self.services = services
        self.read(self.context.library.panels(), self._take_panels)

    def _take_panels(self, panels: tuple[Panel, ...]) -> None:
        self.panels = panels
        self.where.show_services(self.services, panels, self.filling.place())
        self._read_form()
        here = {each.id for each in self.services if each.is_here}
        local = next((each for each in panels if each.service_id in here), None)
        if local is not None:
            self.read(self.context.library.form(local.service_id, local.app_id), self._take_engines)

    def _take_engines(self, stored: StoredForm | None) -> None:
        self._beagle = beagle_is_here(stored.form if stored is not None else None)
        self._offer_phasing()

    def _offer_phasing(self) -> None:
        """Phasing on this computer, where the data and those who get them have a use for it."""
        service, dataset, several = self._service(), self._dataset(), bool(self.targets)
        use = offer_for_one(self.form, self.filling.panel_id, service, dataset)
        others = [each for found in self.targets.found or () for each in found.obstacles]
        fitting = fitting_panels(self.services, self.panels, dataset)
        offer = PhasingOffer(
            panels=fitting if several or use is not None else (),
            needed=bool(use) or any(each.field == PHASE_HERE for each in others),
            several=several,
            lacking=lacking_words(dataset),
        )
        self.bar.phasing.offer(
            offer, service=service.name if service is not None else "", beagle=self._beagle
        )

    def _read_form(self) -> None:
        wanted = (self.filling.service_id, self.filling.app_id)
        if not all(wanted):
            self._look.start()
            return
        library = self.context.library

        async def both() -> tuple[StoredForm | None, dict[str, str]]:
            return await library.form(*wanted), await library.why_not(wanted[0])

        self.read(both(), lambda told: self._take_form(wanted, *told))

    def _take_form(self, wanted: tuple[str, str], stored: StoredForm | None, cannot: dict[str, str]) -> None:
        if wanted != (self.filling.service_id, self.filling.app_id):
            return
        self._packs = "passwords" not in cannot
        other = wanted != self._form_of or (stored is not None and stored.form != self.form)
        self.form = stored.form if stored is not None else None
        self._form_of = wanted
        if other:
            self.filling.terms = self._still_ticked()
        self._brought_back = False
        self._show_form(anew=other)

    def _still_ticked(self) -> dict[str, str]:
        """Ticks count for the service and the words they were set under: those of a form brought back."""
        if self.form is None or not self._brought_back:
            return {}
        ticked = self.filling.terms
        return {each.id: each.label for each in terms_of(self.form) if ticked.get(each.id) == each.label}

    def _show_form(self, *, anew: bool = False) -> None:
        """Show the fields; those that stand stay, and with them the keyboard and an open list, unless
        something else than what was typed has changed."""
        filled = dict(self.filling.options)
        if self.form is not None:
            with_defaults(self.filling, self.form, self._dataset())
        asked = (self.form, self._placeholder(), self.filling.panel_id, self._offered())
        if anew or asked != self._asked or filled != self.filling.options:
            self._asked = asked
            if self.form is not None:
                self.bar.show_terms(terms_of(self.form), tuple(self.filling.terms))
            self.how.show_form(self.form, self.filling, self._placeholder(), passwords=self._packs)
        self._keep()

    def _offered(self) -> tuple[object, ...]:
        if self.form is None:
            return ()
        return tuple(choices_of(p, self.filling, self.form) for p in shown_parameters(self.form))

    def _placeholder(self) -> str:
        dataset = self._dataset()
        return dataset.name if dataset is not None else ""

    def _dataset(self) -> Dataset | None:
        return next((d for d in self.datasets if d.id == self.filling.dataset_id), None)

    def _service(self) -> Service | None:
        return next((s for s in self.services if s.id == self.filling.service_id), None)

    def _panel(self) -> Panel | None:
        wanted = self.filling.place()
        return next((p for p in self.panels if (p.service_id, p.app_id, p.id) == wanted), None)

    # What the user does.

    def _choose_dataset(self, dataset_id: str) -> None:
        if dataset_id != self.filling.dataset_id:
            self.filling.group = ""
        self.filling.dataset_id = dataset_id
        self.filling.override_reason = ""
        self._follow_dataset()
        dataset = self._dataset()
        if self.targets and dataset is not None:
            self.read(self.targets.follow(dataset), lambda _: self._targets_changed())

    def _follow_dataset(self) -> None:
        dataset = self._dataset()
        if dataset is not None and dataset.state is DatasetState.NEW:
            self.do(self.context.operations.check_dataset(dataset.id, self.filling.service_id or None))
        self._show_form()

    def _choose_panel(self, chosen: tuple[str, str, str]) -> None:
        self.filling.service_id, self.filling.app_id, self.filling.panel_id = chosen
        self._read_form()

    def _set_option(self, parameter_id: str, value: object) -> None:
        if isinstance(value, str | bool):
            self.filling.options[parameter_id] = value
            self._touched.add(parameter_id)
            bound = self.form is not None and any(p.bound_to == parameter_id for p in self.form.parameters)
            if bound:
                self._show_form()
            self._keep()

    def _set(self, name: str, value: object) -> None:
        setattr(self.filling, name, value)
        self._keep()

    def _keep(self) -> None:
        self.context.layout.set(KEPT, self.filling.remembered())
        self._look.start()

    # What is wrong so far.

    def _ask_preview(self) -> None:
        draft = self.filling.draft()
        self._offer_phasing()
        if self.targets or (draft is not None and self.bar.phasing.panel_id()):
            self._ask_group_preview(draft)
        elif draft is None:
            self._show_preview(None)
        else:
            self.read(self.context.operations.preview(draft), self._show_preview)

    def _ask_group_preview(self, draft: JobDraft | None) -> None:
        """Look at the waiting forms and at the one on the page together."""
        drafts = [*self.targets.drafts(), *([draft] if draft is not None else [])]
        number = len(self.targets.fillings)

        def found(told: tuple[Preflight, ...]) -> None:
            if number == len(self.targets.fillings) and len(told) >= number:
                self.targets.found = told[:number]
                self._show_preview(told[number] if len(told) > number else None)

        panel = self.bar.phasing.panel_id()
        self.read(self.context.operations.preview_group(drafts, panel), found)

    def on_read_problem(self, problem: Problem) -> None:
        """A dataset or service that was removed meanwhile: the next reading shows it."""
        self._show_preview(None)

    def _show_preview(self, found: Preflight | None) -> None:
        problems = by_field(found.obstacles if found is not None else ())
        checked = self._checked_now()
        if checked:
            problems = {place: each for place, each in problems.items() if place not in OF_DATA}
        self.what.show_checking(checked)
        self.what.show_problems(problems.get("dataset", ()))
        places = ("token", "service", "panel", "disk")
        self.where.show_problems([p for place in places for p in problems.get(place, ())])
        self.where.show_cautions([each.problem for each in found.cautions] if found is not None else ())
        self.bar.phasing.show_problem(problems.get(PHASE_HERE, ()))
        self.how.show_mistakes(problems, self._untouched())
        along = further_files(self.form, self.filling)
        self.bar.show_route(self._dataset(), self._service(), self._panel(), along)
        severe = any("refuse these files" in p.title for p in problems.get("dataset", ()))
        self.bar.ask_reason(severe, self.filling.override_reason)
        self._show_ready(found, problems)
        self._show_several(found)

    def _show_several(self, found: Preflight | None) -> None:
        """The list of waiting forms, and what they change of the button."""
        self.bar.another.setEnabled(self.filling.draft() is not None and not self._sending)
        known = self.targets.found or ()
        bad = [each for each in (*known, *([found] if found is not None else [])) if each.obstacles]
        self.targets.show(self.services, self.panels, blocked=bool(bad))
        if not self.targets:
            return
        fillings = [*self.targets.fillings, *([self.filling] if self.filling.draft() is not None else [])]
        routes = [route(each, self.services, self.panels) for each in fillings]
        self.bar.show_several(self._dataset(), routes, len({each.service_id for each in fillings}))
        if self._sending:
            return
        hint_now = self._several_hint(found, bad, len(fillings))
        self.bar.show_ready(not hint_now, hint_now)

    def _several_hint(self, found: Preflight | None, bad: list[Preflight], number: int) -> str:
        """Why nothing can be sent now, as a sentence; empty when it can."""
        if self.targets.found is None or (self.filling.draft() is not None and found is None):
            return self.tr("Looking at each service…")
        if self._checked_now():
            return self.tr("The files are being checked.")
        if len(bad) == number:
            return self.tr("None of these can be sent now.")
        if bad and not self.targets.card.others.isChecked():
            return f"{bad[0].service.name}: {bad[0].obstacles[0].problem.title}."
        return ""

    def _checked_now(self) -> str:
        """The name of the chosen dataset while it is being checked."""
        dataset = self._dataset()
        waits = dataset is not None and dataset.state in {DatasetState.NEW, DatasetState.CHECKING}
        return dataset.name if dataset is not None and waits else ""

    def _untouched(self) -> set[str]:
        """Lists that nobody chose from yet; once sending was tried, they are mistakes."""
        if self.form is None or self._tried:
            return set()
        found = {p.id for p in shown_parameters(self.form) if is_open(p, self.filling)}
        return found - self._touched

    def _closed(self) -> str:
        """Why the chosen service takes nothing now, as a sentence."""
        service = self._service()
        if service is None:
            return ""
        reason = why_not(service, self.context.library.practice_url())
        return f"{service.name}: {reason}." if reason else ""

    def _show_ready(self, found: Preflight | None, problems: dict[str, list[Problem]]) -> None:
        if self._sending:
            self.bar.show_ready(False, self._waiting_words())
        elif found is None:
            self.bar.show_ready(False, "")
        else:
            first = next(((name, each[0]) for name, each in problems.items() if each), None)
            words = hint(*first, self.form, self.filling) if first is not None else self._closed()
            if not words and self._checked_now():
                words = self.tr("The files are being checked.")
            self.bar.show_ready(not words, words)

    def _waiting_words(self) -> str:
        """What goes on between the button and the job."""
        if self.bar.phasing.panel_id():
            return self.tr("Phasing on this computer; the strip below shows how far it is, and can stop it…")
        return self.tr("Asking the services…") if self.targets else self.tr("Asking the service…")

    # Files.

    def add_files(self) -> QFileDialog:
        """Choose files for a new dataset."""
        dialog = QFileDialog(self, self.tr("Add genotype files"))
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.setNameFilter(self.tr("Genotype files (*.vcf.gz *.vcf *.bcf);;All files (*)"))
        dialog.filesSelected.connect(lambda names: self.drop([Path(n) for n in names]))
        dialog.open()
        return dialog

    def drop_words(self, paths: Sequence[Path]) -> str | None:
        """Files dropped here become the data of this job."""
        return self.tr("Use these files for the new job")

    def drop(self, paths: Sequence[Path]) -> None:
        """Make a dataset of the files and choose it."""
        self.do(self.context.operations.add_dataset(list(paths)), self._added)

    def _start(self) -> None:
        self.do(self.context.operations.start_practice(), lambda _: self.refresh())

    def _practise(self) -> None:
        self.do(self.context.operations.add_practice_data(), self._added)

    def _added(self, changes: Changes) -> None:
        for dataset_id in changes.ids(Noun.DATASET)[:1]:
            self.filling.dataset_id = dataset_id
            self.refresh()

    def _targets_changed(self) -> None:
        self.targets.keep()
        self._show_several(None)
        self._look.start()
