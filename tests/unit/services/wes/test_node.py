"""service-info, in all the shapes in which servers send it. Source: ga4gh.md 1.2, 1.6, 2."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.wes.dialect import DIALECTS, dialect_of, looks_like_wes
from app.services.wes.node import read_node
from tests.helpers.wes_stub import FEDIMPUTE, SAPPORO, STARTER_KIT, WESKIT

TOIL: dict[str, Any] = {
    "workflow_type_versions": {"cwl": {"workflow_type_version": ["v1.2"]}, "py": {}},
    "workflow_engine_versions": {"toil": "9.6.0"},
    "supported_wes_versions": ["1.0.0"],
    "system_state_counts": {"COMPLETE": 1},
}
WES_SERVICE: dict[str, Any] = {
    "workflow_type_versions": {"CWL": {"workflow_type_version": ["v1.0", "v1.1", "v1.2"]}},
    "workflow_engine_versions": {"cwl-runner": "b'/opt/cwltool 3.3'"},
    "supported_wes_versions": ["0.3.0", "1.0.0"],
}
CROMWELL: dict[str, Any] = {
    "workflow_type_version": {"WDL": ["draft-2", "1.0"], "CWL": ["v1.0"]},
    "workflow_engine_versions": {"Cromwell": "86"},
    "supported_wes_versions": ["1.0.0"],
}
PLAIN_1_1: dict[str, Any] = {
    "type": {"group": "org.ga4gh", "artifact": "wes", "version": "1.1.0"},
    "workflow_type_versions": {"WDL": {"workflow_type_version": ["1.0"]}},
    "workflow_engine_versions": {"miniwdl": {"workflow_engine_version": ["1.16"]}},
    "supported_wes_versions": ["1.1.0"],
}
PLAIN_1_0: dict[str, Any] = {
    "name": "sapporo of WESkit on Toil",  # a name decides nothing
    "workflow_type_versions": {"CWL": {"workflow_type_version": ["v1.0"]}},
    "workflow_engine_versions": {"cwltool": "3.1"},
    "supported_wes_versions": ["1.0.0"],
}
TOLD = {
    "sapporo": SAPPORO,
    "weskit": WESKIT,
    "starter-kit": STARTER_KIT,
    "toil": TOIL,
    "wes-service": WES_SERVICE,
    "cromwell": CROMWELL,
    "fedimpute": FEDIMPUTE,
    "wes-1.1": PLAIN_1_1,
    "wes-1.0": PLAIN_1_0,
}


@pytest.mark.parametrize("key", list(TOLD))
def test_the_dialect_by_what_a_server_says(key: str) -> None:
    assert dialect_of(TOLD[key]).key == key
    assert looks_like_wes(TOLD[key])
    node = read_node("http://x", TOLD[key])
    assert node.facts[0].label == "Kind of server"
    assert node.types


def test_every_dialect_is_told_apart() -> None:
    assert set(TOLD) == set(DIALECTS)


def test_versions_in_every_shape() -> None:
    assert read_node("x", WESKIT).engines["SMK"] == ("6.10.0", "6.11.0")
    assert read_node("x", STARTER_KIT).types["NEXTFLOW"] == ("21.04.0",)
    assert read_node("x", CROMWELL).types["WDL"] == ("draft-2", "1.0")
    assert read_node("x", WES_SERVICE).engines["cwl-runner"] == ("/opt/cwltool 3.3",)
    assert read_node("x", TOIL).types["py"] == ()


def test_the_own_spelling_of_a_type() -> None:
    assert read_node("x", STARTER_KIT).type_named("NFL") == "NEXTFLOW"
    assert read_node("x", WESKIT).type_named("Snakemake") == "SMK"
    assert read_node("x", TOIL).type_named("CWL") == "cwl"
    assert read_node("x", TOIL).type_named("WDL") is None


def test_names_of_parameters_are_bare() -> None:
    assert read_node("x", WESKIT).parameters == ("max-memory",)
    assert read_node("x", SAPPORO).parameters == ("--cores",)


def test_what_is_something_else() -> None:
    others: tuple[Any, ...] = (
        None,
        [],
        "wes",
        {},
        {"type": "wes"},
        {"name": "x"},
        {"type": {"artifact": "drs"}},
    )
    for told in others:
        assert not looks_like_wes(told)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(sorted({name for told in TOLD.values() for name in told})), _JSON))
def test_nonsense_is_survived(told: dict[str, Any]) -> None:
    assert read_node("x", told).dialect_key in DIALECTS
