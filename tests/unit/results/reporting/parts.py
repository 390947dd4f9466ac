"""What reports in tests are made of: a small measured result and recorded facts."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from app.domain.ledger import LedgerRow, Loss, ResultLedger, SampleBook, Stage
from app.domain.result_report import (
    DatasetFacts,
    InputFact,
    OutputFact,
    PanelFacts,
    RepairFact,
    RunFacts,
    ServiceFacts,
    SoftwareFact,
)
from app.results.figures.measuring import Measured, measure
from app.results.reporting.sections import ReportParts
from tests.helpers.imputed_files import dose_text, packed, site_lines

NOW = datetime(2026, 11, 26, 1, 0, tzinfo=UTC)
PEOPLE = tuple(f"Person{n:02}" for n in range(24))


def result_folder(folder: Path) -> Path:
    """A folder with one dose file of 24 people."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "chr20.dose.vcf.gz").write_bytes(packed(dose_text(site_lines(), PEOPLE), folder))
    return folder


def measured_result(folder: Path) -> Measured:
    """Its figures."""
    return measure(result_folder(folder))


def run_facts(**other: object) -> RunFacts:
    """Facts of a job at a server."""
    facts = RunFacts(
        title="My cohort",
        haplodesk="0.1.0",
        made=NOW,
        verdict="All is well.",
        service=ServiceFacts(
            name="Michigan Imputation Server",
            family="cloudgene",
            base_url="https://server.example",
            app_id="imputationserver2@2.0.12",
            app_version="2.0.12",
        ),
        panel=PanelFacts(id="apps@hapmap-2@2.0.0", name="HapMap 2", build="GRCh37", version="2.0.0"),
        options={"population": "eur", "r2Filter": "0.3", "meta": False},
        submitted=NOW,
        ended=NOW,
        verified=NOW,
        dataset=DatasetFacts(
            name="cohort",
            samples=24,
            sites=310,
            chromosomes=("20",),
            build="GRCh37",
            call_rate=0.9912,
            repairs=(
                RepairFact(code="flip", title="Flip strands", changed_sites=12),
                RepairFact(code="drop_samples", title="Leave out people", removed_samples=3),
            ),
            sites_before_repair=330,
            samples_before_repair=27,
        ),
        inputs=(InputFact(path="/data/Person01.vcf.gz", name="Person01.vcf.gz", size=10, sha256="ab" * 32),),
        software=(
            SoftwareFact(name="Minimac4", version="4.1.6", role="imputation", source="chr20.dose.vcf.gz"),
        ),
        warnings=("It was sent in spite of a severe finding: Person03 is odd.",),
    )
    return facts.model_copy(update=other)


def books() -> ResultLedger:
    """Books with two losses."""
    losses = (
        Loss(stage=Stage.ACCEPTED, reason="Not in the panel", count=7, source="statistics/snps-excluded.txt"),
        Loss(stage=Stage.TYPED, reason="no reason told", count=3, explained=False),
    )
    row = LedgerRow(chromosome="20", sent=310, accepted=303, typed=300, losses=losses)
    return ResultLedger(made=NOW, chromosomes=(row,), samples=SampleBook(sent=24, found=24, missing=2))


def parts(folder: Path) -> ReportParts:
    """Everything together."""
    outputs = (OutputFact(path="chr20.dose.vcf.gz", size=1234, sha256="cd" * 32, verified_by="BGZF"),)
    return ReportParts(run_facts(), outputs, measured_result(folder), books())


def random_values(count: int, seed: int = 1) -> np.ndarray:
    """Values around 0.3 with one far off."""
    values = np.random.default_rng(seed).normal(0.3, 0.01, count)
    values[0] = 0.9
    return values
