"""Work that stands in for the real one, so that downloads can be tested in a moment."""

from pathlib import Path

from app.domain.progress import Report
from app.practice.archives import write_archive
from app.practice.orders import OK, WARNING, JobOrder, JobOutcome, Teller

BIG = 3_000_000


def make_results(order: JobOrder, report: Report) -> JobOutcome:
    """A few files: an archive, a report, an empty table."""
    with Teller(Path(order.folder) / "events.jsonl", report) as teller:
        teller.step("Quality Control")
        teller.running("Counting", 1, 3)
        teller.message(OK, "one\n\ntwo")
        teller.message(WARNING, "three")
        teller.log("a line")
        out = order.output_folder()
        (out / "statistics").mkdir(parents=True)
        inside = Path(order.folder) / "chr20.dose.vcf.gz"
        inside.write_bytes(bytes(range(256)) * (BIG // 256))
        write_archive(out / "chr_20.zip", [inside], "secret-1", aes=False)
        (out / "qc_report.txt").write_text("fine\n")
        (out / "statistics" / "snps-excluded.txt").write_bytes(b"")
    return JobOutcome(success=order.inputs["mode"] == "imputation")


def crash(order: JobOrder, report: Report) -> JobOutcome:
    """Dies as a bug would make it die."""
    raise RuntimeError("broken on purpose")


def endless(order: JobOrder, report: Report) -> JobOutcome:
    """Never ends by itself."""
    import time

    with Teller(Path(order.folder) / "events.jsonl", report) as teller:
        teller.step("Phasing and Imputation")
        teller.running("Imputation", 3, 12)
        time.sleep(600)
    return JobOutcome(success=True)
