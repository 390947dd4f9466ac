"""Rule packs: what a service changes, what it says itself, and files that are not understood."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.domain.panel import Panel, Population
from app.domain.problem import ProblemError
from app.domain.service import Limits, Service
from app.genotypes.rules import read_rules, rules_for

NOW = datetime(2026, 11, 25, tzinfo=UTC)


def service(**fields: object) -> Service:
    given = {"id": "s", "name": "Somewhere", "family": "cloudgene", "base_url": "https://x.example"}
    return Service.model_validate({**given, "added": NOW, **fields})


def panel(name: str = "apps@hrc-r1.1@2.0.0", build: str | None = "GRCh37") -> Panel:
    populations = (Population(id="eur", name="EUR"), Population(id="mixed", name="Other"))
    return Panel(
        id=name, service_id="s", app_id="a", name="HRC", build=build, as_of=NOW, populations=populations
    )


def test_a_service_without_rules_has_those_of_its_family() -> None:
    rules = rules_for(service())
    assert rules.known
    assert (rules.parameters.min_samples, rules.parameters.max_samples) == (20, 50_000)
    assert (rules.parameters.strand_flips, rules.parameters.allele_switches) == (100, None)
    assert len(rules.sources) == 1


def test_service_and_panel_change_what_differs() -> None:
    michigan = service(base_url="https://imputationserver.sph.umich.edu", name="Michigan")
    rules = rules_for(michigan, panel(), population="eur", build="GRCh38")
    assert (rules.parameters.max_samples, rules.parameters.allele_switches) == (110_000, 100)
    assert rules.parameters.min_snps == 20
    assert rules_for(michigan, panel("apps@hapmap-2@2.0.0")).parameters.min_snps == 3
    assert (rules.parameters.build, rules.parameters.panel_build) == ("hg38", "hg19")
    assert rules.parameters.panel_id == "hrc-r1.1"
    assert rules.parameters.populations == {"eur": 1, "mixed": -1}
    assert len(rules.sources) == 3


def test_topmed_has_smaller_chunks_and_a_limit_of_density() -> None:
    rules = rules_for(service(preset_id="topmed"))
    assert (rules.parameters.chunk_size, rules.variants_per_10_mb) == (10_000_000, 20_000)
    assert rules.max_vcf_version == "4.2"


def test_what_the_service_says_wins_and_is_told() -> None:
    rules = rules_for(service(preset_id="topmed", name="TOPMed", limits=Limits(max_samples=30_000)))
    assert rules.parameters.max_samples == 30_000
    assert rules.differs == ("TOPMed says most samples: 30000; the rules here say 25000.",)


def test_a_family_without_rules_has_limits_alone() -> None:
    rules = rules_for(service(family="teaspoons", limits=Limits(max_samples=9)))
    assert not rules.known
    assert (rules.parameters.min_samples, rules.parameters.max_samples) == (0, 9)


GOOD = "family: a\nsource: b\nas_of: 2026-01-01\nrules: {}\n"


@pytest.mark.parametrize(
    ("text", "part"),
    [
        (GOOD + "wrong: 1\n", "“wrong” is not known"),
        ("family: a\n", "“source” is missing"),
        (GOOD.replace("{}", "{min_samples: many}"), "“rules.min_samples” has a value"),
        ("family: [\n", "while parsing"),
    ],
)
def test_a_file_that_is_not_understood_is_told_with_the_place(tmp_path: Path, text: str, part: str) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(text)
    with pytest.raises(ProblemError, match="cannot be read") as caught:
        read_rules(path)
    assert part in caught.value.problem.what_happened
