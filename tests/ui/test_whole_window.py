"""Every page of the whole window: named, uncut, reached by Tab; full and empty, in both schemes."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.ui.running import leave_loaded_alone

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
@pytest.mark.timeout(240)
@pytest.mark.parametrize(("rows", "scale"), [(10_000, "1.5"), (0, "1")], ids=["full at 150 %", "empty"])
def test_nothing_is_nameless_cut_or_out_of_reach(rows: int, scale: str) -> None:
    environment = os.environ | {"QT_SCALE_FACTOR": scale, "QT_QPA_PLATFORM": "offscreen"}
    command = [sys.executable, "-W", "error", "-m", "tests.ui.whole_window", str(rows)]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=220, check=False
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert json.loads(done.stdout.splitlines()[-1]) == []


def test_what_was_loaded_is_left_alone_by_the_collector() -> None:
    before = gc.get_freeze_count()
    leave_loaded_alone()
    assert gc.get_freeze_count() > before
