"""Files of another build than that of the panel, at a service that does not move positions itself."""

from __future__ import annotations

from app.domain.dataset import Dataset
from app.domain.panel import Panel
from app.domain.parameter import Form
from app.domain.problem import Kind, Problem
from app.domain.service import Service
from app.operations.draft_job import Obstacle
from app.operations.web_pages import build_of
from app.services.contract import Capabilities


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
    if not here or here == panel.build or any("build" in each.id.lower() for each in form.parameters):
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
