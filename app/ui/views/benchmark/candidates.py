"""Who may be asked which panel is best, and what their forms leave open. No Qt in here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from app.domain.benchmark import Benchmark, EntryState
from app.domain.dataset import Dataset
from app.domain.job import Job
from app.domain.panel import Panel
from app.domain.parameter import Choice, Form, Parameter
from app.domain.service import Service
from app.operations.draft_job import JobDraft
from app.operations.masked_benchmark import is_r2_filter
from app.ui.views.new_job.filling import (
    Filling,
    choices_of,
    is_open,
    shown_parameters,
    why_not,
    with_defaults,
)
from app.ui.views.uploads.service_fit import Fit, ServiceFit, fit_of

AppKey = tuple[str, str]
AnswerKey = tuple[str, tuple[str, ...]]
Forms = Mapping[AppKey, Form]


@dataclass(frozen=True)
class Candidate:
    """A panel that could be asked; `way` says why its service takes nothing now, `other_build` that its
    results have other positions than the data."""

    service: Service
    panel: Panel
    fit: ServiceFit
    way: str = ""
    other_build: bool = False

    @property
    def key(self) -> tuple[str, str]:
        """Service and panel."""
        return (self.service.id, self.panel.id)

    @property
    def app(self) -> AppKey:
        """Service and application: whose form is filled."""
        return (self.service.id, self.panel.app_id)

    @property
    def fits(self) -> bool:
        """Whether it may receive the data now."""
        return not self.way and self.fit.fit is not Fit.REFUSES


@dataclass(frozen=True)
class Question:
    """A list of a form that nothing answers; panels with the same choices share the answer."""

    key: AnswerKey
    label: str
    choices: tuple[Choice, ...]
    panels: tuple[str, ...]


def candidates(
    dataset: Dataset,
    services: Sequence[Service],
    panels: Sequence[Panel],
    jobs: Sequence[Job],
    practice_url: str | None,
) -> tuple[Candidate, ...]:
    """Every panel, those that may receive the data first, then by service and name."""
    found = [
        Candidate(
            each,
            panel,
            fit_of(dataset, each, (panel,), jobs),
            why_not(each, practice_url),
            _differ(panel.build, dataset),
        )
        for each in services
        for panel in panels
        if panel.service_id == each.id
    ]
    found.sort(key=lambda c: (not c.fits, c.service.name.casefold(), c.panel.name.casefold()))
    return tuple(found)


def _differ(build: str | None, dataset: Dataset) -> bool:
    """Whether results would have to be lifted to be compared, which needs a chain file."""
    own = dataset.report.build.value if dataset.report is not None else None
    return bool(build and own and build != own)


def unsent(made: Benchmark, known: Iterable[Candidate]) -> tuple[Candidate, ...]:
    """Those of a benchmark that were not sent, or whose job failed."""
    open_ = {
        (e.service_id, e.panel_id) for e in made.entries if e.state in (EntryState.READY, EntryState.FAILED)
    }
    return tuple(each for each in known if each.key in open_)


def questions(chosen: Sequence[Candidate], forms: Forms, dataset: Dataset) -> tuple[Question, ...]:
    """What a person must choose because neither the data nor the forms tell it."""
    found: dict[AnswerKey, Question] = {}
    for each in chosen:
        form = forms.get(each.app)
        if form is None:
            continue
        filling = Filling(
            dataset_id=dataset.id,
            service_id=each.service.id,
            app_id=each.panel.app_id,
            panel_id=each.panel.id,
        )
        with_defaults(filling, form, dataset)
        for parameter, choices in _open_lists(filling, form):
            key = (parameter.id, tuple(c.key for c in choices))
            before = found[key].panels if key in found else ()
            label = parameter.label or parameter.id
            found[key] = Question(key, label, choices, (*before, each.panel.name))
    return tuple(found.values())


def _open_lists(filling: Filling, form: Form) -> list[tuple[Parameter, tuple[Choice, ...]]]:
    """Lists without a choice; a filter by R2 is not asked for, as a benchmark switches it off."""
    listed = [
        (p, choices_of(p, filling, form))
        for p in shown_parameters(form)
        if is_open(p, filling) and not is_r2_filter(p.id)
    ]
    return [(parameter, choices) for parameter, choices in listed if choices]


def filled(
    draft: JobDraft,
    forms: Forms,
    dataset: Dataset,
    answers: Mapping[AnswerKey, str],
    terms: Mapping[AppKey, Mapping[str, str]],
) -> JobDraft:
    """The draft with what suits the data, the answers, and the terms in the words that were read."""
    app = (draft.service_id, draft.app_id)
    form = forms.get(app)
    if form is None:
        return draft
    filling = Filling(
        dataset_id=draft.dataset_id,
        service_id=draft.service_id,
        app_id=draft.app_id,
        panel_id=draft.panel_id,
        options=dict(draft.options),
    )
    with_defaults(filling, form, dataset)
    for parameter, choices in _open_lists(filling, form):
        filling.options[parameter.id] = answers.get((parameter.id, tuple(c.key for c in choices)), "")
    return draft.model_copy(update={"options": filling.options, "terms": dict(terms.get(app, {}))})
