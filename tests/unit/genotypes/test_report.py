"""The report tells what was found, hides small numbers of people and names, and no text becomes markup."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.cohort_summary import AncestryShare, CohortSummary
from app.domain.dataset import DataFile, Dataset
from app.domain.finding import BuildGuess, CheckReport, FileFacts, Finding, Severity
from app.domain.repair import Ledger, LedgerLine, RepairOutcome
from app.domain.verdict import LostChunk, Outcome, Verdict, VerdictReason
from app.genotypes.figures import Figures
from app.genotypes.report import html_report, json_report, report_facts
from app.genotypes.reporting.hiding import HIDDEN, NOT_SHOWN, Hiding

NAMES = [f"NA{n:05}" for n in range(120)]
PATH = "/home/someone/secret-folder/chr22.vcf.gz"


def dataset(**more: Any) -> Dataset:
    """A checked dataset with a bit of everything, and markup where texts come from files."""
    findings = (
        Finding(
            code="sample.call_rate",
            severity=Severity.SEVERE,
            title="Samples with few calls",
            detail=f"{NAMES[3]} has 40 %.",
            where=f"{NAMES[3]}, {NAMES[4]}",
            count=2,
        ),
        Finding(
            code="site.duplicate",
            severity=Severity.WARNING,
            title="Sites <b>twice</b>",
            where="22:17,000",
            count=3,
            file=PATH,
        ),
    )
    report = CheckReport(
        accepted=False,
        stage="qc",
        error="chr22.vcf.gz: Samples with few calls.",
        build=BuildGuess(value="GRCh37", confidence=0.999, evidence=("58 of 58 known positions agree.",)),
        samples=120,
        snps=4003,
        chromosomes=("22",),
        files=(FileFacts(path=PATH, name="chr22.vcf.gz", size=9, format="VCF", variants=4003),),
        findings=findings,
        cohort=CohortSummary(
            call_rate=0.991,
            low_call_samples=2,
            het_outliers=7,
            sex={"male": 58, "female": 60, "unclear": 2},
            related={"duplicate": 1, "first": 9},
            ancestry=(AncestryShare(label="EUR", people=117), AncestryShare(label="AFR", people=3)),
            why={"sex": f"{NAMES[5]} has no X."},
        ),
    )
    verdict = Verdict(
        service_id="m",
        service="Michigan",
        panel="HRC <script>alert(1)</script>",
        outcome=Outcome.REFUSES,
        headline="Michigan would refuse this: 212 strand flips, 100 allowed.",
        remedy="Haplodesk can repair 211.",
        reasons=(
            VerdictReason(code="strand_flips", text="Strand flips", here=212, allowed=100, repairable=211),
        ),
        warnings=(f"{NAMES[9]} costs a chunk.",),
        lost_chunks=(
            LostChunk(chromosome="22", start=1, end=2, reason="call_rate", people=(NAMES[9], NAMES[10])),
        ),
    )
    ledger = Ledger(
        sites_in=4003,
        samples_in=120,
        lines=(LedgerLine(code="flip", title="Flip", changed_sites=211, removed_sites=3, removed_samples=2),),
        sites_out=4000,
        samples_out=118,
    )
    fields = {
        "id": "data-1",
        "name": "A <i>cohort</i> & more",
        "files": (DataFile(path=PATH, name="chr22.vcf.gz", size=9, modified=1),),
        "report": report,
        "added": datetime(2026, 1, 2, tzinfo=UTC),
        "verdicts": (verdict,),
        "outcome": RepairOutcome(ledger=ledger, ready=True, verdict="Ready."),
    }
    return Dataset(**fields | more)


@pytest.fixture
def figures() -> Figures:
    """Figures of 120 people and a few chunks."""
    rng = np.random.default_rng(1)
    rate = np.full(120, 0.993)
    rate[3:5] = 0.4
    plane = np.zeros((50, 50), int)
    plane[10, 11], plane[40, 9] = 300, 2
    chunk_rate = np.full((3, 120), 0.99, np.float32)
    chunk_rate[1, 9:11] = 0.3
    return Figures(
        samples=np.array(NAMES),
        sample_call_rate=rate,
        het_f=rng.normal(0, 0.02, 120),
        sex_stated=np.ones(120, int),
        sex_found=np.full(120, 2),
        pcs=rng.normal(0, 1, (120, 4)),
        ancestry=np.tile([0.0, 1.0], (120, 1)),
        ancestry_labels=np.array(["AFR", "EUR"]),
        reference_pcs=rng.normal(0, 1, (200, 4)),
        reference_label=rng.integers(0, 2, 200),
        frequency_plane=plane,
        frequency_source=np.array("HRC"),
        chunk_chromosome=np.array(["21", "22", "22"]),
        chunk_start=np.array([1, 1, 20_000_001]),
        chunk_end=np.array([20_000_000, 20_000_000, 40_000_000]),
        chunk_sites=np.array([800, 900, 0]),
        chunk_overlap=np.array([0.99, 0.4, np.nan]),
        chunk_call_rate=chunk_rate,
    )


class Walk(HTMLParser):
    """Tags of a page in order, and whether they nest."""

    EMPTY = frozenset(("meta", "rect", "line", "circle", "br"))

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def walked(text: str) -> Walk:
    """A page that was read to its end."""
    walk = Walk()
    walk.feed(text)
    walk.close()
    assert walk.open == []
    return walk


@pytest.mark.parametrize("names", [True, False])
def test_texts_of_files_never_become_markup_and_nothing_is_loaded(figures: Figures, names: bool) -> None:
    text = html_report(dataset(), figures, names)
    walk = walked(text)
    assert not {"script", "img", "link", "iframe", "i", "b"} & set(walk.seen)
    assert "A <i>cohort</i> & more" in walk.words
    assert "HRC <script>alert(1)</script>" in "".join(walk.words)
    assert not re.search(r"https?://|url\(|@import", text)


def test_the_verdict_comes_first_and_every_part_is_there(figures: Figures) -> None:
    text = html_report(dataset(), figures)
    heads = re.findall(r"<h2>(.*?)</h2>", text)
    assert heads[0] == "Summary"
    assert heads[1].startswith("Verdict: Michigan")
    assert heads[2:] == [
        "Findings",
        "People",
        "Call rate of people",
        "Heterozygosity",
        "Frequencies against the reference",
        "Map of ancestry",
        "Chunks",
        "Repair",
        "Files",
    ]
    assert text.count("<svg") == 5
    assert "212 strand flips, 100 allowed" in text
    assert "prefers-color-scheme: dark" in text
    assert "The books add up." in text


def test_without_names_no_name_and_no_folder_is_told(figures: Figures) -> None:
    for text in (html_report(dataset(), figures), json_report(dataset(), figures)):
        assert not [name for name in NAMES if name in text]
        assert "secret-folder" not in text
        assert "[sample] costs a chunk." in text


def test_names_that_are_not_known_take_their_sentence_along() -> None:
    told = report_facts(dataset(verdicts=()), None)
    assert told["findings"][0]["detail"] == ""
    assert told["findings"][0]["where"] == ""
    assert told["findings"][1]["where"] == "22:17,000"


def test_small_numbers_of_people_are_hidden_and_cannot_be_worked_out(figures: Figures) -> None:
    told = report_facts(dataset(), figures)
    people = told["people"]
    assert (people["low_call_samples"], people["het_outliers"]) == (HIDDEN, 7)
    assert people["sex"] == {"male": NOT_SHOWN, "female": 60, "unclear": HIDDEN}
    assert people["ancestry"] == {"EUR": NOT_SHOWN, "AFR": HIDDEN}
    assert people["related_pairs"] == {"duplicate": HIDDEN, "first": 9}
    assert [each["count"] for each in told["findings"]] == [HIDDEN, 3]
    assert told["figures"]["sample_call_rate"]["people"][0] == HIDDEN
    assert told["figures"]["chunks"][1]["low_call_people"] == HIDDEN
    assert "samples" not in told["figures"]
    ledger = told["repair"]["ledger"]
    assert (ledger["lines"][0]["removed_samples"], ledger["samples_out"]) == (HIDDEN, NOT_SHOWN)
    assert (ledger["samples_in"], ledger["sites_out"]) == (120, 4000)
    assert all(n == HIDDEN or n >= 5 for _, _, n in told["figures"]["ancestry_map"]["here"])


def test_with_names_everything_is_told(figures: Figures) -> None:
    told = json.loads(json_report(dataset(), figures, names=True))
    assert told["findings"][0]["where"] == f"{NAMES[3]}, {NAMES[4]}"
    assert told["people"]["ancestry"] == {"EUR": 117, "AFR": 3}
    assert told["figures"]["chunks"][1]["people"] == NAMES[9:11]
    assert told["verdicts"][0]["lost_chunks"][0]["people"] == NAMES[9:11]
    first = told["figures"]["samples"][3]
    assert (first["name"], first["call_rate"], first["sex_found"], first["ancestry"]) == (
        NAMES[3],
        0.4,
        "female",
        "EUR",
    )
    assert NAMES[3] in html_report(dataset(), figures, names=True)


def test_a_dataset_that_was_not_checked_has_a_report() -> None:
    text = html_report(dataset(report=None, verdicts=(), outcome=None), None)
    walked(text)
    assert "The files were not checked." in text


def test_figures_without_values_are_drawn_too(figures: Figures) -> None:
    figures.het_f = np.full(120, np.nan)
    figures.pcs = np.full((120, 2), np.nan)
    figures.reference_pcs = np.empty(0)
    figures.chunk_call_rate = np.full((3, 120), np.nan, np.float32)
    figures.frequency_plane = np.zeros((50, 50), int)
    walked(html_report(dataset(), figures))


def test_a_name_inside_a_word_or_of_digits_only_stays() -> None:
    hiding = Hiding(False, ["212", "S1", "NA12"])
    assert hiding.text("212 flips in NA12 and NA123") == "212 flips in [sample] and NA123"
    assert hiding.text_of_people("212 is NA12") == "[sample] is [sample]"
    assert Hiding(False, []).text_of_people("S1 is a twin") == ""
    assert Hiding(True, ["NA12"]).text("NA12") == "NA12"


@pytest.mark.parametrize("kind", ["23andme", "VCF"])
def test_a_report_without_names_does_not_tell_whose_file_it_is(kind: str) -> None:
    """One person is called after the file, or the file after the person."""
    path = "/home/x/genome_Jane_Roe_v5.txt"
    facts = FileFacts(path=path, name="genome_Jane_Roe_v5.txt", size=9, format=kind, samples=1)
    broken = Finding(
        code="line.columns",
        severity=Severity.SEVERE,
        title="genome_Jane_Roe_v5.txt has a bad line",
        where="genome_Jane_Roe_v5, line 3",
        file=path,
    )
    report = CheckReport(
        accepted=False,
        stage="qc",
        error="genome_Jane_Roe_v5.txt: a bad line",
        samples=1,
        snps=3,
        files=(facts,),
        findings=(broken,),
    )
    made = Dataset(
        id="d",
        name="genome_Jane_Roe_v5",
        files=(DataFile(path=path, name=facts.name, size=9, modified=1),),
        report=report,
        added=datetime(2026, 1, 1, tzinfo=UTC),
    )
    for figures in (None, Figures(samples=np.array(["genome_Jane_Roe_v5"]))):
        for text in (html_report(made, figures), json_report(made, figures)):
            assert "Roe" not in text
            assert "file 1" in text
    assert "genome_Jane_Roe_v5.txt" in html_report(made, None, names=True)


def test_a_file_of_many_is_not_told_where_it_has_a_name_of_one_of_them(figures: Figures) -> None:
    path = "/data/for NA00003.vcf"
    made = dataset()
    assert made.report is not None
    file = DataFile(path=path, name="for NA00003.vcf", size=9, modified=1)
    told = report_facts(made.model_copy(update={"files": (*made.files, file)}), figures)
    assert [each["name"] for each in told["dataset"]["files"]] == ["chr22.vcf.gz", "file 2"]


def test_short_names_are_hidden_as_whole_words() -> None:
    hiding = Hiding(False, ["B7", "Al", "a", "C"])
    assert hiding.text_of_people("B7 and Al: a pair, not B72, Also") == (
        "[sample] and [sample]: [sample] pair, not B72, Also"
    )
    assert hiding.text("B7 has a C/G site") == "[sample] has a C/G site"


@given(
    names=st.lists(st.text("ab-. 1", min_size=1, max_size=5), max_size=12),
    text=st.text("ab-. 1", max_size=40),
)
def test_names_are_found_as_one_pattern_of_all_would(names: list[str], text: str) -> None:
    longest = sorted(set(names), key=len, reverse=True)
    pattern = re.compile(r"(?<!\w)(?:" + "|".join(map(re.escape, longest)) + r")(?!\w)")
    wanted = pattern.sub("[sample]", text) if names else ""
    assert Hiding(False, names).text_of_people(text) == wanted


def test_a_sentence_asks_for_no_name_that_it_does_not_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    """One pattern of all names took seconds to be made for 20,000 of them."""
    hiding = Hiding(False, [f"FAM-{n:05}" for n in range(20_000)])
    asked: list[str] = []
    monkeypatch.setattr(
        "app.genotypes.reporting.hiding._whole", lambda *each: bool(asked.append(each[0])) or True
    )
    assert hiding.text("FAM-00007 is a twin of FAM-00009.") == "[sample] is a twin of [sample]."
    assert len(asked) == 2
