"""What waits for the file comes back by rows, from memory as from the disk."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from app.imputation.dosage_cells import thousandths
from app.imputation.spool import Spool


@pytest.mark.parametrize("in_memory", [0, 3000, 1 << 20])
def test_columns_go_in_and_rows_come_out(in_memory: int, tmp_path: Path) -> None:
    draw = np.random.default_rng(1)
    imputed = (draw.random((101, 40)) ** 6).astype(np.float32)
    left_out = draw.random((13, 40)).astype(np.float32)
    with Spool(tmp_path / "spool", 10, in_memory) as spool, ThreadPoolExecutor(3) as pool:
        batches = [slice(at, min(at + 7, 40)) for at in range(0, 40, 7)]
        list(pool.map(lambda some: spool.add(some.start, imputed[:, some], left_out[:, some]), batches))
        assert (tmp_path / "spool").exists() == (in_memory < 1 << 20)
        for number, at in enumerate(range(0, 101, 10)):
            out = np.empty((len(imputed[at : at + 10]), 40), dtype=np.int16)
            spool.window(number, out)
            assert (out == thousandths(imputed[at : at + 10])).all()
        for rows in (slice(0, 5), slice(5, 13), slice(7, 7)):
            out = np.empty((rows.stop - rows.start, 40), dtype=np.int16)
            spool.judged(rows, out)
            assert (out == thousandths(left_out[rows])).all()
    assert not list(tmp_path.iterdir())
