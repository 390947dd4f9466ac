"""The presets: facts with their sources, what is merged into panels, and what can be read and written."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from app.domain.panel import Panel
from app.domain.preset import Catalogue, Certainty
from app.domain.problem import ProblemError
from app.services.catalogue import (
    catalogue_json,
    catalogue_schema,
    preset,
    presets,
    read_catalogue,
    with_documented,
    with_institutions,
)
from app.services.registry import Registry
from app.transport.address import normalise

OWN = {"self-hosted", "practice", "this-computer"}


def test_every_preset_says_where_its_facts_are_from() -> None:
    assert len({each.id for each in presets()}) == len(presets())
    for each in presets():
        assert date.fromisoformat(each.as_of if len(each.as_of) > 7 else f"{each.as_of[:4]}-01-01")
        assert each.source
        assert each.certainty
        assert each.family in Registry().names(), each.id
        assert not each.base_url or normalise(each.base_url) == each.base_url, each.id
        assert each.token_help
        assert all(each.evidence(field).text for field in each.by)
        assert each.enabled or each.off_reason


def test_there_are_the_services_of_the_world_and_those_of_ones_own() -> None:
    hosted = [each for each in presets() if each.id not in OWN]
    assert len(hosted) >= 20
    assert {each.id for each in presets()} >= OWN
    assert all(each.country and each.jurisdictions for each in hosted), "where data go must be known"
    assert {each.family for each in hosted} >= {"cloudgene", "teaspoons", "wes", "guided"}
    assert all(preset(each.successor) for each in presets() if each.successor)


def test_facts_that_matter() -> None:
    topmed, helmholtz, practice = preset("topmed"), preset("helmholtz"), preset("practice")
    assert topmed is not None
    assert helmholtz is not None
    assert practice is not None
    assert topmed.limits.min_poll_s == 60
    assert (topmed.limits.max_running_jobs, topmed.limits.max_downloads_per_file) == (3, 50)
    assert (topmed.limits.min_samples, topmed.limits.max_samples) == (20, 25_000)
    assert topmed.panels[0].variants == 445_600_184
    assert helmholtz.limits.max_parallel_downloads == 2
    assert practice.limits.min_poll_s == 1
    off = {each.id: each for each in presets() if not each.enabled}
    assert off.keys() == {"afrigen-d", "elwazi-icermali", "sanger"}
    assert off["afrigen-d"].successor == "fedimpute"
    assert all(each.off_reason and each.successor for each in off.values())


def test_panels_say_of_which_people_they_are_where_that_is_published() -> None:
    silent = {(each.id, panel.id) for each in presets() for panel in each.panels if not panel.ancestry}
    assert silent == {
        ("eagleimp-web", "chosen-there"),
        ("hla-imp", "array-model"),
        ("pgg-han", "other"),
        ("terra-workspace", "own-panel"),
    }
    michigan = preset("michigan")
    assert michigan is not None
    assert {"hrc-r1", "multiethnic-hla-v2"} <= {panel.id for panel in michigan.panels}
    caapa = next(panel for panel in michigan.panels if panel.id == "caapa")
    assert caapa.is_panel("apps@cappa@2.0.0"), "a page of the server spells it so"


def test_a_fact_can_be_less_sure_than_its_source() -> None:
    michigan, fedimpute = preset("michigan"), preset("fedimpute")
    assert michigan is not None
    assert fedimpute is not None
    assert michigan.evidence("limits.max_running_jobs").certainty is Certainty.C
    assert michigan.evidence("name").certainty is Certainty.B
    assert fedimpute.evidence("token_help").certainty is Certainty.C
    assert fedimpute.certainty == "A; token_help C"


def test_an_unknown_preset_is_none() -> None:
    assert preset("x") is None


def panel(**more: Any) -> Panel:
    at = datetime(2026, 11, 26, tzinfo=UTC)
    fields = {"id": "apps@hrc-r1.1@2.0.0", "service_id": "m", "app_id": "a", "name": "HRC", "as_of": at}
    return Panel.model_validate({**fields, **more})


def test_what_is_documented_fills_gaps_and_never_wins() -> None:
    michigan = preset("michigan")
    filled = with_documented(panel(), michigan)
    assert (filled.samples, filled.build, filled.ancestry) == (32_470, "GRCh37", ("European",))
    assert not filled.differs
    told = with_documented(panel(samples=30_000, build="GRCh37"), michigan)
    assert told.samples == 30_000
    assert told.differs == ("samples: 32,470 by genepi/michigan-imputationserver (2024-09-24)",)
    other = panel(id="apps@hrc-r1.2@1.0.0")
    assert with_documented(other, michigan) == other
    assert with_documented(panel(), None) == panel()


def test_a_catalogue_survives_writing_and_the_schema_knows_it() -> None:
    text = catalogue_json(presets(), "2026-11-26", "Us")
    again = read_catalogue(text.encode(), "x")
    assert again.services == presets()
    assert again.institution == "Us"
    schema = catalogue_schema()
    assert set(json.loads(text)) <= set(schema["properties"])  # type: ignore[call-overload]


def minimal(**more: Any) -> dict[str, Any]:
    return {
        "id": "ours",
        "name": "Ours",
        "operator": "We",
        "country": "DE",
        "base_url": "https://ours.example",
        "family": "cloudgene",
        "sources": {"us": {"text": "we", "as_of": "2026", "certainty": "A"}},
        "main_source": "us",
        **more,
    }


@pytest.mark.parametrize(
    ("broken", "told"),
    [
        ({"country": "Germany"}, "services, entry 1, country"),
        ({"main_source": "them"}, "no source is named them"),
        ({"enabled": False}, "needs the reason"),
        ({"surprise": 1}, "surprise"),
        ({"base_url": "ours.example"}, "base_url"),
        ({"limits": {"max_samples": "many"}}, "limits, max_samples"),
    ],
)
def test_a_broken_catalogue_is_told_by_place(broken: dict[str, Any], told: str) -> None:
    content = {"schema": 1, "as_of": "2026-11-26", "services": [minimal(**broken)]}
    with pytest.raises(ProblemError) as caught:
        read_catalogue(json.dumps(content).encode(), "ours.json")
    assert told in caught.value.problem.what_happened


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b'{"schema": 2, "as_of": "2026-01-01"}'])
def test_what_is_no_catalogue_is_told(content: bytes) -> None:
    with pytest.raises(ProblemError):
        read_catalogue(content, "x")


def test_an_institution_adds_replaces_and_hides() -> None:
    text = {
        "schema": 1,
        "as_of": "2026-11-26",
        "institution": "Us",
        "services": [minimal(), minimal(id="topmed", locked=True)],
        "hide": ["michigan"],
    }
    found = with_institutions(presets(), [Catalogue.model_validate(text)])
    by_id = {each.id: each for each in found}
    assert [each.id for each in found[:2]] == ["ours", "topmed"]
    assert (by_id["topmed"].name, by_id["topmed"].of, by_id["topmed"].locked) == ("Ours", "Us", True)
    assert "michigan" not in by_id
    assert len(found) == len(presets())
