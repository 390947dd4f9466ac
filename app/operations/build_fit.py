"""Files of another build than that of the panel, at a service that does not move positions itself."""

from __future__ import annotations

import re

from app.domain.dataset import Dataset
from app.domain.panel import Panel
from app.domain.parameter import Form, Parameter, ParameterType
from app.domain.problem import Kind, Problem
from app.domain.service import Service
from app.operations.draft_job import Obstacle
from app.operations.web_pages import build_of
from app.services.contract import Capabilities

_ASKED = re.compile(r"build|assembly", re.IGNORECASE)
_NAME = re.compile(
    r"(?<![a-z0-9])(hg1[89]|hg38|grch3[78]|b3[678]|ncbi36|(t2t-)?chm13)(?![0-9])", re.IGNORECASE
)


def build_obstacles(
    told: Capabilities, service: Service, dataset: Dataset, form: Form | None, panel: Panel | None
) -> tuple[Obstacle, ...]:
    """What would be read at wrong places, and charged all the same.

    Nothing for services that lift over, that ask for the build themselves, or that are not reached over a
    network: those say it in their own words.
    """
    if told.lifts or not told.network or form is None or panel is None or panel.build is None:
        return ()
    here = build_of(dataset)
    if not here or here == panel.build or any(map(_asks, form.parameters)):
        return ()
    what = f"The files are {here}, the panel is {panel.build}, and {service.name} does not lift over."
    said = Problem(
        kind=Kind.INPUT,
        title="The build does not fit",
        what_happened=what,
        what_you_can_do="Use “Make it ready” on the page of the dataset: it lifts the files over.",
        subject=dataset.name,
    )
    return (Obstacle(field="dataset", problem=said),)


def _asks(parameter: Parameter) -> bool:
    """Whether a person says by it of which build the files are; services call that as they like."""
    if parameter.type in {ParameterType.PANEL, ParameterType.FILES}:
        return False
    told = any(_NAME.search(f"{each.key} {each.label}") for each in parameter.choices)
    return told or bool(_ASKED.search(f"{parameter.id} {parameter.label}"))
