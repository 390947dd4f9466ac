"""Work of the practice server that takes a moment: it locks up result files that were made before.

They lie in the folder `template` of the server's home: true result files of a small imputation, so that what
comes after the download (decrypting, judging) has real files before it.
"""

import shutil
import time
from pathlib import Path

from app.domain.progress import Report
from app.practice.archives import write_archive
from app.practice.orders import OK, JobOrder, JobOutcome, Teller

RUN_S = 0.4


def make_results(order: JobOrder, report: Report) -> JobOutcome:
    """An archive a folder of the template, with the password of the job, and a report."""
    template = Path(order.folder).parents[1] / "template"
    with Teller(Path(order.folder) / "events.jsonl", report) as teller:
        teller.step("Phasing and Imputation")
        teller.running("Imputation", 1, 2)
        time.sleep(RUN_S)  # so long that the client can see it run
        out = order.output_folder()
        out.mkdir(parents=True, exist_ok=True)
        aes = order.inputs["aesEncryption"] == "true"
        for chromosome in sorted(each for each in template.iterdir() if each.is_dir()):
            inside = sorted(chromosome.iterdir())
            write_archive(out / f"chr_{chromosome.name}.zip", inside, order.inputs["password"], aes=aes)
        shutil.copyfile(template / "qc_report.txt", out / "qc_report.txt")
        teller.message(OK, "done")
    return JobOutcome(success=True)
