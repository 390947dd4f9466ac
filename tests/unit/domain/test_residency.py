"""Rules on where data may go: read, joined, and applied to services."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.problem import ProblemError
from app.domain.residency import (
    GROUPS,
    HERE,
    Residency,
    combined,
    countries,
    places_of,
    residency_of,
    why_forbidden,
)
from app.domain.service import Service

CODES = st.sampled_from(("DE", "ZA", "US", "CH", "NO", "EU", "EEA"))
RULES = st.lists(CODES, max_size=3).map(lambda codes: Residency(allowed=tuple(sorted(set(codes)))))


def service(country: str = "", **more: object) -> Service:
    fields = {"id": "s", "name": "Somewhere", "family": "cloudgene", "base_url": "https://s.example"}
    return Service.model_validate(
        {**fields, "country": country, "added": datetime(2026, 1, 1, tzinfo=UTC), **more}
    )


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("EU, ZA, this computer", "EU, ZA, this computer"),
        ("za;eu", "EU, ZA, this computer"),
        ("South Africa\nuk", "GB, ZA, this computer"),
        ("here", "this computer"),
        ("Nowhere", "this computer"),
    ],
)
def test_what_people_type(typed: str, code: str) -> None:
    assert residency_of(typed).code() == code
    assert residency_of(residency_of(typed).code()) == residency_of(typed)


@pytest.mark.parametrize("typed", ["", "  ", "Atlantis", "EU, Atlantis", "EU ZA", "X"])
def test_what_is_not_understood_is_a_problem(typed: str) -> None:
    with pytest.raises(ProblemError):
        residency_of(typed)


def test_the_groups_name_countries() -> None:
    assert len(GROUPS["EU"]) == 27
    assert GROUPS["EEA"] - GROUPS["EU"] == {"IS", "LI", "NO"}
    assert all(code in countries() for group in GROUPS.values() for code in group)


@given(st.lists(st.none() | RULES, max_size=4), st.sampled_from(("DE", "ZA", "US", "CH", "NO")))
def test_rules_together_allow_what_each_allows(rules: list[Residency | None], country: str) -> None:
    allowed = all(why_forbidden(rule, service(country)) is None for rule in rules)
    assert (why_forbidden(combined(rules), service(country)) is None) is allowed


def test_a_country_that_is_not_known_is_forbidden() -> None:
    rule = residency_of("EU")
    for country in ("", "Europe", "??"):
        assert "not known" in (why_forbidden(rule, service(country)) or "")
    assert why_forbidden(rule, service("Germany")) is not None, "codes alone are certain"
    assert why_forbidden(rule, service("de")) is None
    assert why_forbidden(None, service()) is None


def test_all_jurisdictions_count() -> None:
    both = service("DE", jurisdictions=("DE", "US"))
    assert "United States" in (why_forbidden(residency_of("EU"), both) or "")
    assert why_forbidden(residency_of("EU, US"), both) is None


def test_only_the_program_itself_is_this_computer() -> None:
    nowhere = residency_of("this computer")
    assert places_of(service(family="local")) == (HERE,)
    assert places_of(service(practice=True, base_url="http://127.0.0.1:8")) is None, "it may be a tunnel"
    assert places_of(service(practice=True)) is None
    assert places_of(service(practice=True, here_at="https://s.example")) is None, "it is not on loopback"
    for address in ("http://127.0.0.1:8", "http://localhost:8", "http://[::1]:8", "http://127.0.0.9:8"):
        assert places_of(service(base_url=address, here_at=address)) == (HERE,)
    assert places_of(service(base_url="http://127.0.0.1:9", here_at="http://127.0.0.1:8")) is None
    assert places_of(service("HERE")) is None, "no service tells that of itself"
    address, store = "http://127.0.0.1:8", {"storage": "https://store.example/in"}
    assert places_of(service(base_url=address, here_at=address, setup=store)) is None, "files go there first"
    store["storage_country"] = "HERE"
    assert places_of(service(base_url=address, here_at=address, setup=store)) is None
    store["storage_country"] = "US"
    assert places_of(service(base_url=address, here_at=address, setup=store)) == (HERE, "US")
    assert why_forbidden(nowhere, service(base_url="http://127.0.0.1:8082")) is not None, "it may be a tunnel"
    assert why_forbidden(nowhere, service("US")) is not None
    assert why_forbidden(nowhere, service(family="local")) is None
