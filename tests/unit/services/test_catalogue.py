"""The presets."""

from datetime import date

from app.services.catalogue import preset, presets
from app.services.registry import Registry
from app.transport.address import normalise


def test_every_preset_says_where_its_facts_are_from() -> None:
    assert [each.id for each in presets()] == [
        "michigan",
        "topmed",
        "helmholtz",
        "afrigen-d",
        "self-hosted",
        "practice",
        "this-computer",
    ]
    for each in presets():
        assert date.fromisoformat(each.as_of)
        assert each.source
        assert each.certainty
        assert each.family in Registry().names()
        assert not each.base_url or normalise(each.base_url) == each.base_url
        assert each.token_help


def test_facts_that_matter() -> None:
    topmed, helmholtz, practice = preset("topmed"), preset("helmholtz"), preset("practice")
    assert topmed is not None
    assert helmholtz is not None
    assert practice is not None
    assert topmed.limits.min_poll_s == 60
    assert (topmed.limits.max_running_jobs, topmed.limits.max_downloads_per_file) == (3, 50)
    assert (topmed.limits.min_samples, topmed.limits.max_samples) == (20, 25_000)
    assert helmholtz.limits.max_parallel_downloads == 2
    assert practice.limits.min_poll_s == 1
    assert [each.id for each in presets() if not each.enabled] == ["afrigen-d"]
    retired = preset("afrigen-d")
    assert retired is not None
    assert "FedImpute" in retired.note


def test_an_unknown_preset_is_none() -> None:
    assert preset("x") is None
