"""What a half-filled form holds, sensible defaults, and the words about what will be sent. No Qt in here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.domain.dataset import Dataset
from app.domain.parameter import Choice, Form, Parameter, ParameterType
from app.domain.problem import Problem
from app.domain.service import HealthState, Service
from app.operations.draft_job import PHASE_HERE, JobDraft, Obstacle, is_aes, panel_fields

BUILD_WORDS = {"GRCh37": ("hg19", "grch37", "b37"), "GRCh38": ("hg38", "grch38", "b38")}
LISTS = {ParameterType.CHOICE, ParameterType.BOUND_CHOICE, ParameterType.PANEL}
_MORE = ("override_reason", "group", "instead_of")
TYPED = {ParameterType.TEXT, ParameterType.TEXTAREA, ParameterType.NUMBER}


@dataclass
class Filling:
    """The form as the user has filled it so far."""

    dataset_id: str = ""
    service_id: str = ""
    app_id: str = ""
    panel_id: str = ""
    name: str = ""
    options: dict[str, str | bool] = field(default_factory=dict)
    terms: dict[str, str] = field(default_factory=dict)
    own_password: bool = True
    override_reason: str = ""
    group: str = ""
    instead_of: str = ""
    """The job that waits for a service, in whose place this one goes to another."""

    def place(self) -> tuple[str, str, str]:
        """Service, application and panel: applications of one service may call their panels alike."""
        return self.service_id, self.app_id, self.panel_id

    def draft(self) -> JobDraft | None:
        """The draft, once data, service and panel are chosen."""
        if not (self.dataset_id and self.service_id and self.panel_id):
            return None
        return JobDraft(
            name=self.name,
            dataset_id=self.dataset_id,
            service_id=self.service_id,
            app_id=self.app_id,
            panel_id=self.panel_id,
            options=dict(self.options),
            terms=dict(self.terms),
            own_password=self.own_password,
            override_reason=self.override_reason,
            group=self.group or None,
        )

    def remembered(self) -> dict[str, Any]:
        """What is kept when the page is left. Ticks under terms are not: a person sets them each time."""
        return {
            "dataset_id": self.dataset_id,
            "service_id": self.service_id,
            "app_id": self.app_id,
            "panel_id": self.panel_id,
            "name": self.name,
            "options": self.options,
            "own_password": self.own_password,
            "override_reason": self.override_reason,
            "group": self.group,
            "instead_of": self.instead_of,
        }

    @classmethod
    def recalled(cls, kept: object) -> Filling:
        """The form as it was left; anything unreadable is forgotten."""
        if not isinstance(kept, Mapping):
            return cls()
        made = cls()
        for key in ("dataset_id", "service_id", "app_id", "panel_id", "name", *_MORE):
            setattr(made, key, str(kept.get(key) or ""))
        options = kept.get("options")
        if isinstance(options, Mapping):
            made.options = {str(k): v for k, v in options.items() if isinstance(v, str | bool)}
        made.own_password = kept.get("own_password") is not False
        return made


def another(filling: Filling) -> Filling:
    """The form for one more service: the same data under the same name, nothing chosen yet."""
    return Filling(
        dataset_id=filling.dataset_id,
        name=filling.name,
        own_password=filling.own_password,
        override_reason=filling.override_reason,
        group=filling.group,
    )


def shown_parameters(form: Form) -> tuple[Parameter, ...]:
    """What the right column asks for; the files, the panel and the terms have places of their own."""
    first_panel = panel_fields(form)[:1]
    away = {ParameterType.FILES, ParameterType.TERMS}
    return tuple(p for p in form.parameters if p.type not in away and p.id not in first_panel)


def terms_of(form: Form) -> tuple[Parameter, ...]:
    """The boxes that only a person may tick."""
    return form.of_type(ParameterType.TERMS)


def choices_of(parameter: Parameter, filling: Filling, form: Form) -> tuple[Choice, ...]:
    """The choices of a list; those of a bound one follow what it is bound to."""
    if parameter.type is not ParameterType.BOUND_CHOICE:
        return parameter.choices
    bound = filling.panel_id
    if parameter.bound_to not in panel_fields(form)[:1]:
        bound = str(filling.options.get(parameter.bound_to or "", ""))
    return parameter.bound_choices.get(bound, ())


def with_defaults(filling: Filling, form: Form, dataset: Dataset | None) -> None:
    """Fill what is empty or no longer offered with what suits these data; the user's choices stay."""
    known = {p.id for p in form.parameters}
    filling.options = {key: value for key, value in filling.options.items() if key in known}
    for parameter in shown_parameters(form):
        if parameter.type in LISTS:
            _default_choice(filling, form, parameter, dataset)
        elif parameter.type is ParameterType.CHECKBOX and parameter.id not in filling.options:
            filling.options[parameter.id] = is_aes(parameter) or parameter.default.lower() in {"true", "yes"}
        elif parameter.type in TYPED and parameter.default and parameter.id not in filling.options:
            filling.options[parameter.id] = parameter.default


def _default_choice(filling: Filling, form: Form, parameter: Parameter, dataset: Dataset | None) -> None:
    keys = [c.key for c in choices_of(parameter, filling, form)]
    if filling.options.get(parameter.id) in keys:
        return
    wanted = suited(parameter, keys, dataset)
    if wanted is None and parameter.default in keys:
        wanted = parameter.default
    if wanted is None and len(keys) == 1:
        wanted = keys[0]
    filling.options[parameter.id] = wanted or ""


def suited(parameter: Parameter, keys: Sequence[str], dataset: Dataset | None) -> str | None:
    """The choice that follows from the data: their build; no phasing for data that are phased."""
    report = dataset.report if dataset is not None else None
    if report is None:
        return None
    if parameter.id == "build" and report.build.value in BUILD_WORDS:
        words = BUILD_WORDS[report.build.value]
        return next((k for k in keys if k.lower() in words), None)
    if parameter.id == "phasing" and report.phased and "no_phasing" in keys:
        return "no_phasing"
    return None


def by_field(obstacles: Sequence[Obstacle]) -> dict[str, list[Problem]]:
    """The problems by the field that can mend them."""
    found: dict[str, list[Problem]] = {}
    for obstacle in obstacles:
        found.setdefault(obstacle.field, []).append(obstacle.problem)
    return found


def hint(field: str, problem: Problem, form: Form | None, filling: Filling) -> str:
    """What is missing before the job can be sent, as a sentence."""
    parameter = form.parameter(field) if form is not None else None
    if parameter is not None and parameter.type is ParameterType.TERMS:
        return "Read the terms and tick their boxes."
    if parameter is not None and is_open(parameter, filling):
        return f"Choose “{parameter.label or parameter.id}”."
    if field == PHASE_HERE:  # the rest stands beside its box
        return f"{problem.title}."
    words = f"{problem.title.rstrip('.:')}. {problem.what_happened}".strip()
    return words if words.endswith((".", "!", "?")) else f"{words}."


def is_open(parameter: Parameter, filling: Filling) -> bool:
    """Whether nothing is chosen yet in a list."""
    return parameter.type in LISTS and filling.options.get(parameter.id, "") == ""


def is_stopped(service: Service, practice_url: str | None) -> bool:
    """Whether it is a practice server that does not run."""
    return service.practice and practice_url is None and service.state is not HealthState.UP


def why_not(service: Service, practice_url: str | None = None) -> str:
    """Why a service takes nothing now, in a few words; empty when it does."""
    if is_stopped(service, practice_url):
        return "not running"
    if not service.enabled:
        return "switched off"
    if not service.token.present:
        return "needs a token"
    if service.token.valid is False:
        return "token not accepted"
    if service.state is HealthState.MAINTENANCE:
        return "under maintenance"
    if service.state is HealthState.DOWN:
        return "does not answer"
    return ""


def further_files(form: Form | None, filling: Filling) -> tuple[str, ...]:
    """What the options are called that name files to be sent beside the data, where something is typed."""
    return tuple(
        each.label
        for each in (form.of_type(ParameterType.TEXT) if form is not None else ())
        if each.raw_type.startswith("file") and str(filling.options.get(each.id, "")).strip()
    )
