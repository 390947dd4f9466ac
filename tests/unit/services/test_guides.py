"""The shipped guides: each is whole, cites its sources, and says what is not known."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.domain.problem import ProblemError
from app.domain.resources import resource
from app.services.guided.form import make_form
from app.services.guided.preparing import Means, cautions_of, order_of
from app.services.guided.sheet import facts_of
from app.services.guides import Guide, guide_for, guides, read_guide

IDS = sorted(path.stem for path in resource("guided").glob("*.yaml"))


def test_the_pages_of_the_catalogue_are_there() -> None:
    wanted = {"nbdc-ddbj", "kis", "nard", "wbbc", "chinamap", "ckb-cngb", "nyuwa", "pgg-han", "gmgd"}
    assert wanted | {"hla-imp", "eagleimp-web", "sanger", "terra-workspace"} <= set(IDS)


@pytest.mark.parametrize("guide_id", IDS)
def test_every_fact_has_a_source(guide_id: str) -> None:
    guide = read_guide(resource("guided", f"{guide_id}.yaml"))
    assert guide.id == guide_id
    for fact in facts_of(guide):
        assert fact.value == "not known" or "certainty" in fact.source
    assert guide.page is None or guide_for(guide.page) == guide
    assert guide.steps[-1].text.endswith("on the page of this job.")


def test_what_the_page_wants_becomes_the_order() -> None:
    chinamap, hla = _guide("chinamap"), _guide("hla-imp")
    order = order_of(chinamap, "chinamap-phase1-v1", "study", None)
    assert (order.build, order.prefixed, order.one_file) == ("GRCh38", True, False)
    assert order.drop_monomorphic
    order = order_of(hla, "array-model", "study", None)
    assert (order.build, order.prefixed, order.one_file, order.snvs_only) == ("GRCh37", False, True, True)
    assert order.region == ("6", 28_000_000, 34_000_000)


def _guide(guide_id: str) -> Guide:
    return next(each for each in guides() if each.id == guide_id)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("by: docs", "by: hearsay", "hearsay"),
        ("value: 100", "value: many", "max_file_mb"),
        ("country: AU", "country: Australia", "country"),
        ("schema: 1", "schema: 1\nodd: 2", "odd"),
    ],
)
def test_a_fault_is_told_with_its_field(tmp_path: Path, old: str, new: str, words: str) -> None:
    text = resource("guided", "hla-imp.yaml").read_text("utf-8")
    assert old in text
    path = tmp_path / "mine.yaml"
    path.write_text(text.replace(old, new), "utf-8")
    with pytest.raises(ProblemError, match=words):
        read_guide(path)


def test_what_nobody_published_is_said_and_not_guessed_in_silence() -> None:
    """Who prepares for a page whose format is not known reads what was taken in its place."""
    means = Means(usual=Path("unused"))
    for guide in guides():
        order = order_of(guide, guide.panels[0].id, "study", None)
        told = " ".join(cautions_of(guide, order, means))
        form = make_form(guide, "unused").description
        if guide.wanted.format_note is not None:
            assert guide.wanted.format_note.value in told
            assert guide.wanted.format_note.value in form
        else:
            unknown = guide.wanted.packing is None and guide.wanted.suffix is None
            assert ("published nowhere" in told) == ("published nowhere" in form) == unknown, guide.id
    wbbc = _guide("wbbc")
    (told,) = cautions_of(wbbc, order_of(wbbc, "wbbc", "study", None), means)
    assert "VCF 4.2 (.vcf.gz), one file a chromosome, GRCh38, chromosomes called chr22" in told


def test_sanger_wants_the_bases_of_its_genome() -> None:
    guide = _guide("sanger")
    assert guide.wanted.reference_alleles is not None
    assert "human_g1k_v37" in guide.wanted.reference_alleles.value
    order = order_of(guide, "hrc-r1.1", "study", None)
    assert "no such genome is known here" in " ".join(cautions_of(guide, order, Means(usual=Path("unused"))))
    genome = Means(usual=Path("unused"), genome=Path("g1k.fa"))
    assert cautions_of(guide, order, genome) == ()


def test_the_form_of_nbdc_is_named_as_it_stands_there() -> None:
    guide = _guide("nbdc-ddbj")
    order = order_of(guide, "grch38.1kgp", "study", None)
    assert (order.build, order.prefixed, order.one_file, order.males_diploid) == ("GRCh38", True, True, True)
    assert [entry.field for step in guide.steps for entry in step.enter] == [
        "Target VCF file",
        "Reference panel preset config",
    ]
