"""Columns of very many records go to files and come back the same."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from app.genotypes.site_columns import COLUMNS, SiteColumns, Sites


def batches(records: int, size: int) -> list[list[NDArray[np.generic]]]:
    rng = np.random.default_rng(records)
    whole = [rng.integers(0, 60_000, records).astype(kind) for kind in COLUMNS.values()]
    return [[column[at : at + size] for column in whole] for at in range(0, records, size)]


def collected(records: int, in_memory: int) -> Sites:
    columns = SiteColumns(in_memory=in_memory)
    for batch in batches(records, 700):
        columns.append(batch)
    return columns.finish()


@pytest.mark.parametrize("records", [0, 1, 5000, 200_000])
def test_files_and_memory_hold_the_same(records: int) -> None:
    small, large = collected(records, 10**9), collected(records, 1000)
    assert len(small) == records
    for name, kind in COLUMNS.items():
        assert np.array_equal(getattr(small, name), getattr(large, name))
        assert getattr(small, name).dtype == getattr(large, name).dtype == np.dtype(kind)
    assert isinstance(large.position, np.memmap) == (records > 1000)


def test_what_another_process_kept_is_put_behind(tmp_path: Path) -> None:
    other = SiteColumns(tmp_path)
    for batch in batches(3000, 1000):
        other.append(batch)
    other.finish()
    mine = SiteColumns()
    first = batches(10, 10)[0]
    mine.append(first)
    mine.read_from(tmp_path, np.arange(60_000, dtype=np.uint16)[::-1].copy())
    found = mine.finish()
    expected = batches(3000, 3000)[0]
    assert found.position.tolist() == [*first[1].tolist(), *expected[1].tolist()]
    assert found.chromosome[10:].tolist() == (59_999 - expected[0].astype(int)).tolist()
