"""The prediction on the command line: everything that decides is said, in words and as JSON."""

from app.cli.work.verdict import verdict_lines, verdict_row
from app.domain.verdict import LostChunk, Outcome, Verdict, VerdictReason

VERDICT = Verdict(
    service_id="m",
    service="Michigan",
    panel_id="p",
    panel="HRC",
    outcome=Outcome.REFUSES,
    headline="Michigan would refuse this: 212 strand flips, 100 allowed.",
    remedy="Haplodesk can repair 211.",
    server_says="More than 100 obvious strand flips have been detected.",
    reasons=(
        VerdictReason(code="strand_flips", text="212 strand flips, 100 allowed", here=212, repairable=211),
        VerdictReason(code="lost.monomorphic", text="4 variants are left out", stops=False, here=4),
    ),
    lost_chunks=(
        LostChunk(
            chromosome="20", start=1, end=20_000_000, reason="call_rate", variants=9, people=("S1", "S2")
        ),
    ),
    lifted="The files are hg19 and the panel is hg38.",
    not_judged=("Alleles: no site list.",),
    warnings=("Skip allele frequency check.",),
    rules="as published (2026-05-07)",
)


def test_lines_say_what_decides_and_what_can_be_done() -> None:
    text = "\n".join(verdict_lines(VERDICT))
    for part in (
        "Michigan, HRC",
        "would be refused",
        "212 strand flips, 100 allowed.",
        "Haplodesk can repair 211.",
        "More than 100 obvious strand flips",
        "20:1-20000000",
        "S1, S2",
        "Not judged: Alleles: no site list.",
        "Warning: Skip allele frequency check.",
        "Rules: as published (2026-05-07)",
    ):
        assert part in text


def test_a_short_verdict_has_short_lines() -> None:
    short = Verdict(service_id="m", service="M", outcome=Outcome.UNKNOWN, headline="Nothing is known.")
    assert len(verdict_lines(short)) == 3


def test_the_row_is_the_whole_verdict() -> None:
    row = verdict_row(VERDICT)
    assert row["outcome"] == "refuses"
    assert Verdict.model_validate(row) == VERDICT
