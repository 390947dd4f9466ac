"""A template as the form and the panels that the rest of the program knows. Pure functions."""

from __future__ import annotations

from datetime import datetime

from app.domain.panel import Panel, Population
from app.domain.parameter import Choice, Form, Parameter, ParameterType
from app.services.wes.template import Shown, Template, TemplatePanel, TemplateParameter

FILES_FIELD = "files"
PANEL_FIELD = "refpanel"
POPULATION_FIELD = "population"
TERMS_FIELD = "terms"
_TYPES = {
    Shown.TEXT: ParameterType.TEXT,
    Shown.NUMBER: ParameterType.NUMBER,
    Shown.CHECKBOX: ParameterType.CHECKBOX,
    Shown.CHOICE: ParameterType.CHOICE,
}


def panel_key(template: Template, panel: TemplatePanel) -> str:
    """What the rest of the program calls a panel: workflows of one server may call theirs alike."""
    return f"{panel.id}@{template.id}"


def make_form(template: Template) -> Form:
    """Files, panel, population where there are any, then what the template asks for, then its terms."""
    return Form(
        app_id=template.app_id,
        app_name=template.name,
        app_version=template.version,
        description=template.description,
        phased=template.phased,
        parameters=(
            _files(template),
            _panel(template),
            *_population(template),
            *(_parameter(each) for each in template.parameters),
            *_terms(template),
        ),
    )


def _files(template: Template) -> Parameter:
    need = "Phased genotypes" if template.phased else "Genotypes"
    return Parameter(
        id=FILES_FIELD,
        label="Input files",
        type=ParameterType.FILES,
        required=True,
        help=f"{need} as VCF{', one file' if template.one_file else ''}.",
    )


def _panel(template: Template) -> Parameter:
    choices = tuple(
        Choice(
            key=panel_key(template, each),
            label=f"{each.name} ({each.build})" if each.build else each.name,
        )
        for each in template.panels
    )
    return Parameter(
        id=PANEL_FIELD, label="Reference panel", type=ParameterType.PANEL, required=True, choices=choices
    )


def _population(template: Template) -> tuple[Parameter, ...]:
    bound = {
        panel_key(template, panel): tuple(Choice(key=each.id, label=each.name) for each in panel.populations)
        for panel in template.panels
        if panel.populations
    }
    if not bound:
        return ()
    return (
        Parameter(
            id=POPULATION_FIELD,
            label="Population",
            type=ParameterType.BOUND_CHOICE,
            bound_to=PANEL_FIELD,
            bound_choices=bound,
        ),
    )


def _parameter(told: TemplateParameter) -> Parameter:
    return Parameter(
        id=told.id,
        label=told.label,
        type=_TYPES[told.shown],
        raw_type=told.sends,
        required=told.required,
        default=told.default,
        help=told.help,
        pattern=told.pattern,
        choices=tuple(Choice(key=each.key, label=each.label or each.key) for each in told.choices),
    )


def _terms(template: Template) -> tuple[Parameter, ...]:
    return tuple(
        Parameter(id=f"{TERMS_FIELD}{number}", label=text, type=ParameterType.TERMS, required=True)
        for number, text in enumerate(template.terms, start=1)
    )


def make_panels(template: Template, service_id: str, offered: frozenset[str], at: datetime) -> list[Panel]:
    """The panels of a template that a form offers."""
    return [
        Panel(
            id=panel_key(template, each),
            service_id=service_id,
            app_id=template.app_id,
            name=each.name,
            build=each.build,
            populations=tuple(Population(id=one.id, name=one.name) for one in each.populations),
            samples=each.samples,
            variants=each.variants,
            chromosomes=each.chromosomes,
            version=template.version,
            as_of=at,
            source=each.source or "workflow description",
        )
        for each in template.panels
        if panel_key(template, each) in offered
    ]
