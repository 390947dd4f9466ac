"""From an archive to a proved, counted and indexed file, beside what a careful person types.

`python -m tests.benchmarks.bench_archive_to_index [records] [samples]` prints CPU seconds of one pass of ours
and of `7z x`, `sha256sum`, `tabix -p vcf` on the same archive, in turns, with what ours takes beyond plain
unpacking. Ours also proves the HMAC and every block, counts cells of each record and marks of each site.
"""

from __future__ import annotations

import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from pydantic import SecretStr

from app.results.archive import extract, extract_results
from tests.helpers.archives import PASSWORD, by_7zip, written
from tests.helpers.imputed_files import dose_text, packed, site_lines

ROUNDS = 3
NAME = "chr20.dose.vcf.gz"


def cpu(work: Callable[[], object]) -> float:
    """CPU seconds of this process and of those that it starts."""

    def now() -> float:
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return time.process_time() + children.ru_utime + children.ru_stime

    start = now()
    work()
    return now() - start


def by_hand(archive: Path, folder: Path) -> None:
    """What a person types."""
    unpack = ["7z", "x", "-y", "-bd", f"-p{PASSWORD}", f"-o{folder}", str(archive)]
    subprocess.run(unpack, check=True, stdout=subprocess.DEVNULL)
    for command in (["sha256sum"], ["tabix", "-f", "-p", "vcf"]):
        subprocess.run([*command, str(folder / NAME)], check=True, stdout=subprocess.DEVNULL)


def main(records: int, samples: int) -> None:
    """Print the medians."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        names = [f"S{n}" for n in range(samples)]
        sites = site_lines(sites=records, step=90)
        archive = by_7zip(
            folder / "a.zip",
            written(folder / "source", {NAME: packed(dose_text(sites, names), folder)}),
            PASSWORD,
            "AES256",
        )
        secret = SecretStr(PASSWORD)
        runs: dict[str, Callable[[], object]] = {
            "ours": lambda: extract_results(archive, secret, folder / "ours"),
            "plain": lambda: extract(archive, secret, folder / "plain"),
            "by_hand": lambda: by_hand(archive, folder / "theirs"),
        }
        seconds: dict[str, list[float]] = {each: [] for each in runs}
        for _ in range(ROUNDS):
            for each, work in runs.items():
                seconds[each].append(cpu(work))
        told = {each: round(statistics.median(found), 3) for each, found in seconds.items()}
        told |= {"records": records, "samples": samples, "ratio": round(told["ours"] / told["by_hand"], 2)}
        print(json.dumps(told))


if __name__ == "__main__":
    if shutil.which("7z") is None or shutil.which("tabix") is None:
        sys.exit("7z and tabix are needed.")
    main(*(int(word) for word in (sys.argv[1:] + ["60000", "50"][len(sys.argv) - 1 :])))
