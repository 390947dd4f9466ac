"""How fast archives are unpacked, beside 7-Zip on the same archive in the same run.

`python -m tests.benchmarks.bench_archive [megabytes]` prints one line for each encryption. Both write the
same files to the same disk and flush them; ours also computes SHA-256 and, for AES, proves the HMAC.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from pydantic import SecretStr

from app.results.archive import extract, verify_zip
from tests.helpers.archives import PASSWORD, by_7zip

ROUNDS = 3


def seconds(work: Callable[[], object]) -> float:
    """Wall-clock seconds of one run."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def by_7z(archive: Path, folder: Path) -> None:
    """Unpack by 7-Zip and flush what it wrote."""
    command = ["7z", "x", "-y", "-bd", f"-p{PASSWORD}", f"-o{folder}", str(archive)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    for path in folder.iterdir():
        with path.open("rb+") as file:
            os.fsync(file.fileno())


def compare(folder: Path, source: Path, method: str, megabytes: float) -> dict[str, object]:
    """Medians over rounds in which both take turns, so that a busy moment hits both."""
    made = by_7zip(folder / f"{method}.zip", source, PASSWORD, method)
    ours, theirs, checked = [], [], []
    for _ in range(ROUNDS):
        theirs.append(seconds(lambda: by_7z(made, folder / "theirs")))
        ours.append(seconds(lambda: extract(made, SecretStr(PASSWORD), folder / "ours")))
        checked.append(seconds(lambda: verify_zip(made, SecretStr(PASSWORD))))
    mine, other = statistics.median(ours), statistics.median(theirs)
    return {
        "encryption": method,
        "megabytes": round(megabytes),
        "extract_mb_s": round(megabytes / mine, 1),
        "verify_mb_s": round(megabytes / statistics.median(checked), 1),
        "7z_mb_s": round(megabytes / other, 1),
        "speed_ratio_to_7z": round(other / mine, 2),
    }


def main() -> None:
    """Measure both encryptions."""
    megabytes = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = folder / "source"
        source.mkdir()
        (source / "chr22.dose.vcf.gz").write_bytes(os.urandom(megabytes * 1_000_000 * 9 // 10))
        (source / "chr22.info.gz").write_bytes(os.urandom(megabytes * 1_000_000 // 10))
        for method in ("ZipCrypto", "AES256"):
            print(json.dumps(compare(folder, source, method, megabytes)), flush=True)


if __name__ == "__main__":
    main()
