"""An empty store in a folder of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.store.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Closed at the end, with its threads."""
    with Store.open(tmp_path / "haplodesk.db") as opened:
        yield opened
