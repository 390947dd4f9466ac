"""Lines in BGZF: whole or not there, and every place in the text is known without reading it."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from app.genotypes.bgzf import EOF_MARKER, ContainerError, block_length, inflate_block, read_lines
from app.imputation.bgzf_lines import BgzfLines


def lines(many: int) -> list[bytes]:
    draw = np.random.default_rng(3)
    return [b"%d\t" % row + b"0|0:0\t" * int(draw.integers(1, 4000)) + b"end\n" for row in range(many)]


def text_at(path: Path, virtual: int) -> bytes:
    """What follows a virtual offset in its block."""
    data = memoryview(path.read_bytes())
    at = virtual >> 16
    return bytes(inflate_block(data[at : at + block_length(data, at, at)], at))[virtual & 0xFFFF :]


@pytest.mark.parametrize("threads", [0, 2])
def test_text_and_places(threads: int, tmp_path: Path) -> None:
    path, rows = tmp_path / "x.gz", lines(60)
    with ThreadPoolExecutor(2) as pool, BgzfLines(path, 1, pool if threads else None) as out:
        for at in range(0, 60, 7):
            out.write(b"".join(rows[at : at + 7]))
        assert not path.exists()
        assert out.text == sum(map(len, rows))
    assert [each + b"\n" for each in read_lines(path)] == rows
    starts = np.cumsum([0, *map(len, rows)])[:-1]
    for row, virtual in zip(rows, out.virtual(starts).tolist(), strict=True):
        assert text_at(path, virtual)[:5] == row[:5]


def written(path: Path, error: Exception | None = None) -> None:
    with BgzfLines(path, 1) as out:
        out.write(b"line\n" * 1000)
        if error is not None:
            raise error


def test_nothing_stays_of_what_failed(tmp_path: Path) -> None:
    with pytest.raises(KeyError):
        written(tmp_path / "x.gz", KeyError())
    assert not list(tmp_path.iterdir())


def test_a_file_that_lost_bytes_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a drive that takes everything and keeps a part of it."""
    monkeypatch.setattr("os.fsync", lambda number: os.ftruncate(number, 10))
    with pytest.raises(ContainerError):
        written(tmp_path / "x.gz")
    assert not list(tmp_path.iterdir())


def test_an_empty_file_has_its_end(tmp_path: Path) -> None:
    with BgzfLines(tmp_path / "x.gz", 1) as out:
        out.write(b"")
    assert (tmp_path / "x.gz").read_bytes() == EOF_MARKER
