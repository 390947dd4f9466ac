"""Thousandths on their way to a file: packed and back, summed, as text; with and without the extension."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from app.genotypes.matrix import ABSENT, MISSING
from app.imputation import dosage_cells
from app.imputation.dosage_cells import (
    Thousandths,
    cells_kernel,
    dose_lines,
    empirical_lines,
    pack,
    sums,
    thousandths,
    unpack,
)

needs_extension = pytest.mark.skipif(cells_kernel() is None, reason="the extension was not built")
CHANCES = st.sampled_from([0.0, 1.0, 0.0004, 0.0005, 0.0015, 0.25, 0.9994, 0.9996])


@pytest.fixture(params=["extension", "plain"])
def either(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "plain":
        monkeypatch.setattr(dosage_cells, "cells_kernel", lambda: None)
    elif cells_kernel() is None:
        pytest.skip("the extension was not built")


def drawn(rows: int, columns: int, seed: int = 1) -> NDArray[np.float32]:
    """Mostly nothing, as most sites are."""
    draw = np.random.default_rng(seed)
    values = draw.random((rows, columns)) ** 4 * (draw.random((rows, columns)) < 0.3)
    values[draw.random((rows, columns)) < 0.2] = 1.0
    return values.astype(np.float32)


@pytest.mark.usefixtures("either")
@pytest.mark.parametrize(("rows", "columns", "window"), [(1, 1, 1), (50, 7, 8), (9, 3000, 4), (7, 40_000, 7)])
def test_what_was_packed_comes_back(rows: int, columns: int, window: int) -> None:
    chances = drawn(rows, columns)
    chances[rows // 2 :, columns // 2 :] = 0  # runs longer than a code holds
    made = pack(chances, window)
    assert pack(thousandths(chances), window).codes == made.codes
    out = np.full((rows, columns + 3), -7, dtype=np.int16)
    for number, at in enumerate(range(0, rows, window)):
        unpack(made.window(number), out[at : at + window], 2, columns)
    assert (out[:, 2:-1] == thousandths(chances)).all()
    assert (out[:, :2] == -7).all()
    assert (out[:, -1] == -7).all()


@needs_extension
@given(arrays(np.float32, (5, 6), elements=CHANCES.map(np.float32)))
def test_it_is_rounded_as_numpy_rounds(chances: NDArray[np.float32]) -> None:
    out = np.empty((5, 6), dtype=np.int16)
    unpack(pack(chances, 5).codes, out, 0, 6)
    assert (out == np.rint(chances * np.float32(1000))).all()


@pytest.mark.usefixtures("either")
@pytest.mark.parametrize("wrong", [np.nan, 1.5, -0.5, np.inf])
def test_what_is_no_probability_is_refused(wrong: float) -> None:
    chances = drawn(3, 4)
    chances[1, 2] = wrong
    with pytest.raises(ValueError, match="no probability"):
        pack(chances, 3)


@pytest.mark.usefixtures("either")
@pytest.mark.parametrize("wrong", [-1, 1001, -32768])
def test_what_are_no_thousandths_is_refused(wrong: int) -> None:
    values = thousandths(drawn(3, 4))
    values[1, 2] = wrong
    with pytest.raises(ValueError, match="no probability"):
        pack(values, 3)


@needs_extension
def test_codes_that_do_not_fit_are_refused() -> None:
    codes = pack(drawn(4, 5), 4).codes
    for rows, columns in ((3, 5), (5, 5), (4, 4)):
        with pytest.raises(ValueError, match="do not fit"):
            unpack(codes, np.empty((rows, columns), dtype=np.int16), 0, columns)
    with pytest.raises(ValueError, match="do not fit"):
        unpack(codes, np.empty((4, 5), dtype=np.int16), 1, 5)


def people(rows: int, seed: int = 2) -> Thousandths:
    """Rows of 30 people, among them haploid and missing ones."""
    pairs = thousandths(drawn(rows, 60, seed))
    pairs[:, 3] = ABSENT
    pairs[rows // 2, 10:12] = MISSING
    pairs[rows // 2, 2] = MISSING
    return pairs


def both_ways(monkeypatch: pytest.MonkeyPatch, make: object, *what: object) -> tuple[object, object]:
    assert callable(make)
    fast = make(*what)
    monkeypatch.setattr(dosage_cells, "cells_kernel", lambda: None)
    return fast, make(*what)


@needs_extension
def test_text_and_sums_are_the_same_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = people(200)
    heads = [f"20\t{row}\t.\tA\tC\t.\tPASS\tAF=0.{row}".encode() for row in range(200)]
    observed = np.random.default_rng(5).integers(-1, 2, pairs.shape).astype(np.int8)
    observed[:, 3] = ABSENT
    with monkeypatch.context() as patch:
        fast, plain = both_ways(patch, sums, pairs)
        assert (np.asarray(fast) == np.asarray(plain)).all()
    for make, what in ((dose_lines, (heads, pairs)), (empirical_lines, (heads, pairs, observed))):
        with monkeypatch.context() as patch:
            fast, plain = both_ways(patch, make, *what)
            assert isinstance(fast, dosage_cells.Lines)
            assert isinstance(plain, dosage_cells.Lines)
            assert bytes(fast.text) == bytes(plain.text)
            assert fast.ends.tolist() == plain.ends.tolist()


@needs_extension
def test_every_pair_is_written_the_same_both_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    """All second dosages beside some first ones; their probabilities add up to one."""
    second = np.arange(1001, dtype=np.int16)
    pairs = np.stack([np.stack([np.full(1001, a, np.int16), second], axis=1) for a in range(0, 1001, 77)])
    heads = [b"x"] * len(pairs)
    fast, plain = both_ways(monkeypatch, dose_lines, heads, pairs.reshape(len(pairs), -1))
    assert isinstance(fast, dosage_cells.Lines)
    assert isinstance(plain, dosage_cells.Lines)
    assert bytes(fast.text) == bytes(plain.text)
    for line in bytes(fast.text).decode().splitlines():
        for cell in line.split("\t")[2:]:
            chances = [float(each) for each in cell.split(":")[3].split(",")]
            assert sum(chances) == pytest.approx(1.0)
            assert min(chances) >= 0.0


@pytest.mark.usefixtures("either")
def test_cells_of_all_kinds() -> None:
    pairs = np.array([[0, 0, 999, 2, 500, 499, 250, ABSENT, MISSING, ABSENT, MISSING, MISSING]], np.int16)
    line = bytes(dose_lines([b"head"], pairs).text).decode()
    assert line == (
        "head\tGT:DS:HDS:GP\t0|0:0:0,0:1,0,0\t1|0:1.001:0.999,0.002:0.001,0.997,0.002\t"
        "1|0:0.999:0.5,0.499:0.251,0.499,0.25\t0:0.25:0.25:0.75,0.25\t.\t.|.:.:.:.\n"
    )
    observed = np.array([[0, 1, 1, 0, MISSING, 1, 1, ABSENT]], np.int8)
    line = bytes(empirical_lines([b"head"], pairs[:, :8], observed).text).decode()
    assert line == "head\tGT:LDS\t0|1:0,0\t1|0:0.999,0.002\t.|1:0.5,0.499\t1:0.25\n"
