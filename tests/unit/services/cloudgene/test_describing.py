"""Servers, forms and panels from recorded answers."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.parameter import Choice, ParameterType
from app.domain.service import ServiceApp
from app.services.cloudgene import describing
from tests.unit.services.cloudgene.samples import sample

AT = datetime(2026, 11, 25, tzinfo=UTC)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=12,
)


def test_generation_3() -> None:
    info = describing.server_info(sample("server-cg3"))
    assert (info.name, info.generation, info.logged_in, info.username) == (
        "Michigan Imputation Server",
        "cg3",
        True,
        "jd",
    )
    assert info.apps[0] == ServiceApp(
        id="imputationserver2@2.0.12", name="Genotype Imputation", version="2.0.12"
    )
    assert not info.maintenance


def test_generation_2() -> None:
    info = describing.server_info(sample("server-cg2"))
    assert (info.generation, info.logged_in) == ("cg2", True)
    assert info.apps[0].version == "2.1.9"


def test_maintenance_with_the_servers_spelling() -> None:
    info = describing.server_info(sample("server-cg3-maintenance"))
    assert info.maintenance
    assert info.maintenance_text == "We are moving.\nBack at 6 pm."
    assert (info.logged_in, info.apps) == (False, ())


def test_form_of_imputationserver2() -> None:
    form = describing.form(sample("app-cg3"), "imputationserver2@2.0.12")
    assert (form.app_id, form.app_name, form.app_version) == (
        "imputationserver2@2.0.12",
        "Genotype Imputation",
        "2.0.12",
    )
    assert form.submit_label == "Start Imputation"
    panel = form.parameter("refpanel")
    assert panel is not None
    assert (panel.label, panel.type) == ("Reference Panel (Details)", ParameterType.PANEL)
    assert panel.choices[1] == Choice(key="apps@hapmap-2@2.0.0", label="HapMap 2 (GRCh37/hg19)")
    assert [p.id for p in form.of_type(ParameterType.TERMS)] == ["check1", "check2"]
    box = form.parameter("aesEncryption")
    assert box is not None
    assert (box.type, box.default, box.required, box.choices) == (ParameterType.CHECKBOX, "false", False, ())


def test_panels_with_their_populations() -> None:
    form = describing.form(sample("app-cg3"), "imputationserver2")
    panels = describing.panels("s", form, AT)
    assert [(p.id, p.build, p.version) for p in panels] == [
        ("apps@1000g-phase-3-v5@2.0.0", "GRCh37", "2.0.0"),
        ("apps@hapmap-2@2.0.0", "GRCh37", "2.0.0"),
        ("apps@hrc-r1.1@2.0.0", "GRCh37", "2.0.0"),
    ]
    assert [each.id for each in panels[0].populations] == ["afr", "amr", "eas", "eur", "sas", "off"]
    assert panels[2].populations[1].name == "Other / Mixed"


def test_every_type() -> None:
    form = describing.form(sample("app-every-type"), "pgs@2.0.12")
    kinds = {p.id: p.type for p in form.parameters}
    t = ParameterType
    assert kinds == {
        "files": t.FILES,
        "old": t.FILES,
        "note": t.TEXTAREA,
        "word": t.TEXT,
        "count": t.NUMBER,
        "way": t.CHOICE,
        "refpanel": t.PANEL,
        "population": t.BOUND_CHOICE,
        "pgscatalog": t.CHOICE,
        "aes": t.CHECKBOX,
        "check1": t.TERMS,
        "title": t.HEADING,
        "told": t.INFO,
        "line": t.SEPARATOR,
        "hologram": t.UNKNOWN,
    }
    found = {p.id: p for p in form.parameters}
    assert found["aes"].default == "true"
    assert found["count"].default == "3"
    assert found["check1"].required
    assert found["check1"].links == ("https://example.org/terms?a=1&b=2",)
    assert found["check1"].label == "I accept the terms."
    assert found["pgscatalog"].choices[0] == Choice(key="", label="Disabled")
    assert (found["hologram"].raw_type, found["hologram"].required) == ("hologram", False)
    assert found["word"].help == "one word"


def test_builds_are_read_softly() -> None:
    panels = describing.panels("s", describing.form(sample("app-every-type"), "pgs"), AT)
    assert [p.build for p in panels] == ["GRCh38", None, "GRCh38"]
    assert panels[0].populations[0].name == "Afr & more"
    assert panels[1].populations == ()


@pytest.mark.parametrize(
    ("name", "build"),
    [
        ("HRC (GRCh37/hg19)", "GRCh37"),
        ("x b38", "GRCh38"),
        ("TOPMed r3", None),
        ("hg19 or hg38", None),
        ("ab37c", None),
    ],
)
def test_build(name: str, build: str | None) -> None:
    assert describing.build_of(name) == build


@given(JSON, JSON)
def test_any_json_is_survived(one: Any, two: Any) -> None:
    data = {"name": one, "apps": [two, {"id": one}], "params": [one, {"id": "x", "type": two, "values": one}]}
    describing.looks_like_cloudgene(one)
    describing.server_info(data)
    describing.panels("s", describing.form(data, "a"), AT)
