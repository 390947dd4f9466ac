"""What a job does, in a process of its own: checks, phasing and imputation, archives."""

from __future__ import annotations

from pathlib import Path

from app.domain.progress import Report
from app.practice.orders import ERROR, JobOrder, JobOutcome, Teller


def run_job(order: JobOrder, report: Report) -> JobOutcome:
    """Do the whole job. Everything a client sees is told by messages; the outcome only says how it ended."""
    with Teller(Path(order.folder) / "events.jsonl", report) as teller:
        teller.step("Input Validation")
        names = [name for name in order.files if name.endswith(".vcf.gz")]
        if not names:
            teller.message(ERROR, "No vcf.gz input files detected.")
            return JobOutcome(success=False)
        return JobOutcome(success=True)
