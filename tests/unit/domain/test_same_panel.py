"""Names of panels as real services write them."""

from datetime import UTC, datetime

import pytest

from app.domain.panel import Panel
from app.domain.same_panel import panel_words, same_panel


def panel(name: str, build: str | None = "GRCh37", samples: int | None = None, service: str = "a") -> Panel:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return Panel(id=name, service_id=service, app_id="x", name=name, build=build, samples=samples, as_of=at)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("HRC r1.1 2016 (GRCh37/hg19)", "Haplotype Reference Consortium 1.1 2016"),
        ("1000 Genomes Phase 3 v5 (GRCh37/hg19)", "1000g-phase-3-v5"),
        ("HapMap 2 (GRCh37/hg19)", "HapMap II"),
        ("TOPMed r3", "topmed-r3"),
    ],
)
def test_the_same(one: str, other: str) -> None:
    assert panel_words(one) == panel_words(other)
    assert same_panel(panel(one), panel(other, service="b"))


def test_a_year_that_only_one_of_them_names_tells_nothing() -> None:
    assert same_panel(panel("HRC r1.1 2016 (GRCh37/hg19)"), panel("HRC r1.1", service="b"))
    assert same_panel(panel("HRC r1.1"), panel("HRC r1.1 2016", service="b"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (panel("HRC r1.1 2015"), panel("HRC r1.1 2016")),
        (panel("HRC r1.1 2015"), panel("HRC r1.1 chips")),
        (panel("2016"), panel("Reference panel")),
        (panel("TOPMed r2"), panel("TOPMed r3")),
        (panel("1000 Genomes Phase 1 v3"), panel("1000 Genomes Phase 3 v5")),
        (panel("HRC r1.1", "GRCh37"), panel("HRC r1.1", "GRCh38")),
        (panel("HRC r1.1", None), panel("HRC r1.1", None)),
        (panel("HRC r1.1", samples=27165), panel("HRC r1.1", samples=32470)),
        (panel("Reference panel"), panel("The panel")),
    ],
)
def test_not_the_same(one: Panel, other: Panel) -> None:
    assert not same_panel(one, other.model_copy(update={"service_id": "b"}))
