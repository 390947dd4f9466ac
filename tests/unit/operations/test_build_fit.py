"""Files of another build are refused where nobody lifts them over, and nowhere else."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from app.domain.dataset import Dataset
from app.domain.panel import Panel
from app.domain.parameter import Choice, Form, Parameter, ParameterType
from app.domain.service import Service
from app.operations.build_fit import build_obstacles
from app.services.cloudgene.client import Cloudgene
from app.services.contract import Capabilities
from app.services.teaspoons.client import Teaspoons

AT = datetime(2026, 1, 1, tzinfo=UTC)
SERVICE = Service(id="s", name="Service", base_url="https://s.example", family="any", added=AT)
PANEL = Parameter(
    id="panel",
    label="Reference panel",
    type=ParameterType.PANEL,
    choices=(Choice(key="hrc", label="HRC (hg19)"), Choice(key="topmed", label="TOPMed (hg38)")),
)


def stops(told: Capabilities, *more: Parameter, here: str = "GRCh37", there: str | None = "GRCh38") -> bool:
    dataset = Dataset(id="d", name="D", files=(), added=AT, stated_build=here)
    panel = Panel(
        id="p", service_id="s", app_id="a", name="P", build=there, as_of=AT, source="the service itself"
    )
    form = Form(app_id="a", app_name="A", parameters=(PANEL, *more))
    return bool(build_obstacles(told, SERVICE, dataset, form, panel))


def asked(name: str, label: str = "", choices: tuple[str, ...] = ()) -> Parameter:
    listed = tuple(Choice(key=each, label=each) for each in choices)
    return Parameter(id=name, label=label, type=ParameterType.CHOICE, choices=listed)


def test_another_build_is_refused_where_the_service_takes_positions_as_they_are() -> None:
    assert stops(Teaspoons.capabilities)
    assert not stops(Teaspoons.capabilities, here="GRCh38")
    assert not stops(Teaspoons.capabilities, there=None)
    assert not stops(Teaspoons.capabilities, here="")


def test_services_of_cloudgene_lift_over_and_get_files_of_any_build() -> None:
    assert not stops(Cloudgene.capabilities)


@pytest.mark.parametrize(
    "parameter",
    [
        asked("genome_build"),
        asked("ref", "Genome assembly"),
        asked("input_genome", "Genome", ("hg19", "hg38")),
        asked("ref", "Coordinates", ("GRCh37/hg19", "GRCh38")),
        asked("ref", "Coordinates", ("b37", "b38")),
    ],
    ids=["id", "label", "hg", "GRCh", "b"],
)
def test_a_service_that_asks_for_the_build_knows_it(parameter: Parameter) -> None:
    assert not stops(Capabilities(), parameter)


def test_other_questions_say_nothing_of_the_build() -> None:
    assert stops(
        Capabilities(), asked("r2", "Leave out sites below", ("0", "0.3")), asked("mode", "", ("b370",))
    )
