"""Half-made files go when their process ended, and only then."""

import os
import subprocess
import sys
from pathlib import Path

from app.imputation.scratch import PREFIX, remove_abandoned, scratch_folder

HOLD = """
import sys, pathlib
from app.imputation.scratch import scratch_folder
with scratch_folder(pathlib.Path(sys.argv[1])) as folder:
    (folder / "half").write_bytes(b"1")
    print(folder, flush=True)
    sys.stdin.read()
"""


def test_a_folder_goes_when_its_process_was_killed_and_not_before(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        folder = Path(process.stdout.readline().strip())
        os.utime(folder, (0, 0))
        remove_abandoned(tmp_path)
        assert (folder / "half").exists()
        process.kill()
    assert (folder / "half").exists()
    os.utime(folder, (0, 0))
    remove_abandoned(tmp_path)
    with scratch_folder(tmp_path) as mine:
        assert list(tmp_path.iterdir()) == [mine]
    assert not list(tmp_path.iterdir())


def test_a_folder_without_a_lock_goes_when_it_is_not_new(tmp_path: Path) -> None:
    folder, other = tmp_path / (PREFIX + "old"), tmp_path / "chr20.dose.vcf.gz"
    folder.mkdir()
    other.write_bytes(b"1")
    remove_abandoned(tmp_path)
    assert folder.exists()
    os.utime(folder, (0, 0))
    remove_abandoned(tmp_path)
    assert list(tmp_path.iterdir()) == [other]
