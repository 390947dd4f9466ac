"""The methods paragraph claims what is recorded and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.domain.result_report import PanelFacts, RunFacts, ServiceFacts, SoftwareFact
from app.genotypes.reporting.hiding import Hiding
from app.results.reporting.methods import methods_paragraph, methods_text
from app.results.reporting.references import bibtex, plain, references_of
from tests.unit.results.reporting.parts import NOW, PEOPLE, books, measured_result, run_facts

HIDING = Hiding(False, PEOPLE)


def test_every_recorded_fact_is_told(tmp_path: Path) -> None:
    told = methods_paragraph(run_facts(), measured_result(tmp_path).figures, books(), HIDING)
    for words in (
        "24 samples at 310 variants (GRCh37)",
        "99.12%",
        "flip strands (12 variants changed)",
        "leave out people (< 5 samples removed)",
        "began with 330 variants.",
        "Michigan Imputation Server (https://server.example)",
        "imputationserver2 2.0.12",
        "HapMap 2 (version 2.0.0, GRCh37)",
        "26 November 2026",
        "meta = no, population = eur, r2Filter = 0.3",
        "R2 below 0.3 were left out by the service",
        "Minimac4 4.1.6 (imputation)",
        "Not in the panel (7)",
    ):
        assert words in told
    assert "no reason told" not in told


def test_the_people_before_do_not_tell_how_few_were_left_out() -> None:
    facts = run_facts()
    assert "27" not in methods_paragraph(facts, None, None, HIDING)
    assert "of 27 samples" in methods_paragraph(facts, None, None, Hiding(True, ()))


def test_nothing_is_claimed_that_is_not_recorded() -> None:
    bare = RunFacts(haplodesk="0.1.0", made=NOW)
    told = methods_paragraph(bare, None, None, HIDING)
    assert told == "Files, figures and this paragraph were recorded by Haplodesk 0.1.0."
    assert references_of(bare) == ()
    assert bibtex(()) == ""


def test_every_number_of_the_paragraph_is_a_recorded_one() -> None:
    facts = run_facts()
    told = methods_paragraph(facts, None, None, Hiding(True, ()))
    recorded = set(re.findall(r"\d+(?:\.\d+)*", f"{facts.model_dump_json()} 99.12 26"))
    assert set(re.findall(r"\d+(?:\.\d+)*", told)) <= recorded | {"2"}


@pytest.mark.parametrize(
    ("panel", "key"),
    [
        ("1000 Genomes Phase 3 (v5)", "1000genomes2015"),
        ("HRC r1.1 2016", "mccarthy2016"),
        ("TOPMed r3", "taliun2021"),
        ("HapMap 2", "hapmap2007"),
        ("Our own panel", ""),
    ],
)
def test_panels_are_cited_by_their_recorded_names(panel: str, key: str) -> None:
    facts = RunFacts(haplodesk="0.1.0", made=NOW, panel=PanelFacts(name=panel))
    assert [each.key for each in references_of(facts)] == ([key] if key else [])


def test_a_local_engine_is_cited_and_no_service() -> None:
    facts = RunFacts(
        haplodesk="0.1.0",
        made=NOW,
        service=ServiceFacts(name="This computer", family="local", app_id="imputation"),
        software=(SoftwareFact(name="Beagle", version="22Jul22.46e"),),
    )
    told = methods_text(facts, None, None, HIDING)
    assert "on a computer of our own" in told
    assert "Beagle 22Jul22.46e" in told
    assert {each.key for each in references_of(facts)} == {"browning2018", "browning2021"}
    assert all(plain(each) in told for each in references_of(facts))


def test_bibtex_is_ascii_with_balanced_braces() -> None:
    text = bibtex(references_of(run_facts()))
    assert text.isascii()
    assert text.count("{") == text.count("}")
    assert '{Sch{\\"o}nherr' in text or 'Sch{\\"o}nherr' in text
    assert text.count("@article{") == len(references_of(run_facts()))
