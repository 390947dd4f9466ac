"""Names and orders that other programs refuse."""

from __future__ import annotations

import numpy as np
import pytest

from app.domain.export import ExportFormat
from app.domain.problem import ProblemError
from app.results.export.accepting import Order, refuse_names

LISTS = (ExportFormat.BGEN, ExportFormat.PGEN, ExportFormat.BED)


@pytest.mark.parametrize("form", LISTS)
@pytest.mark.parametrize(
    ("names", "why"),
    [
        (["A B", "C"], "1 names have blanks"),
        (["", "C"], "1 names have blanks"),
        (["0", "#C", "D"], "2 names are 0 or begin with #"),
        (["A", "A", "A", "B"], "2 names stand for several people"),
    ],
)
def test_names_that_lists_cannot_hold(form: ExportFormat, names: list[str], why: str) -> None:
    with pytest.raises(ProblemError, match=why):
        refuse_names(form, names, "x.vcf.gz")
    refuse_names(ExportFormat.VCF, names, "x.vcf.gz")
    refuse_names(ExportFormat.TABLE, names, "x.vcf.gz")


def test_bcf_keeps_all_names_but_not_twice() -> None:
    refuse_names(ExportFormat.BCF, ["A B", "0", "#"], "x")
    with pytest.raises(ProblemError, match="1 names stand for several people"):
        refuse_names(ExportFormat.BCF, ["A", "A"], "x")


def test_usual_names_pass() -> None:
    for form in ExportFormat:
        refuse_names(form, ["NA1_NA1", "é", "0_0", "a#"], "x")


def _positions(*positions: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.array(positions, np.int64)


def test_rows_in_order_pass() -> None:
    order = Order(ExportFormat.PGEN, "x")
    order.check("1", _positions(5, 5, 9))
    order.check("1", _positions())
    order.check("1", _positions(9, 10))
    order.check("2", _positions(1))


@pytest.mark.parametrize("form", LISTS)
def test_a_chromosome_that_comes_again(form: ExportFormat) -> None:
    order = Order(form, "x")
    order.check("1", _positions(5))
    order.check("2", _positions(5))
    with pytest.raises(ProblemError, match="chromosome 1 comes twice"):
        order.check("1", _positions(9))


@pytest.mark.parametrize(("first", "second"), [((5,), (9, 8)), ((5, 9), (8, 10))])
def test_positions_that_go_back(first: tuple[int, ...], second: tuple[int, ...]) -> None:
    order = Order(ExportFormat.BGEN, "x")
    order.check("1", _positions(*first))
    with pytest.raises(ProblemError, match="positions of chromosome 1 are not in order"):
        order.check("1", _positions(*second))


def test_texts_do_not_ask_for_an_order() -> None:
    order = Order(ExportFormat.TABLE, "x")
    order.check("1", _positions(9, 5))
    order.check("2", _positions(1))
    order.check("1", _positions(1))
