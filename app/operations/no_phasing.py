"""Asks a service to leave phased data as they are, in its own parameter; some have none."""

from __future__ import annotations

from app.domain.parameter import Form, Parameter, ParameterType
from app.domain.problem import Kind, Problem
from app.operations.desk import Desk
from app.operations.draft_job import JobDraft, Obstacle
from app.store import services

_UNPHASED = frozenset({"no_phasing", "no-phasing", "nophasing", "none", "no"})
_LISTS = (ParameterType.CHOICE, ParameterType.BOUND_CHOICE)


async def without_phasing(desk: Desk, draft: JobDraft) -> tuple[JobDraft, tuple[Obstacle, ...]]:
    """The draft that asks its service not to phase, in the service's own words; what stands in the way.

    An application that wants phased data does not phase, and is asked for nothing.
    """
    stored = await desk.store.read(lambda c: services.form(c, draft.service_id, draft.app_id))
    if stored is not None and stored.form.phased:
        return draft, ()
    found = no_phasing(stored.form, draft.panel_id) if stored is not None else None
    if found is not None:
        parameter, value = found
        return draft.model_copy(update={"options": {**draft.options, parameter: value}}), ()
    service = await desk.service(draft.service_id)
    said = Problem(
        kind=Kind.REFUSED,
        title="The service would phase the data anew",
        what_happened=f"{service.name} has no option that leaves phased data as they are.",
        what_you_can_do="Leave it out of a group for meta-imputation, or do not phase on this computer.",
        subject=service.name,
    )
    return draft, (Obstacle(field="service", problem=said),)


def no_phasing(form: Form, panel_id: str) -> tuple[str, str] | None:
    """The parameter and the choice of a form by which a service does not phase; None when it has none."""
    for parameter in form.parameters:
        if parameter.type in _LISTS and "phasing" in parameter.id.lower():
            for key in _keys(parameter, panel_id):
                if key.lower() in _UNPHASED:
                    return parameter.id, key
    return None


def _keys(parameter: Parameter, panel_id: str) -> tuple[str, ...]:
    bound = parameter.bound_choices.get(panel_id, ())
    return tuple(each.key for each in (*parameter.choices, *bound))
