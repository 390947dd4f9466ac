"""A run of tests goes on to its end after a worker crashed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
CONFTEST = """
import pytest
from tests.helpers.whole_files import WholeFiles

def pytest_xdist_make_scheduler(config, log):
    return WholeFiles(config, log)
"""
PASSES = "def test_one():\n    pass\n"
WAITS = "import time\n\n\ndef test_long():\n    time.sleep(2)\n"
CRASHES = "import os, time\n\n\ndef test_crash():\n    time.sleep(0.5)\n    os._exit(3)\n\n\n" + PASSES


@pytest.mark.parametrize(
    ("files", "passed"),
    [
        # The worker that crashes has done a file before, which nobody may be given again.
        ([PASSES, WAITS, PASSES, CRASHES, PASSES, PASSES, PASSES], 7),
        ([WAITS, CRASHES, *[PASSES] * 6], 8),
        ([CRASHES, WAITS, *[PASSES] * 2], 4),
    ],
)
def test_it_ends_and_names_the_test(tmp_path: Path, files: list[str], passed: int) -> None:
    (tmp_path / "conftest.py").write_text(CONFTEST)
    for number, text in enumerate(files):
        (tmp_path / f"test_{number}.py").write_text(text)
    words = ["-m", "pytest", "-p", "xdist", "-p", "no:cacheprovider", "-n", "2"]
    words += ["--dist", "loadfile", "--no-loadscope-reorder"]
    run = subprocess.run(
        [sys.executable, *words, "--rootdir", str(tmp_path), str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=100,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        check=False,
    )
    assert run.returncode == 1, run.stdout
    assert f"1 failed, {passed} passed" in run.stdout
    assert "crashed while running" in run.stdout
