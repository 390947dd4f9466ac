"""Lines in BGZF: whole or not there, and every place in the text is known without reading it."""

import gzip
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.genotypes.bgzf import (
    EOF_MARKER,
    Compression,
    ContainerError,
    block_length,
    inflate_block,
    open_text_blocks,
    read_lines,
)
from app.imputation import bgzf_lines
from app.imputation.bgzf_lines import BgzfLines
from app.imputation.crew import Crew


def lines(many: int) -> list[bytes]:
    draw = np.random.default_rng(3)
    return [b"%d\t" % row + b"0|0:0\t" * int(draw.integers(1, 4000)) + b"end\n" for row in range(many)]


def text_at(path: Path, virtual: int) -> bytes:
    """What follows a virtual offset in its block."""
    data = memoryview(path.read_bytes())
    at = virtual >> 16
    return bytes(inflate_block(data[at : at + block_length(data, at, at)], at))[virtual & 0xFFFF :]


@pytest.fixture(params=["quick", "libdeflate"])
def either(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "libdeflate":
        monkeypatch.setattr(bgzf_lines, "_quick", lambda: None)
    elif bgzf_lines._quick() is None:
        pytest.skip("the extension was not built")


def letters(many: int) -> bytes:
    """How often letters occur goes as Fibonacci's numbers, so that codes would be longer than allowed."""
    counts = [1, 1]
    while sum(counts) < many:
        counts.append(counts[-1] + counts[-2])
    text = np.repeat(np.arange(len(counts), dtype=np.uint8), counts)
    np.random.default_rng(1).shuffle(text)
    return text.tobytes()


def repeated(alphabet: bytes, many: int) -> bytes:
    draw = np.random.default_rng(2)
    return np.frombuffer(alphabet, np.uint8)[draw.integers(0, len(alphabet), many)].tobytes()


TEXTS: dict[str, bytes] = {
    "one letter": b"x",
    "three": b"xyz",
    "runs": b"".join(b"ab" * n + b"c" * (3 * n + 250) for n in range(30)),
    "rare letters": letters(60_000),
    "nothing repeats": np.random.default_rng(0).bytes(200_001),
    "few letters": repeated(b"0:,|", 150_000),
    "far apart": np.random.default_rng(4).bytes(40_000) * 3,
    "a whole block": repeated(b"01", 0xFF00),
    "one more": repeated(b"01", 0xFF01),
    "zeros": bytes(70_000),
}


@pytest.mark.usefixtures("either")
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_any_text_comes_back(text: bytes, tmp_path: Path) -> None:
    with BgzfLines(tmp_path / "x.gz", 1) as out:
        out.write(text)
    assert gzip.decompress((tmp_path / "x.gz").read_bytes()) == text
    with open_text_blocks(tmp_path / "x.gz") as blocks:  # the lengths and sums of blocks
        assert blocks.compression is Compression.BGZF


@given(st.lists(st.tuples(st.binary(max_size=9), st.integers(1, 400)), max_size=40))
def test_any_runs_come_back(runs: list[tuple[bytes, int]]) -> None:
    text = b"".join(piece * many for piece, many in runs)
    blocks, lengths = bgzf_lines._packed(text, 1)
    assert b"".join(bytes(inflate_block(memoryview(each), 0)) for each in blocks) == text
    assert sum(lengths) == len(text)


@pytest.mark.usefixtures("either")
@pytest.mark.parametrize("threads", [0, 2])
def test_text_and_places(threads: int, tmp_path: Path) -> None:
    path, rows = tmp_path / "x.gz", lines(60)
    with Crew(2) as crew, BgzfLines(path, 1, crew if threads else None) as out:
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
