"""REF and spelling against a reference genome, and that unproved indels are told without one."""

from __future__ import annotations

from pathlib import Path

from app.domain.finding import BuildGuess, Finding
from app.genotypes.checks.cohort_reference import references
from app.genotypes.checks.cohort_subject import CohortSubject
from app.genotypes.checks.finding_of import CheckOptions
from app.genotypes.reference_sequence import ReferenceSequence
from tests.helpers.cohorts import cohort_of_rows
from tests.helpers.shared import shared_data

START = 30_000_000


def checked(folder: Path, genome: bool, build: str = "GRCh37") -> dict[str, Finding]:
    """Two right sites, one wrong, an insertion that can move and one that cannot."""
    fasta = shared_data("reference", "GRCh37.chr20.fa.gz")
    sequence = ReferenceSequence(fasta)
    text = sequence.text("20", START, START + 50_000)
    run = START + text.index("AAAAAA")
    end = run + 5
    while text[end - START + 1] == "A":
        end += 1
    wrong = {"A": "C", "C": "G", "G": "T", "T": "A"}[text[20]]
    before = text[run - START - 1]
    sites = [
        (START + 20, wrong, text[20]),
        (START + 30, text[30], {"A": "C"}.get(text[30], "A")),
        (run - 1, before, f"{before}A"),
        (end, "A", "AA"),
    ]
    rows = [("20", p, f"v{n}", ref, alt, [0, 1, 2]) for n, (p, ref, alt) in enumerate(sorted(sites))]
    cohort = cohort_of_rows(folder, list("abc"), rows)
    options = CheckOptions(reference=str(fasta) if genome else None)
    subject = CohortSubject([cohort], options, BuildGuess(value=build, confidence=0.999))
    return {finding.code: finding for finding in references(subject)}


def test_with_a_genome_bases_and_spelling_are_told(tmp_path: Path) -> None:
    found = checked(tmp_path / "c", genome=True)
    assert {code: each.count for code, each in found.items()} == {
        "reference.mismatch": 1,
        "indel.spelling": 1,
    }
    assert found["reference.mismatch"].where == f"20:{START + 20:,}"
    assert (found["reference.mismatch"].fix, found["indel.spelling"].fix) == (
        "restore_reference",
        "normalise",
    )


def test_a_genome_that_is_gone_stops_no_check(tmp_path: Path) -> None:
    cohort = cohort_of_rows(tmp_path / "c", list("abc"), [("20", START, "v", "A", "C", [0, 1, 2])])
    options = CheckOptions(references={"GRCh37": str(tmp_path / "gone.fa"), "GRCh38": "another.fa"})
    subject = CohortSubject([cohort], options, BuildGuess(value="GRCh37", confidence=0.999))
    (found,) = references(subject)
    assert found.code == "reference.unreadable"
    assert found.detail.startswith("gone.fa: ")


def test_without_one_that_spelling_is_not_proved(tmp_path: Path) -> None:
    found = checked(tmp_path / "c", genome=False)
    assert {code: each.count for code, each in found.items()} == {"indel.unproved": 2}


def test_the_genome_of_another_build_is_refused(tmp_path: Path) -> None:
    found = checked(tmp_path / "c", genome=True, build="GRCh38")
    assert list(found) == ["reference.other_build"]
    assert "GRCh37 (hg19), that of the files is GRCh38 (hg38)" in found["reference.other_build"].detail
