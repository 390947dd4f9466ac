"""Cells of many lines are read as Python would read them one by one."""

from __future__ import annotations

import math
import re

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from app.genotypes.panels.cells import Cells, decimals, distinct, padded, rs_numbers, split, whole_numbers

number = st.one_of(
    st.floats(0, 1).map(repr),
    st.floats(0, 1).map(lambda value: f"{value:.3g}"),
    st.floats(0, 1e-12).map(lambda value: f"{value:E}"),
    st.integers(0, 10**12).map(str),
    st.sampled_from(
        [".", "NA", "", "nan", "1.", ".5", "1e5", "0.1e+1", "x", "1.2.3", "e5", "1-2", "--1", "5e"]
    ),
    st.text("0123456789.eE+-", max_size=30),
)


def column(cells: list[str]) -> tuple[Cells, NDArray[np.int64], NDArray[np.int64]]:
    """The cells as the second column of lines."""
    text = padded("".join(f"a\t{cell}\tz\n" for cell in cells).encode())
    found, narrow = split(text, 3, 1)
    assert narrow is None
    assert len(found) == len(cells)
    return found, found.begin(1), found.stops[:, 1]


def read_slowly(cell: str) -> float | None:
    """The value, NaN for none, None for what is no number."""
    if cell in (".", "NA", "", "nan", "NaN", "-", "NULL"):
        return math.nan
    try:
        return float(cell)
    except ValueError:
        return None


@settings(max_examples=150, deadline=None)
@given(cells=st.lists(number, min_size=1, max_size=20))
@example(cells=["1E301", "12e307", "1e309", "0e309", "0.1e309", "1e-330", "9e-320", "1e999"])
def test_decimals(cells: list[str]) -> None:
    found, begin, stop = column(cells)
    values, good = decimals(found.text, begin, stop)
    for value, is_good, cell in zip(values.tolist(), good.tolist(), cells, strict=True):
        expected = read_slowly(cell)
        assert is_good == (expected is not None), cell
        if expected is not None and not math.isnan(expected):
            assert math.isclose(value, expected, rel_tol=1e-12, abs_tol=1e-200), cell
        elif expected is not None:
            assert math.isnan(value)


@settings(max_examples=80, deadline=None)
@given(cells=st.lists(st.text("0123456789x-", max_size=12), min_size=1, max_size=20))
def test_whole_numbers(cells: list[str]) -> None:
    found, begin, stop = column(cells)
    values, good = whole_numbers(found.text, begin, stop)
    expected = [cell.isdigit() and len(cell) <= 10 for cell in cells]
    assert good.tolist() == expected
    assert [v for v, g in zip(values.tolist(), expected, strict=True) if g] == [
        int(c) for c, g in zip(cells, expected, strict=True) if g
    ]


@settings(max_examples=80, deadline=None)
@given(
    cells=st.lists(
        st.one_of(
            st.from_regex(r"rs[1-9][0-9]{0,10}(;rs5|:7:A:G|,x|_2|x)?", fullmatch=True),
            st.sampled_from([".", "", "rs", "rsx", "exm-rs12", "RS5", "rs;5", "1:2"]),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_rs_numbers(cells: list[str]) -> None:
    def slowly(cell: str) -> int:
        digits = re.match(r"rs(\d+)(?![^;:,_])", cell)
        value = int(digits[1]) if digits else 0
        return value if value < 1 << 32 else 0

    found, begin, stop = column(cells)
    assert rs_numbers(found.text, begin, stop).tolist() == [slowly(cell) for cell in cells]


@settings(max_examples=50, deadline=None)
@given(cells=st.lists(st.text("chr12XYMT.", max_size=10), min_size=1, max_size=20))
def test_distinct(cells: list[str]) -> None:
    found, begin, stop = column(cells)
    names, which = distinct(found.text, begin, stop)
    assert [names[number].decode() for number in which] == cells
    assert len(set(names)) == len(names)


def test_empty_lines_are_left_out_and_narrow_ones_told() -> None:
    found, narrow = split(padded(b"a\tb\n\n\nc\td\te\n"), 2, 10)
    assert narrow is None
    assert found.number.tolist() == [10, 13]
    assert list(found.texts(1)) == ["b", "d"]
    _, narrow = split(padded(b"a\tb\nx\nc\n"), 2, 10)
    assert narrow is not None
    assert (narrow.number, narrow.columns) == (11, 1)
    found, narrow = split(padded(b""), 2, 1)
    assert (len(found), narrow) == (0, None)
