"""The shared data of the developers, where they are; tests that need them are skipped elsewhere."""

import os
from pathlib import Path

import pytest


def shared_folder() -> Path | None:
    """The folder with data and cases, or None on a machine without it."""
    named = os.environ.get("HAPLODESK_SHARED")
    root = Path(named) if named else Path(__file__).resolve().parents[3] / "shared"
    return root if (root / "data").is_dir() else None


def shared_data(*parts: str) -> Path:
    """A path under `shared/data`; skips the test where there are no shared data."""
    root = shared_folder()
    if root is None:
        pytest.skip("the shared data are not on this machine")
    return root.joinpath("data", *parts)
